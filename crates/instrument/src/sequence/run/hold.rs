//! Holds: what a reading must be, and the commands that must have ended before it is asked for.

use std::time::Duration;

use serde_json::{Number, Value};

use super::course::{Course, Due};
use crate::sequence::file::duration_text;
use crate::{Error, ErrorKind};

/// The condition of a hold.
pub(super) struct Until<'a> {
    pub(super) field: Option<&'a str>,
    pub(super) above: Option<&'a Number>,
    pub(super) below: Option<&'a Number>,
}

impl Until<'_> {
    /// The number to compare; `None` when the instrument had none.
    pub(super) fn number(&self, value: &Value) -> Result<Option<f64>, Error> {
        match (value, self.field) {
            (Value::Object(map), Some(field)) => match map.get(field) {
                Some(value) => number(value),
                None => {
                    let names: Vec<&str> = map.keys().map(String::as_str).collect();
                    Err(reply(&format!("there is no '{field}', but {}", names.join(", "))))
                }
            },
            (Value::Object(map), None) => {
                let mut named = map.iter().filter(|(name, _)| *name != "unit");
                match (named.next(), named.next()) {
                    (Some((_, value)), None) => number(value),
                    (_, _) => {
                        let names: Vec<&str> = map.keys().map(String::as_str).collect();
                        Err(reply(&format!("name one of {} as 'field'", names.join(", "))))
                    }
                }
            }
            (value, _) => number(value),
        }
    }

    pub(super) fn holds(&self, number: f64) -> bool {
        let above = self.above.and_then(Number::as_f64).is_none_or(|above| number >= above);
        let below = self.below.and_then(Number::as_f64).is_none_or(|below| number <= below);
        above && below
    }

    pub(super) fn timed_out(&self, verb: &str, last: Option<f64>, timeout: Duration) -> Error {
        let bounds = [("at least", self.above), ("at most", self.below)];
        let bounds: Vec<String> = bounds
            .into_iter()
            .filter_map(|(words, bound)| bound.map(|bound| format!("{words} {bound}")))
            .collect();
        let last =
            last.map_or("there was no reading".to_owned(), |last| format!("the last was {last}"));
        let within = duration_text(timeout);
        let message = format!("{verb} was not {} within {within}: {last}", bounds.join(" and "));
        // It is known what was done: the instrument answers, and something else than was waited for.
        Error::new(ErrorKind::Instrument, message)
    }
}

/// Waits until all commands before a hold have ended; whether the run goes on.
pub(super) async fn commands(course: &Course<'_>, hold: &Due<'_>) -> bool {
    let mut ended = course.commands_ended.subscribe();
    tokio::select! {
        biased;
        () = course.ended() => return false,
        _ = ended.wait_for(|ended| *ended >= hold.commands) => {}
    }
    !course.fail_for_commands()
}

fn number(value: &Value) -> Result<Option<f64>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(f64::from(u8::from(*flag)))),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(_) | Value::Array(_) | Value::Object(_) => {
            let shown: String = value.to_string().chars().take(60).collect();
            Err(reply(&format!("{shown} is no number")))
        }
    }
}

fn reply(why: &str) -> Error {
    Error::new(ErrorKind::Reply, format!("what is read cannot be compared: {why}"))
}
