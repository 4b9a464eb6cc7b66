//! Reads what other schedulers keep and turns it into create requests of this station's API.
//!
//! ```text
//! crontab text ─▶ crontab (pure) ─┐
//! at-station's store ─▶ at_station ├─▶ Found { jobs, refused, left, remarks } ─▶ cli/import
//! LabLink's store ─▶ lablink ──────┘
//! ssh_config(5) ─▶ ssh_config ─▶ Hosts ─▶ cli/node/import
//! ```
//!
//! Nothing is created here, and the stores of others are opened for reading only.

pub mod at_station;
pub mod crontab;
mod foreign;
pub mod lablink;
pub mod ssh_config;
mod weekday;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What was found in a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What can be created.
    pub jobs: Vec<Job>,
    /// What cannot.
    pub refused: Vec<Refused>,
    /// What is not for import, such as jobs that have ended: a word for it and how many.
    pub left: Vec<(String, u64)>,
    /// What people should know.
    pub remarks: Vec<Remark>,
}

/// A job that can be created.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Where it stands in the source: `line 12`, `job 7`.
    pub place: String,
    /// The create request, tags and all.
    pub request: Value,
    /// The tag by which the same job is known again.
    pub fingerprint: String,
}

/// Something that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands in the source.
    pub place: String,
    /// What stands there, shortened.
    pub text: String,
    /// Why not, and what to do instead.
    pub reason: String,
}

/// Something people should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where it stands in the source.
    pub place: String,
    /// A sentence without its beginning and end.
    pub text: String,
}

/// The clock that times without a zone are read by.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The zone's name for the station; `None`: the station's own.
    pub name: Option<String>,
    /// The zone.
    pub zone: TimeZone,
    /// The present.
    pub now: Timestamp,
}

impl Clock {
    /// Whether a time of ISO 8601 is past.
    fn is_past(&self, at: &str) -> Result<bool, String> {
        let instant = at.parse::<Timestamp>().or_else(|_| {
            let civil = at.parse::<DateTime>()?;
            Ok(civil.to_zoned(self.zone.clone())?.timestamp())
        });
        let wrong =
            |_: jiff::Error| format!("its time '{}' is not one of ISO 8601", one_line(at, 40));
        instant.map(|instant| instant <= self.now).map_err(wrong)
    }
}

/// Why a source could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ImportError(pub String);

/// The longest tag the API takes.
const LONGEST_TAG: usize = 100;

/// The longest name a job gets here.
const LONGEST_NAME: usize = 100;

/// The tag that names a source: its kind and the name it was given.
#[must_use]
pub fn source_tag(kind: &str, name: &str) -> String {
    one_line(&format!("{kind}:{name}"), LONGEST_TAG)
}

/// The tag by which the same job is known again: a hash of all that makes it what it is.
fn fingerprint(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    let digits: String =
        hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}-id:{digits}")
}

/// A text as a label: on one line, without controls, cut when it is long.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let text = text.trim();
    let line: String =
        text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_parts_apart() {
        assert_ne!(fingerprint("x", &["ab", "c"]), fingerprint("x", &["a", "bc"]));
        assert_eq!(fingerprint("x", &["ab"]), fingerprint("x", &["ab"]));
        assert!(fingerprint("crontab", &["a"]).len() <= LONGEST_TAG);
    }

    #[test]
    fn tags_fit() {
        assert_eq!(source_tag("crontab", "joe"), "crontab:joe");
        assert_eq!(source_tag("crontab", &"x".repeat(300)).len(), LONGEST_TAG);
        assert_eq!(one_line(" a\tb\nc ", 3), "a b");
    }
}
