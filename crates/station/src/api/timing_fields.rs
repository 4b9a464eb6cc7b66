//! Reads the single fields of a schedule that need more than a type.

use jiff::civil::Time;

use super::field::{self, Faults, Place};
use super::json::Json;
use super::timing::Exclude;

/// A small number.
pub(super) fn small(
    json: &Json<'_>,
    range: (i64, i64),
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<u8> {
    field::integer(json, range, at, faults).and_then(|number| u8::try_from(number).ok())
}

/// A time of day: `HH:MM`, `HH:MM:SS`, or with a fraction of at most six digits.
pub(super) fn time_of_day(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Time> {
    let text = field::text(json, at, faults)?;
    let shaped = text.char_indices().all(|(index, c)| match index {
        2 | 5 => c == ':',
        8 => c == '.',
        _ => c.is_ascii_digit(),
    });
    let time = match text.len() {
        5 | 8 | 10..=15 if shaped => text.parse::<Time>().ok(),
        _ => None,
    };
    // Only a leap second's 60 is read as something else than what was written.
    let time =
        time.filter(|time| text.get(6..8).is_none_or(|s| s == format!("{:02}", time.second())));
    if time.is_none() {
        let why = "must be a time of day from 00:00 to 23:59:59, as HH:MM or HH:MM:SS";
        faults.value(at, why, Json::Text(text).echo());
    }
    time
}

/// The days a job does not fire on.
pub(super) fn exclude<'a>(
    json: Json<'a>,
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<Exclude<'a>> {
    let list = match json {
        Json::Text(text) => return Some(Exclude::Text(text)),
        Json::List(list) => list,
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Int(_)
        | Json::Big(_)
        | Json::Float(_)
        | Json::Map(_)) => {
            let msg = "Input should be a list of days and spans, or the text of a list or calendar";
            faults.add("list_type", at, msg, other.echo());
            return None;
        }
    };
    let mut spans = Vec::with_capacity(list.len());
    for (index, json) in list.into_iter().enumerate() {
        let at = at.index(index);
        let Some(text) = field::text(json, at, faults) else { continue };
        // A list's own lines and remarks have no place inside one of its items.
        if text.trim().is_empty() || text.contains(['\n', '\r', '#']) {
            faults.value(at, "must be YYYY-MM-DD or FROM..TO", Json::Text(text).echo());
        } else {
            spans.push(text);
        }
    }
    Some(Exclude::List(spans))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_strict() {
        let read = |text: &str| {
            let mut faults = Faults::default();
            time_of_day(Json::Text(text.into()), Place::BODY.field("time_of_day"), &mut faults)
                .map(|time| time.to_string())
        };
        for (text, time) in [
            ("00:00", "00:00:00"),
            ("14:30:00", "14:30:00"),
            ("23:59:59.5", "23:59:59.5"),
            ("23:59:59.000001", "23:59:59.000001"),
        ] {
            assert_eq!(read(text).as_deref(), Some(time));
        }
        for text in [
            "",
            "9:00",
            "09",
            "0900",
            "24:00",
            "23:60",
            "09:00:60",
            "09:00:",
            "09:00:0",
            "-1:00",
            "09:00Z",
            "09:00:00.",
            "09:00:00.1234567",
            "T09:00",
            " 09:00",
            "ä9:00",
            "09:00+1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
