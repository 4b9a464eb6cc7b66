//! Arguments: what is given for a verb's parameters, checked and written as program data.

use std::collections::BTreeMap;

use serde_json::Value;

use super::near::{self, shown};
use super::parameter::{Parameter, ParameterKind, Range};
use super::value;
use super::verb::Verb;
use crate::{Error, ErrorKind};

/// The longest program message of the verb `scpi`, in bytes.
const LONGEST_MESSAGE: usize = 65_536;

/// One checked argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Argument {
    /// As it is sent.
    pub(super) text: String,
    /// As it is handed to another verb.
    pub(super) value: Value,
    /// As a number, if it is one.
    pub(super) number: Option<f64>,
}

/// Checked arguments by the names of their parameters; optional ones may be missing.
pub(super) type Arguments = BTreeMap<String, Argument>;

/// Checks what is given to a verb.
pub(super) fn resolve(verb: &Verb, given: &BTreeMap<String, Value>) -> Result<Arguments, Error> {
    let mut found: BTreeMap<&str, &Value> = BTreeMap::new();
    for (name, value) in given {
        let parameter = named(verb, name)?;
        if found.insert(parameter.name(), value).is_some() {
            return Err(invalid(format!(
                "the verb {} is given its parameter {} twice",
                verb.name(),
                parameter.name()
            )));
        }
    }
    let mut arguments = Arguments::new();
    for parameter in verb.parameters() {
        match found.get(parameter.name()).copied().or(parameter.default()) {
            Some(value) => {
                let argument = check(parameter, value).map_err(|why| {
                    let (verb, name) = (verb.name(), parameter.name());
                    invalid(format!("the parameter {name} of the verb {verb} {why}"))
                })?;
                arguments.insert(parameter.name().to_owned(), argument);
            }
            None if parameter.is_required() => return Err(missing(verb, parameter)),
            None => {}
        }
    }
    Ok(arguments)
}

/// The parameter meant by a name; `value` means the first that is required, or else the first.
fn named<'a>(verb: &'a Verb, name: &str) -> Result<&'a Parameter, Error> {
    let parameters = verb.parameters();
    if let Some(found) = parameters.iter().find(|parameter| parameter.is_called(name)) {
        return Ok(found);
    }
    let first = || parameters.iter().find(|each| each.is_required()).or(parameters.first());
    if name == "value"
        && let Some(found) = first()
    {
        return Ok(found);
    }
    let known = || parameters.iter().map(Parameter::name);
    let takes = if parameters.is_empty() {
        "it takes none".to_owned()
    } else {
        format!("it takes {}", near::list(known()))
    };
    let hint = near::hint(name, known());
    Err(invalid(format!(
        "the verb {} has no parameter '{}'{hint}; {takes}",
        verb.name(),
        shown(name)
    )))
}

fn missing(verb: &Verb, parameter: &Parameter) -> Error {
    let (name, wanted) = (parameter.name(), parameter.describe());
    invalid(format!("the verb {} needs its parameter {name}, {wanted}", verb.name()))
}

/// Checks one value; an error is the end of a sentence that begins with the parameter.
pub(super) fn check(parameter: &Parameter, given: &Value) -> Result<Argument, String> {
    let wrong = || format!("has to be {}, not {}", parameter.describe(), told(given));
    match &parameter.kind {
        ParameterKind::Number(range) => {
            let number = as_number(given).ok_or_else(wrong)?;
            numeric(parameter, *range, number, Value::from(number))
        }
        ParameterKind::Integer(range) => {
            let number = as_number(given).filter(is_whole).ok_or_else(wrong)?;
            numeric(parameter, *range, number, whole(number))
        }
        ParameterKind::Channel(range) => {
            let number = as_channel(given).filter(is_whole).ok_or_else(wrong)?;
            numeric(parameter, *range, number, whole(number))
        }
        ParameterKind::Boolean { on, off } => {
            let yes = as_boolean(given).ok_or_else(wrong)?;
            let text = if yes { on } else { off };
            Ok(Argument { text: text.clone(), value: Value::from(yes), number: None })
        }
        ParameterKind::Choice(choices) => {
            let word = as_word(given).ok_or_else(wrong)?;
            let of = |(name, sent): &&(String, String)| {
                name.eq_ignore_ascii_case(&word) || sent.eq_ignore_ascii_case(&word)
            };
            let (name, sent) = choices
                .iter()
                .find(of)
                .ok_or_else(|| format!("{}{}", wrong(), near::hint(&word, parameter.choices())))?;
            Ok(Argument { text: sent.clone(), value: Value::from(name.as_str()), number: None })
        }
        ParameterKind::Text { longest } => {
            let text = given.as_str().filter(|text| text.len() <= *longest).ok_or_else(wrong)?;
            let sent = value::quoted(text)?;
            Ok(Argument { text: sent, value: given.clone(), number: None })
        }
        ParameterKind::Message => message(given).map_err(|why| why.unwrap_or_else(wrong)),
    }
}

