//! The time language, as the command line uses it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use station_core::when as language;

use super::error::{CliError, time_refused};

/// What a time expression is read against.
pub(crate) struct Reading<'a> {
    /// The present; `None`: the clock's.
    pub(crate) now: Option<Timestamp>,
    /// The zone.
    pub(crate) zone: &'a TimeZone,
    /// Minute resolution.
    pub(crate) posix: bool,
    /// The text is the argument of `at -t`.
    pub(crate) touch: bool,
}

/// An answer, ready to print.
pub(crate) struct Resolved {
    /// When.
    pub(crate) instant: Timestamp,
    /// RFC 3339.
    pub(crate) text: String,
    /// A remark on a clock change.
    pub(crate) note: Option<String>,
}

/// Resolves a time expression.
pub(crate) fn resolve(text: &str, reading: &Reading<'_>) -> Result<Resolved, CliError> {
    let zones = TimeZoneDatabase::from_env();
    let context = language::Context {
        now: reading.now.unwrap_or_else(Timestamp::now),
        zone: reading.zone,
        zones: &zones,
        posix: reading.posix,
    };
    let answer = if reading.touch {
        language::resolve_touch(text, &context)
    } else {
        language::resolve(text, &context)
    };
    let answer = answer.map_err(|e| CliError::usage(time_refused(&e.render(text))))?;
    Ok(Resolved {
        instant: answer.instant,
        text: language::print(answer.instant, &answer.zone),
        note: answer.note.map(|note| note.to_string()),
    })
}

/// Reads a duration such as `90`, `90s`, `5m` or `1h30m`. Serves as a clap value parser, whose
/// errors begin in the middle of a line: what the caret points at starts on one of its own.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    language::parse_duration(text).map_err(|e| format!("\n{}", e.render(text)))
}

/// Looks a zone up.
pub(crate) fn zone(name: &str) -> Result<TimeZone, CliError> {
    TimeZoneDatabase::from_env().get(name).or_else(|_| TimeZone::posix(name)).map_err(|_| {
        CliError::usage(format!("'{}' is not a time zone", super::plain(name)))
            .hint("zones are named like Europe/Berlin or UTC")
    })
}
