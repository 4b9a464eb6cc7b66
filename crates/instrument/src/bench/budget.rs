//! The budget: writes to non-volatile memory are counted durably before they are made.

use station_core::model::{Record, RecordKind, Wear};

use super::wear::{self, Spent};
use super::{Lease, sentence};
use crate::{Error, ErrorKind};

impl Lease {
    /// Counts writes that are about to be made; they are on disk when this resolves.
    pub(super) async fn reserve(&mut self, writes: u32) -> Result<(), Error> {
        self.count(writes, true).await
    }

    /// Whether writes could be made now.
    pub(super) async fn could_write(&mut self, writes: u32) -> Result<(), Error> {
        self.count(writes, false).await
    }

    async fn count(&mut self, writes: u32, keep: bool) -> Result<(), Error> {
        if writes == 0 {
            return Ok(());
        }
        let keeper = self.bench.keeper().await;
        let id = self.equipment.id.clone();
        let before = match keeper.find(RecordKind::Wear, id.clone()).await? {
            Some(Record::Wear(wear)) => wear.writes,
            Some(_) | None => Vec::new(),
        };
        let own = self.equipment.settings.write_budget;
        let budget = own.unwrap_or(self.bench.config().write_budget);
        let now = keeper.now();
        let before = if before.iter().any(|at| *at > now) {
            // The clock was set back. From here on it is kept as of now: else the memory would stay
            // locked until the clock has caught up.
            let writes = wear::recent(&before, now);
            let wear = Wear { equipment: id.clone(), writes: writes.clone() };
            keeper.keep(Record::Wear(Box::new(wear))).await?;
            writes
        } else {
            before
        };
        let writes = wear::reserve(&before, now, writes, budget)
            .map_err(|spent| sentence::of(&id, refused(spent, budget)))?;
        if keep {
            let wear = Wear { equipment: id, writes: writes.clone() };
            keeper.keep(Record::Wear(Box::new(wear))).await?;
            self.slot.wrote(writes);
        }
        Ok(())
    }
}

fn refused(Spent { count, possible_at }: Spent, budget: u32) -> Error {
    let times = if count == 1 { "once" } else { &format!("{count} times") };
    let when = match possible_at {
        Some(at) => format!("it can be written again at {}", wear::rounded_up(at)),
        None => "it is never written with that budget".to_owned(),
    };
    let message = format!(
        "its non-volatile memory was written {times} within the last hour, and its budget is {budget} an \
         hour: {when}; nothing was sent"
    );
    Error::new(ErrorKind::Refused, message)
}
