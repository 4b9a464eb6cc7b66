//! The written form of a sequence, as TOML and as JSON: the same keys, the same sentences.

mod print;
mod steps;
mod table;
mod tree;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use station_core::model::{Call, Sequence, SequenceStep, StepKind};

pub(super) use print::duration_text;
pub use print::to_value;
use table::{Faults, Table};
use tree::Node;

use super::Fault;

/// A sequence and what is done after it, however it ended.
pub type Parsed = (Sequence, Vec<Call>);

/// The longest text that is read, in bytes.
const LONGEST_TEXT: usize = 4 << 20;

/// Reads a sequence from the text of a TOML file; see docs/sequences.md. What is possible only in time
/// (too many steps, too late) is found by [`super::timeline`].
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines.
///
/// ```
/// use station_instrument::sequence::{parse, timeline};
///
/// let (sequence, on_release) = parse(
///     "[[step]]\n\
///      at = '0.5s'\n\
///      equipment = 'psu'\n\
///      verb = 'set_voltage'\n\
///      parameters = { voltage = 5 }\n",
/// )
/// .unwrap();
/// let steps = timeline(&sequence).unwrap();
/// assert_eq!((steps.len(), steps[0].at.as_millis()), (1, 512), "the first tick of 16 ms not before");
/// assert!(on_release.is_empty());
/// ```
pub fn parse(text: &str) -> Result<Parsed, Vec<Fault>> {
    if text.len() > LONGEST_TEXT {
        let message = format!("the sequence is longer than {LONGEST_TEXT} bytes");
        return Err(vec![Fault { line: None, message }]);
    }
    read(Node::of_toml(text).map_err(|fault| vec![fault])?)
}

/// Reads a sequence from a JSON object of the same shape.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_value(value: &Value) -> Result<Parsed, Vec<Fault>> {
    read(Node::of_json(value))
}

/// Gives an equipment to every step and release call that names none.
#[must_use]
pub fn with_equipment(parsed: Parsed, id: &str) -> Parsed {
    let (mut sequence, mut on_release) = parsed;
    sequence.steps.iter_mut().for_each(|step| name_equipment(step, id));
    for call in &mut on_release {
        call.equipment.get_or_insert_with(|| id.to_owned());
    }
    (sequence, on_release)
}

fn name_equipment(step: &mut SequenceStep, id: &str) {
    match &mut step.what {
        StepKind::Call(call) | StepKind::Ramp { call, .. } | StepKind::Hold { call, .. } => {
            call.equipment.get_or_insert_with(|| id.to_owned());
        }
        StepKind::Loop { steps, .. } => steps.iter_mut().for_each(|step| name_equipment(step, id)),
        StepKind::Command { .. } => {}
    }
}

fn read(node: Node) -> Result<Parsed, Vec<Fault>> {
    let mut faults = Faults::new();
    let Some(mut table) = Table::of(node, "the sequence", &mut faults) else { return Err(faults) };
    let tick = tick(&mut table, &mut faults);
    let equipment = table.text("equipment", &mut faults);
    let steps = steps_of(&mut table, &mut faults);
    let calls = table.list("on_release", &mut faults).into_iter().zip(1_usize..);
    let on_release = calls
        .filter_map(|(node, number)| {
            let table = Table::of(node, &format!("on_release {number}"), &mut faults)?;
            steps::release(table, &mut faults)
        })
        .collect();
    table.end("tick_ms, equipment, step and on_release", &mut faults);
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Err(faults);
    }
    let parsed = (Sequence { tick, steps }, on_release);
    Ok(match equipment {
        Some(id) => with_equipment(parsed, &id),
        None => parsed,
    })
}

fn steps_of(table: &mut Table, faults: &mut Faults) -> Vec<SequenceStep> {
    // `[[step]]` reads well in TOML, `"steps": […]` in JSON.
    let key = if table.has("steps") && !table.has("step") { "steps" } else { "step" };
    if !table.has(key) {
        table.refuse("there are no steps: each is a table [[step]]", faults);
        return Vec::new();
    }
    let list = table.list(key, faults);
    if list.is_empty() {
        table.refuse("there are no steps: each is a table [[step]]", faults);
    }
    steps::steps(list, "", 0, faults)
}

fn tick(table: &mut Table, faults: &mut Faults) -> Duration {
    let Some(number) = table.number("tick_ms", faults) else { return Sequence::TICK };
    let tick = number.as_f64().filter(|ms| (1.0..=60_000.0).contains(ms));
    let tick = tick.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    tick.unwrap_or_else(|| {
        table.refuse(&format!("'tick_ms' is a number from 1 to 60000, not {number}"), faults);
        Sequence::TICK
    })
}
