//! Ending: what follows the work however it went, and what is said of the equipment's state.

use std::time::Duration;

use serde_json::Value;
use station_core::model::Call;
use tokio::task::JoinHandle;

use super::{WorkEnd, WorkOutcome};
use crate::bench::Lease;
use crate::{Error, ErrorKind};

/// How long all of `on_release` may take, and each safe state.
const LIMIT: Duration = Duration::from_secs(10);

/// What came of the ending.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// What went wrong in it.
    pub(super) wrong: Vec<String>,
    /// How the equipment was left, if there is something to say.
    pub(super) left: Vec<String>,
    /// Some of the equipment was brought into its safe state.
    pub(super) made_safe: bool,
}

/// Begins what follows the work, which then goes on whether or not it is waited for: who is killed
/// midway has its equipment released all the same.
pub(super) fn begin(
    leases: Vec<Lease>,
    on_release: Vec<Call>,
    outcome: WorkOutcome,
) -> JoinHandle<Ending> {
    tokio::spawn(async move { end(leases, &on_release, outcome).await })
}

/// Waits for what was begun.
pub(super) async fn ended(ending: JoinHandle<Ending>) -> Ending {
    ending.await.unwrap_or_else(|error| {
        let wrong = format!(
            "what follows the work broke off: {error}; its equipment is NOT known to be in its safe state"
        );
        Ending { wrong: vec![wrong], ..Ending::default() }
    })
}

/// Does what follows the work: `on_release`, the safe state if anything went wrong, the release.
pub(super) async fn end(
    mut leases: Vec<Lease>,
    on_release: &[Call],
    outcome: WorkOutcome,
) -> Ending {
    let mut ending = Ending::default();
    leases.iter_mut().for_each(|lease| lease.set_stop(None));
    ending.release_calls(&mut leases, on_release).await;
    let failed = matches!(outcome, WorkOutcome::Failed | WorkOutcome::Unknown);
    if failed || !ending.wrong.is_empty() {
        for lease in &mut leases {
            ending.make_safe(lease).await;
        }
    }
    for lease in leases {
        release(lease).await;
    }
    ending
}

/// Gives equipment back as it is.
pub(super) async fn release(lease: Lease) {
    // It is closed then, and the next holder begins anew: nothing that work has to know.
    if let Err(error) = lease.release().await {
        tracing::debug!(%error, "equipment was let go of, and does not answer");
    }
}

impl Ending {
    /// Carries out the calls of `on_release`, all of them whatever goes wrong.
    async fn release_calls(&mut self, leases: &mut [Lease], calls: &[Call]) {
        if calls.is_empty() {
            return;
        }
        let mut done = 0_usize;
        let all = async {
            let mut wrong = Vec::new();
            for call in calls {
                let named = leases
                    .iter_mut()
                    .find(|lease| call.equipment.as_deref() == Some(lease.equipment().id.as_str()));
                let called = match named {
                    Some(lease) => lease.call_after(call).await.map(drop),
                    None => Err(not_held(call)),
                };
                if let Err(error) = called {
                    wrong.push(format!("on_release ({}) failed: {}", call.verb, error.message));
                }
                done = done.saturating_add(1);
            }
            wrong
        };
        match tokio::time::timeout(LIMIT, all).await {
            Ok(wrong) => self.wrong.extend(wrong),
            Err(_) => {
                let (seconds, all) = (LIMIT.as_secs(), calls.len());
                self.wrong.push(format!(
                    "on_release was not done within {seconds} s: {done} of its {all} calls were"
                ));
            }
        }
    }

    /// Brings an equipment into its safe state, unless it has none.
    async fn make_safe(&mut self, lease: &mut Lease) {
        let id = lease.equipment().id.clone();
        if lease.driver().safe_state().is_empty() {
            let driver = lease.driver().name();
            self.left.push(format!(
                "equipment '{id}' was left as it is: the driver {driver} knows no safe state"
            ));
            return;
        }
        if !lease.has_safe_state() {
            self.left.push(format!("equipment '{id}' was left as it is, as its settings say"));
            return;
        }
        match tokio::time::timeout(LIMIT, lease.make_safe()).await {
            Ok(Ok(())) => {
                self.made_safe = true;
                self.left.push(format!("equipment '{id}' was brought into its safe state"));
            }
            Ok(Err(error)) => self.wrong.push(error.message),
            Err(_) => {
                let seconds = LIMIT.as_secs();
                self.wrong.push(format!(
                    "equipment '{id}' is NOT known to be in its safe state: it took longer than {seconds} s"
                ));
            }
        }
    }

    /// The end of work that ended so, with what is to be said of its ending.
    pub(super) fn of(
        self,
        outcome: WorkOutcome,
        error: Option<String>,
        result: Option<Value>,
    ) -> WorkEnd {
        let spoilt = outcome == WorkOutcome::Done && !self.wrong.is_empty();
        let outcome = if spoilt { WorkOutcome::Failed } else { outcome };
        let parts: Vec<String> = error.into_iter().chain(self.wrong).chain(self.left).collect();
        let error = (!parts.is_empty()).then(|| parts.join("; "));
        WorkEnd { outcome, error, result }
    }
}

fn not_held(call: &Call) -> Error {
    let message = match &call.equipment {
        Some(id) => format!("equipment '{id}' is not held"),
        None => "it names no equipment, and the job has not just one".to_owned(),
    };
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_ending_fails_work_that_was_done() {
        let wrong =
            || Ending { wrong: vec!["a".to_owned()], left: vec!["b".to_owned()], made_safe: false };
        let end = wrong().of(WorkOutcome::Done, None, None);
        assert_eq!((end.outcome, end.error.as_deref()), (WorkOutcome::Failed, Some("a; b")));
        let end = wrong().of(WorkOutcome::Unknown, Some("x".to_owned()), None);
        assert_eq!((end.outcome, end.error.as_deref()), (WorkOutcome::Unknown, Some("x; a; b")));
        let end = Ending::default().of(WorkOutcome::Done, None, Some(Value::Null));
        assert_eq!((end.outcome, end.error), (WorkOutcome::Done, None));
    }
}
