//! Nodes: registered, changed, removed, and marked by whether they could be reached.

use super::gates::Gate;
use super::{Change, Engine, Outcome, Refusal, Reply};
use crate::model::{Job, JobId, JobSpec, Node, NodeHealth, Now, RecordKind, Target};

impl Engine {
    pub(super) fn keep_nodes(
        &mut self,
        now: Now,
        nodes: Vec<Node>,
        change: bool,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        for node in &nodes {
            match (self.nodes.contains_key(&node.name), change) {
                (true, false) => return Err(Refusal::NodeExists(node.name.clone())),
                (false, true) => return Err(Refusal::NoSuchNode(node.name.clone())),
                (false, false) if self.outstations.contains_key(&node.name) => {
                    let name = node.name.clone();
                    return Err(Refusal::RecordExists(RecordKind::Outstation, name));
                }
                (true, true) | (false, false) => {}
            }
        }
        for mut node in nodes {
            let before = self.nodes.remove(&node.name);
            node.created_at = before.as_ref().map_or(now.wall, |(node, _)| node.created_at);
            out.changes.push(Change::NodeRecorded(Box::new(node.clone())));
            let name = node.name.clone();
            self.nodes.insert(name.clone(), (node, before.and_then(|(_, health)| health)));
            // It may have more runs at once now.
            self.wake(&[Gate::Node(name)]);
        }
        Ok(Reply::NodesKept)
    }

    pub(super) fn remove_nodes(
        &mut self,
        names: &[String],
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        if let Some(unknown) = names.iter().find(|name| !self.nodes.contains_key(*name)) {
            return Err(Refusal::NoSuchNode(unknown.clone()));
        }
        for name in names {
            self.nodes.remove(name);
            out.changes.push(Change::NodeRemoved { name: name.clone() });
            // What waits for it waits for nothing.
            self.wake(&[Gate::Node(name.clone())]);
        }
        Ok(Reply::NodesKept)
    }

    /// A node could be reached, or could not for this reason; that is recorded when it is news.
    pub(super) fn mark(
        &mut self,
        now: Now,
        name: Option<&str>,
        unreachable: Option<String>,
        out: &mut Outcome,
    ) {
        let Some((node, health)) = name.and_then(|name| self.nodes.get_mut(name)) else { return };
        let was = health.as_ref().map(|health| health.unreachable.is_some());
        if was != Some(unreachable.is_some()) {
            let health = health.insert(NodeHealth { since: now.wall, unreachable });
            let (name, health) = (node.name.clone(), health.clone());
            out.changes.push(Change::NodeMarked { name, health });
        }
    }

    /// Refuses a job whose target names nothing at this time. One it had `before` was judged then.
    pub(super) fn check_target(&self, spec: &JobSpec, before: Option<&Job>) -> Result<(), Refusal> {
        match &spec.target {
            Target::Nodes(set) if before.is_none_or(|job| job.spec.target != spec.target) => {
                let named = set.expand(&self.nodes).map(drop);
                named.map_err(|error| Refusal::NoSuchTarget(error.to_string()))
            }
            Target::Outstation(name) if before.is_none_or(|job| job.spec.target != spec.target) => {
                self.check_outstation(name)
            }
            Target::Nodes(_) | Target::Local | Target::Equipment(_) | Target::Outstation(_) => {
                Ok(())
            }
        }
    }

    /// Refuses other equipment while runs of the job hold theirs or wait for it: what is to be made
    /// safe after a crash is read off the job.
    pub(super) fn check_equipment(&self, id: JobId, spec: &JobSpec) -> Result<(), Refusal> {
        let Some(before) = self.window.job(id).map(|job| &job.spec.target) else { return Ok(()) };
        let touched = *before != spec.target
            && [before, &spec.target].iter().any(|target| !target.equipment().is_empty());
        if touched && self.runs_of(id).next().is_some() {
            return Err(Refusal::TargetInUse(id));
        }
        Ok(())
    }
}
