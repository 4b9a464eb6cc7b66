//! Shows a job as the JSON object clients see.

use std::borrow::Cow;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use station_core::model::{
    Action, BootTrigger, CommandLine, Condition, ExecutionStatus, Grace, Job, Mail, Micros,
    OnInterrupted, ShellContext, Target,
};
use station_core::policy::expiry;

use super::execution_view::ExecutionView;
use super::openapi::answers;
use super::stamp::{self, Seconds};
use super::timing_view::{self, TimingView};
use super::work_view::WorkView;
use super::{context, instant, instrument_view, outstation_view};

/// What views are made against.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The present.
    pub(super) now: Micros,
    /// The station's zone, shown when a job's own is not known any more.
    pub(super) zone: &'a TimeZone,
    /// Where zone names are looked up.
    pub(super) zones: &'a TimeZoneDatabase,
    /// Why the station starts nothing at this moment.
    pub(super) held: Option<&'static str>,
}

impl Frame<'_> {
    /// The zone a job's times are shown in.
    pub(super) fn zone_of(&self, job: &Job) -> TimeZone {
        instant::zone_named(job.spec.trigger.zone(), self.zones)
            .unwrap_or_else(|_| self.zone.clone())
    }
}

/// What is shown of one job beyond what is shown in lists.
#[derive(Default)]
pub(super) struct Detail<'a> {
    /// Its surroundings.
    pub(super) context: Option<&'a ShellContext>,
    /// Whether the environment is shown; it can hold secrets.
    pub(super) environment: bool,
    /// Its latest executions.
    pub(super) executions: Option<Vec<ExecutionView<'a>>>,
}

/// A job on the wire: the contract's fields first, then ours.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct JobView<'a> {
    job_id: String,
    name: &'a str,
    description: Option<&'a str>,
    #[schema(schema_with = answers::schedule_types)]
    schedule_type: &'static str,
    /// The equipment it works with, if that is exactly one.
    equipment_id: Option<&'a str>,
    /// The outstation it commands or asks.
    outstation: Option<&'a str>,
    #[schema(value_type = answers::TriggerKind)]
    trigger_type: &'static str,
    cron_expression: Option<&'a str>,
    #[schema(value_type = Option<f64>)]
    interval_seconds: Option<Seconds>,
    interval_minutes: Option<u64>,
    interval_hours: Option<u64>,
    interval_days: Option<u64>,
    #[schema(value_type = Option<answers::Instant>)]
    run_date: Option<String>,
    time_of_day: Option<String>,
    day_of_week: Option<u8>,
    day_of_month: Option<u8>,
    #[schema(schema_with = answers::parameters)]
    parameters: WorkView<'a>,
    enabled: bool,
    max_instances: u32,
    #[schema(schema_with = answers::grace)]
    misfire_grace_time: GraceView,
    /// How long after its planned time a command to an outstation may be sent.
    #[schema(value_type = Option<f64>)]
    expiry: Option<Seconds>,
    coalesce: bool,
    #[schema(value_type = Option<answers::Instant>)]
    start_date: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    end_date: Option<String>,
    max_executions: Option<u32>,
    tags: &'a [String],
    /// The profile that is applied first.
    profile_id: Option<&'a str>,
    on_failure_alarm: bool,
    #[schema(schema_with = answers::conflict_policies)]
    conflict_policy: &'static str,
    timezone: &'a str,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    created_by: String,
    #[schema(value_type = answers::Status)]
    status: &'static str,
    /// The command, or the work with equipment, on one line.
    command: String,
    target: Cow<'a, str>,
    /// The time or cron expression as it was written.
    expression: Option<Cow<'a, str>>,
    /// The next planned time; that of a date also when it has passed.
    #[schema(value_type = Option<answers::Instant>)]
    planned_time: Option<String>,
    /// When it fires, or null when it will not by itself.
    #[schema(value_type = Option<answers::Instant>)]
    next_run: Option<String>,
    /// Why it is due and has not started.
    waiting: Option<String>,
    execution_count: u32,
    /// Retries of the latest execution so far.
    retry_count: u32,
    /// Runs its schedule has led to.
    fired: u32,
    /// Firings accounted for so far.
    planned: u64,
    retries: u32,
    #[schema(value_type = f64)]
    retry_delay_seconds: Seconds,
    #[schema(value_type = Option<f64>)]
    timeout_seconds: Option<Seconds>,
    #[schema(value_type = Option<f64>)]
    idle_timeout_seconds: Option<Seconds>,
    #[schema(schema_with = answers::on_interrupted)]
    on_interrupted: &'static str,
    condition: Option<ConditionView>,
    conflict_key: Option<&'a str>,
    queue_limit: u32,
    /// On how many nodes it runs at once at most; null: on all of them.
    fanout: Option<u32>,
    cron_seconds: Option<bool>,
    #[schema(schema_with = answers::dst_gaps)]
    dst_gap: Option<&'static str>,
    #[schema(schema_with = answers::dst_overlaps)]
    dst_overlap: Option<&'static str>,
    #[schema(value_type = f64)]
    jitter_seconds: Seconds,
    exclude: Vec<String>,
    #[schema(value_type = Option<String>)]
    queue: Option<char>,
    #[schema(value_type = Option<answers::Mailed>)]
    mail: Option<&'a Mail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The latest ten, where one job is shown alone.
    #[schema(nullable = false)]
    executions: Option<Vec<ExecutionView<'a>>>,
}

