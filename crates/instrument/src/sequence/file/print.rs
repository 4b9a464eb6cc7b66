//! Writes sequences in the form in which they are read.

use std::time::Duration;

use serde_json::{Map, Value, json};
use station_core::model::{Call, CommandLine, Sequence, SequenceStep, StepKind};
use station_core::when::print_duration;

/// Writes a sequence as the JSON object that [`super::from_value`] reads.
#[must_use]
pub fn to_value(sequence: &Sequence, on_release: &[Call]) -> Value {
    let tick_micros = sequence.tick.as_micros();
    let tick_ms = match u64::try_from(tick_micros / 1000) {
        Ok(ms) if tick_micros.is_multiple_of(1000) => json!(ms),
        Ok(_) | Err(_) => json!(sequence.tick.as_secs_f64() * 1000.0),
    };
    let mut written = Map::new();
    written.insert("tick_ms".to_owned(), tick_ms);
    written.insert("steps".to_owned(), sequence.steps.iter().map(step).collect());
    if !on_release.is_empty() {
        let calls = on_release.iter().map(|call| Value::Object(call_object(call)));
        written.insert("on_release".to_owned(), calls.collect());
    }
    Value::Object(written)
}

/// A duration as people write it.
pub(in crate::sequence) fn duration_text(duration: Duration) -> String {
    print_duration(duration)
}

fn step(step: &SequenceStep) -> Value {
    let mut object = match &step.what {
        StepKind::Call(call) | StepKind::Ramp { call, .. } | StepKind::Hold { call, .. } => {
            call_object(call)
        }
        StepKind::Command { .. } | StepKind::Loop { .. } => Map::new(),
    };
    object.insert("at".to_owned(), duration_text(step.at).into());
    match &step.what {
        StepKind::Call(_) => {}
        StepKind::Command { on, command, timeout } => {
            let run = match command {
                CommandLine::Shell(text) => json!(text),
                CommandLine::Argv(words) => json!(words),
            };
            object.insert("run".to_owned(), run);
            object.insert("on".to_owned(), json!(on));
            object.insert("timeout".to_owned(), duration_text(*timeout).into());
        }
        StepKind::Loop { count, every, steps } => {
            let steps: Value = steps.iter().map(self::step).collect();
            let rounds = json!({ "count": count, "every": duration_text(*every), "steps": steps });
            object.insert("loop".to_owned(), rounds);
        }
        StepKind::Ramp { parameter, from, to, count, every, .. } => {
            let ramp = json!({
                "parameter": parameter, "from": from, "to": to,
                "count": count, "every": duration_text(*every),
            });
            object.insert("ramp".to_owned(), ramp);
        }
        StepKind::Hold { field, above, below, timeout, .. } => {
            let mut hold = Map::new();
            hold.insert("timeout".to_owned(), duration_text(*timeout).into());
            let field = field.clone().map(Value::from);
            let bounds = [above, below].map(|bound| bound.clone().map(Value::from));
            let [above, below] = bounds;
            for (key, value) in [("field", field), ("above", above), ("below", below)] {
                if let Some(value) = value {
                    hold.insert(key.to_owned(), value);
                }
            }
            object.insert("hold".to_owned(), Value::Object(hold));
        }
    }
    Value::Object(object)
}

fn call_object(call: &Call) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(equipment) = &call.equipment {
        object.insert("equipment".to_owned(), json!(equipment));
    }
    object.insert("verb".to_owned(), json!(call.verb));
    if !call.parameters.is_empty() {
        object.insert("parameters".to_owned(), json!(call.parameters));
    }
    object
}
