//! What has become of a fleet, in a few lines: counts, then the failed nodes folded by reason.

use super::roll::Roll;

/// The statuses an end can have, the best first.
const ENDS: [&str; 6] = ["completed", "failed", "cancelled", "skipped", "missed", "interrupted"];

/// The lines; `took` is how long it took.
pub(super) fn lines(roll: &Roll, took: &str) -> Vec<String> {
    let counts = ENDS.into_iter().map(|status| (roll.count(status), status));
    let mut counts: Vec<String> = counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, status)| format!("{count} {status}"))
        .collect();
    let open = roll.entries().filter(|(_, entry)| !entry.is_over()).count();
    if open > 0 {
        counts.push(format!("{open} not ended"));
    }
    let nodes = if roll.len() == 1 { "node" } else { "nodes" };
    let mut lines = vec![format!("{} {nodes}: {} in {took}", roll.len(), counts.join(", "))];
    lines.extend(roll.failures().iter().map(|(reason, nodes)| format!("  {nodes}: {reason}")));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_summary_counts_and_folds() {
        let mut roll = Roll::default();
        for (n, status, error) in [
            (1, "completed", json!(null)),
            (2, "failed", json!("exited with status 2")),
            (3, "failed", json!("exited with status 2")),
            (4, "running", json!(null)),
        ] {
            let id = format!("7.{n}");
            let node = format!("pi{n}");
            roll.note(&json!({"execution_id": id, "node": node, "status": status, "error": error}));
        }
        let expected = [
            "4 nodes: 1 completed, 2 failed, 1 not ended in 3 s",
            "  pi[2-3]: exited with status 2",
        ];
        assert_eq!(lines(&roll, "3 s"), expected);
    }
}
