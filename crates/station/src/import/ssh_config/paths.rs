//! Finds the files that a pattern of glob(7) names.

use std::path::{Component, Path, PathBuf};

/// The files, in lexical order. A path without wildcards is itself, if it is there.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let wild = match component {
            Component::Normal(name) => name.to_str().filter(|name| name.contains(['*', '?', '['])),
            Component::RootDir
            | Component::CurDir
            | Component::ParentDir
            | Component::Prefix(_) => None,
        };
        found = match wild {
            Some(wild) => found.iter().flat_map(|dir| matching(dir, wild)).collect(),
            None => found.into_iter().map(|dir| dir.join(component)).collect(),
        };
    }
    found.retain(|path| path.exists());
    found
}

/// What matches in a directory.
fn matching(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    let letters: Vec<char> = pattern.chars().collect();
    let dot = pattern.starts_with('.');
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return false };
            let name_letters: Vec<char> = name.chars().collect();
            // A wildcard never stands for the dot that hides a file.
            (dot || !name.starts_with('.')) && matches(&letters, &name_letters)
        })
        .map(|entry| dir.join(entry.file_name()))
        .collect();
    found.sort();
    found
}

/// Whether a name matches a pattern. Each star is tried at its last place only, so that no pattern
/// takes long.
fn matches(mut pattern: &[char], mut name: &[char]) -> bool {
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        if let ['*', rest @ ..] = pattern {
            retry = Some((rest, name));
            pattern = rest;
            continue;
        }
        match (step(pattern, name), name, retry) {
            (Some((more_pattern, more_name)), _, _) => (pattern, name) = (more_pattern, more_name),
            (None, [], _) if pattern.is_empty() => return true,
            (None, _, Some((after_star, [_, from @ ..]))) => {
                retry = Some((after_star, from));
                (pattern, name) = (after_star, from);
            }
            (None, ..) => return false,
        }
    }
}

/// Takes one letter of a name by one item of a pattern that is no star.
fn step<'p, 'n>(pattern: &'p [char], name: &'n [char]) -> Option<(&'p [char], &'n [char])> {
    let (letter, name) = name.split_first()?;
    match pattern {
        ['?', rest @ ..] => Some((rest, name)),
        ['[', class @ ..] => match of_class(class, *letter) {
            Some((true, rest)) => Some((rest, name)),
            Some((false, _)) => None,
            // A bracket that is never closed is itself.
            None => (*letter == '[').then_some((class, name)),
        },
        [same, rest @ ..] if same == letter => Some((rest, name)),
        [..] => None,
    }
}

/// Whether a letter is of a class, and what follows the class; `None` when it is not closed.
fn of_class(class: &[char], letter: char) -> Option<(bool, &[char])> {
    let (not, mut class) = match class {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut is_in, mut first) = (false, true);
    loop {
        match class {
            [']', rest @ ..] if !first => return Some((is_in != not, rest)),
            [from, '-', to, rest @ ..] if *to != ']' => {
                is_in |= (*from..=*to).contains(&letter);
                class = rest;
            }
            [one, rest @ ..] => {
                is_in |= *one == letter;
                class = rest;
            }
            [] => return None,
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn wildcards_match_as_the_shells_do() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf~", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[a", "[a", true),
            ("[-a]", "-", true),
            ("*[0-9]", "web7", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            let matched = super::matches(&letters(pattern), &letters(name));
            assert_eq!(matched, expected, "{pattern} {name}");
        }
    }
}
