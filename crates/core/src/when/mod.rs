//! Reads what people write for "when" (`14:30 tomorrow`, `now + 5 minutes`, RFC 3339) and says which instant is meant.
//!
//! The language is that of at(1) (POSIX.1-2024, utility `at`), what Debian's `at` adds to it, and
//! our own additions: seconds, `in 5 minutes`, ISO 8601 and RFC 3339, a date before its time,
//! zones by name and several increments.
//!
//! ```text
//! text ──parse──▶ Parts ──evaluate──▶ Point ──clock rule──▶ instant (+ remark, + what was meant)
//!        words, numbers   civil or instant     gap, overlap
//! ```
//!
//! Everything is pure: the present, the zone and the time-zone database come in as arguments.

mod clock;
mod cursor;
mod duration;
mod error;
mod evaluate;
mod hint;
mod intent;
mod number;
mod parse;
mod parts;
mod print;
mod touch;
mod words;

#[cfg(test)]
mod tests;

pub use crate::model::{Intent, IntentKind};
pub use clock::{ClockNote, Pass};
pub use duration::{parse_duration, print_duration};
pub use error::{WhenError, WhenErrorKind};
pub(crate) use hint::near_zone;
pub use print::print;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The longest text that is looked at, in bytes.
pub const MAX_TEXT: usize = 1000;

/// What an expression is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The present.
    pub now: Timestamp,
    /// The zone in which dates and clock times are meant, unless the text names another.
    pub zone: &'a TimeZone,
    /// Where zone names are looked up.
    pub zones: &'a TimeZoneDatabase,
    /// The minute resolution of at(1): `now` is cut to the minute and seconds are dropped.
    pub posix: bool,
}

/// The answer: an instant, and what it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// When.
    pub instant: Timestamp,
    /// The zone to show it in: the one of the context, whatever zone the text names.
    pub zone: TimeZone,
    /// What was meant, to be kept beside the instant.
    pub intent: Intent,
    /// A remark for people, if the clocks are changed just then.
    pub note: Option<ClockNote>,
}

/// Resolves a time expression of at(1) or one of our additions.
///
/// A bare clock time that is not later than the present means tomorrow; `now` means the present
/// exactly; everything else is cut to a whole microsecond.
///
/// # Errors
/// When the text is not a time expression, names something that does not exist (30 February), or
/// means an instant before the present.
///
/// ```
/// use jiff::tz::{TimeZone, TimeZoneDatabase};
/// use station_core::when::{Context, print, resolve};
///
/// let zones = TimeZoneDatabase::none();
/// let ctx = Context {
///     now: "2027-01-31T10:17:42Z".parse().unwrap(),
///     zone: &TimeZone::UTC,
///     zones: &zones,
///     posix: false,
/// };
/// let answer = resolve("14:30 tomorrow", &ctx).unwrap();
/// assert_eq!(print(answer.instant, &answer.zone), "2027-02-01T14:30:00+00:00");
/// ```
pub fn resolve(text: &str, ctx: &Context<'_>) -> Result<Resolved, WhenError> {
    let parts = parse::parse(text, ctx.zones)?;
    evaluate::evaluate(text, &parts, ctx)
}

/// Resolves the argument of `-t` of at(1) and touch(1): `[[CC]YY]MMDDhhmm[.SS]`.
///
/// # Errors
/// When the text is not of that form, names a date or time that does not exist, is before 1970 or
/// before the present.
pub fn resolve_touch(text: &str, ctx: &Context<'_>) -> Result<Resolved, WhenError> {
    let civil = touch::parse(text, ctx)?;
    evaluate::civil(text, civil, ctx)
}
