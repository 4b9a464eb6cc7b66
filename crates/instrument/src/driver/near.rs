//! Names near an unknown one, for sentences.

/// The longest text of others that is repeated in a sentence, in characters.
const LONGEST: usize = 60;

/// The known name nearest to an unknown one, if one is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_ascii_lowercase().replace('-', "_");
    known
        .map(|known| (strsim::jaro_winkler(&lower, &known.to_ascii_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= 0.86)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, known)| known)
}

/// ` (did you mean 'x'?)`, or nothing.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default()
}

/// `a, b and c`.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A text of others as it can stand in a sentence: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}
