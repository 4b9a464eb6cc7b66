//! `station sequence schedule`: a sequence as a job, once or again and again.

use clap::Args;
use serde_json::{Value, json};

use super::file::FileArgs;
use crate::cli::cadence::CadenceArgs;
use crate::cli::error::CliError;
use crate::cli::{Cx, api, at, capture, plain, shown};
use crate::client::Station;

/// Options of `station sequence schedule`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station sequence schedule soak.toml --at '22:00 tomorrow'
  station sequence schedule check.toml --equipment psu_1 --every 6h --alarm")]
pub struct ScheduleArgs {
    /// What is scheduled.
    #[command(flatten)]
    pub file: FileArgs,
    /// Once, at a time (see station time)
    #[arg(long, value_name = "TIMESPEC", group = "cadence")]
    pub at: Option<String>,
    /// Again and again.
    #[command(flatten)]
    pub cadence: CadenceArgs,
    /// The profile that is applied first; for a sequence of one equipment
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// A name for people [default: the file's]
    #[arg(long)]
    pub name: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// The time zone that times are meant in [default: TZ, else the station's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Raise an alarm when it fails or is missed
    #[arg(long)]
    pub alarm: bool,
    /// Create it paused: it does not fire until it is resumed
    #[arg(long)]
    pub paused: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Schedules it.
pub(super) fn run(args: &ScheduleArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let read = args.file.read(cx)?;
    let mut body = read.request(args.name.as_deref(), args.profile.as_deref());
    match (&args.at, args.cadence.cadence()) {
        (Some(at), _) => {
            body.insert("trigger_type".to_owned(), json!("date"));
            body.insert("when".to_owned(), json!(at));
            // As with `station at`: it is never skipped because of a run by hand.
            body.insert("conflict_policy".to_owned(), json!("queue"));
        }
        (None, Some(cadence)) => cadence.insert(&mut body),
        (None, None) => {
            return Err(CliError::usage("it is not said when the sequence is to run")
                .hint("give --at, --every, --cron, --daily, --weekly or --monthly"));
        }
    }
    let zone = args.tz.clone().or_else(|| capture::zone(&cx.world));
    for (key, value) in [
        ("timezone", json!(zone)),
        ("tags", json!(args.tags)),
        ("on_failure_alarm", json!(args.alarm)),
        ("enabled", json!(!args.paused)),
    ] {
        body.insert(key.to_owned(), value);
    }
    let mut station = cx.connect()?;
    let created =
        api::post(&mut station, "/api/scheduler/jobs/create", Some(&Value::Object(body)))?;
    announce(args, &created, cx)?;
    if matches!(station, Station::InProcess(_)) {
        at::no_daemon(cx);
    }
    Ok(())
}

fn announce(args: &ScheduleArgs, created: &Value, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let id = plain(api::text(created, "job_id"));
    let (next, note) = (api::part(created, "next_run"), api::part(created, "note"));
    if args.json {
        cx.world.screen.json(&json!({"job_id": id, "next_run": next, "note": note}))?;
        return cx.world.screen.flush();
    }
    match next.as_str() {
        Some(next) => {
            let first = if args.at.is_some() { "at" } else { "first at" };
            cx.world.screen.line(&format!("job {id} {first} {}", shown::as_written(next)))?;
        }
        None => cx.world.screen.line(&format!("job {id}, paused"))?,
    }
    at::remark(created, cx);
    cx.world.screen.flush()
}