fn numeric(
    parameter: &Parameter,
    range: Range,
    number: f64,
    value: Value,
) -> Result<Argument, String> {
    let sent = number * parameter.scale;
    if range.has(number) && sent.is_finite() {
        // Whole numbers keep all their digits.
        let whole = !matches!(parameter.kind, ParameterKind::Number(_)) && is_whole(&sent);
        let text = if whole { format!("{sent:.0}") } else { value::number(sent) };
        return Ok(Argument { text, value, number: Some(number) });
    }
    let unit = parameter.unit().map(|unit| format!(" {unit}")).unwrap_or_default();
    Err(format!("has to be {}, not {number}{unit}", parameter.describe()))
}

/// A program message of the user's own; `Err(None)` if it is no text.
fn message(given: &Value) -> Result<Argument, Option<String>> {
    let text = given.as_str().ok_or(None)?.trim();
    if text.is_empty() {
        return Err(Some("is empty: give a program message such as *IDN?".to_owned()));
    }
    if text.len() > LONGEST_MESSAGE {
        return Err(Some(format!("is longer than {LONGEST_MESSAGE} bytes")));
    }
    match text.chars().find(|letter| !matches!(letter, ' '..='~' | '\t')) {
        Some(letter) => Err(Some(format!("may not contain {}", value::described(letter)))),
        None => Ok(Argument { text: text.to_owned(), value: given.clone(), number: None }),
    }
}

/// A number, or a text that is one. Never NaN or an infinity.
fn as_number(given: &Value) -> Option<f64> {
    let number = match given {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            // Rust also reads `inf`, `nan` and their like.
            let plain = text.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
            text.parse().ok().filter(|_| plain)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

/// A channel: `1`, `"1"`, `"CH1"`, `"CHAN1"`, `"CHANNEL1"`.
fn as_channel(given: &Value) -> Option<f64> {
    let Some(text) = given.as_str() else { return as_number(given) };
    let text = text.trim().to_ascii_uppercase();
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let prefix = text.strip_suffix(digits).unwrap_or_default();
    let known = matches!(prefix, "" | "CH" | "CHAN" | "CHANNEL");
    digits
        .parse()
        .ok()
        .filter(|_| known && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn as_boolean(given: &Value) -> Option<bool> {
    match given {
        Value::Bool(yes) => Some(*yes),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "on" | "true" | "yes" => Some(true),
            "0" | "off" | "false" | "no" => Some(false),
            _ => None,
        },
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word; a number that is a word of the choice (`4` wires) as well.
fn as_word(given: &Value) -> Option<String> {
    match given {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_whole(number: &f64) -> bool {
    number.fract() == 0.0 && number.abs() < 9.0e15
}

/// A whole number as JSON, without a decimal point.
fn whole(number: f64) -> Value {
    format!("{number:.0}").parse::<i64>().map_or_else(|_| Value::from(number), Value::from)
}

/// A given value for a sentence.
fn told(given: &Value) -> String {
    match given {
        Value::String(text) => format!("'{}'", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => given.to_string(),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
