//! Reads the parameters of a sequence: steps as they stand in the request, or the text of a file.

use serde_json::{Map, Value};
use station_core::model::{Call, Sequence};
use station_instrument::sequence::{self, Fault};

use super::field::{self, Faults, Place};
use super::instrument_calls;
use super::json::Json;

/// A sequence, and what is done after it; `None` if something is wrong with it.
pub(super) fn read(
    fields: Vec<(&'static str, Json<'_>)>,
    at: &Place<'_>,
    faults: &mut Faults,
) -> Option<(Sequence, Vec<Call>)> {
    let has = |name: &str| fields.iter().any(|(field, _)| *field == name);
    if !has("steps") && !has("toml") {
        faults.missing(at.field("steps"));
        return None;
    }
    if has("toml") && fields.iter().any(|(field, _)| *field != "toml") {
        let why = "is a whole sequence; give it alone, or steps, tick_ms and on_release without it";
        faults.value(at.field("toml"), why, Value::Null);
        return None;
    }
    let mut object = Map::new();
    for (field, json) in fields {
        if field == "toml" {
            let text = field::text(json, at.field("toml"), faults)?;
            return told(sequence::parse(&text), at.field("toml"), faults);
        }
        object.insert(field.to_owned(), instrument_calls::value(json));
    }
    told(sequence::from_value(&Value::Object(object)), at.field("steps"), faults)
}

fn told<T>(read: Result<T, Vec<Fault>>, at: Place<'_>, faults: &mut Faults) -> Option<T> {
    match read {
        Ok(sequence) => Some(sequence),
        Err(wrong) => {
            for fault in wrong {
                faults.value(at, &fault.to_string(), Value::Null);
            }
            None
        }
    }
}
