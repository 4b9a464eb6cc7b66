//! Identifiers people type: `42` is a job, `42.3` its third execution.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A job's number: small, ascending, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

/// An execution: the `n`-th (from 1) of a job, written `JOB.N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionId {
    /// The job it belongs to.
    pub job: JobId,
    /// Its number within the job, from 1.
    pub n: u32,
}

/// A text that is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {wanted}")]
pub struct ParseIdError {
    text: String,
    wanted: &'static str,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for JobId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<i64>() {
            Ok(n) if n > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(n)),
            _ => Err(ParseIdError {
                text: text.to_owned(),
                wanted: "a job number (a whole number from 1, such as 42)",
            }),
        }
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.job, self.n)
    }
}

impl FromStr for ExecutionId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "an execution (JOB.N, such as 42.3)";
        let wrong = || ParseIdError { text: text.to_owned(), wanted };
        let (job, n) = text.split_once('.').ok_or_else(wrong)?;
        let job = job.parse().map_err(|_| wrong())?;
        let n: JobId = n.parse().map_err(|_| wrong())?;
        Ok(Self { job, n: u32::try_from(n.0).map_err(|_| wrong())? })
    }
}

impl Serialize for ExecutionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExecutionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_parse() {
        assert_eq!("42".parse(), Ok(JobId(42)));
        for bad in ["", "0", "-1", "+1", "4 2", "4.2", "9223372036854775808", "x"] {
            assert!(bad.parse::<JobId>().is_err(), "{bad}");
        }
        let id = ExecutionId { job: JobId(42), n: 3 };
        assert_eq!(id.to_string(), "42.3");
        assert_eq!("42.3".parse(), Ok(id));
        for bad in ["42", "42.", ".3", "42.0", "42.3.1", "42.99999999999"] {
            assert!(bad.parse::<ExecutionId>().is_err(), "{bad}");
        }
    }
}
