//! An engine with nodes, and all that it has stored and started so far.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    Change, ClockTrust, Config, Effect, EndReport, Engine, Input, Outcome, Reply, Request, Scope,
    Snapshot,
};
use station_core::model::{
    Action, Alarm, Bounds, CommandLine, DateTrigger, End, Execution, ExecutionId, ExecutionStatus,
    HostKeys, IntervalTrigger, Job, JobId, JobSpec, Kill, Micros, Mono, Node, NodeHealth, NodeKind,
    NodeSet, Now, OutputSummary, Policies, Principal, Target, Trigger, Usage,
};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> Now {
    let mono = u64::try_from((10_000 + seconds) * SECOND).unwrap();
    Now { wall: Micros((START + seconds) * SECOND), mono: Mono(mono) }
}

pub(crate) fn id(n: u32) -> ExecutionId {
    ExecutionId { job: JobId(1), n }
}

pub(crate) fn node(name: &str, groups: &[&str]) -> Node {
    Node {
        name: name.into(),
        address: format!("{name}.example"),
        user: None,
        port: None,
        kind: NodeKind::Ssh,
        relay: None,
        groups: groups.iter().map(|&group| group.into()).collect(),
        guard: true,
        host_keys: HostKeys::Config,
        limit: None,
        created_at: Micros(0),
        created_by: Principal::Anonymous,
    }
}

/// Every ten seconds from second 10 on, on these nodes.
pub(crate) fn on(set: &str) -> JobSpec {
    JobSpec {
        name: "tick".into(),
        description: None,
        action: Action::Command {
            command: CommandLine::Shell("true".into()),
            context: None,
            stdin: None,
            sudo: false,
        },
        target: Target::Nodes(NodeSet::parse(set).unwrap()),
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
        created_by: Principal::Anonymous,
    }
}

/// Once, at second 10.
pub(crate) fn once(set: &str) -> JobSpec {
    let date = DateTrigger { at: at(10).wall, zone: "UTC".into(), intent: None };
    JobSpec { trigger: Trigger::Date(date), ..on(set) }
}

pub(crate) fn policies(spec: JobSpec, change: impl Fn(&mut Policies)) -> JobSpec {
    let mut spec = spec;
    change(&mut spec.policies);
    spec
}

pub(crate) struct Cluster {
    pub(crate) config: Config,
    pub(crate) engine: Engine,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) executions: BTreeMap<ExecutionId, Execution>,
    pub(crate) nodes: BTreeMap<String, (Node, Option<NodeHealth>)>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) marks: u32,
    /// Number and node of each run that was started, and that was told to end.
    pub(crate) started: Vec<(u32, String)>,
    pub(crate) stopped: Vec<u32>,
}

