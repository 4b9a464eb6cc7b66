//! Finds the hosts that an ssh_config(5) has names for.
//!
//! ```text
//! file ─▶ lines ─▶ Host: its names, not its patterns ─▶ aliases
//!           │ └▶ Match: what it matches only ssh can tell
//!           └▶ Include: files in order, unless it stands in a block that is not for every host
//! ```
//!
//! Only the names are taken. A node's address is its name, so that ssh goes on reading everything
//! else (user, port, keys, jumps) where it is written.

mod paths;
mod words;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use station_core::model::Node;

use super::{ImportError, Refused, Remark, one_line};

/// How many files may include each other, as in ssh.
const DEEPEST: usize = 16;

/// No file is longer.
const LONGEST_FILE: u64 = 8 << 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The names of hosts, each once, in the order of the files.
    pub aliases: Vec<String>,
    /// Names that no node can have.
    pub refused: Vec<Refused>,
    /// How many patterns there are, which are no names.
    pub patterns: usize,
    /// What people should know.
    pub remarks: Vec<Remark>,
}

/// Reads a file and what it includes. `home` is the directory that `~` stands for.
///
/// # Errors
/// When a file cannot be read, or files include each other without end.
pub fn read(file: &Path, home: Option<&Path>) -> Result<Hosts, ImportError> {
    let base = match (file.starts_with("/etc/ssh"), home) {
        (true, _) | (false, None) => PathBuf::from("/etc/ssh"),
        (false, Some(home)) => home.join(".ssh"),
    };
    let mut reading = Reading { base, home, found: Hosts::default(), seen: BTreeSet::new() };
    reading.file(file, 0)?;
    Ok(reading.found)
}

struct Reading<'a> {
    /// Where relative names of included files begin.
    base: PathBuf,
    home: Option<&'a Path>,
    found: Hosts,
    seen: BTreeSet<String>,
}

/// For which hosts the lines of a block are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Some,
}

impl Reading<'_> {
    fn file(&mut self, file: &Path, depth: usize) -> Result<(), ImportError> {
        let shown = file.display();
        if depth > DEEPEST {
            return Err(ImportError(format!(
                "{shown} is included more than {DEEPEST} files deep: do files include each other?"
            )));
        }
        let text = content(file)
            .map_err(|error| ImportError(format!("the file {shown} cannot be read: {error}")))?;
        let mut scope = Scope::All;
        for (number, line) in text.lines().enumerate() {
            let place = format!("{shown}:{}", number + 1);
            let Some((keyword, rest)) = words::keyword(line) else { continue };
            match keyword.to_ascii_lowercase().as_str() {
                "host" => scope = self.host(&words::arguments(rest), &place),
                "match" => scope = self.matching(&words::arguments(rest), place),
                "include" if scope == Scope::All => {
                    for pattern in words::arguments(rest) {
                        self.include(&pattern, &place, depth)?;
                    }
                }
                "include" => {
                    let text = "it is included for some hosts only, so it was not looked into";
                    self.remark(place, text);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn host(&mut self, patterns: &[String], place: &str) -> Scope {
        for pattern in patterns {
            if pattern.starts_with('!') || pattern.contains(['*', '?']) {
                self.found.patterns += 1;
            } else if Node::is_name(pattern) {
                if self.seen.insert(pattern.clone()) {
                    self.found.aliases.push(pattern.clone());
                }
            } else if self.seen.insert(pattern.clone()) {
                self.found.refused.push(Refused {
                    place: place.to_owned(),
                    text: one_line(pattern, 100),
                    reason: "a node's name has letters, digits, '.', '_' and '-', begins with a \
                             letter or a digit, and is not 'local': register it under another \
                             one, `station node add NAME ADDRESS`"
                        .to_owned(),
                });
            }
        }
        match patterns {
            [all] if all == "*" => Scope::All,
            _ => Scope::Some,
        }
    }

    fn matching(&mut self, conditions: &[String], place: String) -> Scope {
        match conditions {
            [all] if all.eq_ignore_ascii_case("all") => Scope::All,
            _ => {
                self.remark(
                    place,
                    "what Match matches only ssh can tell: no node is taken from it",
                );
                Scope::Some
            }
        }
    }

    fn include(&mut self, pattern: &str, place: &str, depth: usize) -> Result<(), ImportError> {
        let path = match (pattern.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_), None) => {
                self.remark(place.to_owned(), "HOME is not set, so ~ could not be followed");
                return Ok(());
            }
            (None, _) if pattern.starts_with('~') => {
                self.remark(place.to_owned(), "the directory of another user was not followed");
                return Ok(());
            }
            (None, _) => self.base.join(pattern),
        };
        let files = paths::expand(&path);
        if files.is_empty() {
            // As ssh does, which does not even say so.
            let text = format!("there is no file {}", one_line(pattern, 200));
            self.remark(place.to_owned(), &text);
        }
        for file in files {
            self.file(&file, depth + 1)?;
        }
        Ok(())
    }

    fn remark(&mut self, place: String, text: &str) {
        self.found.remarks.push(Remark { place, text: text.to_owned() });
    }
}

fn content(file: &Path) -> std::io::Result<String> {
    // A pipe without a writer would be waited for.
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST_FILE {
        return Err(std::io::Error::other("it is longer than 8 MiB"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
