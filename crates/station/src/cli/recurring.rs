//! What the commands for recurring jobs have in common: their options, their request, their answer.

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::cadence::Cadence;
use super::error::{CliError, ExitKind};
use super::job::JobArgs;
use super::window::WindowArgs;
use super::{Cx, api, at, create, plain, shown, when, zone};
use crate::client::{Station, encode};

/// So many of a new job's firings are shown.
const SHOWN: usize = 3;

/// Options of the commands for recurring jobs.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct RecurringArgs {
    /// Run it at once too: an interval is counted from now; any other schedule goes on as planned
    #[arg(long, conflicts_with = "paused")]
    pub now: bool,
    /// Create it paused: it does not fire until it is resumed
    #[arg(long)]
    pub paused: bool,
    /// When it begins and ends, and what it leaves out.
    #[command(flatten)]
    pub window: WindowArgs,
    /// How often it runs, and beside what.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// What is to be done, and how.
    #[command(flatten)]
    pub job: JobArgs,
}

/// How often a recurring job runs, and what happens when its runs meet.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PolicyArgs {
    /// Be done after so many runs
    #[arg(long, value_name = "N", value_parser = count)]
    pub count: Option<Count>,
    /// Put each firing off by a random time below this
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub jitter: Option<Duration>,
    /// What becomes of a firing while a run goes on [default: skip]
    #[arg(long, value_name = "POLICY")]
    pub conflict: Option<ConflictPolicy>,
    /// How many runs may go on at once, with --conflict replace [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_instances: Option<u32>,
    /// How many firings may wait in line, with --conflict queue [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub queue_limit: Option<u32>,
    /// Run each firing that is late within the grace by itself, instead of all in one
    #[arg(long)]
    pub no_coalesce: bool,
}

/// After how many runs a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    After(u32),
    /// Never.
    None,
}

fn count(text: &str) -> Result<Count, String> {
    if text == "none" {
        return Ok(Count::None);
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Count::After).ok_or_else(|| "a number from 1 on is meant, or none".to_owned())
}

/// What becomes of a firing while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// It is recorded as skipped
    Skip,
    /// It waits in line, also across a restart
    Queue,
    /// It runs beside the others, up to --max-instances
    Replace,
    /// The run is ended, then it starts
    #[value(alias = "cancel-running")]
    CancelRunning,
}

impl ConflictPolicy {
    fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Replace => "replace",
            Self::CancelRunning => "cancel_running",
        }
    }
}

impl PolicyArgs {
    /// Puts what was given into a request.
    pub(crate) fn insert(&self, body: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        match self.count {
            Some(Count::After(count)) => put("max_executions", json!(count)),
            Some(Count::None) => put("max_executions", Value::Null),
            None => {}
        }
        if let Some(jitter) = self.jitter {
            put("jitter_seconds", create::seconds(jitter));
        }
        if let Some(policy) = self.conflict {
            put("conflict_policy", json!(policy.name()));
        }
        if let Some(number) = self.max_instances {
            put("max_instances", json!(number));
        }
        if let Some(number) = self.queue_limit {
            put("queue_limit", json!(number));
        }
        if self.no_coalesce {
            put("coalesce", json!(false));
        }
    }

    /// Refuses to have late commands to an outstation carried out one by one: they are not caught up on.
    pub(super) fn suits(&self, on: Option<&str>, station: &mut Station) -> Result<(), CliError> {
        if !self.no_coalesce || !at::is_for_outstation(on, station) {
            return Ok(());
        }
        let message = "commands to an outstation that are late are not caught up on, neither one by \
                       one nor in one; leave --no-coalesce out";
        Err(CliError::new(ExitKind::Refused, message))
    }
}

