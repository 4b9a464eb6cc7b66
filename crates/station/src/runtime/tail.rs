//! Where the audit trail ends, for whoever signs it: told of the first record that is not signed, and
//! of every so many, and of nothing between.

use std::sync::{Mutex, PoisonError};

use station_core::audit::Head;
use tokio::sync::{Notify, watch};

/// How many records may be unsigned before they are signed at once.
pub(super) const MANY: u64 = 1000;

/// Where the trail ends, and up to where it is signed.
#[derive(Debug, Default)]
pub struct Tail {
    ends: Mutex<Ends>,
    news: Notify,
    growth: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    head: Head,
    signed: u64,
}

impl Ends {
    fn unsigned(self) -> u64 {
        self.head.seq.saturating_sub(self.signed)
    }
}

impl Tail {
    /// A trail that ends here, and is signed up to this record.
    pub(super) fn new(head: Head, signed: u64) -> Self {
        let tail = Self { ends: Mutex::new(Ends { head, signed }), ..Self::default() };
        if tail.unsigned() > 0 {
            tail.news.notify_one();
        }
        tail
    }

    /// The last durable record.
    #[must_use]
    pub fn head(&self) -> Head {
        self.ends().head
    }

    /// How many durable records have no checkpoint behind them.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.ends().unsigned()
    }

    /// Whether there are so many of them that they are signed at once.
    #[must_use]
    pub fn has_many(&self) -> bool {
        self.unsigned() >= MANY
    }

    /// Resolves when there is a first unsigned record, or when there have come to be many.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// A receiver whose value changes whenever there are more durable records, or more of them signed.
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.growth.subscribe()
    }

    /// Records up to this one are durable.
    pub(super) fn moved(&self, head: Head) {
        let mut ends = self.lock();
        let before = ends.unsigned();
        ends.head = head;
        let now = ends.unsigned();
        self.grown(*ends);
        drop(ends);
        if (before == 0 && now > 0) || (before < MANY && now >= MANY) {
            self.news.notify_one();
        }
    }

    /// Records up to this one are signed.
    pub(super) fn signed(&self, seq: u64) {
        let mut ends = self.lock();
        ends.signed = ends.signed.max(seq);
        let more = ends.unsigned() > 0;
        self.grown(*ends);
        drop(ends);
        // What came meanwhile was no news then.
        if more {
            self.news.notify_one();
        }
    }

    fn grown(&self, ends: Ends) {
        let sum = ends.head.seq.wrapping_add(ends.signed);
        self.growth.send_if_modified(|known| std::mem::replace(known, sum) != sum);
    }

    fn ends(&self) -> Ends {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
