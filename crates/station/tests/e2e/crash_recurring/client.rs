//! Clients that ask for things at random while the daemon is killed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use station::client::UnixTransport;

use super::{call, merged, script};
use crate::support::{Random, Site};

/// What a client knows of a job of its own.
#[derive(Default)]
pub(super) struct Known {
    /// Whether it is to fire, if the answer to the last request about that came in.
    enabled: Option<bool>,
    /// Whether it is deleted; unknown if the answer did not come in.
    deleted: Option<bool>,
}

/// One that creates jobs and changes its own, and only runs and cuts short the watched ones.
pub(super) struct Client {
    pub(super) random: Random,
    pub(super) own: BTreeMap<i64, Known>,
    pub(super) watched: Vec<String>,
    pub(super) ledger: String,
}

impl Client {
    /// One request; none once the daemon is gone.
    pub(super) fn act(&mut self, transport: &mut UnixTransport) -> Option<()> {
        let choice = self.random.below(10);
        if choice < 2 {
            let nth = self.upto(self.watched.len());
            let id = self.watched[nth].clone();
            let path = if choice == 0 {
                format!("jobs/{id}/run")
            } else {
                let run =
                    call(transport, "GET", &format!("/api/scheduler/jobs/{id}"), &Value::Null)?;
                let count = run.1["job"]["execution_count"].as_u64().unwrap();
                format!("executions/{id}.{}/cancel", count.max(1))
            };
            let answer = call(transport, "POST", &format!("/api/scheduler/{path}"), &json!({}))?;
            assert!(matches!(answer.0, 200 | 404 | 409), "{path}: {}", answer.1);
            return Some(());
        }
        let alive: Vec<i64> =
            self.own.iter().filter(|own| own.1.deleted == Some(false)).map(|own| *own.0).collect();
        if alive.len() < 4 {
            return self.create(transport);
        }
        let id = alive[self.upto(alive.len())];
        self.change(transport, id, choice)
    }

    /// A number below a limit.
    fn upto(&mut self, limit: usize) -> usize {
        usize::try_from(self.random.below(u64::try_from(limit).unwrap())).unwrap()
    }

    fn create(&mut self, transport: &mut UnixTransport) -> Option<()> {
        let policy = ["skip", "queue", "replace", "cancel_running"][self.upto(4)];
        let millis = 50 + self.random.below(400);
        let trigger = json!({
            "trigger_type": "interval", "interval_seconds": millis as f64 / 1000.0,
            "conflict_policy": policy, "max_instances": 2, "coalesce": self.random.below(2) == 0,
            "on_failure_alarm": true, "jitter_seconds": self.random.below(2) as f64 * 0.05,
            "max_executions": 5 + self.random.below(1000), "misfire_grace_time": self.random.below(2),
        });
        let act = ["true", "exit 1", "sleep 0.3"][self.upto(3)];
        let body = merged(trigger, script("own", &self.ledger, act));
        let (status, answer) = call(transport, "POST", "/api/scheduler/jobs/create", &body)?;
        assert_eq!(status, 200, "{answer}");
        let id = answer["job_id"].as_str().unwrap().parse().unwrap();
        let known = Known { enabled: Some(true), deleted: Some(false) };
        assert!(self.own.insert(id, known).is_none(), "job number {id} was given twice");
        Some(())
    }

    fn change(&mut self, transport: &mut UnixTransport, id: i64, choice: u64) -> Option<()> {
        let path = format!("/api/scheduler/jobs/{id}");
        let interval = (20 + self.random.below(300)) as f64 / 1000.0;
        let known = self.own.get_mut(&id).unwrap();
        let (method, path, body, enabled) = match choice {
            2 => ("POST", format!("{path}/pause"), json!({}), Some(false)),
            3 => ("POST", format!("{path}/resume"), json!({}), Some(true)),
            4 => ("PATCH", path, json!({"interval_seconds": interval}), known.enabled),
            5 => ("PATCH", path, json!({"conflict_key": "bench"}), known.enabled),
            6 => ("POST", format!("{path}/cancel"), json!({}), Some(true)),
            7 => ("DELETE", path, Value::Null, known.enabled),
            8 => (
                "PATCH",
                path,
                json!({"max_executions": 2000, "conflict_key": null}),
                known.enabled,
            ),
            _ => ("POST", format!("{path}/run"), json!({}), known.enabled),
        };
        let before = known.enabled.take();
        if method == "DELETE" {
            known.deleted = None;
        }
        let (status, answer) = call(transport, method, &path, &body)?;
        assert!(
            matches!(status, 200 | 409) || status == 400 && method == "PATCH",
            "{path}: {answer}"
        );
        known.enabled = if status == 200 { enabled } else { before };
        if method == "DELETE" {
            known.deleted = Some(status == 200);
        }
        Some(())
    }

    /// What was told it is still so.
    pub(super) fn check(&self, site: &Site) {
        let mut transport = site.connect().unwrap();
        for (id, known) in &self.own {
            let path = format!("/api/scheduler/jobs/{id}");
            let (status, answer) = call(&mut transport, "GET", &path, &Value::Null).unwrap();
            if let Some(deleted) = known.deleted {
                assert_eq!(status, if deleted { 404 } else { 200 }, "job {id}: {answer}");
            }
            if let (200, Some(enabled)) = (status, known.enabled) {
                assert_eq!(answer["job"]["enabled"], enabled, "{answer}");
            }
        }
    }
}
