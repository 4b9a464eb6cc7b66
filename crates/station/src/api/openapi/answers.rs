//! The answers that handlers put together field by field, and the words that stand in answers.

#![expect(dead_code, reason = "described here, never made: the handlers write the JSON themselves")]

use std::collections::BTreeMap;

use serde::Serialize;
use station_core::model::{Conflict, HostKeys, Kill, NodeKind, Role};
use utoipa::ToSchema;

use super::kind::{self, Node};
use crate::api::execution_view::ExecutionView;
use crate::api::instrument_fields::WorkKind;

/// An instant: RFC 3339 with an offset and six digits of a second's fraction.
#[derive(Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(in crate::api) struct Instant(String);

/// What has become of an execution, or of a job.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(in crate::api) enum Status {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
    Skipped,
    Missed,
    Interrupted,
}

/// What makes a job fire.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(in crate::api) enum TriggerKind {
    Date,
    Interval,
    Cron,
    Daily,
    Weekly,
    Monthly,
}

/// Text, or `{"hex": "…"}` for bytes that are not UTF-8.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum Octets {
    Text(String),
    Hex { hex: String },
}

/// Always null.
pub(in crate::api) fn null() -> Node {
    kind::null().into()
}

/// True.
pub(in crate::api) fn success() -> Node {
    kind::success().into()
}

/// Who answers.
#[derive(ToSchema)]
pub(in crate::api) struct About {
    name: String,
    version: String,
    hostname: String,
    /// `stopping` during a shutdown.
    #[schema(schema_with = about_status)]
    status: String,
    /// Whether this caller had to show who it is.
    security_enabled: bool,
}

fn about_status() -> Node {
    kind::words(["running", "stopping"]).into()
}

/// How the station is doing.
#[derive(ToSchema)]
pub(in crate::api) struct Health {
    /// `degraded` while the store is in trouble or the clock is held.
    #[schema(schema_with = health_status)]
    status: String,
    /// Always 0 in this version.
    connected_devices: u32,
    #[schema(schema_with = modes)]
    mode: String,
    pid: u32,
    version: String,
    data_dir: String,
    /// `held` while nothing is fired because the clock cannot be trusted yet.
    #[schema(schema_with = clocks)]
    clock: String,
    /// How many runs are under way.
    running: u64,
    /// `ok`, or why it cannot be written.
    store: String,
    /// Whether it is shutting down.
    draining: bool,
}

fn health_status() -> Node {
    kind::words(["healthy", "degraded"]).into()
}

fn modes() -> Node {
    kind::words(["daemon", "embedded", "offline"]).into()
}

fn clocks() -> Node {
    kind::words(["ok", "held"]).into()
}

/// It is done.
#[derive(ToSchema)]
pub(in crate::api) struct Done {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
}

/// A job was cancelled, or is being ended.
#[derive(ToSchema)]
pub(in crate::api) struct Cancelled {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    /// The execution that is being ended.
    #[schema(nullable = false)]
    execution_id: Option<String>,
}

/// An execution was cancelled, or is being ended.
#[derive(ToSchema)]
pub(in crate::api) struct ExecutionCancelled {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    execution_id: String,
}

/// A job was run.
#[derive(ToSchema)]
pub(in crate::api) struct Triggered {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    execution_id: String,
}

/// An execution with all that is known of it.
#[derive(ToSchema)]
pub(in crate::api) struct OneExecution {
    #[schema(schema_with = success)]
    success: bool,
    #[schema(value_type = ExecutionView<'static>)]
    execution: (),
}

/// The jobs that run.
#[derive(ToSchema)]
pub(in crate::api) struct Running {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    running_jobs: Vec<String>,
}

/// What has become of a job's executions.
#[derive(ToSchema)]
pub(in crate::api) struct JobHistory {
    #[schema(schema_with = success)]
    success: bool,
    history: History,
}

/// Counts over all stored executions of a job.
#[derive(ToSchema)]
pub(in crate::api) struct History {
    job_id: String,
    job_name: String,
    total_executions: u64,
    successful: u64,
    failed: u64,
    cancelled: u64,
    skipped: u64,
    missed: u64,
    interrupted: u64,
    running: u64,
    pending: u64,
    /// Firings the executions stand for.
    firings: u64,
    /// Of completed ones, in seconds.
    average_duration: Option<f64>,
    /// When the latest was started, or planned if it never was.
    last_execution: Option<Instant>,
    last_status: Option<Status>,
    next_run: Option<Instant>,
}

/// Why a job did or did not run.
#[derive(ToSchema)]
pub(in crate::api) struct Why {
    #[schema(schema_with = success)]
    success: bool,
    /// Sentences.
    answer: String,
    /// The execution that stands for the time, or the latest.
    #[schema(value_type = Option<ExecutionView<'static>>)]
    execution: (),
    ledger: Option<Ledger>,
}

/// Where each firing went; `planned` is the sum of all others.
#[derive(ToSchema)]
pub(in crate::api) struct Ledger {
    planned: u64,
    ran: u64,
    /// Made up for by a later run.
    combined: u64,
    skipped: u64,
    missed: u64,
    waiting: u64,
    interrupted: u64,
    cancelled: u64,
    /// Their executions have expired.
    removed: u64,
}

