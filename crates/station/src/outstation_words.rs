//! Reads what is to be done with an outstation from the words of a command line.
//!
//! ```text
//! write POINT VALUE [--select] [--reason TEXT] [--ticket TEXT]
//! interrogate [--group N]      counters [--group N]
//! read POINT                   sync-clock                   test
//! ```
//!
//! Options stand anywhere after the first word, as `--reason TEXT` or `--reason=TEXT`; after `--` there
//! are none.

use std::ops::RangeInclusive;

use station_core::model::{Control, Write};
use station_core::near::{hint, shown};

/// The groups of a general interrogation (IEC 60870-5-101, 7.2.6.22).
pub const GROUPS: RangeInclusive<u8> = 1..=16;

/// The groups of a counter interrogation (IEC 60870-5-101, 7.2.6.23).
pub const COUNTER_GROUPS: RangeInclusive<u8> = 1..=4;

/// The longest reason and the longest ticket, in characters.
pub const LONGEST_REASON: usize = 500;

const VERBS: [&str; 6] = ["write", "interrogate", "counters", "read", "sync-clock", "test"];

/// What is to be done with an outstation, in words.
///
/// # Errors
/// A sentence that says what is wrong with them, and what would be right.
///
/// ```
/// use station::outstation_words;
///
/// let words = ["write", "breaker-7", "off", "--select"].map(str::to_owned);
/// let control = outstation_words(&words).unwrap();
/// assert_eq!(control.commanded(), Some("breaker-7"));
/// let error = outstation_words(&["wirte".to_owned()]).unwrap_err();
/// assert!(error.contains("did you mean 'write'?"));
/// ```
pub fn outstation_words(argv: &[String]) -> Result<Control, String> {
    let Some((verb, rest)) = argv.split_first() else {
        return Err(format!("nothing is said of what is to be done; {USAGE}"));
    };
    let verb = if verb == "sync_clock" { "sync-clock" } else { verb.as_str() };
    let mut words = Words::read(verb, rest)?;
    let control = match verb {
        "write" => {
            let point = words.next("the name of a point")?;
            let value = words.next("a value, such as on, off or 12.5")?;
            let (select, reason, ticket) = (words.select, words.reason.take(), words.ticket.take());
            Control::Write(Write { point, value, select, reason, ticket })
        }
        "interrogate" => Control::Interrogate { group: words.group(GROUPS)? },
        "counters" => Control::Counters { group: words.group(COUNTER_GROUPS)? },
        "read" => Control::Read { point: words.next("the name of a point")? },
        "sync-clock" => Control::SyncClock,
        "test" => Control::Test,
        other => {
            let near = hint(other, VERBS.into_iter());
            return Err(format!(
                "'{}' cannot be done with an outstation{near}; {USAGE}",
                shown(other)
            ));
        }
    };
    words.end()?;
    Ok(control)
}

const USAGE: &str =
    "there are write POINT VALUE, read POINT, interrogate, counters, sync-clock and test";

/// The words after the verb.
struct Words<'a> {
    verb: &'a str,
    plain: std::vec::IntoIter<&'a str>,
    select: bool,
    reason: Option<String>,
    ticket: Option<String>,
    group: Option<String>,
}

