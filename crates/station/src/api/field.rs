//! Reads single fields of a body, collecting what is wrong with them in the words LabLink's clients know.
//!
//! Like the service those clients were written for, it takes numbers and booleans given as text.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::error::{Fault, Step};
use super::json::Json;

/// The longest duration a job may name: ten years.
pub(super) const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// No more faults than this are told at once.
const MAX_FAULTS: usize = 50;

/// The way to a field, from the body inwards.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    outer: Option<&'p Place<'p>>,
    step: Part<'p>,
}

#[derive(Clone, Copy)]
enum Part<'p> {
    Field(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    /// The body itself.
    pub(super) const BODY: Place<'static> = Place { outer: None, step: Part::Field("body") };

    /// The query string.
    pub(super) const QUERY: Place<'static> = Place { outer: None, step: Part::Field("query") };

    /// A field of the object at this place.
    pub(super) fn field(&'p self, name: &'p str) -> Place<'p> {
        Place { outer: Some(self), step: Part::Field(name) }
    }

    /// An element of the list at this place.
    pub(super) fn index(&'p self, at: usize) -> Place<'p> {
        Place { outer: Some(self), step: Part::Index(at) }
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = self.outer.map(Place::steps).unwrap_or_default();
        steps.push(match self.step {
            Part::Field(name) => Step::Field(name.to_owned()),
            Part::Index(at) => Step::Index(at),
        });
        steps
    }
}

/// Everything found wrong with a body so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault with the value given.
    pub(super) fn add(
        &mut self,
        kind: &'static str,
        place: Place<'_>,
        msg: impl Into<String>,
        input: Value,
    ) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(Fault { kind, loc: place.steps(), msg: msg.into(), input });
        }
    }

    /// A required field is not there.
    pub(super) fn missing(&mut self, place: Place<'_>) {
        self.add("missing", place, "Field required", Value::Null);
    }

    /// A field of the right type has a value that cannot be; `why` is a sentence's end.
    pub(super) fn value(&mut self, place: Place<'_>, why: &str, input: Value) {
        self.add("value_error", place, format!("Value error, {why}"), input);
    }

    /// Takes over faults whose input may be secret.
    pub(super) fn take_without_input(&mut self, faults: Self) {
        let hidden = faults.0.into_iter().map(|fault| Fault { input: Value::Null, ..fault });
        let room = MAX_FAULTS.saturating_sub(self.0.len());
        self.0.extend(hidden.take(room));
    }

    /// Whether a field of the body has a fault.
    pub(super) fn names(&self, field: &str) -> bool {
        let named = |step: &Step| matches!(step, Step::Field(name) if name == field);
        self.0.iter().any(|fault| fault.loc.get(1).is_some_and(named))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The faults, if there are any.
    pub(super) fn into_result(self) -> Result<(), super::error::ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(super::error::ApiError::Invalid(self.0)) }
    }
}

/// A string.
pub(super) fn text<'a>(json: Json<'a>, at: Place<'_>, faults: &mut Faults) -> Option<Cow<'a, str>> {
    if let Json::Text(text) = json {
        return Some(text);
    }
    faults.add("string_type", at, "Input should be a valid string", json.echo());
    None
}

