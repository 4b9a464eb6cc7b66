//! Nodes: registered, changed, removed, and marked by whether they could be reached.

use super::{Change, Engine, Outcome, Refusal, Reply};
use crate::model::{Node, Now};

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
                (true, true) | (false, false) => {}
            }
        }
        for mut node in nodes {
            let before = self.nodes.remove(&node.name);
            node.created_at = before.as_ref().map_or(now.wall, |(node, _)| node.created_at);
            out.changes.push(Change::NodeRecorded(Box::new(node.clone())));
            self.nodes.insert(node.name.clone(), (node, before.and_then(|(_, health)| health)));
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
        }
        Ok(Reply::NodesKept)
    }
}