/// What the station does, at a glance.
#[derive(ToSchema)]
pub(in crate::api) struct StationStatistics {
    #[schema(schema_with = success)]
    success: bool,
    statistics: Statistics,
}

/// Today is the day on the clock of the station's zone.
#[derive(ToSchema)]
pub(in crate::api) struct Statistics {
    total_jobs: u64,
    active_jobs: u64,
    disabled_jobs: u64,
    ended_jobs: u64,
    running_executions: u64,
    total_executions_today: u64,
    successful_today: u64,
    failed_today: u64,
    cancelled_today: u64,
    skipped_today: u64,
    missed_today: u64,
    interrupted_today: u64,
    /// Jobs by schedule_type.
    by_type: BTreeMap<String, u64>,
    /// The jobs that fire next, at most ten.
    upcoming_jobs: Vec<Upcoming>,
}

/// A job that fires soon.
#[derive(ToSchema)]
pub(in crate::api) struct Upcoming {
    job_id: String,
    job_name: String,
    next_run: Instant,
}

/// How many executions are gone.
#[derive(ToSchema)]
pub(in crate::api) struct Pruned {
    #[schema(schema_with = success)]
    success: bool,
    deleted: u64,
}

/// A token, without its secret.
#[derive(ToSchema)]
pub(in crate::api) struct Token {
    id: String,
    name: String,
    #[schema(schema_with = roles)]
    role: String,
    created_at: Instant,
    created_by: String,
    expires_at: Option<Instant>,
    revoked_at: Option<Instant>,
    /// Neither expired nor revoked.
    valid: bool,
}

fn roles() -> Node {
    kind::words(Role::ALL.map(Role::name)).into()
}

/// All tokens.
#[derive(ToSchema)]
pub(in crate::api) struct Tokens {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    tokens: Vec<Token>,
}

/// A token that was made.
#[derive(ToSchema)]
pub(in crate::api) struct TokenCreated {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    /// The secret.
    #[schema(pattern = "^stm_[A-Za-z0-9_-]{43}$")]
    token: String,
    id: String,
    name: String,
    #[schema(schema_with = roles)]
    role: String,
    created_at: Instant,
    created_by: String,
    expires_at: Option<Instant>,
    revoked_at: Option<Instant>,
    valid: bool,
}

/// What reaches a node.
pub(in crate::api) fn node_kinds() -> Node {
    kind::words([NodeKind::Ssh, NodeKind::Ush].map(NodeKind::name)).into()
}

/// What is done with host keys that are not known.
pub(in crate::api) fn host_keys() -> Node {
    let ways = [HostKeys::Config, HostKeys::AcceptNew, HostKeys::Strict];
    kind::words(ways.map(HostKeys::name)).into()
}

/// Why an execution was begun.
pub(in crate::api) fn causes() -> Node {
    kind::words(["scheduled", "manual"]).into()
}

/// What became of processes on a node.
pub(in crate::api) fn kills() -> Node {
    kind::words(Kill::ALL.map(Kill::name)).or_null().into()
}

/// What a job can be.
pub(in crate::api) fn schedule_types() -> Node {
    kind::words(WorkKind::ALL.map(WorkKind::name).into_iter().chain(["script"])).into()
}

/// The parameters of a job: a command with its surroundings, or those of work with equipment.
pub(in crate::api) fn parameters() -> Node {
    let work = kind::object(Vec::new(), &[]).says("Of work with equipment, as it can be sent.");
    kind::any_of([kind::named("ParametersView"), work])
}

/// What came of an execution: the end of a process, or a document of the work with equipment.
pub(in crate::api) fn results() -> Node {
    let work = kind::object(Vec::new(), &[]).says("Of work with equipment: what came of it.");
    kind::any_of([kind::named("ResultView"), work, kind::null()])
}

/// How late a job may start, in seconds.
pub(in crate::api) fn grace() -> Node {
    kind::number(0.0, None).pattern("^forever$").into()
}

/// What becomes of a firing while a run is active.
pub(in crate::api) fn conflict_policies() -> Node {
    kind::words(Conflict::ALL.map(Conflict::name)).into()
}

/// What becomes of a run that a crash cut off.
pub(in crate::api) fn on_interrupted() -> Node {
    kind::words(["keep", "rerun"]).into()
}

/// What is done with times that the clocks skip.
pub(in crate::api) fn dst_gaps() -> Node {
    kind::words(["run_after", "skip"]).or_null().into()
}

/// What is done with times that come twice.
pub(in crate::api) fn dst_overlaps() -> Node {
    kind::words(["first", "second", "both"]).or_null().into()
}

/// Who is mailed the output, and when.
#[derive(ToSchema)]
pub(in crate::api) struct Mailed {
    to: String,
    #[schema(schema_with = mail_times)]
    when: String,
}

fn mail_times() -> Node {
    kind::words(["output", "always"]).into()
}
