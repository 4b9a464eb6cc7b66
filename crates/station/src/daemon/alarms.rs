//! Alarms of the station's own: raised also when the store is in trouble, once it is not any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use station_core::engine::Request;
use station_core::model::Severity;

use crate::runtime::Handle;

/// After how long an alarm that could not be stored is raised again.
const AGAIN: Duration = Duration::from_secs(5);

/// Raises alarms; clones raise the same.
#[derive(Clone)]
pub(super) struct Alarms {
    handle: Handle,
    waiting: Arc<Mutex<Waiting>>,
}

/// What is to be raised, by topic: of one topic the latest counts.
#[derive(Default)]
struct Waiting {
    alarms: BTreeMap<String, (Severity, String)>,
    /// A task raises them.
    is_tended: bool,
}

impl Alarms {
    /// Raises alarms of this station.
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, waiting: Arc::default() }
    }

    /// Raises an alarm, or adds to the one about this topic. Never blocks; needs a tokio runtime.
    pub(super) fn raise(&self, topic: &str, severity: Severity, message: String) {
        tracing::error!(topic, "{message}");
        let mut waiting = self.waiting();
        waiting.alarms.insert(topic.to_owned(), (severity, message));
        if !waiting.is_tended {
            waiting.is_tended = true;
            tokio::spawn(self.clone().tend());
        }
    }

    /// Raises all that wait, and those that come meanwhile.
    async fn tend(self) {
        loop {
            let Some((topic, (severity, message))) = self.next() else { return };
            let request =
                Request::RaiseAlarm { topic: topic.clone(), severity, message: message.clone() };
            match self.handle.request(request).await {
                Ok(_) => {}
                Err(_) => {
                    self.waiting().alarms.entry(topic).or_insert((severity, message));
                    tokio::select! {
                        () = tokio::time::sleep(AGAIN) => {}
                        () = self.handle.stopped() => return,
                    }
                }
            }
        }
    }

    fn next(&self) -> Option<(String, (Severity, String))> {
        let mut waiting = self.waiting();
        let next = waiting.alarms.pop_first();
        waiting.is_tended = next.is_some();
        next
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
