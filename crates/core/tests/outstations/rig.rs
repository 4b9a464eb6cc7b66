//! An engine over a store of a few maps, with jobs on outstations; it checks what always holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Effect, EndReport, Engine, Expect, Input, Outcome, Reply, Request,
    Scope, Snapshot,
};
use station_core::model::{
    Action, Alarm, Bounds, Control, DateTrigger, End, Execution, ExecutionId, ExecutionStatus, Job,
    JobId, JobSpec, Micros, Mono, Now, OutputSummary, Outstation, OutstationSettings, Policies,
    Principal, Record, RecordKind, Target, Trigger, Usage, Write,
};

pub(crate) const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000 * SECOND;

/// The first execution of a job.
pub(crate) fn first(job: i64) -> ExecutionId {
    ExecutionId { job: JobId(job), n: 1 }
}

pub(crate) fn write_to(point: &str) -> Control {
    Control::Write(Write {
        point: point.to_owned(),
        value: "on".to_owned(),
        select: false,
        reason: None,
        ticket: None,
    })
}

/// A job at an outstation, once, so many seconds after the beginning.
pub(crate) fn job(seconds: i64, outstation: &str, control: Control) -> JobSpec {
    JobSpec {
        name: "switch".into(),
        description: None,
        action: Action::Outstation(Box::new(control)),
        target: Target::Outstation(outstation.to_owned()),
        trigger: Trigger::Date(DateTrigger {
            at: Micros(START + seconds * SECOND),
            zone: "UTC".into(),
            intent: None,
        }),
        bounds: Bounds::default(),
        policies: Policies::default(),
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(0),
        created_by: Principal::Anonymous,
    }
}

fn outstation(name: &str, parallel: u32) -> Record {
    Record::Outstation(Box::new(Outstation {
        name: name.to_owned(),
        endpoints: vec!["192.0.2.9:2404".to_owned()],
        bind: None,
        ca: 7,
        tls: None,
        settings: OutstationSettings { parallel, ..OutstationSettings::default() },
        points: Vec::new(),
        created_at: Micros(0),
        created_by: Principal::Anonymous,
        modified_at: Micros(0),
    }))
}

/// Point and outstation of what runs; no point: it commands none.
type Place = (String, Option<String>);

#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    /// Microseconds since the beginning.
    mono: i64,
    /// By how much the wall clock has been stepped.
    step: i64,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) executions: BTreeMap<ExecutionId, Execution>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) outstations: BTreeMap<String, u32>,
    /// All that were ever started.
    pub(crate) started: BTreeSet<ExecutionId>,
    /// What runs, and where.
    pub(crate) running: BTreeMap<ExecutionId, Place>,
    /// Until when what waits may wait, on the monotonic clock.
    patience: BTreeMap<ExecutionId, i64>,
    news: Vec<ExecutionId>,
}

impl Rig {
    /// One with SS1, where one thing goes on at a time, and SS2, where two do.
    pub(crate) fn new() -> Self {
        let mut rig = Self {
            engine: engine(Snapshot::default(), now(0, 0)).0,
            mono: 0,
            step: 0,
            jobs: BTreeMap::new(),
            executions: BTreeMap::new(),
            alarms: Vec::new(),
            outstations: BTreeMap::new(),
            started: BTreeSet::new(),
            running: BTreeMap::new(),
            patience: BTreeMap::new(),
            news: Vec::new(),
        };
        assert_eq!(rig.register("SS1", 1), Reply::RecordKept);
        assert_eq!(rig.register("SS2", 2), Reply::RecordKept);
        rig
    }

    /// One with these jobs, and so many seconds on.
    pub(crate) fn with(specs: Vec<JobSpec>, seconds: i64) -> Self {
        let mut rig = Self::new();
        specs.into_iter().for_each(|spec| drop(rig.create(spec)));
        rig.pass(seconds * SECOND);
        rig
    }

    pub(crate) fn now(&self) -> Now {
        now(self.mono, self.step)
    }

    pub(crate) fn register(&mut self, name: &str, parallel: u32) -> Reply {
        let record = Box::new(outstation(name, parallel));
        self.ask(Request::Keep { record, expect: Expect::Either, there: false })
    }