impl<'a> Words<'a> {
    fn read(verb: &'a str, rest: &'a [String]) -> Result<Self, String> {
        let known: &[&str] = match verb {
            "write" => &["--select", "--reason", "--ticket"],
            "interrogate" | "counters" => &["--group"],
            _ => &[],
        };
        let (mut select, mut reason, mut ticket, mut group) = (false, None, None, None);
        let mut plain = Vec::new();
        let mut rest = rest.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            if word == "--" {
                plain.extend(rest.by_ref());
                break;
            }
            // What begins with one dash is a negative number.
            if !word.starts_with("--") {
                plain.push(word);
                continue;
            }
            let (name, mut value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            if !known.contains(&name) {
                let near = hint(name, known.iter().copied());
                return Err(format!("'{}' is no option of '{}'{near}", shown(name), shown(verb)));
            }
            if name == "--select" {
                if value.is_some() {
                    return Err("--select has no value".to_owned());
                }
                select = true;
                continue;
            }
            value = value.or_else(|| rest.next());
            let Some(value) = value else { return Err(format!("{name} has no value")) };
            let place = match name {
                "--reason" => &mut reason,
                "--ticket" => &mut ticket,
                _ => &mut group,
            };
            if place.replace(check_text(name, value)?).is_some() {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(Self { verb, plain: plain.into_iter(), select, reason, ticket, group })
    }

    fn next(&mut self, what: &str) -> Result<String, String> {
        let word = self.plain.next().filter(|word| !word.is_empty());
        word.map(ToOwned::to_owned).ok_or_else(|| format!("'{}' lacks {what}", self.verb))
    }

    fn group(&mut self, groups: RangeInclusive<u8>) -> Result<Option<u8>, String> {
        let Some(text) = self.group.take() else { return Ok(None) };
        let group = text.parse().ok().filter(|group| groups.contains(group));
        group.map(Some).ok_or_else(|| {
            let (least, most) = (groups.start(), groups.end());
            format!("--group is a number from {least} to {most}, not '{}'", shown(&text))
        })
    }

    fn end(mut self) -> Result<(), String> {
        match self.plain.next() {
            None => Ok(()),
            Some(word) => Err(format!(
                "'{}' is one word too many for '{}'; a text with blanks stands in quotes",
                shown(word),
                self.verb
            )),
        }
    }
}

fn check_text(name: &str, value: &str) -> Result<String, String> {
    let why = if value.trim().is_empty() {
        "must not be empty".to_owned()
    } else if value.chars().nth(LONGEST_REASON).is_some() {
        format!("must be at most {LONGEST_REASON} characters long")
    } else if value.chars().any(char::is_control) {
        "must not contain control characters".to_owned()
    } else {
        return Ok(value.to_owned());
    };
    Err(format!("{name} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Control, String> {
        let words: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
        outstation_words(&words)
    }

    fn write(point: &str, value: &str) -> Write {
        let (point, value) = (point.to_owned(), value.to_owned());
        Write { point, value, select: false, reason: None, ticket: None }
    }

    #[test]
    fn every_command_has_its_words() {
        let full = Write {
            select: true,
            reason: Some("maintenance".to_owned()),
            ticket: Some("W-7".to_owned()),
            ..write("breaker-7", "off")
        };
        for (words, wanted) in [
            ("write breaker-7 off", Control::Write(write("breaker-7", "off"))),
            ("write setpoint -12.5", Control::Write(write("setpoint", "-12.5"))),
            (
                "write --select breaker-7 --ticket=W-7 off --reason maintenance",
                Control::Write(full),
            ),
            ("write -- breaker-7 --odd", Control::Write(write("breaker-7", "--odd"))),
            ("interrogate", Control::Interrogate { group: None }),
            ("interrogate --group 16", Control::Interrogate { group: Some(16) }),
            ("counters --group=4", Control::Counters { group: Some(4) }),
            ("read bus-voltage", Control::Read { point: "bus-voltage".to_owned() }),
            ("sync-clock", Control::SyncClock),
            ("sync_clock", Control::SyncClock),
            ("test", Control::Test),
        ] {
            assert_eq!(read(words), Ok(wanted), "{words}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_what_would() {
        for (words, part) in [
            ("", "nothing is said"),
            ("wirte breaker-7 on", "did you mean 'write'?"),
            ("write breaker-7", "lacks a value"),
            ("write", "lacks the name of a point"),
            ("write breaker-7 on now", "'now' is one word too many"),
            ("write breaker-7 on --selekt", "did you mean '--select'?"),
            ("write breaker-7 on --reason", "--reason has no value"),
            ("write breaker-7 on --ticket 1 --ticket 2", "given twice"),
            ("write breaker-7 on --group 1", "no option of 'write'"),
            ("interrogate --group 17", "from 1 to 16"),
            ("counters --group 5", "from 1 to 4"),
            ("read", "lacks the name"),
            ("test it", "one word too many"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }
}
