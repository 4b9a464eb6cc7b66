//! Shows an execution and its attempts as the JSON objects clients see.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use station_core::model::{
    Attempt, Cause, End, Execution, ExecutionId, ExecutionStatus, Kill, Micros, Usage,
};

use super::openapi::answers;
use super::stamp;

/// An execution on the wire: the contract's fields first, then ours.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ExecutionView<'a> {
    /// `JOB.N`: the n-th of its job.
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    job_id: String,
    /// The node it is for; null on this machine.
    node: Option<&'a str>,
    #[schema(value_type = answers::Status)]
    status: &'static str,
    #[schema(value_type = Option<answers::Instant>)]
    started_at: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    completed_at: Option<String>,
    duration_seconds: Option<f64>,
    #[schema(schema_with = answers::results)]
    result: Option<Outcome>,
    error: Option<&'a str>,
    /// Its start, where one execution is shown alone.
    output: Option<String>,
    #[schema(value_type = answers::Instant)]
    scheduled_time: String,
    #[schema(value_type = Option<answers::Instant>)]
    actual_time: Option<String>,
    trigger_info: TriggerInfo,
    /// The number of the latest attempt; 0 before the first.
    attempt: u32,
    /// When the next attempt is due.
    #[schema(value_type = Option<answers::Instant>)]
    retry_at: Option<String>,
    late_seconds: Option<f64>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    cpu_user_seconds: f64,
    cpu_system_seconds: f64,
    /// Null where the kernel cannot tell it from the station's.
    max_rss_bytes: Option<u64>,
    /// What became of its processes on its node when they were told to end; null otherwise.
    #[schema(schema_with = answers::kills)]
    kill: Option<&'static str>,
    output_bytes: u64,
    output_lines: u64,
    dropped_bytes: u64,
    dropped_lines: u64,
    /// While it runs.
    pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Where one execution is shown alone.
    #[schema(nullable = false)]
    attempts: Option<Vec<AttemptView>>,
}

/// Why there is an execution.
#[derive(Serialize, utoipa::ToSchema)]
struct TriggerInfo {
    #[serde(rename = "type")]
    /// Null once the job is deleted.
    #[schema(value_type = Option<answers::TriggerKind>)]
    kind: Option<&'static str>,
    #[schema(schema_with = answers::causes)]
    cause: &'static str,
    /// How many firings it stands for.
    firings: u32,
    #[schema(value_type = Option<answers::Instant>)]
    first_planned: Option<String>,
    attempt: u32,
}

/// What came of it.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    /// The end of a process.
    Process(ResultView),
    /// What work with equipment has come to, in fields of its own.
    Work(Value),
}

/// How the process ended.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(super) enum ResultView {
    /// By itself.
    Exit { exit_code: i32 },
    /// By a signal.
    Signal { signal: i32, signal_name: String },
}

/// One attempt on the wire.
#[derive(Serialize, utoipa::ToSchema)]
struct AttemptView {
    attempt: u32,
    #[schema(value_type = Option<answers::Instant>)]
    started_at: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    completed_at: Option<String>,
    duration_seconds: Option<f64>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    error: Option<String>,
    cpu_user_seconds: f64,
    cpu_system_seconds: f64,
    max_rss_bytes: Option<u64>,
}

impl<'a> ExecutionView<'a> {
    /// Shows an execution with its times in the job's zone.
    pub(super) fn new(execution: &'a Execution, zone: &TimeZone) -> Self {
        let show = |at: Micros| stamp::local(at, zone);
        let (exit_code, signal) = codes(execution.end);
        let usage = execution.usage;
        let output = execution.output;
        Self {
            execution_id: execution.id,
            job_id: execution.id.job.to_string(),
            node: execution.node.as_deref(),
            status: execution.status.name(),
            started_at: execution.started.map(show),
            completed_at: execution.ended.map(show),
            duration_seconds: duration(execution.started, execution.ended),
            result: work(execution).or_else(|| result(execution.end).map(Outcome::Process)),
            error: execution.error.as_deref(),
            output: None,
            scheduled_time: show(execution.planned),
            actual_time: execution.started.map(show),
            trigger_info: TriggerInfo {
                kind: None,
                firings: execution.firings,
                first_planned: execution.first_planned.map(show),
                attempt: execution.attempt,
                cause: match execution.cause {
                    Cause::Scheduled => "scheduled",
                    Cause::Manual => "manual",
                },
            },
            attempt: execution.attempt,
            retry_at: execution.retry_at.map(show),
            late_seconds: execution
                .started
                .map(|started| stamp::seconds_between(execution.planned, started)),
            exit_code,
            signal,
            cpu_user_seconds: cpu(usage.user_micros),
            cpu_system_seconds: cpu(usage.system_micros),
            max_rss_bytes: max_rss(usage),
            kill: execution.kill.map(Kill::name),
            output_bytes: output.bytes,
            output_lines: output.lines,
            dropped_bytes: output.dropped_bytes,
            dropped_lines: output.dropped_lines,
            pid: execution
                .process
                .as_ref()
                .filter(|_| execution.status == ExecutionStatus::Running)
                .map(|process| process.pid),
            attempts: None,
        }
    }

