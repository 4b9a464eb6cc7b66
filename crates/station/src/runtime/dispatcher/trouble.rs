//! What the dispatcher does while the store is in trouble: keep, refuse, try again, give up.

use station_core::engine::{Input, Outcome};

use super::super::clock;
use super::super::mailbox::Envelope;
use super::{AGAIN, Dispatcher, Round, start, window};
use crate::port::StoreError;

impl Dispatcher {
    /// Remembers by when a shutdown is to be over, also if nothing can be stored any more.
    pub(super) fn note_shutdown(&mut self, envelopes: &[Envelope]) {
        for envelope in envelopes {
            if let Envelope::Input(Input::Shutdown { limit }) = envelope {
                let by = clock::sample().mono.plus(*limit).plus(self.config.kill_grace).plus(AGAIN);
                self.end_by.get_or_insert(by);
            }
        }
    }

    /// Ends without ceremony when a shutdown has taken too long since its end cannot be stored.
    pub(super) fn give_up_late(&mut self) {
        let late = self.end_by.is_some_and(|by| clock::sample().mono >= by);
        if late && self.trouble.is_some() && !self.done {
            tracing::error!("the store stays in trouble: ending without recording how runs ended");
            self.performer.abort();
            self.done = true;
        }
    }

    /// Forgets a round that could not be stored.
    pub(super) fn take_back(&mut self, round: Round, error: StoreError, kept: Vec<Envelope>) {
        self.store.rollback();
        if self.trouble.is_none() {
            tracing::error!(%error, "the store cannot be written; trying again every second");
        }
        for (_, reply) in round.replies {
            drop(reply.send(Err(error.clone())));
        }
        for told in round.recorded {
            told.send(Err(error.clone())).ok();
        }
        self.try_at = clock::sample().mono.plus(AGAIN);
        self.trouble = Some(error);
        self.refuse(kept);
        self.show_status();
    }

    /// Keeps what must not be lost and answers requests with the store's trouble.
    pub(super) fn refuse(&mut self, envelopes: Vec<Envelope>) {
        let error = self.trouble.clone().unwrap_or_else(|| StoreError::io("try again".into()));
        for envelope in envelopes {
            match envelope {
                Envelope::Request(_, _, reply) => {
                    drop(reply.send(Err(error.clone())));
                }
                Envelope::Record(_, told) | Envelope::Checkpoint(_, told) => {
                    told.send(Err(error.clone())).ok();
                }
                Envelope::Closed => {}
                Envelope::Abort => {
                    self.performer.abort();
                    self.done = true;
                }
                Envelope::Input(_)
                | Envelope::Output(..)
                | Envelope::Adopt(_)
                | Envelope::RecordLater(_) => {
                    self.held.push(envelope);
                }
            }
        }
    }

    /// Builds the engine anew from what the store holds, once it is time to try.
    pub(super) fn recover(&mut self) -> Option<Outcome> {
        let now = clock::sample();
        if now.mono < self.try_at {
            return None;
        }
        self.try_at = now.mono.plus(AGAIN);
        // A round without changes would prove nothing about the store.
        match self.store.probe().and_then(|()| self.rebuild()) {
            Ok(first) => Some(first),
            Err(error) => {
                self.trouble = Some(error);
                None
            }
        }
    }

    fn rebuild(&mut self) -> Result<Outcome, StoreError> {
        let snapshot = self.store.snapshot(window(&self.config, &self.scope))?;
        let jobs: Result<Vec<_>, _> = self.adopted.iter().map(|id| self.store.job(*id)).collect();
        let mut first = Outcome::default();
        if self.begun {
            self.engine = self.engine.restart(snapshot);
        } else {
            (self.engine, first) = start(self.config.clone(), self.scope.clone(), snapshot);
        }
        jobs?.into_iter().flatten().for_each(|job| self.engine.adopt(job));
        Ok(first)
    }
}
