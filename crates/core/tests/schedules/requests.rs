//! What people ask for in these worlds.

use std::time::Duration;

use jiff::ToSpan;
use station_core::engine::{Input, Request};
use station_core::model::{
    Action, AlarmId, Bounds, CommandLine, Conflict, DateTrigger, End, Exclusion, ExecutionId,
    Grace, HostKeys, InstrumentAction, IntervalTrigger, JobId, JobSpec, Kill, Micros, Node,
    NodeKind, NodeSet, OnInterrupted, Policies, Principal, Sequence, Target, Trigger, Work,
};

use crate::calendar::{PATTERNS, Plan, ZONES};
use crate::link::Event;
use crate::random::Random;
use crate::reference::SETS;
use crate::world::World;

/// Something to hand to the engine. Requests get their rows only when they are handed in.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Event(Event),
    Create { spec: Box<JobSpec>, immediate: bool, paused: bool },
    Update { job: JobId, spec: Box<JobSpec>, paused: Option<bool> },
    Delete { job: JobId, history: bool },
    Pause(JobId),
    Resume(JobId),
    Cancel(JobId),
    CancelExecution(ExecutionId),
    RunNow(JobId),
    Acknowledge(AlarmId),
    Clear(AlarmId),
    Forget(Vec<ExecutionId>),
    KeepNode { node: Box<Node>, change: bool },
    RemoveNode(String),
}

/// The nodes there may be.
const NODES: [&str; 4] = ["n1", "n2", "n3", "n4"];

impl World {
    /// The input for the engine, with the rows it names.
    pub(crate) fn input(&self, ask: &Ask) -> Option<Input> {
        let row = |id: &JobId| self.store.jobs.get(id).cloned().map(Box::new);
        let alarm = |id: &AlarmId| self.store.alarms.get(id).cloned().map(Box::new);
        Some(Input::Request(match ask.clone() {
            Ask::Event(Event::Due(input)) => return Some(self.on_its_node(input)),
            Ask::Event(Event::Late(input)) => {
                let (Input::Ended { execution, .. }
                | Input::Output { execution, .. }
                | Input::Idle { execution }
                | Input::Started { execution, .. }) = input
                else {
                    return None;
                };
                return (!self.engine.is_under_way(execution)).then_some(input);
            }
            Ask::Create { spec, immediate, paused } => {
                Request::Create { spec, context: None, immediate, paused }
            }
            Ask::Update { job, mut spec, paused } => {
                if let Some(row) = self.store.jobs.get(&job) {
                    // One that is changed holds from the next attempt on; the reference knows one.
                    spec.policies.timeout = row.spec.policies.timeout;
                }
                Request::Update { job, row: row(&job), spec, context: None, paused }
            }
            Ask::Delete { job, history } => Request::Delete { job, row: row(&job), history },
            Ask::Pause(job) => Request::Pause { job, row: row(&job) },
            Ask::Resume(job) => Request::Resume { job, row: row(&job) },
            Ask::Cancel(job) => Request::Cancel { job, row: row(&job) },
            Ask::CancelExecution(execution) => {
                Request::CancelExecution { execution, row: row(&execution.job) }
            }
            Ask::RunNow(job) => Request::RunNow { job, row: row(&job) },
            Ask::Acknowledge(id) => {
                let (by, note) = ("somebody".to_owned(), None);
                Request::Acknowledge { alarm: id, by, note, row: alarm(&id) }
            }
            Ask::Clear(id) => Request::Clear { alarm: id, row: alarm(&id) },
            Ask::KeepNode { node, change } => Request::KeepNodes { nodes: vec![*node], change },
            Ask::RemoveNode(name) => Request::RemoveNodes { names: vec![name] },
            Ask::Forget(executions) => {
                let stored =
                    executions.into_iter().filter(|id| self.store.executions.contains_key(id));
                Request::Forget { executions: stored.map(|id| (id, 0)).collect() }
            }
        }))
    }