/// Schedules the job.
pub(crate) fn run(
    cadence: &Cadence,
    mut args: RecurringArgs,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let body = request(cadence, &mut args, cx)?;
    let mut station = cx.connect()?;
    args.policy.suits(args.job.on.as_deref(), &mut station)?;
    let created = api::post(&mut station, "/api/scheduler/jobs/create", Some(&body))?;
    let path = format!("/api/scheduler/jobs/{}", encode(api::text(&created, "job_id")));
    // The job is taken by now: a plan that cannot be told is no reason to fail.
    let plan = api::get(&mut station, &format!("{path}/explain?n={SHOWN}")).unwrap_or_default();
    // An interval is counted from now; nothing else can be.
    let manual = args.now && !matches!(cadence, Cadence::Every(_));
    let run = match manual {
        true => Some(api::post(&mut station, &format!("{path}/run"), None)),
        false => None,
    };
    announce(&args, &created, &plan, cx)?;
    if let Some(run) = run {
        let run = run.map_err(|error| {
            let message = format!("the job is scheduled, but does not run now: {}", error.message);
            CliError { message, ..error }
        })?;
        if !args.job.json {
            let execution = plain(api::text(&run, "execution_id"));
            cx.world.screen.line(&format!("  and now, as {execution}"))?;
            cx.world.screen.flush()?;
        }
    }
    if matches!(station, Station::InProcess(_)) {
        at::no_daemon(cx);
    }
    Ok(())
}

fn request(
    cadence: &Cadence,
    args: &mut RecurringArgs,
    cx: &mut Cx<'_>,
) -> Result<Value, CliError> {
    let local = zone::of(args.job.tz.as_deref(), cx)?;
    let window = args.window.read(&local, Timestamp::now())?;
    let parameters = args.job.parameters(cx)?;
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("schedule_type", json!("script"));
    put("parameters", parameters);
    // A recurring job runs as long as it takes, as under cron.
    put("timeout_seconds", Value::Null);
    if args.paused {
        put("enabled", json!(false));
    }
    if let Some(zone) = args.job.zone(cx) {
        put("timezone", json!(zone));
    } else if let (Some(name), false) = (local.iana_name(), args.window.exclude.is_empty()) {
        // Calendars were read on this zone's clock.
        put("timezone", json!(name));
    }
    if args.now && matches!(cadence, Cadence::Every(_)) {
        put("run_at_start", json!(true));
    }
    cadence.insert(&mut body);
    window.insert(&mut body);
    args.policy.insert(&mut body);
    args.job.insert(&mut body);
    Ok(Value::Object(body))
}

fn announce(
    args: &RecurringArgs,
    created: &Value,
    plan: &Value,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let id = plain(api::text(created, "job_id"));
    if args.job.json {
        let document = json!({
            "job_id": id,
            "next_run": api::part(created, "next_run"),
            "note": api::part(created, "note"),
            "description": api::part(plan, "description"),
            "fires": api::list(plan, "fires"),
        });
        cx.world.screen.json(&document)?;
        return cx.world.screen.flush();
    }
    let next = api::text(created, "next_run");
    let job = api::part(created, "job");
    let boots = api::text(job, "trigger_type") == "boot" && api::part(job, "enabled") == true;
    cx.world.screen.line(&if boots {
        format!("job {id} at the next start of the machine")
    } else if next.is_empty() {
        format!("job {id} is paused: `station resume {id}` lets it fire")
    } else {
        format!("job {id} at {}", shown::as_written(next))
    })?;
    let words = api::text(plan, "description");
    if !words.is_empty() {
        cx.world.screen.line(&format!("  {}", plain(words)))?;
    }
    // The first is put off by its jitter; what follows is as the schedule says.
    let first = next.parse::<Timestamp>().ok();
    let later = |fire: &&str| fire.parse::<Timestamp>().ok() > first;
    let fires = api::list(plan, "fires").iter().filter_map(Value::as_str);
    for fire in fires.filter(later).take(if next.is_empty() { 0 } else { SHOWN }) {
        cx.world.screen.line(&format!("  then {}", shown::as_written(fire)))?;
    }
    at::remark(created, cx);
    if args.policy.max_instances.is_some() && args.policy.conflict != Some(ConflictPolicy::Replace)
    {
        cx.world.screen.note("note: --max-instances counts with --conflict replace only");
    }
    cx.world.screen.flush()
}