/// A string of at most `longest` characters, without control characters and not blank.
pub(super) fn label(
    json: Json<'_>,
    longest: usize,
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<String> {
    let text = text(json, at, faults)?;
    let why = if text.trim().is_empty() {
        "must not be empty".to_owned()
    } else if text.chars().nth(longest).is_some() {
        format!("must be at most {longest} characters long")
    } else if text.chars().any(char::is_control) {
        "must not contain control characters".to_owned()
    } else {
        return Some(text.into_owned());
    };
    faults.value(at, &why, Json::Text(text).echo());
    None
}

/// A byte string: text, or `{"hex":"…"}` for what is not UTF-8.
pub(super) fn bytes(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Vec<u8>> {
    let wrong = match json {
        Json::Text(text) => return Some(text.into_owned().into_bytes()),
        Json::Map(map) => match map.as_slice() {
            [(key, Json::Text(hex))] if key == "hex" => match unhex(hex) {
                Some(bytes) => return Some(bytes),
                None => {
                    let why = "hex must be pairs of hexadecimal digits";
                    faults.value(at, why, Value::Null);
                    return None;
                }
            },
            _ => Value::Null,
        },
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Int(_)
        | Json::Big(_)
        | Json::Float(_)
        | Json::List(_)) => other.echo(),
    };
    let msg = "Input should be a valid string, or {\"hex\":\"…\"} for bytes that are not UTF-8";
    faults.add("string_type", at, msg, wrong);
    None
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect()
}

/// A boolean.
pub(super) fn boolean(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<bool> {
    let parsed = match json {
        Json::Bool(given) => Some(*given),
        Json::Int(0) => Some(false),
        Json::Int(1) => Some(true),
        Json::Text(text) => parse_bool(text),
        Json::Null | Json::List(_) | Json::Map(_) => {
            faults.add("bool_type", at, "Input should be a valid boolean", json.echo());
            return None;
        }
        Json::Int(_) | Json::Big(_) | Json::Float(_) => None,
    };
    if parsed.is_none() {
        let msg = "Input should be a valid boolean, unable to interpret input";
        faults.add("bool_parsing", at, msg, json.echo());
    }
    parsed
}

/// The boolean a text means.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// A whole number between two limits.
pub(super) fn integer(
    json: &Json<'_>,
    (least, most): (i64, i64),
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<i64> {
    let number = match json {
        Json::Int(given) => Some(*given),
        Json::Big(_) => Some(i64::MAX),
        Json::Float(given) if given.fract() != 0.0 => {
            let msg = "Input should be a valid integer, got a number with a fractional part";
            faults.add("int_from_float", at, msg, json.echo());
            return None;
        }
        Json::Float(given) => Some(whole(*given)),
        Json::Text(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => {
            faults.add("int_type", at, "Input should be a valid integer", json.echo());
            return None;
        }
    };
    let Some(number) = number else {
        let msg = "Input should be a valid integer, unable to parse string as an integer";
        faults.add("int_parsing", at, msg, json.echo());
        return None;
    };
    if number < least || number > most {
        let why = if most == i64::MAX {
            format!("must be at least {least}")
        } else {
            format!("must be from {least} to {most}")
        };
        faults.value(at, &why, json.echo());
        return None;
    }
    Some(number)
}

/// A float without fraction as an integer, at the limits if it is beyond them.
fn whole(number: f64) -> i64 {
    format!("{number:.0}").parse().unwrap_or(if number < 0.0 { i64::MIN } else { i64::MAX })
}

/// A duration in seconds, at most ten years; zero only where `zero` allows it.
pub(super) fn seconds(
    json: &Json<'_>,
    zero: bool,
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<Duration> {
    let span = match json {
        Json::Int(given) => u64::try_from(*given).map(Duration::from_secs).map_err(|_| NEGATIVE),
        Json::Big(_) => Ok(Duration::MAX),
        Json::Float(given) => from_float(*given),
        Json::Text(text) => {
            let Ok(number) = text.trim().parse() else {
                let msg = "Input should be a valid number of seconds, unable to parse string";
                faults.add("int_parsing", at, msg, json.echo());
                return None;
            };
            from_float(number)
        }
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => {
            let msg = "Input should be a valid number of seconds";
            faults.add("int_type", at, msg, json.echo());
            return None;
        }
    };
    let why = match span {
        Ok(span) if span.is_zero() && !zero => "must be more than 0 seconds",
        Ok(span) if span > LONGEST => "must be at most ten years (315360000 seconds)",
        Ok(span) => return Some(span),
        Err(why) => why,
    };
    faults.value(at, why, json.echo());
    None
}

const NEGATIVE: &str = "must not be negative";

/// Whole microseconds of a number of seconds.
fn from_float(number: f64) -> Result<Duration, &'static str> {
    if number.is_nan() {
        return Err("must be a number");
    }
    if number < 0.0 {
        return Err(NEGATIVE);
    }
    let span = Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX);
    let extra = span.subsec_nanos() % 1000;
    Ok(span.saturating_sub(Duration::from_nanos(extra.into())))
}

/// One of several words.
pub(super) fn word<T: Copy>(
    json: &Json<'_>,
    words: &[(&'static str, T)],
    at: Place<'_>,
    faults: &mut Faults,
) -> Option<T> {
    if let Json::Text(text) = json
        && let Some((_, meant)) = words.iter().find(|(word, _)| word == text)
    {
        return Some(*meant);
    }
    faults.add("enum", at, one_of(words.iter().map(|(word, _)| *word)), json.echo());
    None
}

/// "Input should be 'a', 'b' or 'c'".
pub(super) fn one_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("Input should be {} or {last}", rest.join(", "))
        }
        _ => format!("Input should be {}", quoted.concat()),
    }
}