impl<'a> JobView<'a> {
    /// Shows a job.
    pub(super) fn new(job: &'a Job, frame: &Frame<'_>, detail: Detail<'a>) -> Self {
        let (spec, state) = (&job.spec, &job.state);
        let (policies, bounds) = (&spec.policies, &spec.bounds);
        let zone = frame.zone_of(job);
        // What waits for the machine to be started has no time.
        let next_due = state.next_due.filter(|at| *at != BootTrigger::AWAITED);
        let show = |at: Micros| stamp::local(at, &zone);
        let timing = TimingView::new(&spec.trigger, &zone);
        Self {
            job_id: job.id.to_string(),
            name: &spec.name,
            description: spec.description.as_deref(),
            schedule_type: spec.action.kind(),
            equipment_id: instrument_view::only(&spec.target),
            outstation: spec.target.outstation(),
            trigger_type: spec.trigger.kind(),
            cron_expression: timing.cron_expression,
            interval_seconds: timing.interval_seconds,
            interval_minutes: timing.interval_minutes,
            interval_hours: timing.interval_hours,
            interval_days: timing.interval_days,
            time_of_day: timing.time_of_day,
            day_of_week: timing.day_of_week,
            day_of_month: timing.day_of_month,
            parameters: WorkView::new(job, &detail),
            enabled: !state.paused,
            max_instances: policies.max_instances,
            misfire_grace_time: GraceView(policies.grace),
            expiry: spec.target.outstation().map(|_| Seconds(expiry::span(policies))),
            coalesce: policies.coalesce,
            start_date: bounds.start.map(show),
            end_date: bounds.end.map(show),
            max_executions: bounds.max_executions,
            tags: &spec.tags,
            profile_id: match &spec.action {
                Action::Command { .. } | Action::Outstation(_) => None,
                Action::Instrument(action) => action.profile.as_deref(),
            },
            on_failure_alarm: policies.alarm,
            conflict_policy: policies.conflict.name(),
            timezone: spec.trigger.zone(),
            created_at: show(spec.created_at),
            created_by: spec.created_by.label(),
            status: state.status.name(),
            command: match &spec.action {
                Action::Command { command, .. } => command.summary(),
                Action::Instrument(action) => instrument_view::summary(action, &spec.target),
                Action::Outstation(control) => outstation_view::summary(control, &spec.target),
            },
            target: spec.target.name(),
            expression: timing.expression,
            planned_time: next_due.map(show).or_else(|| timing.run_date.clone()),
            run_date: timing.run_date,
            next_run: next_due.map(show),
            waiting: waiting(job, frame),
            execution_count: state.executions,
            retry_count: state.retries,
            fired: state.fired,
            planned: state.planned,
            retries: policies.retries,
            retry_delay_seconds: Seconds(policies.retry_delay),
            timeout_seconds: policies.timeout.map(Seconds),
            idle_timeout_seconds: policies.idle_timeout.map(Seconds),
            on_interrupted: interrupted_name(policies.on_interrupted),
            condition: policies.condition.map(ConditionView::new),
            conflict_key: policies.conflict_key.as_deref(),
            queue_limit: policies.queue_limit,
            fanout: policies.fanout,
            cron_seconds: timing.cron_seconds,
            dst_gap: timing.dst_gap,
            dst_overlap: timing.dst_overlap,
            jitter_seconds: Seconds(bounds.jitter),
            exclude: timing_view::exclusions(bounds),
            queue: spec.queue,
            mail: spec.mail.as_ref(),
            executions: detail.executions,
        }
    }
}

