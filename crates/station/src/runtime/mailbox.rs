//! The dispatcher's mailbox: everything that happens is put here and taken out in one batch.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use station_core::audit::{Actor, Checkpoint, Entry};
use station_core::engine::{EndReport, Input, Reply, Request};
use station_core::model::{ExecutionId, Job};
use tokio::sync::oneshot;

use crate::port::{RunEvent, RunSink, StoreError};

/// One thing that happened, and who wants to know that it is durable.
#[derive(Debug)]
pub(super) enum Envelope {
    /// A request, who asks, and where its answer goes.
    Request(Request, Box<Actor>, oneshot::Sender<Result<Reply, StoreError>>),
    /// Something for the audit trail, and who waits until it is durable.
    Record(Vec<Entry>, oneshot::Sender<Result<(), StoreError>>),
    /// Something for the audit trail for which nobody waits.
    RecordLater(Vec<Entry>),
    /// A checkpoint of the audit trail, and who waits until it is durable.
    Checkpoint(Box<Checkpoint>, oneshot::Sender<Result<(), StoreError>>),
    /// Anything else.
    Input(Input),
    /// Output of a run; its link is told when it is stored.
    Output(Input, oneshot::Sender<()>),
    /// A job to be carried out besides the scope's.
    Adopt(Box<Job>),
    /// Links have closed what they held open.
    Closed,
    /// End all runs at once and stop without ceremony.
    Abort,
}

/// The dispatcher is awake: it looks before it sleeps.
const AWAKE: u8 = 0;
/// It sleeps for a bounded time, for which process records can wait.
const DOZING: u8 = 1;
/// It sleeps until it is woken.
const ASLEEP: u8 = 2;

/// The mailbox.
#[derive(Debug)]
pub(super) struct Mailbox {
    queue: Mutex<Vec<Envelope>>,
    closed: AtomicBool,
    sleep: AtomicU8,
    bell: OwnedFd,
}

impl Mailbox {
    pub(super) fn new() -> rustix::io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            queue: Mutex::default(),
            closed: AtomicBool::new(false),
            sleep: AtomicU8::new(AWAKE),
            bell,
        })
    }

    /// Puts an envelope in and wakes the dispatcher if it sleeps.
    pub(super) fn put(&self, envelope: Envelope) {
        self.push(envelope);
        if self.sleep.swap(AWAKE, Ordering::SeqCst) != AWAKE {
            self.ring();
        }
    }

    /// Puts an envelope in that can wait for as long as the dispatcher dozes.
    fn put_quietly(&self, envelope: Envelope) {
        self.push(envelope);
        let (order, fails) = (Ordering::SeqCst, Ordering::SeqCst);
        if self.sleep.compare_exchange(ASLEEP, AWAKE, order, fails).is_ok() {
            self.ring();
        }
    }

    fn ring(&self) {
        // The only error is an overflow of the counter, and then the bell rings already.
        rustix::io::write(&self.bell, &1_u64.to_ne_bytes()).ok();
    }

    fn push(&self, envelope: Envelope) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.closed.load(Ordering::SeqCst) {
            queue.push(envelope);
        }
    }

    /// Drops what is in and whatever comes; those who wait for an answer see that.
    pub(super) fn close(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::SeqCst);
        queue.clear();
    }

    /// Takes all there is.
    pub(super) fn take(&self) -> Vec<Envelope> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that the dispatcher is about to sleep, or to doze; false when there is something to
    /// take.
    pub(super) fn may_sleep(&self, dozing: bool) -> bool {
        self.sleep.store(if dozing { DOZING } else { ASLEEP }, Ordering::SeqCst);
        let empty =
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|envelope| {
                dozing && matches!(envelope, Envelope::Input(Input::Started { .. }))
            });
        if !empty {
            self.sleep.store(AWAKE, Ordering::SeqCst);
        }
        empty
    }

    /// The dispatcher is awake again.
    pub(super) fn woke(&self) {
        self.sleep.store(AWAKE, Ordering::SeqCst);
        let mut count = [0_u8; 8];
        // Empty when something else woke the dispatcher.
        rustix::io::read(&self.bell, &mut count).ok();
    }

    /// What to poll for.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl RunSink for Mailbox {
    fn send(&self, execution: ExecutionId, event: RunEvent) {
        match event {
            // A process record is a precaution, not worth a commit of its own.
            RunEvent::Started(process) => {
                self.put_quietly(Envelope::Input(Input::Started { execution, process }));
            }
            RunEvent::Output { chunks, stored } => {
                self.put(Envelope::Output(Input::Output { execution, chunks }, stored));
            }
            RunEvent::Idle => self.put(Envelope::Input(Input::Idle { execution })),
            RunEvent::Ended(end) => {
                let error = end.error.or_else(|| {
                    end.leaked.then(|| {
                        "its output was still held open by a process it left behind; that process \
                         was left alone"
                            .to_owned()
                    })
                });
                let report = Box::new(EndReport {
                    end: end.end,
                    error,
                    kill: end.kill,
                    unreachable: end.unreachable,
                    result: end.result,
                    usage: end.usage,
                    output: end.output,
                    chunks: end.chunks,
                });
                self.put(Envelope::Input(Input::Ended { execution, report }));
            }
        }
    }
}
