//! Leasing: how holders come to their turn, and how equipment is let go of.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use station_core::model::Equipment;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lease::Begun;
use super::slot::Slot;
use super::{Bench, Holder, Lease, sentence};
use crate::{Error, ErrorKind};

/// How long another holder is waited for before equipment is disconnected.
const DISCONNECTING: Duration = Duration::from_secs(2);

/// How long what a cut-off verb has promised waits for the equipment.
const SETTLING: Duration = Duration::from_secs(10);

/// How long all of shutting down may take.
const SHUTTING_DOWN: Duration = Duration::from_secs(3);

/// Whether equipment can also be taken while the station is stopping.
#[derive(Clone, Copy)]
enum Also {
    Never,
    /// For what ends its use.
    WhileStopping,
}

impl Bench {
    /// Takes an equipment for oneself: waits for other holders in turn, connects if need be, and looks
    /// whether it is the one that is registered; all within the patience.
    ///
    /// # Errors
    /// Another holds it ([`ErrorKind::Busy`]), it cannot be reached, it was found unreachable a short
    /// while ago ([`ErrorKind::Refused`]), or it is another one ([`ErrorKind::Identity`]).
    pub async fn lease(
        &self,
        equipment: &Equipment,
        holder: Holder,
        patience: Duration,
    ) -> Result<Lease, Error> {
        self.take(equipment, &holder, (patience, Also::Never)).await
    }

    async fn take(
        &self,
        equipment: &Equipment,
        holder: &Holder,
        (patience, also): (Duration, Also),
    ) -> Result<Lease, Error> {
        let stopping = || match also {
            Also::Never if self.inner.stopping.load(Ordering::Acquire) => {
                let message = "the station is stopping";
                Err(sentence::of(&equipment.id, Error::new(ErrorKind::Refused, message)))
            }
            Also::Never | Also::WhileStopping => Ok(()),
        };
        stopping()?;
        let until = Instant::now() + patience;
        let driver = self.driver(equipment)?;
        let slot = self.slot(&equipment.id);
        let permit = slot.wait(until).await;
        let permit = permit.map_err(|error| sentence::of(&equipment.id, error))?;
        // Who has waited meanwhile must not use what was just left in its safe state.
        stopping()?;
        let number = slot.begin(permit, holder, (self.now(), self.idle_close(equipment)));
        let expires = holder.limit.map(|limit| Instant::now() + limit);
        let mut lease = Lease::new(self, slot, Begun { number, expires }, (equipment, driver));
        lease.open(until).await?;
        lease.lay_aside();
        Ok(lease)
    }

