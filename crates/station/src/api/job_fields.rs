//! Reads the single fields of a job that need more than a type.

use std::time::Duration;

use station_core::model::Condition;

use super::field::{self, Faults, Place};
use super::json::Json;
use super::types::Limit;

/// Tells that a value should be an object.
pub(super) fn not_a_map(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) {
    faults.add("dict_type", at, "Input should be a valid dictionary", json.echo());
}

/// A wall-time limit that was given.
pub(super) fn limit(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Limit {
    field::seconds(json, false, at, faults).map_or(Limit::Absent, Limit::After)
}

/// A description.
pub(super) fn description(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<String> {
    let text = field::text(json, at, faults)?;
    let why = if text.contains('\0') {
        "must not contain NUL"
    } else if text.chars().nth(10_000).is_some() {
        "must be at most 10000 characters long"
    } else {
        return Some(text.into_owned());
    };
    faults.value(at, why, Json::Text(text).echo());
    None
}

/// Labels; each is kept once.
pub(super) fn tags(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Vec<String> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return Vec::new();
    };
    if list.len() > 64 {
        faults.value(at, "must be at most 64 tags", serde_json::Value::Null);
        return Vec::new();
    }
    let mut tags: Vec<String> = Vec::with_capacity(list.len());
    for (index, json) in list.into_iter().enumerate() {
        if let Some(tag) = field::label(json, 100, at.index(index), faults)
            && !tags.contains(&tag)
        {
            tags.push(tag);
        }
    }
    tags
}

/// The queue letter of at(1).
pub(super) fn queue(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<char> {
    let Json::Text(text) = json else {
        faults.add("string_type", at, "Input should be a valid string", json.echo());
        return None;
    };
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter),
        _ => {
            faults.value(at, "must be one letter, a to z or A to Z", json.echo());
            None
        }
    }
}

/// A user name or mail address.
pub(super) fn recipient(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<String> {
    let to = field::label(json, 254, at, faults)?;
    if to.starts_with('-') || to.contains(char::is_whitespace) {
        faults.value(at, "must be one user name or mail address", to.into());
        return None;
    }
    Some(to)
}

/// A load average.
pub(super) fn load_below(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Condition> {
    let number = match json {
        Json::Int(given) => u32::try_from(*given).ok().map(f64::from),
        Json::Float(given) => Some(*given),
        Json::Text(text) => text.trim().parse().ok(),
        Json::Big(_) | Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => None,
    };
    // The hundredths of a number are the seconds of a duration a hundred times as long.
    let hundredths = number
        .and_then(|number| Duration::try_from_secs_f64(number * 100.0).ok())
        .and_then(|span| u32::try_from((span + Duration::from_millis(500)).as_secs()).ok())
        .filter(|hundredths| (1..=1_000_000).contains(hundredths));
    if hundredths.is_none() {
        faults.value(at, "must be a load average from 0.01 to 10000", json.echo());
    }
    hundredths.map(Condition::LoadBelow)
}
