//! Shows what a job does with equipment: its parameters, as they could be sent again, and one line.

use serde_json::{Map, Number, Value, json};
use station_core::model::{
    AcquisitionPlan, Call, EquipmentTest, FileFormat, InstrumentAction, Target, Work,
};
use station_instrument::sequence;

use super::stamp::Seconds;

/// The longest value that is shown in one line, in characters.
const LONGEST_VALUE: usize = 40;

/// The parameters, in the words of a create request: to send them makes the same work.
pub(super) fn parameters(action: &InstrumentAction) -> Map<String, Value> {
    if let Work::Sequence(steps) = &action.work {
        return object(sequence::to_value(steps, &action.on_release));
    }
    let mut fields = match &action.work {
        Work::Acquisition(plan) => acquisition(plan),
        Work::Measurement(call) | Work::Command(call) => with_verb("command", call),
        Work::EquipmentTest { test } => object(json!({ "test_name": test_name(*test) })),
        Work::StateCapture | Work::Sequence(_) => Map::new(),
    };
    if !action.on_release.is_empty() {
        let calls = action.on_release.iter();
        let calls: Vec<Value> = calls.map(|one| with_verb("verb", one).into()).collect();
        fields.insert("on_release".to_owned(), calls.into());
    }
    fields
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn acquisition(plan: &AcquisitionPlan) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("duration", plan.duration.map(|span| json!(Seconds(span))));
    put("sample_rate", plan.sample_rate.clone().map(Value::Number));
    let channels = plan.channels.iter().map(|name| channel(name));
    put("channels", Some(channels.collect::<Value>()).filter(|_| !plan.channels.is_empty()));
    put("format", Some(plan.format.name().into()));
    put("verb", plan.verb.clone().map(Value::from));
    put("wait", plan.detached.then_some(Value::Bool(false)));
    fields
}

/// A channel: by its number, as LabLink has it, where its name is `CHn`.
fn channel(name: &str) -> Value {
    let number = name.strip_prefix("CH").and_then(|digits| digits.parse::<u16>().ok());
    match number.filter(|number| format!("CH{number}") == name && *number > 0) {
        Some(number) => Value::Number(Number::from(number)),
        None => name.into(),
    }
}

fn with_verb(verb: &str, call: &Call) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(equipment) = &call.equipment {
        fields.insert("equipment".to_owned(), equipment.as_str().into());
    }
    fields.insert(verb.to_owned(), call.verb.as_str().into());
    if !call.parameters.is_empty() {
        fields.insert("parameters".to_owned(), json!(call.parameters));
    }
    fields
}

fn test_name(test: EquipmentTest) -> &'static str {
    match test {
        EquipmentTest::Connection => "connection",
        EquipmentTest::SelfTest => "self_test",
    }
}

/// The work on one line: `get_voltage on power_supply_1`, `acquisition on scope_1 for 60 s`.
pub(super) fn summary(action: &InstrumentAction, target: &Target) -> String {
    let on = match target {
        Target::Equipment(ids) if ids.is_empty() => String::new(),
        Target::Equipment(_) | Target::Nodes(_) | Target::Local | Target::Outstation(_) => {
            format!(" on {}", target.name())
        }
    };
    match &action.work {
        Work::Acquisition(plan) => {
            let span = plan.duration.map(|span| format!(" for {} s", json!(Seconds(span))));
            let form = match plan.format {
                FileFormat::Csv => String::new(),
                FileFormat::Json | FileFormat::Npy => format!(" as {}", plan.format.name()),
            };
            format!("acquisition{on}{}{form}", span.unwrap_or_else(|| " until stopped".to_owned()))
        }
        Work::StateCapture => format!("state capture{on}"),
        Work::Measurement(call) | Work::Command(call) => {
            let mut text = call.verb.clone();
            for (name, value) in &call.parameters {
                let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                text.push_str(&format!(" {name}={}", shortened(&value)));
            }
            text + &on
        }
        Work::EquipmentTest { test: EquipmentTest::Connection } => format!("connection test{on}"),
        Work::EquipmentTest { test: EquipmentTest::SelfTest } => format!("self-test{on}"),
        Work::Sequence(sequence) => {
            let count = sequence.steps.len();
            let noun = if count == 1 { "step" } else { "steps" };
            format!("sequence of {count} {noun}{on}")
        }
    }
}

fn shortened(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().nth(LONGEST_VALUE).is_none() {
        return text.chars().map(clean).collect();
    }
    text.chars().take(LONGEST_VALUE - 1).map(clean).chain(['…']).collect()
}

/// The equipment of a job that has exactly one.
pub(super) fn only(target: &Target) -> Option<&str> {
    match target {
        Target::Equipment(ids) => match ids.as_slice() {
            [one] => Some(one),
            [] | [_, _, ..] => None,
        },
        Target::Local | Target::Nodes(_) | Target::Outstation(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(work: Work) -> String {
        let action = InstrumentAction { work, profile: None, on_release: Vec::new() };
        summary(&action, &Target::Equipment(vec!["psu".to_owned()]))
    }

    #[test]
    fn work_reads_well_on_one_line() {
        let call = |parameters: Value| Call {
            equipment: None,
            verb: "set_current".to_owned(),
            parameters: serde_json::from_value(parameters).unwrap(),
        };
        let plan = |duration, format| AcquisitionPlan {
            duration,
            sample_rate: None,
            channels: Vec::new(),
            verb: None,
            format,
            detached: false,
        };
        let minute = Some(Duration::from_secs(60));
        let long = "x".repeat(100);
        for (work, expected) in [
            (Work::Measurement(call(json!({}))), "set_current on psu"),
            (
                Work::Command(call(json!({ "value": 2.5, "on": true }))),
                "set_current on=true value=2.5 on psu",
            ),
            (Work::Command(call(json!({ "text": "a\nb" }))), "set_current text=a b on psu"),
            (
                Work::Command(call(json!({ "text": long }))),
                "set_current text=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… on psu",
            ),
            (Work::StateCapture, "state capture on psu"),
            (Work::EquipmentTest { test: EquipmentTest::SelfTest }, "self-test on psu"),
            (Work::EquipmentTest { test: EquipmentTest::Connection }, "connection test on psu"),
            (Work::Acquisition(plan(minute, FileFormat::Csv)), "acquisition on psu for 60 s"),
            (
                Work::Acquisition(plan(Some(Duration::from_millis(500)), FileFormat::Npy)),
                "acquisition on psu for 0.5 s as npy",
            ),
            (Work::Acquisition(plan(None, FileFormat::Csv)), "acquisition on psu until stopped"),
        ] {
            assert_eq!(shown(work), expected);
        }
    }

    #[test]
    fn a_channel_is_shown_by_its_number_only_where_that_means_the_same() {
        for (name, expected) in [
            ("CH1", json!(1)),
            ("CH12", json!(12)),
            ("CH01", json!("CH01")),
            ("CH0", json!("CH0")),
            ("A", json!("A")),
        ] {
            assert_eq!(channel(name), expected);
        }
    }
}
