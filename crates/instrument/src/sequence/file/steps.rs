//! The steps of a written sequence: which keys each kind of step has, and what they mean.

use std::time::Duration;

use serde_json::Value;
use station_core::model::{Call, CommandLine, SequenceStep, StepKind};

use super::table::{Faults, Table};
use super::tree::{Node, Tree};

/// How long a command may take, where the step does not say.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// How deep loops may be written in loops; the timeline allows no more either.
const DEEPEST: usize = 16;

const KINDS: &str = "one of verb, scpi, run, loop, ramp and hold";

/// Reads the steps of a level.
pub(super) fn steps(
    list: Vec<Node>,
    within: &str,
    depth: usize,
    faults: &mut Faults,
) -> Vec<SequenceStep> {
    let read = |(node, number): (Node, usize)| {
        let name =
            if within.is_empty() { format!("step {number}") } else { format!("{within}.{number}") };
        step(Table::of(node, &name, faults)?, depth, faults)
    };
    list.into_iter().zip(1_usize..).filter_map(read).collect()
}

fn step(mut table: Table, depth: usize, faults: &mut Faults) -> Option<SequenceStep> {
    let at = if table.has("at") { table.duration("at", faults) } else { Some(Duration::ZERO) };
    let kinds = ["run", "loop", "ramp", "hold", "scpi"].map(|kind| table.has(kind));
    let several = kinds.iter().filter(|has| **has).count();
    let lone_verb = several == 0 && table.has("verb");
    // A ramp and a hold have a verb beside them.
    let wrong = match kinds {
        [_, _, ramp, hold, _] if table.has("verb") => {
            several > 1 || (several == 1 && !ramp && !hold)
        }
        [..] => several != 1,
    };
    if wrong {
        table.refuse(&format!("a step does one thing: it has {KINDS}"), faults);
        return None;
    }
    let what = match kinds {
        [true, ..] => command(&mut table, faults),
        [_, true, ..] => rounds(&mut table, depth, faults),
        [_, _, true, ..] => ramp(&mut table, faults),
        [_, _, _, true, _] => hold(&mut table, faults),
        [..] => call(&mut table, faults).map(StepKind::Call),
    };
    let known = match (&what, lone_verb) {
        (Some(StepKind::Command { .. }), _) => "at, run, on and timeout",
        (Some(StepKind::Loop { .. }), _) => "at and loop",
        (Some(StepKind::Ramp { .. }), _) => "at, equipment, verb, parameters and ramp",
        (Some(StepKind::Hold { .. }), _) => "at, equipment, verb, parameters and hold",
        (Some(StepKind::Call(_)), true) => "at, equipment, verb and parameters",
        (Some(StepKind::Call(_)), false) => "at, equipment, scpi and parameters",
        (None, _) => return None,
    };
    table.end(known, faults);
    Some(SequenceStep { at: at?, what: what? })
}

/// A verb or a SCPI text, with its equipment and parameters.
fn call(table: &mut Table, faults: &mut Faults) -> Option<Call> {
    let equipment = if table.has("equipment") {
        // A wrong one is a fault; the rest is read all the same.
        table.text("equipment", faults)
    } else {
        None
    };
    let mut parameters = table.parameters(faults);
    if table.has("scpi") {
        let text = table.text("scpi", faults)?;
        if parameters.insert("text".to_owned(), Value::from(text)).is_some() {
            table.refuse("the text stands in 'scpi' and in the parameters as well", faults);
            return None;
        }
        return Some(Call { equipment, verb: "scpi".to_owned(), parameters });
    }
    if !table.has("verb") {
        table.need("verb", "\"get_voltage\"", faults);
        return None;
    }
    Some(Call { equipment, verb: table.text("verb", faults)?, parameters })
}

/// A call of its own: one of `on_release`.
pub(super) fn release(mut table: Table, faults: &mut Faults) -> Option<Call> {
    // `command` is what the HTTP API calls a verb elsewhere.
    if table.has("command") && !table.has("verb") {
        let verb = table.text("command", faults)?;
        let mut call = release_rest(&mut table, faults)?;
        call.verb = verb;
        table.end("equipment, command and parameters", faults);
        return Some(call);
    }
    let call = call(&mut table, faults);
    if call.is_some() {
        table.end("equipment, verb or scpi, and parameters", faults);
    }
    call
}

