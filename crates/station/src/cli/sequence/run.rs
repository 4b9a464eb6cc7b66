//! `station sequence run` and `check`: now, or only in words.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::file::{FileArgs, Read};
use crate::cli::error::CliError;
use crate::cli::follow::{self, OnInterrupt, Watched};
use crate::cli::printer::{Printer, Printing};
use crate::cli::{Cx, api, plain};

/// Options of `station sequence run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// What is run.
    #[command(flatten)]
    pub file: FileArgs,
    /// Print when each step would be due, on the grid of ticks; no station is asked
    #[arg(long)]
    pub dry_run: bool,
    /// The profile that is applied first; for a sequence of one equipment
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    pub profile: Option<String>,
    /// A name for people [default: the file's]
    #[arg(long, conflicts_with = "dry_run")]
    pub name: Option<String>,
    /// Print JSON, of a run one event a line
    #[arg(long)]
    pub json: bool,
}

/// Options of `station sequence check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// What is looked at.
    #[command(flatten)]
    pub file: FileArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs it, or prints its timeline.
pub(super) fn run(args: &RunArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let read = args.file.read(cx)?;
    if args.dry_run {
        return if args.json { timeline_json(&read, cx) } else { timeline(&read, cx) };
    }
    let mut body = read.request(args.name.as_deref(), args.profile.as_deref());
    body.insert("trigger_type".to_owned(), json!("date"));
    body.insert("when".to_owned(), json!("now"));
    let mut station = cx.connect()?;
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body.into()))?;
    let job = Watched::job(api::text(&created, "job_id"));
    let mut printer = Printer::new(Printing { json: args.json, live: true, ..Printing::default() });
    let ended = follow::wait_with(cx, &mut station, &job, OnInterrupt::Cancel, &mut printer);
    // As JSON all of it stands in the last event.
    if !args.json
        && let Some(end) = printer.end()
    {
        let execution = api::part(end, "execution");
        if let Some(told) = outcome(api::part(execution, "result")) {
            cx.world.screen.line(&told)?;
            cx.world.screen.flush()?;
        }
    }
    ended
}

/// Says what it comes to.
pub(super) fn check(args: &CheckArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let read = args.file.read(cx)?;
    if args.json {
        return cx.world.screen.json(&heading_json(&read));
    }
    cx.world.screen.line(&format!("{}: {}", read.shown, heading(&read)))
}

fn heading(read: &Read) -> String {
    let count = read.steps.len();
    let noun = if count == 1 { "step" } else { "steps" };
    let equipment: Vec<String> = read.equipment().iter().map(|id| plain(id)).collect();
    let on = if equipment.is_empty() {
        "no equipment".to_owned()
    } else {
        format!("on {}", equipment.join(", "))
    };
    let (length, tick) = (offset(read.length()), read.tick().as_millis());
    format!("{count} {noun} {on}, the last due at {length} s, on a tick of {tick} ms")
}

/// Every step in the order it is due.
fn timeline(read: &Read, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let screen = &mut cx.world.screen;
    screen.line(&heading(read))?;
    let width = offset(read.length()).len();
    for step in &read.steps {
        let (at, target) = (offset(step.at), plain(step.what.target().unwrap_or_default()));
        let (path, what) = (plain(&step.path), plain(&step.what.summary()));
        // Only what is not on the grid comes at another time than was asked for.
        let asked = if step.asked == step.at {
            String::new()
        } else {
            format!("   (asked for {} s)", offset(step.asked))
        };
        screen.line(&format!("{at:>width$} s  {path:<8} {target}: {what}{asked}"))?;
    }
    screen.flush()
}

fn timeline_json(read: &Read, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let steps = read.steps.iter().map(|step| {
        json!({
            "step": step.path, "at": step.at.as_secs_f64(), "asked": step.asked.as_secs_f64(),
            "target": step.what.target(), "what": step.what.summary(),
        })
    });
    let mut document = heading_json(read);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("timeline".to_owned(), steps.collect());
    }
    cx.world.screen.json(&document)
}

fn heading_json(read: &Read) -> Value {
    json!({
        "steps": read.steps.len(), "tick_ms": read.tick().as_secs_f64() * 1000.0,
        "length_seconds": read.length().as_secs_f64(), "equipment": read.equipment(),
    })
}

/// Seconds with as many decimals as are needed, three at least: `1.504`.
fn offset(at: Duration) -> String {
    let micros = at.subsec_micros();
    let decimals = if micros.is_multiple_of(1000) {
        format!("{:03}", micros / 1000)
    } else {
        format!("{micros:06}")
    };
    format!("{}.{decimals}", at.as_secs())
}

/// How much of it was done and how late its steps were, as its result tells.
fn outcome(result: &Value) -> Option<String> {
    let done = api::number(result, "steps")?;
    let of = match api::number(result, "planned") {
        Some(planned) if planned != done => format!(" of {planned}"),
        Some(_) | None => String::new(),
    };
    let noun = if done == 1 && of.is_empty() { "step" } else { "steps" };
    let mut told = format!("{done}{of} {noun}");
    let jitter = api::part(result, "jitter");
    let late = |key: &str| api::number(jitter, key).map(millis);
    if let (Some(half), Some(most), Some(worst)) = (late("p50_us"), late("p99_us"), late("max_us"))
    {
        told.push_str(&format!("; late by {half} ms (p50), {most} ms (p99), {worst} ms at most"));
    }
    let readings = api::list(result, "readings").len();
    if readings > 0 {
        let noun = if readings == 1 { "reading" } else { "readings" };
        told.push_str(&format!("; {readings} {noun} in its result"));
    }
    Some(told)
}

fn millis(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_three_decimals_or_six() {
        for (micros, expected) in [(0, "0.000"), (1_504_000, "1.504"), (61_000_001, "61.000001")] {
            assert_eq!(offset(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn an_outcome_is_told_in_a_line() {
        let jitter = json!({ "p50_us": 40, "p99_us": 310, "max_us": 1250 });
        let whole = json!({ "steps": 3, "planned": 3, "jitter": jitter, "readings": [{}] });
        let expected = "3 steps; late by 0.040 ms (p50), 0.310 ms (p99), 1.250 ms at most; 1 reading in its result";
        assert_eq!(outcome(&whole).as_deref(), Some(expected));
        let part = json!({ "steps": 1, "planned": 4, "readings": [] });
        assert_eq!(outcome(&part).as_deref(), Some("1 of 4 steps"));
        assert_eq!(outcome(&Value::Null), None);
    }
}
