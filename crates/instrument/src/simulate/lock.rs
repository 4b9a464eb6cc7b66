//! The lock of a simulated instrument, which clients take for themselves or share by a word.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Who holds the lock. Copies are the same lock.
#[derive(Clone, Debug)]
pub(super) struct DeviceLock(Arc<watch::Sender<Holders>>);

/// Who holds it how.
#[derive(Debug, Default)]
pub(super) struct Holders {
    /// The client that has it alone.
    alone: Option<u32>,
    /// The word and the clients that share it.
    shared: Option<(String, BTreeSet<u32>)>,
}

impl Holders {
    fn lets(&self, client: u32) -> bool {
        match (self.alone, &self.shared) {
            (Some(holder), _) => holder == client,
            (None, Some((_, sharers))) => sharers.contains(&client),
            (None, None) => true,
        }
    }

    fn take(&mut self, client: u32, key: &str) -> bool {
        if !key.is_empty() {
            if self.alone.is_some_and(|holder| holder != client) {
                return false;
            }
            let (word, sharers) =
                self.shared.get_or_insert_with(|| (key.to_owned(), BTreeSet::new()));
            return word == key && sharers.insert(client);
        }
        let free = self.alone.is_none() && self.lets(client);
        if free {
            self.alone = Some(client);
        }
        free
    }

    /// Whether the lock given back was held alone; nothing when there was none.
    fn release(&mut self, client: u32) -> Option<bool> {
        if self.alone == Some(client) {
            self.alone = None;
            return Some(true);
        }
        let (_, sharers) = self.shared.as_mut()?;
        let held = sharers.remove(&client);
        if sharers.is_empty() {
            self.shared = None;
        }
        held.then_some(false)
    }
}

impl DeviceLock {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Whether this client may use the instrument now.
    pub(super) fn lets(&self, client: u32) -> bool {
        self.0.borrow().lets(client)
    }

    /// Takes it, alone when `key` is empty; whether it could be had at once.
    pub(super) fn take(&self, client: u32, key: &str) -> bool {
        self.0.send_if_modified(|holders| holders.take(client, key))
    }

    /// Whether this client holds it already.
    pub(super) fn is_held_by(&self, client: u32) -> bool {
        let holders = self.0.borrow();
        holders.alone == Some(client)
            || holders.shared.as_ref().is_some_and(|(_, sharers)| sharers.contains(&client))
    }

    /// Gives it back; whether it was held alone, nothing when it was not held.
    pub(super) fn release(&self, client: u32) -> Option<bool> {
        let mut released = None;
        self.0.send_if_modified(|holders| {
            released = holders.release(client);
            released.is_some()
        });
        released
    }

    /// Whether somebody has it alone, and how many hold it in any way.
    pub(super) fn info(&self) -> (bool, u32) {
        let holders = self.0.borrow();
        let sharers = holders.shared.as_ref().map_or(0, |(_, sharers)| sharers.len());
        let alone = holders.alone.is_some();
        (alone, u32::try_from(sharers).unwrap_or(u32::MAX).saturating_add(u32::from(alone)))
    }

    /// What changes when somebody takes it or gives it back.
    pub(super) fn changes(&self) -> watch::Receiver<Holders> {
        self.0.subscribe()
    }

    /// Waits at most so long until this client may use the instrument; whether it may.
    pub(super) async fn wait(&self, client: u32, limit: Duration) -> bool {
        let mut holders = self.0.subscribe();
        let free = holders.wait_for(|holders| holders.lets(client));
        tokio::time::timeout(limit, free).await.is_ok_and(|free| free.is_ok())
    }

    /// Waits at most so long for the lock itself; whether it was had.
    pub(super) async fn wait_to_take(&self, client: u32, limit: Duration) -> bool {
        let mut changes = self.0.subscribe();
        let taken = async {
            loop {
                changes.borrow_and_update();
                if self.take(client, "") {
                    return;
                }
                if changes.changed().await.is_err() {
                    return std::future::pending().await;
                }
            }
        };
        tokio::time::timeout(limit, taken).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_one_clients_alone() {
        let lock = DeviceLock::new();
        assert!(lock.lets(1) && lock.lets(2));
        assert!(lock.take(1, ""));
        assert!(!lock.take(2, "") && !lock.take(2, "word") && !lock.take(1, ""));
        assert!(lock.lets(1) && !lock.lets(2));
        assert_eq!((lock.info(), lock.release(2)), ((true, 1), None));
        assert_eq!((lock.release(1), lock.release(1)), (Some(true), None));
    }

    #[test]
    fn a_lock_is_shared_by_those_who_know_the_word() {
        let lock = DeviceLock::new();
        assert!(lock.take(1, "word") && lock.take(2, "word"));
        assert!(!lock.take(3, "other") && !lock.take(3, ""));
        assert!(lock.lets(1) && lock.lets(2) && !lock.lets(3));
        assert!(lock.take(1, ""), "one of them may have it alone for a while");
        assert!(!lock.lets(2));
        assert_eq!(lock.info(), (true, 3));
        assert_eq!(lock.release(1), Some(true));
        assert!(lock.lets(2));
        assert_eq!((lock.release(1), lock.release(2)), (Some(false), Some(false)));
        assert!(lock.lets(3));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_lock_or_the_limit() {
        let lock = DeviceLock::new();
        assert!(lock.take(1, ""));
        assert!(!lock.wait(2, Duration::from_secs(9)).await);
        assert!(!lock.wait_to_take(2, Duration::from_secs(9)).await);
        let (waiter, other) = (lock.clone(), lock.clone());
        let waits = tokio::spawn(async move { waiter.wait_to_take(2, Duration::MAX).await });
        tokio::task::yield_now().await;
        assert_eq!(other.release(1), Some(true));
        assert!(waits.await.unwrap());
        assert!(lock.is_held_by(2));
    }
}
