//! A trail in memory, which can be held up and can fail.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use station_core::audit::{Draft, Kind};
use station_outstation::desk::{Act, Trail};
use tokio::sync::watch;

/// What becomes of what is to be recorded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    Works,
    Full,
    /// It takes until it works, or is full.
    Hangs,
}

pub(crate) struct Book {
    drafts: Arc<Mutex<Vec<Draft>>>,
    pub(crate) disk: watch::Sender<Disk>,
    /// How many drafts were handed in, recorded or not.
    handed: Arc<watch::Sender<usize>>,
    pub(crate) alarms: Mutex<Vec<String>>,
    pub(crate) synchronised: std::sync::atomic::AtomicBool,
    next: AtomicU64,
}

impl Book {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            drafts: Arc::default(),
            disk: watch::Sender::new(Disk::Works),
            handed: Arc::new(watch::Sender::new(0)),
            alarms: Mutex::default(),
            synchronised: true.into(),
            next: AtomicU64::new(1),
        })
    }

    /// Everything about a subject, as `intent write`, `outcome write verified feedback`.
    pub(crate) fn of(&self, subject: &str) -> Vec<Draft> {
        let drafts = self.drafts.lock().unwrap();
        drafts.iter().filter(|draft| draft.subject == subject).cloned().collect()
    }

    pub(crate) fn all(&self, kind: Kind) -> Vec<Draft> {
        let drafts = self.drafts.lock().unwrap();
        drafts.iter().filter(|draft| draft.kind == kind).cloned().collect()
    }

    /// Waits until there are so many of a kind.
    pub(crate) async fn until(&self, kind: Kind, count: usize) -> Vec<Draft> {
        let mut handed = self.handed.subscribe();
        handed.wait_for(|_| self.all(kind).len() >= count).await.unwrap();
        self.all(kind)
    }

    /// Waits until something more is handed in than was.
    pub(crate) async fn until_handed(&self, before: usize) {
        self.handed.subscribe().wait_for(|handed| *handed > before).await.unwrap();
    }

    pub(crate) fn handed(&self) -> usize {
        *self.handed.borrow()
    }
}

impl Trail for Book {
    fn record(&self, drafts: Vec<Draft>) -> Act<Result<(), String>> {
        let (book, mut disk) = (Arc::clone(&self.drafts), self.disk.subscribe());
        let handed = Arc::clone(&self.handed);
        handed.send_modify(|handed| *handed += drafts.len());
        Box::pin(async move {
            let disk = *disk.wait_for(|disk| *disk != Disk::Hangs).await.unwrap();
            if disk == Disk::Full {
                return Err("the disk is full".to_owned());
            }
            book.lock().unwrap().extend(drafts);
            handed.send_modify(|_| ());
            Ok(())
        })
    }

    fn record_later(&self, drafts: Vec<Draft>) {
        let count = drafts.len();
        self.drafts.lock().unwrap().extend(drafts);
        self.handed.send_modify(|handed| *handed += count);
    }

    fn correlation(&self) -> String {
        format!("c{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn is_synchronised(&self) -> bool {
        self.synchronised.load(Ordering::Relaxed)
    }

    fn alarm(&self, topic: String, message: String) {
        self.alarms.lock().unwrap().push(format!("{topic}: {message}"));
    }
}
