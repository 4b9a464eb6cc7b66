//! Reads verbs with their parameters, as profiles and what follows a job have them.

use serde_json::{Map, Value};
use station_core::model::Call;

use super::error::ApiError;

/// A list of calls: `{"verb", "parameters", "equipment_id"?}` each; `command` and `action` are taken
/// for `verb`, and a text for a verb without parameters.
pub(super) fn calls(value: Value, what: &str) -> Result<Vec<Call>, ApiError> {
    let Value::Array(list) = value else {
        return Err(ApiError::Bad(format!("{what} must be a list of verbs with their parameters")));
    };
    list.into_iter().enumerate().map(|(at, item)| call(item, &format!("{what}[{at}]"))).collect()
}

/// One call.
pub(super) fn call(value: Value, what: &str) -> Result<Call, ApiError> {
    let bad = |text: &str| Err(ApiError::Bad(format!("{what}{text}")));
    let mut map = match value {
        Value::String(verb) => Map::from_iter([("verb".to_owned(), verb.into())]),
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return bad(" must be an object with a verb and its parameters");
        }
    };
    let mut take = |names: &[&str]| names.iter().find_map(|name| map.remove(*name));
    let verb = match take(&["verb", "command", "action"]) {
        Some(Value::String(verb)) => verb,
        Some(_) => return bad(".verb must be a text"),
        None => return bad(" names no verb"),
    };
    let parameters = match take(&["parameters"]) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => return bad(".parameters must be an object of parameters by name"),
    };
    let equipment = match take(&["equipment", "equipment_id"]) {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id),
        Some(_) => return bad(".equipment must be a text"),
    };
    if let Some(name) = map.keys().next() {
        let text = format!(" has an unknown field '{}'", name.escape_debug());
        return bad(&format!("{text}: known are verb, parameters, equipment"));
    }
    Ok(Call { equipment, verb, parameters: parameters.into_iter().collect() })
}