    pub(crate) fn ask(&mut self) -> Ask {
        let last = u64::try_from(self.store.last_job()).unwrap();
        let job = JobId(i64::try_from(self.random.within(1, last + 1)).unwrap());
        let alarms = u64::try_from(self.store.alarms.len()).unwrap();
        let alarm = AlarmId(i64::try_from(self.random.within(1, alarms + 1)).unwrap());
        match self.random.within(0, 44) {
            40..=41 => self.keep_node(false),
            42 => self.keep_node(true),
            43..=44 => Ask::RemoveNode(self.random.pick(&NODES).to_owned()),
            0..=7 if last < 12 => self.create(),
            0..=7 => self.update(job),
            8..=13 => self.update(job),
            14..=15 => Ask::Delete { job, history: self.random.chance(50) },
            16..=18 => Ask::Pause(job),
            19..=22 => Ask::Resume(job),
            23 => Ask::Cancel(job),
            24 => Ask::CancelExecution(ExecutionId { job, n: 1 }),
            25..=27 => {
                let live = self.store.live().last().map(|execution| execution.id);
                live.map_or(Ask::RunNow(job), Ask::CancelExecution)
            }
            28..=33 => Ask::RunNow(job),
            34..=35 => Ask::Acknowledge(alarm),
            36..=37 => Ask::Clear(alarm),
            _ => {
                let wanted = self.random.within(1, 9);
                let oldest = self.store.executions_of(job).take(usize::try_from(wanted).unwrap());
                Ask::Forget(oldest.map(|run| run.id).collect())
            }
        }
    }

    pub(crate) fn create(&mut self) -> Ask {
        let mut spec = self.spec();
        let mut immediate = false;
        if let Trigger::Date(date) = &mut spec.trigger
            && self.random.chance(30)
        {
            date.at = self.now.wall;
            immediate = true;
        }
        Ask::Create { spec: Box::new(spec), immediate, paused: self.random.chance(8) }
    }

    /// A change of some of what is asked of a job.
    fn update(&mut self, job: JobId) -> Ask {
        let new = self.spec();
        let paused = self.random.pick(&[None, None, None, Some(true), Some(false)]);
        let Some(row) = self.store.jobs.get(&job) else {
            return Ask::Update { job, spec: Box::new(new), paused };
        };
        let mut spec = (*row.spec).clone();
        match self.random.within(0, 6) {
            6 => (spec.target, spec.action) = (new.target, new.action),
            0..=1 => spec.trigger = new.trigger,
            2..=3 => spec.policies = new.policies,
            4 => spec.bounds = new.bounds,
            _ => spec = new,
        }
        Ask::Update { job, spec: Box::new(spec), paused }
    }

    fn spec(&mut self) -> JobSpec {
        let trigger = self.trigger();
        let recurs = !matches!(trigger, Trigger::Date(_));
        let bounds = if recurs { self.bounds() } else { Bounds::default() };
        let (action, target) = self.work();
        JobSpec {
            name: "job".into(),
            description: None,
            action,
            target,
            trigger,
            bounds,
            policies: policies(&mut self.random),
            tags: Vec::new(),
            queue: None,
            mail: None,
            created_at: Micros(0),
            created_by: Principal::Unix { uid: 0, name: None },
        }
    }

    /// What a job does and where: a command here or on nodes, or something with equipment.
    fn work(&mut self) -> (Action, Target) {
        if self.random.chance(20) {
            return self.instrument_work();
        }
        let action = Action::Command {
            command: CommandLine::Shell("true".into()),
            context: None,
            stdin: None,
            sudo: false,
        };
        if self.random.chance(60) {
            return (action, Target::Local);
        }
        (action, Target::Nodes(NodeSet::parse(self.random.pick(&SETS)).unwrap()))
    }

    fn instrument_work(&mut self) -> (Action, Target) {
        let ids: &[&str] = self.random.pick(&[
            &["load"] as &[&str],
            &["supply"],
            &["load", "supply"],
            &["load", "meter", "supply"],
            &[],
        ]);
        let work = if ids.is_empty() {
            // Of commands alone.
            Work::Sequence(Sequence { tick: Sequence::TICK, steps: Vec::new() })
        } else {
            Work::StateCapture
        };
        let action = InstrumentAction { work, profile: None, on_release: Vec::new() };
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        (Action::Instrument(Box::new(action)), Target::Equipment(ids))
    }

    /// A node is registered, or one that may be there is changed.
    pub(crate) fn keep_node(&mut self, change: bool) -> Ask {
        let random = &mut self.random;
        let groups: &[&str] = random.pick(&[&["a"] as &[&str], &["b"], &["a", "b"], &[]]);
        let node = Node {
            name: random.pick(&NODES).to_owned(),
            address: "192.0.2.1".into(),
            user: None,
            port: None,
            kind: NodeKind::Ssh,
            relay: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            guard: true,
            host_keys: HostKeys::Config,
            limit: random.pick(&[None, None, Some(1), Some(2), Some(4)]),
            created_at: Micros(0),
            created_by: Principal::Anonymous,
        };
        Ask::KeepNode { node: Box::new(node), change }
    }

