//! Finds the known name that an unknown one was probably meant to be.

/// Longer names are not compared.
const LONGEST: usize = 64;

/// The known name closest to an unknown one, if it is near: two slips away at most, one for short
/// names. Two letters in each other's place are one slip.
pub(super) fn find<T: AsRef<str>>(unknown: &str, known: impl Iterator<Item = T>) -> Option<T> {
    let allowed = if unknown.len() <= 4 { 1 } else { 2 };
    if unknown.len() > LONGEST {
        return None;
    }
    let far = |name: &T| {
        let name = name.as_ref();
        let near = name.len() <= LONGEST && name.len().abs_diff(unknown.len()) <= allowed;
        Some(slips(unknown.as_bytes(), name.as_bytes())).filter(|slips| near && *slips <= allowed)
    };
    known
        .filter_map(|name| far(&name).map(|slips| (slips, name)))
        .min_by_key(|(n, _)| *n)
        .map(|(_, name)| name)
}

/// How many letters are to be put in, taken out, changed or swapped with their neighbour.
fn slips(from: &[u8], to: &[u8]) -> usize {
    let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before = None;
    for (n, letter) in from.iter().enumerate() {
        let mut next = vec![n.saturating_add(1)];
        let mut last = None;
        for (m, wanted) in to.iter().enumerate() {
            let same = usize::from(letter != wanted);
            let mut least = at(&row, m).saturating_add(same);
            least = least.min(at(&row, m.saturating_add(1)).saturating_add(1));
            least = least.min(at(&next, m).saturating_add(1));
            if before == Some(wanted) && last == Some(letter) {
                least = least.min(at(&above, m.saturating_sub(1)).saturating_add(1));
            }
            next.push(least);
            last = Some(wanted);
        }
        before = Some(letter);
        above = std::mem::replace(&mut row, next);
    }
    at(&row, to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_but_not_many() {
        let known = ["rack1", "rack12", "lab", "psu-a"];
        let find = |name| find(name, known.iter());
        assert_eq!(find("rakc1"), Some(&"rack1"));
        assert_eq!(find("rack"), Some(&"rack1"));
        assert_eq!(find("psua"), Some(&"psu-a"));
        assert_eq!(find("lba"), Some(&"lab"));
        assert_eq!(find("bench"), None);
        assert_eq!(find("xyz"), None);
        assert_eq!(slips(b"", b"abc"), 3);
        assert_eq!(slips(b"abcd", b"abcd"), 0);
    }
}
