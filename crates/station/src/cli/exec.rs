//! `station exec`: runs a command now and streams its lines.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, json};

use super::create::{self, Work};
use super::error::CliError;
use super::follow::{self, OnInterrupt, Watched};
use super::{Cx, api, capture, script, when};

/// Options of `station exec`.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    /// Where it runs
    #[arg(long, value_name = "TARGET", default_value = "local")]
    pub on: String,
    /// End it after this long [default: no limit]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub timeout: Option<Duration>,
    /// Pass on what stands on standard input, read to its end first
    #[arg(long)]
    pub stdin: bool,
    /// Print JSON, one event a line
    #[arg(long)]
    pub json: bool,
    /// What to run: one word is a text for the shell, several are a program and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// Runs it.
pub(crate) fn run(args: ExecArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    create::check_target(Some(&args.on))?;
    let mut parameters = Map::new();
    Work::from_words(args.command)?.insert(&mut parameters);
    capture::surroundings(&cx.world, &mut parameters)?;
    if args.stdin {
        let input = script::read_script(&mut *cx.world.stdin)?;
        parameters.insert("stdin".to_owned(), capture::bytes(&input));
    }
    let mut body = json!({
        "schedule_type": "script",
        "trigger_type": "date",
        "when": "now",
        "retries": 0,
        "timeout_seconds": args.timeout.map(create::seconds),
        "parameters": parameters,
    });
    if let (Some(zone), Some(body)) = (capture::zone(&cx.world), body.as_object_mut()) {
        body.insert("timezone".to_owned(), json!(zone));
    }
    let mut station = cx.connect()?;
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body))?;
    let job = Watched::job(api::text(&created, "job_id"));
    follow::wait(cx, station, &job, OnInterrupt::Cancel, args.json)
}