    /// Says what kind of trigger its job has.
    pub(super) fn triggered_by(mut self, kind: Option<&'static str>) -> Self {
        self.trigger_info.kind = kind;
        self
    }

    /// Adds what is shown of one execution alone: the start of its output and its attempts, the
    /// earlier ones as stored, the latest from the execution itself.
    pub(super) fn with_detail(
        mut self,
        execution: &Execution,
        earlier: &[Attempt],
        output: &[u8],
        zone: &TimeZone,
    ) -> Self {
        self.output = Some(String::from_utf8_lossy(output).into_owned());
        let mut attempts: Vec<AttemptView> =
            earlier.iter().map(|attempt| AttemptView::new(attempt, zone)).collect();
        if execution.attempt > 0 && earlier.iter().all(|known| known.number != execution.attempt) {
            attempts.push(AttemptView::latest(execution, zone));
        }
        self.attempts = Some(attempts);
        self
    }
}

impl AttemptView {
    fn new(attempt: &Attempt, zone: &TimeZone) -> Self {
        let (exit_code, signal) = codes(attempt.end);
        Self {
            attempt: attempt.number,
            started_at: Some(stamp::local(attempt.started, zone)),
            completed_at: attempt.ended.map(|at| stamp::local(at, zone)),
            duration_seconds: duration(Some(attempt.started), attempt.ended),
            exit_code,
            signal,
            error: attempt.error.clone(),
            cpu_user_seconds: cpu(attempt.usage.user_micros),
            cpu_system_seconds: cpu(attempt.usage.system_micros),
            max_rss_bytes: max_rss(attempt.usage),
        }
    }

    /// The latest attempt. The execution keeps the start of its first attempt only, so that of a
    /// later one is not known here.
    fn latest(execution: &Execution, zone: &TimeZone) -> Self {
        let started = execution.started.filter(|_| execution.attempt == 1);
        let (exit_code, signal) = codes(execution.end);
        Self {
            attempt: execution.attempt,
            started_at: started.map(|at| stamp::local(at, zone)),
            completed_at: execution.ended.map(|at| stamp::local(at, zone)),
            duration_seconds: duration(started, execution.ended),
            exit_code,
            signal,
            error: execution.error.clone(),
            cpu_user_seconds: cpu(execution.usage.user_micros),
            cpu_system_seconds: cpu(execution.usage.system_micros),
            max_rss_bytes: max_rss(execution.usage),
        }
    }
}

fn codes(end: Option<End>) -> (Option<i32>, Option<i32>) {
    match end {
        Some(End::Exit(code)) => (Some(code), None),
        Some(End::Signal(signal)) => (None, Some(signal)),
        Some(End::NotStarted | End::Unknown | End::Done | End::Failed) | None => (None, None),
    }
}

/// What work with equipment has come to.
fn work(execution: &Execution) -> Option<Outcome> {
    let value = serde_json::from_str(execution.result.as_deref()?);
    let value = value.inspect_err(|error| {
        tracing::error!(execution = %execution.id, %error, "a stored result is no JSON document");
    });
    value.ok().map(Outcome::Work)
}

fn result(end: Option<End>) -> Option<ResultView> {
    match end {
        Some(End::Exit(exit_code)) => Some(ResultView::Exit { exit_code }),
        Some(End::Signal(signal)) => {
            Some(ResultView::Signal { signal, signal_name: signal_name(signal) })
        }
        Some(End::NotStarted | End::Unknown | End::Done | End::Failed) | None => None,
    }
}

fn duration(started: Option<Micros>, ended: Option<Micros>) -> Option<f64> {
    Some(ended?.since(started?).as_secs_f64())
}

fn cpu(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn max_rss(usage: Usage) -> Option<u64> {
    (usage.max_rss_bytes > 0).then_some(usage.max_rss_bytes)
}

/// Linux's names of signals 1 to 31.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The name of a signal without `SIG`; its number when it has no name of its own.
fn signal_name(signal: i32) -> String {
    let at = usize::try_from(signal).ok().and_then(|n| n.checked_sub(1));
    match at.and_then(|at| SIGNALS.get(at)) {
        Some(name) => (*name).to_owned(),
        None => signal.to_string(),
    }
}
