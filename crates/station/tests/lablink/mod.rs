//! The examples of LabLink's guide, one in a row of `guide.json`.

use jiff::Timestamp;
use serde_json::{Value, json};

/// An example and what is expected of it.
pub(crate) struct Row {
    /// Where it stands in the guide.
    pub(crate) at: String,
    /// The request.
    pub(crate) body: Value,
    /// Whether it needs equipment.
    pub(crate) answer: String,
    /// When it fires.
    pub(crate) fires: Vec<Timestamp>,
}

/// All of them, in their order.
pub(crate) fn rows() -> Vec<Row> {
    let all: Vec<Value> = serde_json::from_str(include_str!("guide.json")).unwrap();
    let row = |row: &Value| {
        let mut body = row["example"].clone();
        for (field, value) in row["with"].as_object().unwrap() {
            let before = body.as_object_mut().unwrap().insert(field.clone(), value.clone());
            assert_eq!(before, None, "{field} is the guide's own");
        }
        body["timezone"] = json!("Europe/Berlin");
        Row {
            at: row["at"].as_str().unwrap().to_owned(),
            body,
            answer: row["answer"].as_str().unwrap().to_owned(),
            fires: instants(&row["fires"]),
        }
    };
    all.iter().map(row).collect()
}

pub(crate) fn instants(list: &Value) -> Vec<Timestamp> {
    list.as_array().unwrap().iter().map(instant).collect()
}

pub(crate) fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The example with its dates moved to the year after this one.
pub(crate) fn renewed(body: &Value) -> Value {
    let year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year() + 1;
    let mut body = body.clone();
    for field in ["run_date", "start_date", "end_date"] {
        if let Some(text) = body.get(field).and_then(Value::as_str) {
            body[field] = json!(text.replace("2025", &year.to_string()));
        }
    }
    body
}