impl JobView<'_> {
    /// When it fires next.
    pub(super) fn next_run(&self) -> Option<&str> {
        self.next_run.as_deref()
    }
}

/// Why a job that is due has not started.
fn waiting(job: &Job, frame: &Frame<'_>) -> Option<String> {
    let state = &job.state;
    if state.status != ExecutionStatus::Pending || state.paused {
        return None;
    }
    let fired = state.next_due.is_none() && state.executions > 0;
    let due = fired || state.next_due.is_some_and(|at| at <= frame.now);
    if !due {
        return None;
    }
    let sentence = match (frame.held, job.spec.policies.condition) {
        (Some(held), _) => held.to_owned(),
        // What is counted is the retries begun, so none yet before the first.
        (None, _) if fired && job.spec.policies.retries > state.retries => {
            format!("waiting for its next attempt (retry {})", state.retries + 1)
        }
        (None, Some(Condition::LoadBelow(hundredths))) => {
            format!("waiting for the load average to fall below {}", load(hundredths))
        }
        (None, None) => match job.spec.target.equipment() {
            [] => "waiting for a free slot".to_owned(),
            ids => format!("waiting for a free slot, or for '{}' to be free", ids.join("' and '")),
        },
    };
    Some(sentence)
}

fn interrupted_name(policy: OnInterrupted) -> &'static str {
    match policy {
        OnInterrupted::Keep => "keep",
        OnInterrupted::Rerun => "rerun",
    }
}

fn load(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

struct GraceView(Grace);

impl Serialize for GraceView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Grace::Within(span) => Seconds(span).serialize(serializer),
            Grace::Forever => serializer.serialize_str("forever"),
        }
    }
}

/// What it waits for.
#[derive(Serialize, utoipa::ToSchema)]
struct ConditionView {
    load_below: f64,
}

impl ConditionView {
    fn new(condition: Condition) -> Self {
        match condition {
            Condition::LoadBelow(hundredths) => Self { load_below: load(hundredths) },
        }
    }
}

/// The command; and where one job is shown alone, its surroundings.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ParametersView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    argv: Option<&'a [String]>,
    target: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<answers::Octets>, nullable = false)]
    cwd: Option<Bytes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    umask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nice: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, answers::Octets>>, nullable = false)]
    env: Option<Environment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    env_clear: Option<bool>,
    /// Shown with the environment only: it may hold secrets too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<answers::Octets>, nullable = false)]
    stdin: Option<Bytes<'a>>,
    /// Where it is true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    sudo: bool,
}

impl<'a> ParametersView<'a> {
    /// Shows a command, what it reads, and whether it runs as root.
    pub(super) fn new(
        (command, stdin, sudo): (&'a CommandLine, Option<&'a [u8]>, bool),
        target: &'a Target,
        detail: &Detail<'a>,
    ) -> Self {
        let (command, argv) = match command {
            CommandLine::Shell(text) => (Some(text.as_str()), None),
            CommandLine::Argv(words) => (None, Some(words.as_slice())),
        };
        let context = detail.context;
        let env = context.filter(|_| detail.environment).and_then(|known| known.env.as_deref());
        Self {
            command,
            argv,
            target: target.name(),
            cwd: context.and_then(|known| known.cwd.as_deref()).map(Bytes),
            umask: context.and_then(|known| known.umask).map(|mask| format!("{mask:03o}")),
            nice: context.map(|known| known.nice).filter(|nice| *nice > 0),
            env: env.map(Environment),
            // Nodes have an environment of their own under it.
            env_clear: env.map(|_| true).filter(|_| *target == Target::Local),
            stdin: stdin.filter(|_| detail.environment).map(Bytes),
            sudo,
        }
    }
}

/// A byte string: text, or `{"hex":"…"}` if it is not UTF-8.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &context::hex(self.0))?;
        map.end()
    }
}

struct Environment<'a>(&'a [(Vec<u8>, Vec<u8>)]);

impl Serialize for Environment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.iter();
        serializer
            .collect_map(pairs.map(|(name, value)| (String::from_utf8_lossy(name), Bytes(value))))
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
pub(super) mod tests;
