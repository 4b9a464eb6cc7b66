//! An engine with what it has recorded and started so far.

use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Effect, EndReport, Engine, Input, Outcome, Reply, Request, Scope,
    Snapshot,
};
use station_core::model::{
    Action, Alarm, Bounds, CommandLine, End, Execution, ExecutionId, ExecutionStatus,
    IntervalTrigger, Job, JobId, JobSpec, Micros, Mono, Now, OutputSummary, Policies, Principal,
    Target, Trigger, Usage,
};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> Now {
    let mono = u64::try_from((10_000 + seconds) * SECOND).unwrap();
    Now { wall: Micros((START + seconds) * SECOND), mono: Mono(mono) }
}

/// Every ten seconds from second 10 on.
pub(crate) fn spec() -> JobSpec {
    JobSpec {
        name: "tick".into(),
        description: None,
        action: Action::Command {
            command: CommandLine::Shell("true".into()),
            context: None,
            stdin: None,
            sudo: false,
        },
        target: Target::Local,
        trigger: Trigger::Interval(IntervalTrigger {
            every: Duration::from_secs(10),
            first: at(10).wall,
            zone: "UTC".into(),
        }),
        bounds: Bounds::default(),
        policies: Policies::default(),
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(0),
        created_by: Principal::Unix { uid: 0, name: None },
    }
}

/// An engine with what it has recorded and started so far.
pub(crate) struct Station {
    pub(crate) engine: Engine,
    pub(crate) job: Option<Job>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) started: Vec<ExecutionId>,
    pub(crate) stopped: Vec<ExecutionId>,
    pub(crate) notified: Vec<String>,
}

impl Station {
    pub(crate) fn new(channels: &[&str]) -> Self {
        let channels = channels.iter().map(|name| (*name).to_owned()).collect();
        let config = Config { channels, retention: None, ..Config::default() };
        let (engine, _) = Engine::start(
            config,
            Scope::All,
            Snapshot::default(),
            at(0),
            ClockTrust::Trusted,
            7,
            TimeZoneDatabase::bundled(),
        );
        Self {
            engine,
            job: None,
            executions: Vec::new(),
            alarms: Vec::new(),
            started: Vec::new(),
            stopped: Vec::new(),
            notified: Vec::new(),
        }
    }

    pub(crate) fn with(spec: JobSpec) -> Self {
        let mut station = Self::new(&[]);
        assert!(matches!(station.create(spec), Reply::Created(_)));
        station
    }

    pub(crate) fn create(&mut self, spec: JobSpec) -> Reply {
        let spec = Box::new(spec);
        self.ask(0, Request::Create { spec, context: None, immediate: false, paused: false })
    }

    pub(crate) fn handle(&mut self, seconds: i64, input: Input) -> Outcome {
        let outcome = self.engine.handle(at(seconds), input);
        for change in &outcome.changes {
            if let Change::JobCreated(job) | Change::JobReplaced(job) = change {
                self.job = Some((**job).clone());
            } else if let Change::JobUpdated { state, .. } = change {
                self.job.as_mut().unwrap().state = state.clone();
            } else if let Change::ExecutionRecorded(execution) = change {
                self.executions.retain(|before| before.id != execution.id);
                self.executions.push((**execution).clone());
                self.executions.sort_by_key(|execution| execution.id);
            } else if let Change::AlarmRecorded(alarm) = change {
                self.alarms.push((**alarm).clone());
            }
        }
        for effect in &outcome.effects {
            if let Effect::Start { execution, .. } = effect {
                self.started.push(*execution);
            } else if let Effect::Stop { execution, kill: false } = effect {
                self.stopped.push(*execution);
            } else if let Effect::Notify { channel, .. } = effect {
                self.notified.push(channel.clone());
            }
        }
        outcome
    }

    pub(crate) fn ask(&mut self, seconds: i64, request: Request) -> Reply {
        self.handle(seconds, Input::Request(request)).reply.unwrap()
    }

    pub(crate) fn tick(&mut self, seconds: i64) {
        self.handle(seconds, Input::Tick);
    }

    pub(crate) fn end(&mut self, seconds: i64, n: u32, code: i32) {
        let execution = ExecutionId { job: JobId(1), n };
        let report = Box::new(EndReport {
            kill: None,
            unreachable: false,
            result: None,
            end: End::Exit(code),
            error: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        });
        self.handle(seconds, Input::Ended { execution, report });
    }

    pub(crate) fn job(&self) -> &Job {
        self.job.as_ref().unwrap()
    }

    /// When it fires next, in seconds.
    pub(crate) fn next(&self) -> Option<i64> {
        self.job().state.next_due.map(|due| due.0 / SECOND - START)
    }

    /// Number, status, firings and last planned second of each execution.
    pub(crate) fn rows(&self) -> Vec<(u32, ExecutionStatus, u32, i64)> {
        let row = |execution: &Execution| {
            let planned = execution.planned.0 / SECOND - START;
            (execution.id.n, execution.status, execution.firings, planned)
        };
        self.executions.iter().map(row).collect()
    }

    pub(crate) fn error(&self, n: u32) -> &str {
        let found = self.executions.iter().find(|execution| execution.id.n == n);
        found.and_then(|execution| execution.error.as_deref()).unwrap_or("-")
    }
}

pub(crate) fn with_policies(policies: Policies) -> Station {
    Station::with(JobSpec { policies, ..spec() })
}

/// A station that comes back at a time, after its job's next firing was planned for second 10.
pub(crate) fn back_at(seconds: i64, policies: Policies) -> Station {
    let mut station = with_policies(policies);
    let job = station.job().clone();
    let snapshot = Snapshot { last_job: 1, due: vec![job], ..Snapshot::default() };
    let (engine, first) = Engine::start(
        Config { retention: None, ..Config::default() },
        Scope::All,
        snapshot,
        at(seconds),
        ClockTrust::Trusted,
        7,
        TimeZoneDatabase::bundled(),
    );
    station.engine = engine;
    for change in first.changes {
        if let Change::ExecutionRecorded(execution) = change {
            station.executions.push(*execution);
        } else if let Change::JobUpdated { state, .. } = change {
            station.job.as_mut().unwrap().state = state;
        }
    }
    station.executions.dedup_by_key(|execution| execution.id);
    station
}
