//! What the reference knows of nodes: which there are, which sets name which, who holds up whom.

use station_core::engine::{Input, Outcome, Request};
use station_core::model::{
    End, Execution, ExecutionId, ExecutionStatus, JobId, Kill, Micros, Node, Now, Target,
};

use super::firings::Verdict;
use super::runs::records;
use super::{RefJob, Reference, State};

/// The sets in these worlds; what they mean is written out in [`Reference::named`].
pub(crate) const SETS: [&str; 7] = ["n1", "n[1-2]", "n[2-3],n1", "@a", "@*", "@b!n1", "@a^@b"];

#[derive(Clone, Debug)]
pub(crate) struct RefNode {
    pub(crate) node: Node,
    /// Whether it was out of reach the last time, once it was tried.
    pub(crate) out_of_reach: Option<bool>,
}

/// An execution that is still to be recorded for a firing, and how.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) job: JobId,
    pub(super) node: String,
    pub(super) verdict: Verdict,
    pub(super) planned: Micros,
}

impl Reference {
    /// The nodes a set names, in their order, unless it names one that is not there or none at all.
    pub(crate) fn named(&self, set: &str) -> Option<Vec<String>> {
        let there = |name: &str| self.nodes.contains_key(name);
        let group = |wanted: &str| -> Vec<&str> {
            let of = |node: &&RefNode| node.node.groups.iter().any(|group| group == wanted);
            self.nodes.values().filter(of).map(|node| node.node.name.as_str()).collect()
        };
        let (a, b) = (group("a"), group("b"));
        let names: Vec<&str> = match set {
            "n1" => Some(vec!["n1"]),
            "n[1-2]" => Some(vec!["n1", "n2"]),
            "n[2-3],n1" => Some(vec!["n1", "n2", "n3"]),
            "@a" => Some(a),
            "@*" => Some(self.nodes.keys().map(String::as_str).collect()),
            "@b!n1" if there("n1") && !b.is_empty() => {
                Some(b.into_iter().filter(|name| *name != "n1").collect())
            }
            "@a^@b" if !a.is_empty() && !b.is_empty() => {
                let all = self.nodes.keys().map(String::as_str);
                Some(all.filter(|name| a.contains(name) != b.contains(name)).collect())
            }
            _ => None,
        }?;
        let all_there = names.iter().all(|name| there(name));
        (all_there && !names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect())
    }

    /// On which nodes a job would be carried out; `None`: on this machine.
    pub(super) fn places(&self, id: JobId) -> Option<Option<Vec<String>>> {
        let job = self.jobs.iter().find(|job| job.id == id).expect("a known job");
        match &job.spec.target {
            Target::Local | Target::Equipment(_) | Target::Outstation(_) => None,
            Target::Nodes(set) => Some(self.named(set.text())),
        }
    }

    pub(super) fn judged(&self, id: JobId, nodes: Vec<String>) -> Vec<(String, Verdict)> {
        let judge = |node: String| (node.clone(), self.judge(id, Some(&node)));
        nodes.into_iter().map(judge).collect()
    }

    /// Whether as many run on its node, or of its job, as may.
    pub(crate) fn is_held_up(&self, id: ExecutionId) -> bool {
        self.would_be_held_up(id, id)
    }

    /// The same as it was before another has started.
    pub(super) fn would_be_held_up(&self, id: ExecutionId, started: ExecutionId) -> bool {
        let job = self.jobs.iter().find(|job| job.id == id.job).expect("a known job");
        let run = &job.runs[usize::try_from(id.n).unwrap() - 1];
        let Some(name) = &run.node else { return self.lacks_equipment(job, run) };
        let running = |wanted: &dyn Fn(&super::RefRun) -> bool| {
            let running = |run: &&super::RefRun| run.state == State::Running && run.id != started;
            let runs = self.all_runs().filter(running);
            u32::try_from(runs.filter(|run| wanted(run)).count()).unwrap()
        };
        let on_node = running(&|run| run.node.as_ref() == Some(name));
        let of_job = running(&|run| run.id.job == id.job && run.node.is_some());
        let limit =
            self.nodes.get(name).map(|node| node.node.limit.unwrap_or(self.node_limit).max(1));
        let fanout = job.spec.policies.fanout;
        limit.is_some_and(|limit| on_node >= limit)
            || fanout.is_some_and(|fanout| of_job >= fanout.max(1))
    }

    /// Whether another run has the equipment that this one needs, or was planned before it and needs
    /// some of it, too.
    fn lacks_equipment(&self, job: &RefJob, run: &super::RefRun) -> bool {
        let beside = self.jobs.iter().filter(|other| other.shares_equipment(job));
        beside.flat_map(RefJob::recent).filter(|other| other.id != run.id).any(|other| {
            let before = (other.planned, other.id) < (run.planned, run.id);
            match other.state {
                State::Running | State::Left => true,
                State::Waiting => before,
                State::BackingOff(_) => before && other.rested,
                State::Queued | State::Ended(_) => false,
            }
        })
    }

    pub(crate) fn node_of(&self, id: ExecutionId) -> Option<String> {
        let job = self.jobs.iter().find(|job| job.id == id.job)?;
        job.runs[usize::try_from(id.n).unwrap() - 1].node.clone()
    }

    /// Whether a run waits for a node that is not there any more.
    pub(super) fn is_lost(&self, id: ExecutionId) -> bool {
        let job = self.jobs.iter().find(|job| job.id == id.job).expect("a known job");
        let node = &job.runs[usize::try_from(id.n).unwrap() - 1].node;
        node.as_ref().is_some_and(|name| !self.nodes.contains_key(name))
    }

