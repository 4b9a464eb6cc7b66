//! `station edit`: changes what was given of a job, and leaves the rest as it is.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use station_core::model::JobId;

use super::cadence::CadenceArgs;
use super::error::CliError;
use super::job::{JobArgs, LOCAL};
use super::recurring::PolicyArgs;
use super::window::WindowArgs;
use super::{Cx, api, at, plan, shown, zone};

/// Options of `station edit`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
What is not given stays. `none` takes a bound or limit away. A new command comes with the directory
and environment of this moment.

Examples:
  station edit 42 --cron '30 3 * * *'
  station edit 42 --end none --timeout 10m --conflict queue
  station edit 42 --at '14:30 tomorrow'
  station edit 42 -- ./backup.sh --full")]
pub struct EditArgs {
    /// The job
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: JobId,
    /// Once, at this time (any time expression)
    #[arg(long, value_name = "TIMESPEC", group = "cadence", conflicts_with = "seconds")]
    pub at: Option<String>,
    /// A new schedule.
    #[command(flatten)]
    pub cadence: CadenceArgs,
    /// When it begins and ends, and what it leaves out.
    #[command(flatten)]
    pub window: WindowArgs,
    /// How often it runs, and beside what.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Combine firings that are late within the grace into one run
    #[arg(long, conflicts_with = "no_coalesce")]
    pub coalesce: bool,
    /// Raise no alarms
    #[arg(long, conflicts_with = "alarm")]
    pub no_alarm: bool,
    /// Leave it interrupted when the station's own end cut it off
    #[arg(long, conflicts_with = "rerun_interrupted")]
    pub keep_interrupted: bool,
    /// What is to be done, and how.
    #[command(flatten)]
    pub job: JobArgs,
}

/// Changes it.
pub(crate) fn run(mut args: EditArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = Map::new();
    let path = format!("/api/scheduler/jobs/{}", args.id);
    let mut station = cx.connect()?;
    let has_command = !args.job.command.is_empty() || args.job.file.is_some();
    let job = match args.job.tz.is_none() || has_command || args.policy.no_coalesce {
        true => api::part(&api::get(&mut station, &path)?, "job").clone(),
        false => Value::Null,
    };
    // Times are meant in the zone the job has, or is to have.
    let zone = match &args.job.tz {
        Some(name) => zone::named(name)?,
        None => match zone::named(api::text(&job, "timezone")) {
            Ok(zone) => zone,
            Err(_) => cx.world.local_zone(),
        },
    };
    if has_command {
        // Whether surroundings come with it depends on where it runs.
        let target = api::text(&job, "target");
        args.job.on = args.job.on.or_else(|| Some(target.to_owned()).filter(|on| on != LOCAL));
        args.job.on = args.job.on.filter(|on| !on.is_empty());
        body.insert("parameters".to_owned(), args.job.parameters(cx)?);
    } else if let Some(on) = &args.job.on {
        body.insert("parameters".to_owned(), json!({ "target": on }));
    }
    let on = args.job.on.as_deref().or(Some(api::text(&job, "target")));
    args.policy.suits(on, &mut station)?;
    insert(&args, &zone, &mut body)?;
    if body.is_empty() {
        return Err(CliError::usage("there is nothing to change")
            .hint("say what is to become different, such as --name NEW"));
    }
    let answer = api::patch(&mut station, &path, &Value::Object(body))?;
    if args.job.json {
        let next = api::part(&answer, "next_run");
        let note = api::part(&answer, "note");
        let document = json!({"job_id": args.id.to_string(), "next_run": next, "note": note});
        return cx.world.screen.json(&document);
    }
    let next = api::text(&answer, "next_run");
    let id = args.id;
    cx.world.screen.line(&if !next.is_empty() {
        format!("job {id} changed, next at {}", shown::as_written(next))
    } else if plan::is_paused(api::part(&answer, "job")) {
        format!("job {id} changed, and paused as before")
    } else {
        format!("job {id} changed; it does not fire by itself any more")
    })?;
    at::remark(&answer, cx);
    Ok(())
}

fn insert(
    args: &EditArgs,
    zone: &jiff::tz::TimeZone,
    body: &mut Map<String, Value>,
) -> Result<(), CliError> {
    let window = args.window.read(zone, Timestamp::now())?;
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    if let Some(name) = &args.job.tz {
        put("timezone", json!(name));
    }
    if let Some(when) = &args.at {
        put("trigger_type", json!("date"));
        put("when", json!(when));
    }
    if args.coalesce {
        put("coalesce", json!(true));
    }
    if args.no_alarm {
        put("on_failure_alarm", json!(false));
    }
    if args.keep_interrupted {
        put("on_interrupted", json!("keep"));
    }
    if let Some(cadence) = args.cadence.cadence() {
        cadence.insert(body);
    }
    window.insert(body);
    args.policy.insert(body);
    args.job.insert(body);
    Ok(())
}