impl Cluster {
    /// rack1 to rack3 in group lab, and nas without a group.
    pub(crate) fn new() -> Self {
        Self::with(Config { retention: None, ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut cluster = Self {
            engine: start(&config, Snapshot::default(), at(0)).0,
            config,
            jobs: BTreeMap::new(),
            executions: BTreeMap::new(),
            nodes: BTreeMap::new(),
            alarms: Vec::new(),
            marks: 0,
            started: Vec::new(),
            stopped: Vec::new(),
        };
        let lab = ["rack1", "rack2", "rack3"].map(|name| node(name, &["lab"]));
        cluster.keep(lab.into_iter().chain([node("nas", &[])]).collect());
        cluster
    }

    pub(crate) fn keep(&mut self, nodes: Vec<Node>) {
        let kept = self.ask(0, Request::KeepNodes { nodes, change: false });
        assert_eq!(kept, Reply::NodesKept);
    }

    pub(crate) fn remove(&mut self, seconds: i64, name: &str) {
        let names = vec![name.to_owned()];
        assert_eq!(self.ask(seconds, Request::RemoveNodes { names }), Reply::NodesKept);
    }

    pub(crate) fn create(&mut self, spec: JobSpec) -> Reply {
        let spec = Box::new(spec);
        self.ask(0, Request::Create { spec, context: None, immediate: false, paused: false })
    }

    pub(crate) fn having(mut self, spec: JobSpec) -> Self {
        assert!(matches!(self.create(spec), Reply::Created(_)));
        self
    }

    pub(crate) fn handle(&mut self, seconds: i64, input: Input) -> Outcome {
        let outcome = self.engine.handle(at(seconds), input);
        self.take(&outcome);
        outcome
    }

    fn take(&mut self, outcome: &Outcome) {
        for change in outcome.changes.clone() {
            if let Change::JobCreated(job) | Change::JobReplaced(job) = change {
                self.jobs.insert(job.id, *job);
            } else if let Change::JobUpdated { job, state } = change {
                self.jobs.get_mut(&job).unwrap().state = state;
            } else if let Change::ExecutionRecorded(execution) = change {
                self.executions.insert(execution.id, *execution);
            } else if let Change::AlarmRecorded(alarm) = change {
                self.alarms.push(*alarm);
            } else if let Change::NodeRecorded(node) = change {
                let before = self.nodes.remove(&node.name).and_then(|(_, health)| health);
                self.nodes.insert(node.name.clone(), (*node, before));
            } else if let Change::NodeRemoved { name } = change {
                self.nodes.remove(&name);
            } else if let Change::NodeMarked { name, health } = change {
                self.marks += 1;
                self.nodes.get_mut(&name).unwrap().1 = Some(health);
            }
        }
        for effect in &outcome.effects {
            if let Effect::Start { execution, node, .. } = effect {
                let node = node.as_ref().map_or("-", |node| node.name.as_str());
                self.started.push((execution.n, node.to_owned()));
            } else if let Effect::Stop { execution, kill: false } = effect {
                self.stopped.push(execution.n);
            }
        }
        self.engine.committed();
    }

    pub(crate) fn ask(&mut self, seconds: i64, request: Request) -> Reply {
        self.handle(seconds, Input::Request(request)).reply.unwrap()
    }

    pub(crate) fn run_now(&mut self, seconds: i64) -> Reply {
        let row = self.jobs.get(&JobId(1)).cloned().map(Box::new);
        self.ask(seconds, Request::RunNow { job: JobId(1), row })
    }

    pub(crate) fn tick(&mut self, seconds: i64) {
        self.handle(seconds, Input::Tick);
    }

    pub(crate) fn end(&mut self, seconds: i64, n: u32, code: i32) {
        self.end_with(seconds, n, report(End::Exit(code)));
    }

    pub(crate) fn end_with(&mut self, seconds: i64, n: u32, report: EndReport) {
        let report = Box::new(report);
        self.handle(seconds, Input::Ended { execution: id(n), report });
    }

    /// The daemon is killed, and another one starts over what is stored.
    pub(crate) fn crash(&mut self, seconds: i64) -> Outcome {
        let (engine, first) = start(&self.config, self.snapshot(), at(seconds));
        self.engine = engine;
        self.take(&first);
        first
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let live = self.executions.values().filter(|run| !run.status.is_final());
        let pair = |run: &Execution| (self.jobs[&run.id.job].clone(), run.clone());
        let mut due: Vec<_> =
            self.jobs.values().filter(|job| job.state.next_due.is_some()).cloned().collect();
        due.sort_by_key(|job| (job.state.next_due, job.id));
        Snapshot {
            last_job: self.jobs.keys().last().map_or(0, |job| job.0),
            live: live.map(pair).collect(),
            due,
            nodes: self.nodes.values().cloned().collect(),
            ..Snapshot::default()
        }
    }

    pub(crate) fn job(&self) -> &Job {
        &self.jobs[&JobId(1)]
    }

    pub(crate) fn status(&self) -> ExecutionStatus {
        self.job().state.status
    }

    /// Number, node, status and firings of each execution of the first job.
    pub(crate) fn rows(&self) -> Vec<(u32, &str, ExecutionStatus, u32)> {
        let own = self.executions.values().filter(|run| run.id.job == JobId(1));
        own.map(|run| (run.id.n, run.node.as_deref().unwrap_or("-"), run.status, run.firings))
            .collect()
    }

    pub(crate) fn error(&self, n: u32) -> &str {
        self.executions[&id(n)].error.as_deref().unwrap_or("-")
    }

    pub(crate) fn started_on(&self) -> Vec<&str> {
        self.started.iter().map(|(_, node)| node.as_str()).collect()
    }

    /// Why a node is known to be out of reach.
    pub(crate) fn unreachable(&self, name: &str) -> Option<&str> {
        self.nodes[name].1.as_ref()?.unreachable.as_deref()
    }
}

pub(crate) fn start(config: &Config, snapshot: Snapshot, now: Now) -> (Engine, Outcome) {
    let zones = TimeZoneDatabase::bundled();
    Engine::start(config.clone(), Scope::All, snapshot, now, ClockTrust::Trusted, 7, zones)
}

pub(crate) fn report(end: End) -> EndReport {
    EndReport {
        kill: None,
        unreachable: false,
        result: None,
        end,
        error: None,
        usage: Usage::default(),
        output: OutputSummary::default(),
        chunks: Vec::new(),
    }
}

pub(crate) fn killed(kill: Kill) -> EndReport {
    EndReport { kill: Some(kill), ..report(End::Signal(15)) }
}

pub(crate) fn out_of_reach(why: &str) -> EndReport {
    EndReport { unreachable: true, error: Some(why.into()), ..report(End::NotStarted) }
}
