//! Reads `station.toml`: how long history is kept, limits, where alarms are told, and who witnesses
//! the audit trail.
//!
//! Every error names the file, the line and the key, and what would be right.

mod audit;
mod notify;

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use crate::audit::Syslog;
use crate::notify::Channels;

/// The file's name in the data directory.
pub const FILE: &str = "station.toml";

/// The bits that let others than the owner read or write a file.
const OTHERS: u32 = 0o077;

/// What the configuration says. What it leaves out is `None`, or the default that it documents.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long ended executions are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// How many local commands run at once.
    pub running: Option<usize>,
    /// How many bytes of output are kept over all executions.
    pub output_bytes: Option<u64>,
    /// How long runs may go on at a shutdown.
    pub shutdown: Option<Duration>,
    /// How long firing is held at most for a clock that cannot be trusted.
    pub clock_wait: Option<Duration>,
    /// Where alarms are told.
    pub channels: Channels,
    /// The file to which checkpoints of the audit trail are appended.
    pub audit_witness: Option<PathBuf>,
    /// How many bytes are free where the store is, or nothing is commanded.
    pub keep_free: Option<u64>,
    /// Where the audit trail is sent by syslog.
    pub audit_syslog: Option<Syslog>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention: days(30),
            running: None,
            output_bytes: None,
            shutdown: None,
            clock_wait: None,
            channels: Channels::default(),
            audit_witness: None,
            keep_free: None,
            audit_syslog: None,
        }
    }
}

/// Why a configuration cannot be used, as a sentence that names the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// What a part of the file is refused for: a place in the text, and why.
struct Fault {
    at: usize,
    why: String,
}

/// Reads the named file; without a name the data directory's, if there is one.
///
/// # Errors
/// When it cannot be read, holds secrets that others can read, or is not understood.
pub fn load(data_dir: &Path, named: Option<&Path>) -> Result<Settings, ConfigError> {
    let path = named.map_or_else(|| data_dir.join(FILE), Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => {
            return Err(ConfigError(format!("cannot read {}: {error}", path.display())));
        }
    };
    let (settings, secret) = parse(&text).map_err(|fault| {
        let before = text.get(..fault.at).unwrap_or(&text);
        let line = before.matches('\n').count().saturating_add(1);
        ConfigError(format!("{}, line {line}: {}", path.display(), fault.why))
    })?;
    if secret {
        keep_secret(&path)?;
    }
    Ok(settings)
}

/// Refuses a file that holds secrets when others than its owner can read it.
fn keep_secret(path: &Path) -> Result<(), ConfigError> {
    let shown = path.display();
    let found = std::fs::metadata(path)
        .map_err(|error| ConfigError(format!("cannot look at {shown}: {error}")))?;
    if found.mode() & OTHERS == 0 {
        return Ok(());
    }
    let mode = found.mode() & 0o777;
    Err(ConfigError(format!(
        "{shown} holds secrets, and its mode {mode:03o} lets others than its owner at them; \
         run: chmod 600 {shown}"
    )))
}

/// Reads the text; also tells whether it holds secrets.
fn parse(text: &str) -> Result<(Settings, bool), Fault> {
    let file = toml::from_str(text).map_err(|error| refused(text, &error))?;
    let File { retention, limits, audit, notify: tables } = file;
    let mut secret = false;
    let mut channels = Channels::default();
    for table in tables {
        secret |= table.get_ref().is_secret();
        notify::add(table, &mut channels)?;
    }
    let settings = Settings {
        retention: match retention.days {
            Some(Days::Number(n)) => days(n),
            Some(Days::Forever) => None,
            None => days(30),
        },
        running: limits.running.map(|Running(n)| n),
        output_bytes: limits.output_bytes,
        shutdown: limits.shutdown_seconds.map(Duration::from_secs),
        clock_wait: limits.clock_wait_seconds.map(Duration::from_secs),
        channels,
        audit_syslog: audit.syslog()?,
        audit_witness: audit.witness,
        keep_free: audit.keep_free_bytes,
    };
    Ok((settings, secret))
}

fn days(n: u32) -> Option<Duration> {
    Some(Duration::from_secs(u64::from(n).saturating_mul(86_400)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    retention: Retention,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    audit: audit::Table,
    #[serde(default)]
    notify: Vec<toml::Spanned<notify::Table>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    days: Option<Days>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    running: Option<Running>,
    output_bytes: Option<u64>,
    shutdown_seconds: Option<u64>,
    clock_wait_seconds: Option<u64>,
}

/// At least one.
struct Running(usize);

impl<'de> Deserialize<'de> for Running {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = usize::deserialize(deserializer)?;
        if n == 0 { Err(D::Error::custom("running must be at least 1")) } else { Ok(Self(n)) }
    }
}

enum Days {
    Number(u32),
    Forever,
}

/// A hundred years.
const MOST_DAYS: u32 = 36_500;

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Days;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of days from 1 to {MOST_DAYS}, or \"forever\"")
            }

            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Days, E> {
                match u32::try_from(n) {
                    Ok(n) if (1..=MOST_DAYS).contains(&n) => Ok(Days::Number(n)),
                    Ok(_) | Err(_) => {
                        Err(E::invalid_value(serde::de::Unexpected::Signed(n), &self))
                    }
                }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Days, E> {
                if text == "forever" {
                    Ok(Days::Forever)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

/// The library's error, with the known name that an unknown one was probably meant to be.
fn refused(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or_default();
    let message = error.message();
    let mut words = message.split('`').skip(1).step_by(2);
    let why = match (message.starts_with("unknown field"), words.next()) {
        (true, Some(unknown)) => {
            let known: Vec<&str> = words.collect();
            let said = format!("'{unknown}' is not a key of this table");
            match nearest(unknown, &known) {
                Some(meant) => format!("{said}; did you mean '{meant}'?"),
                None => format!("{said}; it takes {}", known.join(", ")),
            }
        }
        _ => match key_before(text, span.start) {
            Some(key) => format!("{key}: {message}"),
            None => message.to_owned(),
        },
    };
    Fault { at: span.start, why }
}

/// The key whose value begins here.
fn key_before(text: &str, at: usize) -> Option<&str> {
    let line = text.get(..at)?.rsplit('\n').next()?;
    let key = line.trim_end_matches(['=', ' ', '\t']).trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// The known name that is at most two slips away.
fn nearest<'k>(unknown: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(unknown, name), *name));
    near.filter(|(slips, _)| *slips <= 2).min().map(|(_, name)| name)
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
