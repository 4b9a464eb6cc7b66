//! The keeper: signs the head of the trail once there is something new, and tells the witness.
//!
//! ```text
//!  asleep ── a first record ──▶ 10 s, or 1000 records ──▶ sign, keep, witness ──▶ asleep
//!                                                              └─ fails ──▶ again after 10 s
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::key::Key;
use super::witness::Witness;
use crate::runtime::Handle;
use crate::store::Reader;

/// How long a record stays unsigned at most, and after how long a failure is tried again.
const SOON: Duration = Duration::from_secs(10);

/// Tells people that something is wrong with the trail: a topic, and a sentence.
pub type Alarm = Arc<dyn Fn(&'static str, String) + Send + Sync>;

/// Signs the trail as it grows.
pub struct Keeper {
    handle: Handle,
    key: Arc<Key>,
    witness: Option<Witness>,
    alarm: Alarm,
    /// What goes wrong, by topic: it is told of once.
    troubles: BTreeMap<&'static str, String>,
}

impl Keeper {
    /// A keeper of this station's trail.
    #[must_use]
    pub fn new(handle: Handle, key: Arc<Key>, witness: Option<Witness>, alarm: Alarm) -> Self {
        Self { handle, key, witness, alarm, troubles: BTreeMap::new() }
    }

    /// Signs until it is told to stop, and lets the witness catch up then: what the station recorded
    /// last, it has signed itself.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        self.compare().await;
        self.tell_witness().await;
        while !*stop.borrow() {
            tokio::select! {
                () = self.handle.tail().news() => {}
                _ = stop.changed() => break,
            }
            if !self.handle.tail().has_many() {
                tokio::select! {
                    () = tokio::time::sleep(SOON) => {}
                    () = self.handle.tail().news() => {}
                    _ = stop.changed() => break,
                }
            }
            while !self.sign().await || !self.tell_witness().await {
                tokio::select! {
                    () = tokio::time::sleep(SOON) => {}
                    _ = stop.changed() => break,
                }
            }
        }
        self.tell_witness().await;
    }

    /// Signs the head; false when that has to be done again.
    async fn sign(&mut self) -> bool {
        let tail = self.handle.tail();
        if tail.unsigned() == 0 {
            return true;
        }
        let checkpoint = self.key.sign(&tail.head(), self.handle.now());
        let kept = self.handle.keep_checkpoint(checkpoint).await;
        let kept = kept.map_err(|error| {
            format!("the audit trail cannot be signed, since the store cannot be written: {error}")
        });
        self.well("audit", kept)
    }

    /// Lets the witness catch up; false when that has to be done again.
    async fn tell_witness(&mut self) -> bool {
        let told = self.with_witness(|witness, reader| witness.catch_up(reader)).await;
        self.well("audit_witness", told)
    }

    /// Compares the trail with what the witness knows of it.
    async fn compare(&mut self) {
        if let Err(wrong) = self.with_witness(|witness, reader| witness.compare(reader)).await {
            tracing::error!("{wrong}");
            (self.alarm)("audit_witness", wrong);
        }
    }

    async fn with_witness(
        &self,
        work: fn(&Witness, &Reader) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(witness) = self.witness.clone() else { return Ok(()) };
        let reader = self.handle.reader();
        let done = tokio::task::spawn_blocking(move || work(&witness, &reader)).await;
        done.unwrap_or_else(|error| Err(format!("the witness of the audit trail: {error}")))
    }

    /// Tells people once of what does not go well.
    fn well(&mut self, topic: &'static str, done: Result<(), String>) -> bool {
        match done {
            Ok(()) => {
                if self.troubles.remove(topic).is_some() {
                    tracing::info!(topic, "it works again");
                }
                true
            }
            Err(why) => {
                if self.troubles.get(topic) != Some(&why) {
                    tracing::error!("{why}; trying again every {} s", SOON.as_secs());
                    (self.alarm)(topic, why.clone());
                    self.troubles.insert(topic, why);
                }
                false
            }
        }
    }
}