    /// What is told of a run is told of its node, too: one that has not begun could not be reached,
    /// and of one that was stopped it is said what became of it.
    fn on_its_node(&self, mut input: Input) -> Input {
        if let Input::Ended { execution, report } = &mut input
            && let Some(run) = self.store.executions.get(execution)
            && run.node.is_some()
        {
            report.unreachable = report.end == End::NotStarted && execution.n % 3 > 0;
            report.kill = run.stop.map(|_| Kill::ALL[execution.n as usize % 4]);
        }
        input
    }

    fn trigger(&mut self) -> Trigger {
        let random = &mut self.random;
        let now = self.now.wall;
        let zone = usize::try_from(random.within(0, 2)).unwrap();
        match random.within(0, 9) {
            0..=5 => {
                let seconds = random.pick(&[1, 7, 10, 15, 60, 60, 90, 600, 3_600, 7_200]);
                let first = match random.within(0, 3) {
                    0 => now.plus(random.millis(0, 90_000)),
                    1 => Micros(now.0 - i64::try_from(random.within(0, 90_000_000)).unwrap()),
                    2 => Micros(0),
                    _ => now,
                };
                let every = Duration::from_secs(seconds);
                Trigger::Interval(IntervalTrigger { every, first, zone: ZONES[0].into() })
            }
            6..=8 => {
                let pattern = random.within(0, PATTERNS.len() as u64 + 5) as usize;
                // Those that fire often are met more often.
                Plan::calendar(zone, pattern.checked_sub(6).unwrap_or(pattern / 2)).1
            }
            _ => {
                let at = now.plus(random.millis(0, 60_000));
                Trigger::Date(DateTrigger { at, zone: ZONES[0].into(), intent: None })
            }
        }
    }

    fn bounds(&mut self) -> Bounds {
        let (random, now) = (&mut self.random, self.now.wall);
        let mut bounds = Bounds::default();
        if random.chance(15) {
            bounds.start = Some(now.plus(random.millis(0, 600_000)));
        }
        if random.chance(15) {
            bounds.end = Some(now.plus(random.millis(600_000, 20_000_000)));
        }
        if random.chance(25) {
            bounds.max_executions = Some(u32::try_from(random.within(1, 6)).unwrap());
        }
        if random.chance(20) {
            bounds.jitter = random.pick(&[1, 5, 45, 400]) * Duration::from_secs(1);
        }
        if random.chance(10) {
            let zone = jiff::tz::TimeZoneDatabase::bundled().get(ZONES[0]).unwrap();
            let day = zone.to_datetime(now.timestamp()).date();
            let from = if random.chance(50) { day } else { day.tomorrow().unwrap() };
            let (from, to) = (from.to_datetime(jiff::civil::Time::midnight()), from + 1.day());
            bounds.exclude =
                vec![Exclusion { from, to: to.to_datetime(jiff::civil::Time::midnight()) }];
        }
        bounds
    }
}

fn policies(random: &mut Random) -> Policies {
    let grace = match random.within(0, 4) {
        0 => Grace::Forever,
        1 => Grace::Within(Duration::ZERO),
        2 => Grace::Within(random.millis(0, 60_000)),
        _ => Grace::Within(Duration::from_secs(300)),
    };
    let rerun = random.chance(30);
    Policies {
        retries: random.pick(&[0, 0, 0, 1, 2]),
        retry_delay: Duration::from_secs(random.pick(&[0, 1, 10, 100])),
        timeout: random.chance(30).then(|| random.millis(0, 20_000)),
        idle_timeout: random.chance(10).then(|| random.millis(100, 8_000)),
        grace,
        on_interrupted: if rerun { OnInterrupted::Rerun } else { OnInterrupted::Keep },
        condition: None,
        conflict: random.pick(&Conflict::ALL),
        max_instances: random.pick(&[1, 2, 3]),
        queue_limit: random.pick(&[1, 2, 5, 100]),
        conflict_key: random.chance(30).then(|| random.pick(&["scope", "psu"]).to_owned()),
        fanout: random.pick(&[None, None, Some(1), Some(2)]),
        // Days of firings each by itself would be a hundred thousand rows.
        coalesce: grace == Grace::Forever || random.chance(50),
        alarm: random.chance(60),
    }
}
