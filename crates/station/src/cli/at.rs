//! `station at`: schedules a command.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::create::{self, Work};
use super::error::{CliError, ExitKind};
use super::follow::{self, OnInterrupt, Watched};
use super::{Cx, api, capture, shown, when};
use crate::client::Station;

/// The longest script that is read before it is refused as too long.
const MAX_SCRIPT: u64 = 8 * 1024 * 1024;

/// Options of `station at`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station at now + 5 minutes -- 'echo Hello'
  station at 14:30 tomorrow -- backup.sh --all
  station at '2027-01-31 10:00' < script
  station schedule 'now + 5 minutes' 'echo Hello'")]
pub struct AtArgs {
    /// When: the language of at(1) and more, such as `now + 5 minutes`, `14:30 tomorrow`,
    /// `next friday`, `2027-01-31 10:00:30` (see station time)
    #[arg(required = true, num_args = 1.., allow_negative_numbers = true)]
    pub timespec: Vec<String>,
    /// What to run: one word is a text for the shell, several are a program and its arguments;
    /// read from standard input when left out
    #[arg(last = true)]
    pub command: Vec<OsString>,
    /// Read the command from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "command")]
    pub file: Option<PathBuf>,
    /// Where it runs
    #[arg(long, value_name = "TARGET")]
    pub on: Option<String>,
    /// A name for people [default: the command]
    #[arg(long)]
    pub name: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// The time zone the time is meant in [default: TZ, else the station's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// How many more attempts follow a failed one
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub retries: u32,
    /// The wait before the first retry; it doubles with each further one [default: 10s]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub retry_delay: Option<Duration>,
    /// End it after this long [default: 1h]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub timeout: Option<Duration>,
    /// End it after this long without any output
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub idle_timeout: Option<Duration>,
    /// How late it may still start after the station was down, or `forever` [default: 5m]
    #[arg(long, value_name = "DUR", value_parser = grace)]
    pub grace: Option<Grace>,
    /// Run it again when the station's own end cut it off
    #[arg(long)]
    pub rerun_interrupted: bool,
    /// Wait for its end and print its lines meanwhile
    #[arg(long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How late a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// By this much.
    Within(Duration),
    /// However late.
    Forever,
}

fn grace(text: &str) -> Result<Grace, String> {
    if text == "forever" { Ok(Grace::Forever) } else { when::duration(text).map(Grace::Within) }
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
    create::check_target(args.on.as_deref())?;
    if called == CalledAs::Alias
        && args.command.is_empty()
        && args.file.is_none()
        && args.timespec.len() == 2
        && let Some(command) = args.timespec.pop()
    {
        args.command.push(command.into());
    }
    let work = match (&args.file, args.command.is_empty()) {
        (_, false) => Work::from_words(std::mem::take(&mut args.command))?,
        (Some(file), true) => Work::from_text(text(read_file(file)?)?)?,
        (None, true) => Work::from_text(text(read_stdin(cx)?)?)?,
    };
    let mut parameters = Map::new();
    work.insert(&mut parameters);
    capture::surroundings(&cx.world, &mut parameters)?;
    let body = request(&args, parameters, capture::zone(&cx.world));
    let mut station = cx.connect()?;
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body))?;
    announce(&args, &created, cx)?;
    if args.wait {
        let job = Watched::job(api::text(&created, "job_id"));
        return follow::wait(cx, station, &job, OnInterrupt::LeaveToDaemon, args.json);
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

fn request(args: &AtArgs, parameters: Map<String, Value>, tz: Option<String>) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("schedule_type", json!("script"));
    put("trigger_type", json!("date"));
    put("when", json!(args.timespec.join(" ")));
    put("retries", json!(args.retries));
    put("parameters", Value::Object(parameters));
    if let Some(zone) = args.tz.clone().or(tz) {
        put("timezone", json!(zone));
    }
    if let Some(name) = &args.name {
        put("name", json!(name));
    }
    if !args.tags.is_empty() {
        put("tags", json!(args.tags));
    }
    if let Some(delay) = args.retry_delay {
        put("retry_delay_seconds", create::seconds(delay));
    }
    if let Some(timeout) = args.timeout {
        put("timeout_seconds", create::seconds(timeout));
    }
    if let Some(timeout) = args.idle_timeout {
        put("idle_timeout_seconds", create::seconds(timeout));
    }
    match args.grace {
        Some(Grace::Forever) => put("misfire_grace_time", json!("forever")),
        Some(Grace::Within(grace)) => put("misfire_grace_time", create::seconds(grace)),
        None => {}
    }
    if args.rerun_interrupted {
        put("on_interrupted", json!("rerun"));
    }
    Value::Object(body)
}

fn announce(args: &AtArgs, created: &Value, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let id = super::plain(api::text(created, "job_id"));
    if args.json {
        let (next, note) = (api::part(created, "next_run"), api::part(created, "note"));
        cx.world.screen.json(&json!({"job_id": id, "next_run": next, "note": note}))?;
    } else {
        let at = shown::as_written(api::text(created, "next_run"));
        cx.world.screen.line(&format!("job {id} at {at}"))?;
        let note = api::text(created, "note");
        if !note.is_empty() {
            cx.world.screen.note(&format!("note: {}", super::plain(note)));
        }
    }
    cx.world.screen.flush()
}

/// Reads a file with a script.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |e: std::io::Error| {
        let shown = super::plain(&path.display().to_string());
        CliError::usage(format!("the file {shown} cannot be read: {e}"))
    };
    read_bounded(&mut std::fs::File::open(path).map_err(failed)?).map_err(failed)
}

fn read_stdin(cx: &mut Cx<'_>) -> Result<Vec<u8>, CliError> {
    if cx.world.stdin_is_terminal {
        return Err(CliError::usage("there is no command")
            .hint("give it after --, with -f FILE, or on standard input"));
    }
    read_script(&mut *cx.world.stdin)
}

/// Reads a script from standard input.
pub(crate) fn read_script(stdin: &mut dyn Read) -> Result<Vec<u8>, CliError> {
    read_bounded(stdin)
        .map_err(|e| CliError::new(ExitKind::Failed, format!("standard input cannot be read: {e}")))
}

fn read_bounded(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_SCRIPT + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_SCRIPT {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            "it is longer than 8 MiB",
        ));
    }
    Ok(bytes)
}

fn text(script: Vec<u8>) -> Result<String, CliError> {
    let mut text =
        String::from_utf8(script).map_err(|_| CliError::usage("the command is not UTF-8"))?;
    text.truncate(text.trim_end_matches('\n').len());
    Ok(text)
}

/// Whether a first word calls for `station at` under one of its names.
pub(crate) fn called_as(word: &OsStr) -> Option<CalledAs> {
    match word.to_str()? {
        "at" => Some(CalledAs::At),
        "schedule" | "add" | "run" => Some(CalledAs::Alias),
        _ => None,
    }
}
