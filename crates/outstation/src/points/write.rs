//! Writes points as the TOML that is read.

use station_core::model::{Point, PointCommand, Termination};
use toml::Value;

/// Writes points in the order in which they are given. What is as it is without being said is left out.
#[must_use]
pub fn write(points: &[Point]) -> String {
    let mut text = Text(String::new());
    for point in points {
        if !text.0.is_empty() {
            text.0.push('\n');
        }
        text.0.push_str("[[point]]\n");
        text.put("name", point.name.as_str());
        text.put("ioa", i64::from(point.ioa));
        text.put("type", point.kind.as_str());
        text.put_some("ca", point.ca.map(i64::from));
        text.put_some(
            "description",
            Some(&point.description).filter(|text| !text.is_empty()).cloned(),
        );
        text.put_some("unit", point.unit.clone());
        if let Some(command) = &point.command {
            text.0.push_str("[point.command]\n");
            text.command(command);
        }
    }
    text.0
}

struct Text(String);

impl Text {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        let value: Value = value.into();
        self.0.push_str(&format!("{key} = {value}\n"));
    }

    fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn command(&mut self, command: &PointCommand) {
        self.put_some("feedback", command.feedback.clone());
        self.put_some("select", command.select.then_some(true));
        self.put_some("qualifier", Some(i64::from(command.qualifier)).filter(|qu| *qu != 0));
        self.put_some(
            "range",
            command.range.as_ref().map(|range| range.each_ref().map(number).to_vec()),
        );
        self.put_some(
            "termination",
            match command.termination {
                Termination::Required => Some("required"),
                Termination::Optional => None,
                Termination::None => Some("none"),
            },
        );
        self.put_some("per_hour", command.per_hour.map(i64::from));
        self.put("may", command.may.clone());
        self.put_some("hours", Some(command.hours.clone()).filter(|hours| !hours.is_empty()));
        self.put_some("approval", command.approval.map(i64::from));
        self.put_some("interlock", command.interlock.clone());
    }
}

/// Whole numbers stay whole.
fn number(number: &serde_json::Number) -> Value {
    let whole = number.as_i64().map(Value::Integer);
    whole.unwrap_or_else(|| Value::Float(number.as_f64().unwrap_or_default()))
}
