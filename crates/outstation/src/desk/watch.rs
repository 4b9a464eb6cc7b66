//! Values as they change, for whoever watches an outstation.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use station_core::model::Now;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::points::PointTable;
use crate::session::Change;

use super::look::view;
use super::{Outstations, ValueView};

/// What whoever watches an outstation is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// These changed.
    Values(Vec<ValueView>),
    /// So many batches were missed: whoever watches was too slow, and looks at all values anew.
    Missed(u64),
}

/// The values of an outstation as they change.
pub struct Watch {
    changes: Receiver<Arc<[Change]>>,
    table: Option<Arc<PointTable>>,
    names: HashMap<(u16, u32), usize>,
    clock: fn() -> Now,
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Outstations {
    /// What changes from now on; `None`: there is no outstation of that name, or no session with it.
    #[must_use]
    pub fn watch(&self, name: &str) -> Option<Watch> {
        let post = self.shared.post(name)?;
        let changes = post.line.session()?.watch();
        let table = post.table.as_ref().ok().cloned();
        let entries = table.iter().flat_map(|table| table.entries()).zip(0..);
        let watched = entries.filter(|(entry, _)| !entry.type_id.is_command());
        let names = watched.map(|(entry, place)| ((entry.ca, entry.ioa), place)).collect();
        Some(Watch { changes, table, names, clock: self.shared.options.clock })
    }
}

impl Watch {
    /// Waits for what changes next. `None`: the session is over, because the outstation was removed or
    /// is reached in another way now.
    pub async fn next(&mut self) -> Option<Watched> {
        match self.changes.recv().await {
            Ok(changes) => {
                let now = (self.clock)();
                Some(Watched::Values(changes.iter().map(|change| self.view(change, now)).collect()))
            }
            Err(RecvError::Lagged(missed)) => Some(Watched::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }

    fn view(&self, change: &Change, now: Now) -> ValueView {
        let Change { ca, ioa, reading } = *change;
        let place = self.names.get(&(ca, ioa));
        let entry = place.and_then(|place| self.table.as_ref()?.entries().get(*place));
        match entry {
            Some(entry) => view(entry, Some(reading), now),
            None => ValueView {
                point: None,
                ca,
                ioa,
                type_id: reading.type_id.name(),
                unit: None,
                feedback: None,
                doubt: reading.trusted().err(),
                sample: reading.sample(now),
            },
        }
    }
}
