//! An engine over a store of a few maps, with jobs on equipment.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Effect, EndReport, Engine, Input, Outcome, Reply, Request, Scope,
    Snapshot,
};
use station_core::model::{
    Action, Alarm, Bounds, DateTrigger, End, Execution, ExecutionId, ExecutionStatus,
    InstrumentAction, Job, JobId, JobSpec, Micros, Mono, Now, OutputSummary, Policies, Principal,
    Target, Trigger, Usage, Work,
};

const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> Now {
    let mono = u64::try_from((10_000 + seconds) * SECOND).unwrap();
    Now { wall: Micros((START + seconds) * SECOND), mono: Mono(mono) }
}

/// The first execution of a job.
pub(crate) fn first(job: i64) -> ExecutionId {
    ExecutionId { job: JobId(job), n: 1 }
}

/// A state capture of this equipment, once.
pub(crate) fn capture(seconds: i64, equipment: &[&str]) -> JobSpec {
    let work = Work::StateCapture;
    let action = InstrumentAction { work, profile: None, on_release: Vec::new() };
    JobSpec {
        name: "capture".into(),
        description: None,
        action: Action::Instrument(Box::new(action)),
        target: Target::Equipment(equipment.iter().map(|&id| id.to_owned()).collect()),
        trigger: Trigger::Date(DateTrigger {
            at: at(seconds).wall,
            zone: "UTC".into(),
            intent: None,
        }),
        bounds: Bounds::default(),
        policies: Policies { retry_delay: Duration::ZERO, ..Policies::default() },
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(0),
        created_by: Principal::Anonymous,
    }
}

/// The same with other policies.
pub(crate) fn having(mut spec: JobSpec, change: impl Fn(&mut Policies)) -> JobSpec {
    change(&mut spec.policies);
    spec
}

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) executions: BTreeMap<ExecutionId, Execution>,
    pub(crate) alarms: Vec<Alarm>,
    /// Who was started, with what.
    pub(crate) started: Vec<(ExecutionId, Vec<String>)>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self {
            engine: engine(Snapshot::default(), 0).0,
            jobs: BTreeMap::new(),
            executions: BTreeMap::new(),
            alarms: Vec::new(),
            started: Vec::new(),
        }
    }

    /// One with these jobs, at this second.
    pub(crate) fn with(specs: Vec<JobSpec>, seconds: i64) -> Self {
        let mut rig = Self::new();
        for spec in specs {
            let spec = Box::new(spec);
            let create = Request::Create { spec, context: None, immediate: true, paused: true };
            assert!(matches!(rig.ask(0, create), Reply::Created(_)));
        }
        let jobs: Vec<_> = rig.jobs.keys().copied().collect();
        jobs.into_iter().for_each(|job| drop(rig.ask(0, Request::Resume { job, row: None })));
        rig.handle(seconds, Input::Tick);
        rig
    }

    pub(crate) fn handle(&mut self, seconds: i64, input: Input) -> Outcome {
        let outcome = self.engine.handle(at(seconds), input);
        self.take(&outcome);
        outcome
    }

    pub(crate) fn ask(&mut self, seconds: i64, mut request: Request) -> Reply {
        if let Request::Resume { job, row }
        | Request::Delete { job, row, .. }
        | Request::Update { job, row, .. } = &mut request
        {
            *row = self.jobs.get(job).cloned().map(Box::new);
        }
        self.handle(seconds, Input::Request(request)).reply.unwrap()
    }

    fn take(&mut self, outcome: &Outcome) {
        for change in &outcome.changes {
            if let Change::JobCreated(job) | Change::JobReplaced(job) = change {
                self.jobs.insert(job.id, (**job).clone());
            } else if let Change::JobUpdated { job, state } = change {
                self.jobs.get_mut(job).unwrap().state = state.clone();
            } else if let Change::ExecutionRecorded(execution) = change {
                self.executions.insert(execution.id, (**execution).clone());
            } else if let Change::AlarmRecorded(alarm) = change {
                self.alarms.push((**alarm).clone());
            }
        }
        for effect in &outcome.effects {
            if let Effect::Start { execution, equipment, .. } = effect {
                self.started.push((*execution, equipment.clone()));
            }
        }
    }

    pub(crate) fn end(&mut self, seconds: i64, execution: ExecutionId, end: End) {
        self.end_with(seconds, execution, end, None);
    }

    pub(crate) fn end_with(
        &mut self,
        seconds: i64,
        execution: ExecutionId,
        end: End,
        result: Option<&str>,
    ) {
        let report = Box::new(EndReport {
            end,
            error: None,
            kill: None,
            unreachable: false,
            result: result.map(str::to_owned),
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        });
        self.handle(seconds, Input::Ended { execution, report });
    }

    /// The daemon is killed, and another one starts.
    pub(crate) fn crash(&mut self, seconds: i64) -> Outcome {
        let live = self.executions.values().filter(|execution| !execution.status.is_final());
        let live = live.map(|one| (self.jobs[&one.id.job].clone(), one.clone())).collect();
        let due = self.jobs.values().filter(|job| job.state.next_due.is_some()).cloned().collect();
        let last_job = self.jobs.keys().last().map_or(0, |job| job.0);
        let alarms = self.alarms.last().cloned().into_iter().collect();
        let last_alarm = self.alarms.last().map_or(0, |alarm| alarm.id.0);
        let snapshot = Snapshot { last_job, live, due, alarms, last_alarm, ..Snapshot::default() };
        let (engine, outcome) = engine(snapshot, seconds);
        self.engine = engine;
        self.take(&outcome);
        outcome
    }

    pub(crate) fn statuses(&self) -> Vec<(ExecutionId, ExecutionStatus)> {
        self.executions.values().map(|execution| (execution.id, execution.status)).collect()
    }

    pub(crate) fn error(&self, execution: ExecutionId) -> &str {
        self.executions[&execution].error.as_deref().unwrap_or("-")
    }

    /// Who was started since the last look.
    pub(crate) fn news(&mut self) -> Vec<ExecutionId> {
        std::mem::take(&mut self.started).into_iter().map(|(id, _)| id).collect()
    }
}

fn engine(snapshot: Snapshot, seconds: i64) -> (Engine, Outcome) {
    let config = Config { retention: None, ..Config::default() };
    let zones = TimeZoneDatabase::bundled();
    Engine::start(config, Scope::All, snapshot, at(seconds), ClockTrust::Trusted, 7, zones)
}