fn release_rest(table: &mut Table, faults: &mut Faults) -> Option<Call> {
    let equipment =
        if table.has("equipment") { Some(table.text("equipment", faults)?) } else { None };
    Some(Call { equipment, verb: String::new(), parameters: table.parameters(faults) })
}

fn command(table: &mut Table, faults: &mut Faults) -> Option<StepKind> {
    let node = table.take("run")?;
    let command = match (&node.tree, node.value()) {
        (_, Some(Value::String(text))) if !text.trim().is_empty() => Some(CommandLine::Shell(text)),
        (Tree::List(words), Some(_)) if !words.is_empty() => {
            let words = words.iter().map(|word| match &word.tree {
                Tree::Leaf(Value::String(word)) => Some(word.clone()),
                Tree::Leaf(_) | Tree::List(_) | Tree::Table(_) | Tree::Odd(_) => None,
            });
            words.collect::<Option<Vec<String>>>().map(CommandLine::Argv)
        }
        (_, _) => None,
    };
    if command.is_none() {
        let why = "'run' is a shell command, or a list of texts: a program and its arguments";
        table.refuse(why, faults);
    }
    let on = if table.has("on") { table.text("on", faults) } else { Some("local".to_owned()) };
    let timeout = if table.has("timeout") {
        table.duration("timeout", faults)
    } else {
        Some(COMMAND_TIMEOUT)
    };
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        table.refuse("the timeout of a command is longer than nothing", faults);
    }
    Some(StepKind::Command { on: on?, command: command?, timeout: timeout? })
}

fn rounds(table: &mut Table, depth: usize, faults: &mut Faults) -> Option<StepKind> {
    if depth >= DEEPEST {
        table.refuse(&format!("loops stand in loops at most {DEEPEST} deep"), faults);
        return None;
    }
    let name = table.name().to_owned();
    let mut inner = Table::of(table.take("loop")?, &name, faults)?;
    let count = inner.count("count", faults);
    let every = inner.needed_duration("every", faults);
    let given = inner.list("steps", faults);
    if given.is_empty() {
        inner.refuse("a loop has steps, for example steps = [{ verb = \"get_voltage\" }]", faults);
    }
    let steps = steps(given, &name, depth.saturating_add(1), faults);
    inner.end("count, every and steps", faults);
    Some(StepKind::Loop { count: count?, every: every?, steps })
}

fn ramp(table: &mut Table, faults: &mut Faults) -> Option<StepKind> {
    let name = table.name().to_owned();
    let mut inner = Table::of(table.take("ramp")?, &name, faults)?;
    let parameter = match inner.has("parameter") {
        true => inner.text("parameter", faults),
        false => inner.need("parameter", "\"voltage\"", faults).and(None),
    };
    let from = inner.needed_number("from", faults);
    let to = inner.needed_number("to", faults);
    let count = inner.count("count", faults);
    let every = inner.needed_duration("every", faults);
    inner.end("parameter, from, to, count and every", faults);
    let call = call(table, faults)?;
    Some(StepKind::Ramp {
        call,
        parameter: parameter?,
        from: from?,
        to: to?,
        count: count?,
        every: every?,
    })
}

fn hold(table: &mut Table, faults: &mut Faults) -> Option<StepKind> {
    let name = table.name().to_owned();
    let mut inner = Table::of(table.take("hold")?, &name, faults)?;
    let field = if inner.has("field") { Some(inner.text("field", faults)?) } else { None };
    let (above, below) = (inner.number("above", faults), inner.number("below", faults));
    if above.is_none() && below.is_none() {
        inner.refuse("a hold has 'above' or 'below', for example above = 4.9", faults);
    }
    let timeout = inner.needed_duration("timeout", faults);
    // Verb, equipment and parameters stand in the hold, or beside it in its step.
    let call = if inner.has("verb") || inner.has("scpi") {
        if table.has("verb") || table.has("scpi") || table.has("parameters") {
            table.refuse("the verb stands in the hold and beside it as well", faults);
            return None;
        }
        let mut call = call(&mut inner, faults)?;
        if call.equipment.is_none() && table.has("equipment") {
            call.equipment = table.text("equipment", faults);
        }
        call
    } else {
        call(table, faults)?
    };
    inner.end("verb, equipment, parameters, field, above, below and timeout", faults);
    if above.is_none() && below.is_none() {
        return None;
    }
    Some(StepKind::Hold { call, field, above, below, timeout: timeout? })
}
