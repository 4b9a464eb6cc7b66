//! A table read key by key: what is missing, of another type, or unknown becomes a fault.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Number, Value};
use station_core::when::parse_duration;

use super::tree::{Node, Tree};
use crate::sequence::Fault;

/// Everything that was found wrong so far.
pub(super) type Faults = Vec<Fault>;

/// A table some keys of which are taken already.
pub(super) struct Table {
    line: Option<u32>,
    /// What it is, for sentences: `step 3`.
    name: String,
    entries: Vec<(String, Node)>,
}

impl Table {
    /// The table that a node should be.
    pub(super) fn of(node: Node, name: &str, faults: &mut Faults) -> Option<Self> {
        let kind = node.kind();
        if let Tree::Table(entries) = node.tree {
            return Some(Self { line: node.line, name: name.to_owned(), entries });
        }
        faults.push(Fault {
            line: node.line,
            message: format!("{name}: a table belongs here, not {kind}"),
        });
        None
    }

    /// What it is, for sentences.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Says that something is wrong with the table.
    pub(super) fn refuse(&self, why: &str, faults: &mut Faults) {
        faults.push(Fault { line: self.line, message: format!("{}: {why}", self.name) });
    }

    /// Says that something is wrong with a value of it.
    fn refuse_at(&self, line: Option<u32>, why: &str, faults: &mut Faults) {
        faults.push(Fault { line: line.or(self.line), message: format!("{}: {why}", self.name) });
    }

    /// Whether the key stands there, not taken yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    /// Takes the value of a key; null is as if the key were not there.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let place = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, node) = self.entries.swap_remove(place);
        if matches!(node.tree, Tree::Leaf(Value::Null)) { None } else { Some(node) }
    }

    /// Takes a value that must be there.
    pub(super) fn need(&mut self, key: &str, example: &str, faults: &mut Faults) -> Option<Node> {
        let node = self.take(key);
        if node.is_none() {
            self.refuse(&format!("'{key}' is missing, for example {key} = {example}"), faults);
        }
        node
    }

    fn wrong<T>(&self, key: &str, node: &Node, wanted: &str, faults: &mut Faults) -> Option<T> {
        let shown = match node.value() {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                let text: String = value.to_string().chars().take(60).collect();
                format!("{} ({text})", node.kind())
            }
            Some(_) | None => node.kind().to_owned(),
        };
        self.refuse_at(node.line, &format!("'{key}' is {wanted}, not {shown}"), faults);
        None
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &str, faults: &mut Faults) -> Option<String> {
        let node = self.take(key)?;
        match &node.tree {
            Tree::Leaf(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => {
                self.wrong(key, &node, "a text", faults)
            }
        }
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str, faults: &mut Faults) -> Option<Number> {
        let node = self.take(key)?;
        match &node.tree {
            Tree::Leaf(Value::Number(number)) => Some(number.clone()),
            Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => {
                self.wrong(key, &node, "a number", faults)
            }
        }
    }

    /// A number that must be there.
    pub(super) fn needed_number(&mut self, key: &str, faults: &mut Faults) -> Option<Number> {
        if self.has(key) {
            return self.number(key, faults);
        }
        self.need(key, "5", faults).and(None)
    }

    /// How often: a whole number from 1.
    pub(super) fn count(&mut self, key: &str, faults: &mut Faults) -> Option<u32> {
        let node = self.need(key, "10", faults)?;
        let count = node.value().as_ref().and_then(Value::as_u64);
        let count = count.filter(|count| *count > 0).and_then(|count| u32::try_from(count).ok());
        count.or_else(|| self.wrong(key, &node, "a whole number from 1 on", faults))
    }

    /// A duration: a number of seconds, or a text such as `1.5s`.
    pub(super) fn duration(&mut self, key: &str, faults: &mut Faults) -> Option<Duration> {
        let node = self.take(key)?;
        let duration = match &node.tree {
            Tree::Leaf(Value::Number(seconds)) => {
                seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            }
            Tree::Leaf(Value::String(text)) => parse_duration(text).ok(),
            Tree::Leaf(_) | Tree::Table(_) | Tree::List(_) | Tree::Odd(_) => None,
        };
        duration.map(whole_micros).or_else(|| {
            let wanted = "a duration such as \"1.5s\", \"500ms\" or a number of seconds";
            self.wrong(key, &node, wanted, faults)
        })
    }

    /// A duration that must be there.
    pub(super) fn needed_duration(&mut self, key: &str, faults: &mut Faults) -> Option<Duration> {
        if self.has(key) {
            return self.duration(key, faults);
        }
        self.need(key, "\"500ms\"", faults).and(None)
    }

    /// A list; a missing one is empty.
    pub(super) fn list(&mut self, key: &str, faults: &mut Faults) -> Vec<Node> {
        match self.take(key) {
            None => Vec::new(),
            Some(Node { tree: Tree::List(list), .. }) => list,
            Some(node) => self.wrong(key, &node, "a list", faults).unwrap_or_default(),
        }
    }

    /// The parameters of a verb.
    pub(super) fn parameters(&mut self, faults: &mut Faults) -> BTreeMap<String, Value> {
        let Some(node) = self.take("parameters") else { return BTreeMap::new() };
        match node.value() {
            Some(Value::Object(map)) => map.into_iter().collect(),
            Some(_) => {
                let wanted = "a table such as { voltage = 5 }";
                self.wrong("parameters", &node, wanted, faults).unwrap_or_default()
            }
            None => {
                let why = "a parameter is a text, a finite number, a boolean, or a list of them";
                self.refuse_at(node.line, why, faults);
                BTreeMap::new()
            }
        }
    }

    /// Refuses what is left: keys that are not known here.
    pub(super) fn end(self, known: &str, faults: &mut Faults) {
        for (key, node) in &self.entries {
            let key: String = key.chars().take(60).flat_map(char::escape_debug).collect();
            self.refuse_at(
                node.line,
                &format!("'{key}' is not known here; there are {known}"),
                faults,
            );
        }
    }
}

/// Rounded to microseconds, which is what a duration is kept and printed in.
fn whole_micros(duration: Duration) -> Duration {
    let micros = duration.saturating_add(Duration::from_nanos(500)).as_micros();
    u64::try_from(micros).map_or(Duration::MAX, Duration::from_micros)
}
