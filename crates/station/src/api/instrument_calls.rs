//! Reads calls of drivers' verbs: a name, its parameters, and the equipment where there are several.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use station_core::model::Call;

use super::field::{self, Faults, Place};
use super::job_fields;
use super::json::Json;
use super::near_miss;

/// The longest name of a verb, of a parameter and of an equipment.
pub(super) const LONGEST_NAME: usize = 128;

/// The most parameters of a verb, and the most calls after a job.
const MOST: usize = 64;

/// The fields of a call in a list; `command` is another name for `verb`.
const CALL_FIELDS: [&str; 4] = ["equipment", "verb", "command", "parameters"];

/// A list of calls.
pub(super) fn list(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Vec<Call> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return Vec::new();
    };
    if list.len() > MOST {
        faults.value(at, &format!("must be at most {MOST} calls"), Value::Null);
        return Vec::new();
    }
    list.into_iter()
        .enumerate()
        .filter_map(|(index, json)| call(json, at.index(index), faults))
        .collect()
}

fn call(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Call> {
    let Json::Map(map) = json else {
        job_fields::not_a_map(&json, at, faults);
        return None;
    };
    let before = faults.count();
    let (mut verb, mut equipment, mut parameters) = (None, None, BTreeMap::new());
    for (key, json) in map {
        let place = at.field(&key);
        match key.as_ref() {
            _ if json == Json::Null => {}
            "verb" | "command" => {
                if verb.is_some() {
                    let why = "verb and command mean the same; give one of them";
                    faults.value(place, why, Value::Null);
                }
                verb = field::label(json, LONGEST_NAME, place, faults);
            }
            "equipment" => equipment = field::label(json, LONGEST_NAME, place, faults),
            "parameters" => parameters = self::parameters(json, place, faults),
            // There are no clients' extras here: what is not known was meant to be done.
            unknown => {
                let known = CALL_FIELDS.map(|name| format!("'{name}'")).join(", ");
                let why = match near_miss::find(unknown, &CALL_FIELDS) {
                    Some(meant) => format!("is not known: did you mean '{meant}'?"),
                    None => format!("is not known; a call has {known}"),
                };
                faults.value(place, &why, Value::Null);
            }
        }
    }
    if verb.is_none() && faults.count() == before {
        faults.missing(at.field("verb"));
    }
    Some(Call { equipment, verb: verb?, parameters }).filter(|_| faults.count() == before)
}

/// The parameters of a verb; whether they fit it is for its driver to say.
pub(super) fn parameters(
    json: Json<'_>,
    at: Place<'_>,
    faults: &mut Faults,
) -> BTreeMap<String, Value> {
    let Json::Map(map) = json else {
        job_fields::not_a_map(&json, at, faults);
        return BTreeMap::new();
    };
    if map.len() > MOST {
        faults.value(at, &format!("must be at most {MOST} parameters"), Value::Null);
        return BTreeMap::new();
    }
    let mut parameters = BTreeMap::new();
    for (name, json) in map {
        if let Some(name) = field::label(Json::Text(name), LONGEST_NAME, at, faults) {
            parameters.insert(name, value(json));
        }
    }
    parameters
}

/// A JSON value of its own. Of a name given twice the last holds.
pub(super) fn value(json: Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(given) => given.into(),
        Json::Int(given) => given.into(),
        Json::Big(given) => given.into(),
        Json::Float(given) => Number::from_f64(given).map_or(Value::Null, Value::Number),
        Json::Text(text) => text.into_owned().into(),
        Json::List(list) => list.into_iter().map(value).collect(),
        Json::Map(map) => {
            let fields = map.into_iter().map(|(name, json)| (name.into_owned(), value(json)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// The same value, to be read as if it had been sent.
pub(super) fn json<'a>(value: Value) -> Json<'a> {
    match value {
        Value::Null => Json::Null,
        Value::Bool(given) => Json::Bool(given),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Json::Int(whole),
            (None, Some(whole), _) => Json::Big(whole),
            (None, None, Some(float)) => Json::Float(float),
            (None, None, None) => Json::Null,
        },
        Value::String(text) => Json::Text(Cow::Owned(text)),
        Value::Array(list) => Json::List(list.into_iter().map(json).collect()),
        Value::Object(map) => Json::Map(
            map.into_iter().map(|(name, value)| (Cow::Owned(name), json(value))).collect(),
        ),
    }
}
