//! The roll of a fleet: every node once, with where its execution stands and why it failed.

use std::collections::BTreeMap;

use serde_json::Value;
use station_core::model::fold;

use super::super::{api, plain, shown};

/// Where the executions of a firing stand.
#[derive(Debug, Default)]
pub(super) struct Roll {
    /// By execution.
    entries: BTreeMap<String, Entry>,
}

/// Where one stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its node.
    pub(super) node: String,
    /// Its status.
    pub(super) status: String,
    attempt: u64,
    retry_at: String,
    /// Why it failed, or did not run; nothing while it has not.
    pub(super) reason: Option<String>,
    /// How much of its output the station could not keep.
    pub(super) dropped: u64,
}

impl Entry {
    /// Whether nothing more will happen to it.
    pub(super) fn is_over(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "running")
    }

    /// Whether it did what was asked.
    pub(super) fn is_good(&self) -> bool {
        self.status == "completed"
    }

    /// Whether an attempt has failed and another one follows.
    pub(super) fn waits_for(&self) -> Option<&str> {
        Some(self.retry_at.as_str()).filter(|at| !at.is_empty())
    }
}

impl Roll {
    /// Takes note of an execution; its entry, if that is news.
    pub(super) fn note(&mut self, execution: &Value) -> Option<&Entry> {
        let node = api::text(execution, "node").to_owned();
        let status = api::text(execution, "status").to_owned();
        let retry_at = api::text(execution, "retry_at").to_owned();
        let mut entry = Entry {
            reason: None,
            node,
            attempt: api::number(execution, "attempt").unwrap_or_default(),
            dropped: api::number(execution, "dropped_bytes").unwrap_or_default(),
            status,
            retry_at,
        };
        if (entry.is_over() && !entry.is_good()) || entry.waits_for().is_some() {
            entry.reason = Some(reason(execution, &entry.node));
        }
        let id = api::text(execution, "execution_id").to_owned();
        if self.entries.get(&id) == Some(&entry) {
            return None;
        }
        self.entries.insert(id.clone(), entry);
        self.entries.get(&id)
    }

    /// All of them, by execution.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(id, entry)| (id.as_str(), entry))
    }

    /// How many have this status.
    pub(super) fn count(&self, status: &str) -> usize {
        self.entries.values().filter(|entry| entry.status == status).count()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Those that failed or did not run, folded by their reason.
    pub(super) fn failures(&self) -> BTreeMap<&str, String> {
        let mut nodes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in self.entries.values().filter(|entry| entry.is_over() && !entry.is_good()) {
            let reason = entry.reason.as_deref().unwrap_or_default();
            nodes.entry(reason).or_default().push(&entry.node);
        }
        nodes.into_iter().map(|(reason, nodes)| (reason, plain(&fold(nodes)))).collect()
    }

    /// The nodes on which something still runs or waits, folded; empty when there are none.
    pub(super) fn open(&self) -> String {
        let open = self.entries.values().filter(|entry| !entry.is_over());
        plain(&fold(open.map(|entry| entry.node.as_str())))
    }
}

/// Why an execution failed or did not run. The node stands before the sentence, not within it, so
/// that the same reason is the same sentence on each.
fn reason(execution: &Value, node: &str) -> String {
    let error = api::text(execution, "error");
    if error.is_empty() {
        return match (api::text(execution, "status"), shown::exit(execution)) {
            ("failed", none) if none == "-" => "failed".to_owned(),
            ("failed", code) if code.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("exited with status {code}")
            }
            ("failed", signal) => format!("was ended by {signal}"),
            (status, _) => plain(status),
        };
    }
    let bare = error.strip_prefix(&format!("{node}: ")).unwrap_or(error);
    plain(&bare.replace(&format!(" on {node} "), " there "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(n: u32, node: &str, status: &str, error: Value) -> Value {
        json!({"execution_id": format!("7.{n}"), "node": node, "status": status, "attempt": 1,
            "error": error, "exit_code": null, "signal": null, "retry_at": null})
    }

    #[test]
    fn each_node_is_counted_once_and_failures_are_folded() {
        let mut roll = Roll::default();
        let gone = "timed out after 5 s; its processes on rack4 are gone";
        for (n, node, status, error) in [
            (1, "rack1", "failed", json!("exited with status 2")),
            (2, "rack2", "completed", Value::Null),
            (3, "rack3", "failed", json!("exited with status 2")),
            (4, "rack4", "failed", json!(gone)),
            (5, "rack5", "running", Value::Null),
            (6, "rack10", "failed", json!("rack10: unreachable: no\x1broute")),
        ] {
            assert!(roll.note(&told(n, node, status, error.clone())).is_some());
            assert!(roll.note(&told(n, node, status, error)).is_none());
        }
        assert_eq!((roll.len(), roll.count("failed"), roll.open()), (6, 4, "rack5".to_owned()));
        let failures: Vec<String> =
            roll.failures().iter().map(|(reason, nodes)| format!("{nodes}: {reason}")).collect();
        assert_eq!(
            failures,
            [
                "rack[1,3]: exited with status 2",
                "rack4: timed out after 5 s; its processes there are gone",
                "rack10: unreachable: no\\x1broute",
            ]
        );
    }

    #[test]
    fn an_end_without_a_sentence_is_told_by_its_figures() {
        let mut exited = told(1, "a", "failed", Value::Null);
        exited["exit_code"] = json!(3);
        let mut killed = told(1, "a", "failed", Value::Null);
        killed["signal"] = json!(9);
        killed["result"] = json!({"signal": 9, "signal_name": "KILL"});
        let reasons = [
            exited,
            killed,
            told(1, "a", "failed", Value::Null),
            told(1, "a", "skipped", Value::Null),
        ]
        .map(|execution| reason(&execution, "a"));
        assert_eq!(reasons, ["exited with status 3", "was ended by SIGKILL", "failed", "skipped"]);
    }
}
