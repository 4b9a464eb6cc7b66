//! The last rounds: links close what they hold open, and what they record of that is stored.

use std::time::Duration;

use station_core::engine::Outcome;

use super::super::clock;
use super::super::mailbox::Envelope;
use super::Dispatcher;

/// How long links may take.
const LONGEST: Duration = Duration::from_secs(5);

impl Dispatcher {
    /// Has links close what they hold open, once all runs have ended in good order. Whoever asks for
    /// anything meanwhile hears that the station has stopped.
    pub(super) fn close_links(&mut self) {
        if self.performer.has_aborted() || !self.engine.is_draining() {
            return;
        }
        self.performer.close();
        let end = clock::sample().mono.plus(LONGEST);
        let mut closed = false;
        while !closed && self.trouble.is_none() {
            let left = end.since(clock::sample().mono);
            if left.is_zero() {
                tracing::warn!("links did not close in time; the station ends without them");
                return;
            }
            if self.mailbox.may_sleep(false) {
                self.timers.wait(&self.mailbox, Some(left));
                self.mailbox.woke();
            }
            let mut envelopes = self.mailbox.take();
            closed = envelopes.iter().any(|envelope| matches!(envelope, Envelope::Closed));
            envelopes.retain(is_record);
            if !envelopes.is_empty() {
                self.round(Outcome::default(), envelopes, false);
            }
        }
    }
}

fn is_record(envelope: &Envelope) -> bool {
    matches!(envelope, Envelope::Record(..) | Envelope::RecordLater(_) | Envelope::Checkpoint(..))
}
