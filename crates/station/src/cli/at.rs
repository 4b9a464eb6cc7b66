//! `station at`: schedules a command.

use std::ffi::OsStr;

use clap::Args;
use serde_json::{Map, Value, json};
use station_core::model::Node;

use super::error::CliError;
use super::follow::{self, OnInterrupt, Watched};
use super::job::JobArgs;
use super::{Cx, api, outstation, shown};
use crate::client::{Station, encode};

/// How many more attempts a one-off has unless told otherwise.
const RETRIES: u32 = 3;

/// Options of `station at`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station at now + 5 minutes -- 'echo Hello'
  station at 14:30 tomorrow -- backup.sh --all
  station at '2027-01-31 10:00' < script
  station at 22:00 --on SS1 -- write breaker-7 off --reason 'work on feeder 7'
  station schedule 'now + 5 minutes' 'echo Hello'")]
pub struct AtArgs {
    /// When: the language of at(1) and more, such as `now + 5 minutes`, `14:30 tomorrow`,
    /// `next friday`, `2027-01-31 10:00:30` (see station time)
    #[arg(required = true, num_args = 1.., allow_negative_numbers = true)]
    pub timespec: Vec<String>,
    /// What is to be done, and how.
    #[command(flatten)]
    pub job: JobArgs,
    /// Wait for its end and print its lines meanwhile
    #[arg(long)]
    pub wait: bool,
}

/// Under which name the command was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalledAs {
    /// `station at`.
    At,
    /// `station schedule`, `add` or `run`: the at-station's names, with its two plain arguments.
    Alias,
}

/// Schedules the job.
pub(crate) fn run(mut args: AtArgs, called: CalledAs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if called == CalledAs::Alias
        && args.job.command.is_empty()
        && args.job.file.is_none()
        && args.timespec.len() == 2
        && let Some(command) = args.timespec.pop()
    {
        args.job.command.push(command.into());
    }
    let parameters = args.job.parameters(cx)?;
    let mut station = cx.connect()?;
    // Where attempts are given, the station says what it thinks of them.
    let asks = args.job.retries.is_none();
    let is_for_outstation = asks && is_for_outstation(args.job.on.as_deref(), &mut station);
    let retries = (!is_for_outstation).then_some(RETRIES);
    let body = request(&args, parameters, args.job.zone(cx), retries);
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body))?;
    announce(args.job.json, &created, cx)?;
    if args.wait {
        let job = Watched::job(api::text(&created, "job_id"));
        return follow::wait(cx, station, &job, OnInterrupt::LeaveToDaemon, args.job.json);
    }
    if matches!(station, Station::InProcess(_)) {
        no_daemon(cx);
    }
    Ok(())
}

/// Says that nothing will happen by itself.
pub(crate) fn no_daemon(cx: &mut Cx<'_>) {
    cx.world.screen.note("nothing will run until a daemon does: start one with `station serve`");
}

/// Whether that target is an outstation, whose commands are never sent again by themselves, and not
/// later than they were meant for.
pub(super) fn is_for_outstation(on: Option<&str>, station: &mut Station) -> bool {
    on.filter(|on| Node::is_name(on)).is_some_and(|name| {
        let answer = api::get(station, &format!("/api/outstations/{}", encode(name)));
        answer.is_ok_and(|answer| api::part(&answer, "outstation").is_object())
    })
}

fn request(args: &AtArgs, parameters: Value, zone: Option<String>, retries: Option<u32>) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("schedule_type", json!("script"));
    put("trigger_type", json!("date"));
    put("when", json!(args.timespec.join(" ")));
    // The planned run waits for one ordered by `run-now`, and is never skipped because of it.
    put("conflict_policy", json!("queue"));
    if let Some(retries) = retries {
        put("retries", json!(retries));
    }
    put("parameters", parameters);
    if let Some(zone) = zone {
        put("timezone", json!(zone));
    }
    args.job.insert(&mut body);
    Value::Object(body)
}

fn announce(as_json: bool, created: &Value, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let id = super::plain(api::text(created, "job_id"));
    if as_json {
        let (next, note) = (api::part(created, "next_run"), api::part(created, "note"));
        let mut told = json!({"job_id": id, "next_run": next, "note": note});
        let approval = api::part(created, "approval");
        if let (Some(told), true) = (told.as_object_mut(), approval.is_object()) {
            told.insert("approval".to_owned(), approval.clone());
        }
        cx.world.screen.json(&told)?;
    } else {
        let at = shown::as_written(api::text(created, "next_run"));
        cx.world.screen.line(&format!("job {id} at {at}"))?;
        remark(created, cx);
    }
    cx.world.screen.flush()
}

/// Passes on what the station remarks on a new job.
pub(crate) fn remark(answer: &Value, cx: &mut Cx<'_>) {
    if let Some(text) = outstation::awaits(answer) {
        cx.world.screen.note(&format!("note: {text}"));
    }
    let note = api::text(answer, "note");
    if !note.is_empty() {
        cx.world.screen.note(&format!("note: {}", super::plain(note)));
    }
}

/// Whether a first word calls for `station at` under one of its names.
pub(crate) fn called_as(word: &OsStr) -> Option<CalledAs> {
    match word.to_str()? {
        "at" => Some(CalledAs::At),
        "schedule" | "add" | "run" => Some(CalledAs::Alias),
        _ => None,
    }
}