    pub(crate) fn remove(&mut self, name: &str) -> Reply {
        let (kind, there) = (RecordKind::Outstation, self.outstations.contains_key(name));
        self.ask(Request::Remove { kind, key: name.to_owned(), there })
    }

    pub(crate) fn create(&mut self, spec: JobSpec) -> Reply {
        let spec = Box::new(spec);
        self.ask(Request::Create { spec, context: None, immediate: false, paused: false })
    }

    pub(crate) fn ask(&mut self, mut request: Request) -> Reply {
        if let Request::Update { job, row, .. }
        | Request::RunNow { job, row }
        | Request::Cancel { job, row } = &mut request
        {
            *row = self.jobs.get(job).cloned().map(Box::new);
        }
        self.handle(Input::Request(request)).reply.unwrap()
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, micros: i64) {
        self.mono += micros;
        self.handle(Input::Tick);
    }

    /// The wall clock is set.
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.step += by;
        self.handle(Input::Tick);
    }

    pub(crate) fn handle(&mut self, input: Input) -> Outcome {
        let outcome = self.engine.handle(self.now(), input);
        self.take(outcome)
    }

    /// A round that cannot be stored is forgotten.
    pub(crate) fn fail(&mut self, input: Input) {
        drop(self.engine.handle(self.now(), input));
        self.engine = self.engine.restart(self.snapshot());
    }

    pub(crate) fn end(&mut self, execution: ExecutionId, end: End) {
        self.running.remove(&execution);
        let report = Box::new(EndReport {
            end,
            error: None,
            kill: None,
            unreachable: false,
            result: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        });
        self.handle(Input::Ended { execution, report });
    }

    /// The daemon is killed, and another one starts so much later.
    pub(crate) fn crash(&mut self, micros: i64) -> Outcome {
        self.mono += micros;
        self.running.clear();
        self.patience.clear();
        let (engine, outcome) = engine(self.snapshot(), self.now());
        self.engine = engine;
        self.take(outcome)
    }

    fn snapshot(&self) -> Snapshot {
        let live = self.executions.values().filter(|execution| !execution.status.is_final());
        let mut due: Vec<Job> =
            self.jobs.values().filter(|job| job.state.next_due.is_some()).cloned().collect();
        due.sort_by_key(|job| (job.state.next_due, job.id));
        Snapshot {
            last_job: self.jobs.keys().last().map_or(0, |job| job.0),
            live: live.map(|one| (self.jobs[&one.id.job].clone(), one.clone())).collect(),
            due,
            alarms: self.alarms.last().cloned().into_iter().collect(),
            last_alarm: self.alarms.last().map_or(0, |alarm| alarm.id.0),
            outstations: self.outstations.clone().into_iter().collect(),
            ..Snapshot::default()
        }
    }

    fn take(&mut self, mut outcome: Outcome) -> Outcome {
        self.store(&outcome);
        while let Some(jobs) = outcome.effects.iter().position(is_load_planned) {
            outcome.effects.remove(jobs);
            let jobs = self.jobs.values().filter(|job| job.state.next_due.is_some());
            let input = Input::Planned { jobs: jobs.cloned().collect(), more: false };
            let more = self.engine.handle(self.now(), input);
            self.store(&more);
            outcome.effects.extend(more.effects);
        }
        self.engine.committed();
        for effect in &outcome.effects {
            if let Effect::Start { execution, attempt, outstation, .. } = effect {
                let there = outstation.as_ref().unwrap();
                assert!(!there.expires.is_past(self.now()), "{execution} starts too late");
                assert_eq!(*attempt, 1, "{execution} is tried again");
                self.start(*execution, &there.name);
            }
            let looks = matches!(effect, Effect::EndSurvivors { .. } | Effect::MakeSafe { .. });
            assert!(!looks, "nothing of an outstation's is to be looked for: {effect:?}");
        }
        self.check();
        outcome
    }

    fn store(&mut self, outcome: &Outcome) {
        for change in &outcome.changes {
            if let Change::JobCreated(job) | Change::JobReplaced(job) = change {
                self.jobs.insert(job.id, (**job).clone());
            } else if let Change::JobUpdated { job, state } = change {
                self.jobs.get_mut(job).unwrap().state = state.clone();
            } else if let Change::ExecutionRecorded(execution) = change {
                let before = self.executions.insert(execution.id, (**execution).clone());
                assert!(!before.is_some_and(|one| one.status.is_final()), "{execution:?}");
            } else if let Change::AlarmRecorded(alarm) = change {
                self.alarms.push((**alarm).clone());
            } else if let Change::RecordKept(record) = change {
                let Record::Outstation(one) = &**record else { panic!("{record:?}") };
                self.outstations.insert(one.name.clone(), one.settings.parallel);
            } else if let Change::RecordRemoved { key, .. } = change {
                self.outstations.remove(key);
            }
        }
    }

    fn start(&mut self, execution: ExecutionId, name: &str) {
        let row = &self.executions[&execution];
        assert_eq!(row.status, ExecutionStatus::Running, "{execution} starts before it is stored");
        let spec = &self.jobs[&execution.job].spec;
        let late = self.now().wall.since(row.planned);
        assert!(late <= span(&spec.policies), "{execution} starts {late:?} late");
        assert!(self.started.insert(execution), "{execution} starts twice");
        let Action::Outstation(control) = &spec.action else { panic!("{spec:?}") };
        let place = (name.to_owned(), control.commanded().map(str::to_owned));
        let taken = |other: &&Place| place.1.is_some() && **other == place;
        assert_eq!(self.running.values().filter(taken).count(), 0, "{execution} at {place:?}");
        let beside = self.running.values().filter(|other| other.0 == name).count();
        let parallel = usize::try_from(self.outstations[name]).unwrap();
        assert!(beside < parallel, "{execution} is one too many at {name}");
        self.running.insert(execution, place);
        self.news.push(execution);
    }

    /// Nobody waits for longer than its expiry, and every firing has one outcome.
    fn check(&mut self) {
        let mono = self.mono;
        for row in self.executions.values() {
            if row.status != ExecutionStatus::Pending {
                self.patience.remove(&row.id);
                continue;
            }
            let span = span(&self.jobs[&row.id.job].spec.policies);
            let span = i64::try_from(span.as_micros()).unwrap();
            let until = *self.patience.entry(row.id).or_insert(mono + span);
            assert!(mono <= until, "{} waits for too long", row.id);
            assert!(
                self.engine.deadline().mono.is_some_and(|at| at <= Mono(from_mono(until) + 1)),
                "nobody would come to tell {} that it is too late",
                row.id
            );
        }
        for job in self.jobs.values() {
            let own = self.executions.values().filter(|row| row.id.job == job.id);
            let firings: u64 = own.map(|row| u64::from(row.firings)).sum();
            assert_eq!(firings, job.state.planned, "the ledger of {job:?}");
        }
    }

    pub(crate) fn status(&self, execution: ExecutionId) -> ExecutionStatus {
        self.executions[&execution].status
    }

    pub(crate) fn error(&self, execution: ExecutionId) -> &str {
        self.executions[&execution].error.as_deref().unwrap_or("-")
    }

    /// Who was started since the last look.
    pub(crate) fn news(&mut self) -> Vec<ExecutionId> {
        std::mem::take(&mut self.news)
    }
}

fn span(policies: &Policies) -> Duration {
    station_core::policy::expiry::span(policies)
}

fn is_load_planned(effect: &Effect) -> bool {
    matches!(effect, Effect::LoadPlanned { .. })
}

fn from_mono(micros: i64) -> u64 {
    u64::try_from(micros + 10_000 * SECOND).unwrap()
}

fn now(mono: i64, step: i64) -> Now {
    Now { wall: Micros(START + mono + step), mono: Mono(from_mono(mono)) }
}

fn engine(snapshot: Snapshot, now: Now) -> (Engine, Outcome) {
    let config = Config { retention: None, max_running: 3, ..Config::default() };
    let zones = TimeZoneDatabase::bundled();
    Engine::start(config, Scope::All, snapshot, now, ClockTrust::Trusted, 7, zones)
}
