//! Names near an unknown one, and lists of names, for sentences.

/// The longest text of others that is repeated in a sentence, in characters.
const LONGEST: usize = 60;

/// The known name nearest to an unknown one, if one is near: a slip in a short one, two in a longer
/// one, three in a long one, or the same beginning up to the last letter. Case and the difference of
/// `-` and `_` count for nothing.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let name = plain(name);
    let slips = match name.len() {
        0..3 => 0,
        3..6 => 1,
        6..12 => 2,
        _ => 3,
    };
    // volts is voltage.
    let begun = name.char_indices().next_back().filter(|(last, _)| *last >= 4);
    let begun = begun.and_then(|(last, _)| name.get(..last));
    let far = |known: &str| {
        if known.len().abs_diff(name.len()) <= slips {
            let far = distance(&name, known);
            if far <= slips {
                return Some(far);
            }
        }
        begun.filter(|begun| known.starts_with(begun)).map(|_| slips + 1)
    };
    known
        .filter_map(|known| Some((far(&plain(known))?, known)))
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| known)
}

/// ` (did you mean 'x'?)`, or nothing.
#[must_use]
pub fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default()
}

/// `a, b and c`; `none` of none.
#[must_use]
pub fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A text of others as it can stand in a sentence: short, and without control characters.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}

/// How many letters must be changed, added, left out or swapped with their neighbour.
pub(crate) fn distance(one: &str, two: &str) -> usize {
    let two = two.as_bytes();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    let mut previous = 0;
    for (row, byte) in one.bytes().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in two.iter().enumerate() {
            let get = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut cost = get(&last, column) + usize::from(byte != *other);
            cost = cost.min(get(&last, column + 1) + 1).min(get(&line, column) + 1);
            let left = column.checked_sub(1).and_then(|at| two.get(at).map(|byte| (at, *byte)));
            if let Some((at, left)) = left
                && row > 0
                && left == byte
                && previous == *other
            {
                cost = cost.min(get(&before, at) + 1);
            }
            line.push(cost);
        }
        before = std::mem::replace(&mut last, line);
        previous = byte;
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changes_and_swaps() {
        assert_eq!(distance("tomorow", "tomorrow"), 1);
        assert_eq!(distance("firday", "friday"), 1);
        assert_eq!(distance("", "may"), 3);
        assert_eq!(distance("noon", "noon"), 0);
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["breaker-7", "breaker-8", "bus-voltage", "t1"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("braeker-7"), Some("breaker-7"));
        assert_eq!(near("Bus_Voltage"), Some("bus-voltage"));
        assert_eq!(near("t2"), None, "two letters are too few to guess by");
        assert_eq!(near("bus-volts"), Some("bus-voltage"), "it begins like that");
        assert_eq!(near("bus-v"), Some("bus-voltage"));
        assert_eq!(near("transformer"), None);
        assert_eq!(near(&"b".repeat(1000)), None);
        assert_eq!(hint("bus-voltag", known.into_iter()), " (did you mean 'bus-voltage'?)");
    }

    #[test]
    fn lists_and_texts_of_others_are_fit_for_sentences() {
        assert_eq!(list(["a", "b", "c"].into_iter()), "a, b and c");
        assert_eq!((list(["a"].into_iter()), list([].into_iter())), ("a".into(), "none".into()));
        assert_eq!(shown("a\nb"), "a\\nb");
        assert_eq!(shown(&"x".repeat(61)).chars().count(), 61);
    }
}
