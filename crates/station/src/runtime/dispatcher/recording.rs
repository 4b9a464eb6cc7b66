//! What the dispatcher records in the audit trail of what the engine decides: in the round that stores it.

use station_core::audit::{self, Actor, Asked, Kind};
use station_core::engine::Outcome;

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
}
