//! Finds the known field an unknown one was probably meant to be, so that no typo is dropped in silence.

use std::cmp::min;

/// Longer names are never near a known one.
const LONGEST: usize = 40;

/// Other words for known fields, too far from them to be found by distance.
const OTHER_WORDS: [(&str, &str); 22] = [
    ("cmd", "command"),
    ("args", "argv"),
    ("environment", "env"),
    ("working_directory", "cwd"),
    ("tz", "timezone"),
    ("retry", "retries"),
    ("retry_delay", "retry_delay_seconds"),
    ("timeout_secs", "timeout_seconds"),
    ("idle_timeout", "idle_timeout_seconds"),
    ("grace", "misfire_grace_time"),
    ("cron", "cron_expression"),
    ("interval", "interval_seconds"),
    ("every", "interval_seconds"),
    ("weekday", "day_of_week"),
    ("jitter", "jitter_seconds"),
    ("exclusions", "exclude"),
    ("max_runs", "max_executions"),
    ("paused", "enabled"),
    ("rate", "sample_rate"),
    ("test", "test_name"),
    ("test_type", "test_name"),
    ("verb", "command"),
];

/// The known name closest to an unknown one, if it is near: two slips away at most, one for names
/// of up to four letters (else `note` would be a slip of `name`). Case, `-` and `_` do not count.
pub(super) fn find(unknown: &str, known: &[&'static str]) -> Option<&'static str> {
    if unknown.len() > LONGEST {
        return None;
    }
    let given = squash(unknown);
    let meant = OTHER_WORDS.iter().find(|(word, _)| *word == unknown);
    if let Some((_, name)) = meant
        && known.contains(name)
    {
        return Some(name);
    }
    known
        .iter()
        .filter_map(|name| {
            let wanted = squash(name);
            let allowed = if min(wanted.len(), given.len()) <= 4 { 1 } else { 2 };
            if wanted.len().abs_diff(given.len()) > allowed {
                return None;
            }
            let distance = distance(&given, &wanted);
            (distance <= allowed).then_some((distance, *name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn squash(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// The number of letters to insert, leave out, replace or swap with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, &ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        let mut left = i + 1;
        let mut last_b = None;
        for (j, (&cb, pair)) in b.iter().zip(above.windows(2)).enumerate() {
            let &[diagonal, up] = pair else { continue };
            let mut cost = min(min(left, up) + 1, diagonal + usize::from(ca != cb));
            if last_a == Some(cb) && last_b == Some(ca) {
                let swapped = j.checked_sub(1).and_then(|at| before.get(at)).copied();
                cost = min(cost, swapped.unwrap_or(usize::MAX - 1) + 1);
            }
            row.push(cost);
            left = cost;
            last_b = Some(cb);
        }
        last_a = Some(ca);
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 9] = [
        "name",
        "command",
        "retries",
        "timeout_seconds",
        "retry_delay_seconds",
        "tags",
        "env",
        "cwd",
        "when",
    ];

    #[test]
    fn slips_are_found() {
        for (unknown, meant) in [
            ("nmae", "name"),
            ("nam", "name"),
            ("comand", "command"),
            ("commmand", "command"),
            ("retires", "retries"),
            ("retry", "retries"),
            ("retrys", "retries"),
            ("timeoutSeconds", "timeout_seconds"),
            ("timeout-second", "timeout_seconds"),
            ("timeout_secs", "timeout_seconds"),
            ("retry_delay_second", "retry_delay_seconds"),
            ("tag", "tags"),
            ("cmd", "command"),
            ("Name", "name"),
            ("whne", "when"),
        ] {
            assert_eq!(find(unknown, &KNOWN).unwrap_or(""), meant, "{unknown}");
        }
    }

    #[test]
    fn extras_of_clients_are_left_alone() {
        for extra in ["note", "id", "user", "client_version", "date", "x", "", "ünïcödé", "type"]
        {
            assert_eq!(find(extra, &KNOWN), None, "{extra}");
        }
        assert_eq!(find(&"name".repeat(1000), &KNOWN), None);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "acb", 1),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&squash(a), &squash(b)), expected, "{a} {b}");
            assert_eq!(distance(&squash(b), &squash(a)), expected, "{b} {a}");
        }
    }
}