    /// Nobody can look for what an earlier daemon left on nodes that are gone.
    pub(super) fn find_orphans(&mut self) {
        let left = self.all_runs().filter(|run| run.state == State::Left).map(|run| run.id);
        let left: Vec<_> = left.collect();
        self.orphans = left.into_iter().filter(|id| self.is_lost(*id)).collect();
    }

    pub(super) fn end_orphans(&mut self, now: Now, outcome: &Outcome) {
        for id in std::mem::take(&mut self.orphans) {
            self.survivor_ended(now, id, outcome);
        }
    }

    /// One more execution of the firing at hand.
    pub(super) fn further(&mut self, now: Now, row: &Execution, awaited: Awaited) {
        let Awaited { job, node, verdict, planned } = awaited;
        assert_eq!((row.id.job, row.node.as_deref()), (job, Some(node.as_str())), "{row:?}");
        assert_eq!((row.firings, row.planned, row.first_planned), (0, planned, None), "{row:?}");
        let own = self.job(job).unwrap();
        let id = own.add(row.cause, planned, State::Queued);
        own.runs.last_mut().unwrap().node = Some(node);
        assert_eq!(id, row.id, "the execution's number");
        self.carry_out(now, row, verdict);
    }

    /// What a run's input tells of its node.
    pub(super) fn hear_of_node(&mut self, input: &Input) {
        let (id, heard) = match input {
            Input::Started { execution, .. } => (*execution, Some(false)),
            Input::Ended { execution, report } => {
                let ran = matches!(report.end, End::Exit(_) | End::Signal(_));
                let reached = ran && report.kill != Some(Kill::Unknown);
                let heard = if report.unreachable { Some(true) } else { reached.then_some(false) };
                (*execution, heard)
            }
            _ => return,
        };
        let run = self.run(id).filter(|run| run.state == State::Running);
        let Some(name) = run.and_then(|run| run.node.clone()) else { return };
        if let (Some(node), Some(heard)) = (self.nodes.get_mut(&name), heard) {
            node.out_of_reach = Some(heard);
        }
    }

    pub(super) fn keep_nodes(&mut self, now: Now, request: &Request) -> String {
        match request {
            Request::KeepNodes { nodes, change } => {
                if let Some(node) =
                    nodes.iter().find(|node| self.nodes.contains_key(&node.name) != *change)
                {
                    let what = if *change { "no node" } else { "a node already" };
                    return format!("{what} {}", node.name);
                }
                for node in nodes {
                    let before = self.nodes.get(&node.name);
                    let created_at = before.map_or(now.wall, |node| node.node.created_at);
                    let out_of_reach = before.and_then(|node| node.out_of_reach);
                    let node = Node { created_at, ..node.clone() };
                    self.nodes.insert(node.name.clone(), RefNode { node, out_of_reach });
                }
            }
            Request::RemoveNodes { names } => {
                if let Some(name) = names.iter().find(|name| !self.nodes.contains_key(*name)) {
                    return format!("no node {name}");
                }
                self.nodes.retain(|name, _| !names.contains(name));
            }
            other => panic!("{other:?} is about no nodes"),
        }
        "nodes kept".to_owned()
    }

    /// A run whose node is gone has failed for good, in this outcome.
    pub(super) fn lose(&mut self, now: Now, row: &Execution, outcome: &Outcome) {
        assert!(self.is_lost(row.id), "{row:?} failed without having run");
        assert_eq!(row.end, Some(End::NotStarted), "{row:?}");
        let is_last = records(outcome).filter(|other| other.id == row.id).count() == 1;
        assert!(is_last || row.ended.is_some(), "{row:?}");
        self.over(row.id, ExecutionStatus::Failed);
        self.alarm(now, row);
        self.release_lines();
    }

    /// An execution has ended for good.
    pub(super) fn over(&mut self, id: ExecutionId, status: ExecutionStatus) {
        self.run(id).unwrap().state = State::Ended(status);
        self.job(id.job).unwrap().come_to(id, status);
    }
}

impl RefJob {
    /// Whether a run of it and one of the other job need the same equipment.
    fn shares_equipment(&self, other: &Self) -> bool {
        let ids = other.spec.target.equipment();
        self.spec.target.equipment().iter().any(|id| ids.contains(id))
    }

    /// What comes next is a firing of its own.
    pub(super) fn begin_firing(&mut self) {
        let first = u32::try_from(self.runs.len()).unwrap() + 1;
        self.fan_first = matches!(self.spec.target, Target::Nodes(_)).then_some(first);
    }

    /// What a job comes to when one of its executions has ended: on nodes, to the worst of its latest
    /// firing.
    fn come_to(&mut self, id: ExecutionId, status: ExecutionStatus) {
        let ends = [
            ExecutionStatus::Failed,
            ExecutionStatus::Interrupted,
            ExecutionStatus::Missed,
            ExecutionStatus::Cancelled,
            ExecutionStatus::Skipped,
            ExecutionStatus::Completed,
        ];
        let latest = self.fan_first.map(|first| usize::try_from(first).unwrap() - 1);
        let latest = &self.runs[latest.unwrap_or(usize::try_from(id.n).unwrap() - 1)..];
        let came_to =
            |end: &&ExecutionStatus| latest.iter().any(|run| run.state == State::Ended(**end));
        let worst = if self.fan_first.is_some() { ends.iter().find(came_to) } else { None };
        self.last_end = Some(worst.copied().unwrap_or(status));
    }
}
