//! Samples: jobs, executions and a seeded source of chance for the store's tests.

use std::sync::Arc;
use std::time::Duration;

use station_core::engine::Change;
use station_core::model::{
    Action, Bounds, Cause, CommandLine, ContextHash, Execution, ExecutionId, ExecutionStatus,
    IntervalTrigger, Job, JobId, JobSpec, JobState, Micros, OutputSummary, Policies, Principal,
    ShellContext, Target, Usage,
};
use station_core::model::{DateTrigger, Trigger};
use station_core::when::{Intent, IntentKind};

/// A pending job due at `due`.
pub(crate) fn job(id: i64, due: i64) -> Job {
    let intent = Intent { expression: "now + 5 minutes".into(), kind: IntentKind::Elapsed };
    let spec = JobSpec {
        name: format!("job {id}"),
        description: None,
        action: Action::Command {
            command: CommandLine::Shell(format!("/usr/local/bin/backup.sh --set {id}")),
            context: Some(ContextHash("9f".repeat(32))),
            stdin: None,
            sudo: false,
        },
        target: Target::Local,
        trigger: Trigger::Date(DateTrigger {
            at: Micros(due),
            zone: "Europe/Berlin".into(),
            intent: Some(intent),
        }),
        bounds: Bounds::default(),
        policies: Policies {
            retries: 3,
            retry_delay: Duration::from_secs(10),
            timeout: Some(Duration::from_secs(3600)),
            ..Policies::default()
        },
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(1_700_000_000_000_000 + id),
        created_by: Principal::Unix { uid: 1000, name: Some("ann".into()) },
    };
    Job { id: JobId(id), spec: spec.into(), state: state(ExecutionStatus::Pending, Some(due), 0) }
}

/// A job due at `due` that goes on every minute.
pub(crate) fn recurring(id: i64, due: i64) -> Job {
    let mut job = job(id, due);
    let every = Duration::from_secs(60);
    let interval = IntervalTrigger { every, first: Micros(due), zone: "UTC".into() };
    Arc::make_mut(&mut job.spec).trigger = Trigger::Interval(interval);
    job
}

/// A job's state: each of its executions stands for one firing.
pub(crate) fn state(status: ExecutionStatus, next_due: Option<i64>, executions: u32) -> JobState {
    JobState {
        status,
        executions,
        fired: executions,
        planned: executions.into(),
        ..JobState::new(next_due.map(Micros))
    }
}

/// An execution of a job that has just been planned.
pub(crate) fn execution(job: i64, n: u32, status: ExecutionStatus) -> Execution {
    Execution {
        id: ExecutionId { job: JobId(job), n },
        cause: Cause::Scheduled,
        planned: Micros(5),
        firings: 1,
        first_planned: None,
        node: None,
        status,
        started: None,
        ended: None,
        attempt: 0,
        retry_at: None,
        stop: None,
        process: None,
        end: None,
        kill: None,
        error: None,
        result: None,
        usage: Usage::default(),
        output: OutputSummary::default(),
    }
}

/// The change that stores what [`job`] refers to.
pub(crate) fn surroundings() -> Change {
    let env =
        [("HOME", "/home/ann"), ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];
    let context = ShellContext {
        cwd: Some(b"/home/ann".to_vec()),
        umask: Some(0o22),
        env: Some(env.map(|(name, value)| (name.into(), value.into())).into()),
        nice: 0,
    };
    Change::ContextStored { hash: ContextHash("9f".repeat(32)), context }
}

/// The change that a job exists.
pub(crate) fn created(job: Job) -> Change {
    Change::JobCreated(Box::new(job))
}

/// The change that an execution is this now.
pub(crate) fn recorded(execution: Execution) -> Change {
    Change::ExecutionRecorded(Box::new(execution))
}

/// Chance from a seed (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}