    /// Does what a verb that was cut off has promised, in a turn of its own. Where the equipment cannot be
    /// had, that is left to the next holder.
    pub(super) async fn settle(&self, equipment: &Equipment) {
        if !self.slot(&equipment.id).owes() {
            return;
        }
        let label = "what has to follow a use that was cut off".to_owned();
        let holder = Holder { label, limit: None };
        let settled = match self.take(equipment, &holder, (SETTLING, Also::WhileStopping)).await {
            Ok(lease) => lease.release().await,
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "what had to follow a use that was cut off is not known to be done");
        }
    }

    /// Takes several, in the order of their ids, so that no two holders wait for each other; the leases
    /// come in the order asked for. All or none.
    ///
    /// # Errors
    /// As for [`Bench::lease`], of the first that cannot be had.
    pub async fn lease_all(
        &self,
        equipment: &[Equipment],
        holder: Holder,
        patience: Duration,
    ) -> Result<Vec<Lease>, Error> {
        let until = Instant::now() + patience;
        let mut order: Vec<(usize, &Equipment)> = equipment.iter().enumerate().collect();
        order.sort_by(|(_, left), (_, right)| left.id.cmp(&right.id));
        let mut leases: Vec<(usize, Lease)> = Vec::new();
        for (at, equipment) in order {
            if leases.last().is_some_and(|(_, lease)| lease.equipment().id == equipment.id) {
                let message = "it is asked for twice";
                return Err(sentence::of(&equipment.id, Error::new(ErrorKind::Invalid, message)));
            }
            let patience = until.saturating_duration_since(Instant::now());
            match self.lease(equipment, holder.clone(), patience).await {
                Ok(lease) => leases.push((at, lease)),
                Err(error) => {
                    for (_, lease) in leases {
                        if let Err(error) = lease.release().await {
                            tracing::debug!(%error, "equipment was let go of, and does not answer");
                        }
                    }
                    return Err(error);
                }
            }
        }
        leases.sort_by_key(|(at, _)| *at);
        Ok(leases.into_iter().map(|(_, lease)| lease).collect())
    }

    /// Brings an equipment into its safe state, unless it has none or its settings forbid it, and closes
    /// the connection to it. It is connected to for that if need be.
    ///
    /// # Errors
    /// It is held by another; or it is not known to be in its safe state. The connection is closed then
    /// all the same.
    pub async fn disconnect(&self, equipment: &Equipment) -> Result<(), Error> {
        let holder = Holder { label: "a disconnection".to_owned(), limit: None };
        self.let_go(equipment, &holder, DISCONNECTING).await
    }

    async fn let_go(
        &self,
        equipment: &Equipment,
        holder: &Holder,
        patience: Duration,
    ) -> Result<(), Error> {
        let driver = self.driver(equipment)?;
        let is_safe =
            driver.safe_state().is_empty() || equipment.settings.safe_state == Some(false);
        if is_safe && !self.slot(&equipment.id).is_connected() {
            return Ok(());
        }
        let taken = self.take(equipment, holder, (patience, Also::WhileStopping)).await;
        let mut lease = match taken {
            Ok(lease) => lease,
            Err(error) if is_safe && error.kind != ErrorKind::Busy => return Ok(()),
            Err(error) => {
                let message = format!("{}; it is NOT known to be in its safe state", error.message);
                return Err(Error::new(error.kind, message));
            }
        };
        let safe = if is_safe { Ok(()) } else { lease.make_safe().await };
        lease.close().await;
        safe
    }

    /// Forgets what is known of an equipment that is registered no more: another one of its id begins
    /// anew. Nothing is forgotten of one that is in use or waited for: there is one line to it at most.
    pub fn forget(&self, id: &str) {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has, waits for or closes its turn has the slot too.
        if slots.get(id).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            slots.remove(id);
        }
    }

    /// Ends all use: acquisitions are stopped, equipment that is connected (or says that it wants to be
    /// safe before it is left: its setting `safe_state`) is brought into its safe state, connections are
    /// closed. Takes three seconds at most; nothing is leased any more.
    pub async fn shut_down(&self) {
        self.inner.stopping.store(true, Ordering::Release);
        for acquisition in self.acquisitions().all() {
            acquisition.stop();
        }
        let until = Instant::now() + SHUTTING_DOWN;
        let mut leaving = JoinSet::new();
        for slot in self.slots() {
            let bench = self.clone();
            leaving.spawn(async move { bench.leave(&slot).await });
        }
        while !leaving.is_empty() {
            match tokio::time::timeout_at(until, leaving.join_next()).await {
                Ok(_) => {}
                Err(_) => {
                    let left = leaving.len();
                    tracing::warn!(left, "equipment was left without its safe state: no time");
                    return;
                }
            }
        }
    }

    async fn leave(&self, slot: &Arc<Slot>) {
        let Some((equipment, _)) = slot.last_used_as() else { return };
        if !slot.is_connected() && equipment.settings.safe_state != Some(true) {
            return;
        }
        let holder = Holder { label: "the station's end".to_owned(), limit: None };
        if let Err(error) = self.let_go(&equipment, &holder, SHUTTING_DOWN).await {
            tracing::warn!(%error, "equipment was left");
        }
    }
}
