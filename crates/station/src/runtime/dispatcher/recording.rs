//! What the dispatcher records in the audit trail of what the engine decides: in the round that stores it.

use station_core::audit::{self, Actor, Asked, Kind};
use station_core::engine::Outcome;

use super::super::handle::Farewell;
use super::Dispatcher;
use crate::port::StoreError;

impl Dispatcher {
    /// Records an outcome in the audit trail.
    pub(super) fn record(
        &mut self,
        outcome: &Outcome,
        asked: Option<(&Asked, &Actor)>,
    ) -> Result<(), StoreError> {
        let (asked, by) = asked.map_or((None, None), |(asked, by)| (Some(asked), Some(by)));
        let station = Actor::station();
        let jobs = |id| self.engine.job(id).cloned();
        let mut drafts = audit::drafts(outcome, asked, by.unwrap_or(&station), &jobs);
        for draft in &mut drafts {
            // It ended without having begun again, or began before there was a trail.
            let ends = draft.correlation.as_deref().filter(|_| draft.kind == Kind::Outcome);
            if let Some(correlation) = ends
                && !self.store.is_open(correlation)?
            {
                draft.kind = Kind::Done;
            }
        }
        self.store.append(self.handle.stamper().stamp(drafts)).map(drop)
    }

    /// Records the station's end, and signs the trail for the last time. A station that ends in
    /// trouble, or without ceremony, leaves that to the next.
    pub(super) fn farewell(&mut self) {
        let Some(Farewell { last, sign }) = self.handle.take_farewell() else { return };
        if self.trouble.is_some() || !self.engine.is_draining() {
            return;
        }
        let last = self.handle.stamper().stamp(vec![last]);
        let signed = self.store.append(last).and_then(|head| {
            self.store.keep_checkpoint(&sign(head))?;
            self.store.commit()?;
            Ok(head)
        });
        match signed {
            Ok(head) => {
                self.handle.tail().moved(head);
                self.handle.tail().signed(head.seq);
            }
            Err(error) => {
                self.store.rollback();
                tracing::error!(%error, "the station's end cannot be recorded in the audit trail");
            }
        }
    }
}
