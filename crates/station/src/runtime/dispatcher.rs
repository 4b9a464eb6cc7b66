//! The dispatcher: rounds of handle, commit, reply, publish, perform, on a thread of its own.
//!
//! ```text
//!   working ── a round cannot be stored ──▶ troubled ── once a second: rebuild, try again ──▶ working
//! ```
//!
//! While troubled, requests are refused with the store's error; everything else is kept and handed
//! to the engine again once the store works.

use std::sync::Arc;
use std::time::Duration;

use station_core::engine::{
    Change, Config, Deadline, Effect, Engine, Input, Outcome, Reply, Request,
};
use station_core::model::{JobId, Mono};
use tokio::sync::oneshot;

use super::clock;
use super::handle::Handle;
use super::hub::Hub;
use super::mailbox::{Envelope, Mailbox};
use super::perform::Performer;
use super::timers::Timers;
use crate::port::{Link, Notifier, Store, StoreError};
use crate::store::Reader;

/// How long a process record may wait for another change to be stored with.
const LAZY: Duration = Duration::from_millis(50);
/// How long until a store in trouble is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What the dispatcher needs to know besides its parts.
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) notifier: Arc<dyn Notifier>,
    pub(super) reader: Reader,
}

/// The dispatcher.
pub(super) struct Dispatcher {
    window: usize,
    engine: Engine,
    store: Box<dyn Store>,
    mailbox: Arc<Mailbox>,
    timers: Timers,
    hub: Arc<Hub>,
    performer: Performer,
    handle: Handle,
    /// Inputs of a round that could not be stored, to be handed in again.
    held: Vec<Envelope>,
    trouble: Option<StoreError>,
    /// When a store in trouble is tried again.
    try_at: Mono,
    /// Whether a process record may come in quietly.
    lazy: bool,
    done: bool,
}

/// What a round has come to before it is durable.
#[derive(Default)]
struct Round {
    changes: Vec<Change>,
    effects: Vec<Effect>,
    replies: Vec<(Reply, oneshot::Sender<Result<Reply, StoreError>>)>,
    stored: Vec<oneshot::Sender<()>>,
}

impl Dispatcher {
    #[expect(clippy::too_many_arguments, reason = "called once, with the parts made just before")]
    pub(super) fn new(
        setup: Setup,
        engine: Engine,
        store: Box<dyn Store>,
        mailbox: Arc<Mailbox>,
        timers: Timers,
        hub: Arc<Hub>,
        link: Box<dyn Link>,
        handle: Handle,
    ) -> Self {
        let window = setup.config.window;
        let performer = Performer::new(setup, link, Arc::clone(&mailbox));
        Self {
            window,
            engine,
            store,
            mailbox,
            timers,
            hub,
            performer,
            handle,
            held: Vec::new(),
            trouble: None,
            try_at: Mono::default(),
            lazy: false,
            done: false,
        }
    }

    /// Runs until the engine is done. `first` is the outcome of the engine's start.
    pub(super) fn run(mut self, first: Outcome) {
        let mut round = Round::default();
        let result = self.fold(&mut round, first);
        self.finish(round, result, Vec::new());
        while !self.done {
            let woken = self.sleep();
            let mut envelopes = std::mem::take(&mut self.held);
            envelopes.extend(self.mailbox.take());
            if self.trouble.is_none() || self.recovers() {
                self.round(envelopes, woken);
            } else {
                self.refuse(envelopes);
            }
        }
    }

    /// Waits for something to do; true when a deadline may have come.
    fn sleep(&mut self) -> bool {
        // In trouble nothing can come of a deadline before the next try.
        let deadline =
            if self.trouble.is_some() { Deadline::default() } else { self.engine.deadline() };
        if let Err(error) = self.timers.set(deadline) {
            tracing::error!(%error, "cannot set the timers");
        }
        let limit = if self.trouble.is_some() {
            Some(self.try_at.since(clock::sample().mono))
        } else if self.engine.is_held() {
            Some(AGAIN)
        } else if std::mem::take(&mut self.lazy) {
            Some(LAZY)
        } else {
            None
        };
        if !self.mailbox.may_sleep() {
            return false;
        }
        let woken = self.timers.wait(&self.mailbox, limit);
        self.mailbox.woke();
        woken.tick
    }

    /// One round: everything that is there, one commit.
    fn round(&mut self, envelopes: Vec<Envelope>, tick: bool) {
        let mut round = Round::default();
        let mut kept = Vec::new();
        let mut result = Ok(());
        for envelope in envelopes {
            if result.is_err() {
                kept.push(envelope);
                continue;
            }
            result = self.take_in(&mut round, envelope, &mut kept);
        }
        if result.is_ok() && tick {
            let input = if self.engine.is_held() && clock::is_synchronised() {
                Input::ClockSynchronised
            } else {
                Input::Tick
            };
            let outcome = self.engine.handle(clock::sample(), input);
            result = self.fold(&mut round, outcome);
        }
        self.finish(round, result, kept);
    }

    /// Hands one envelope to the engine and folds what comes of it.
    fn take_in(
        &mut self,
        round: &mut Round,
        envelope: Envelope,
        kept: &mut Vec<Envelope>,
    ) -> Result<(), StoreError> {
        let now = clock::sample();
        match envelope {
            Envelope::Request(mut request, reply) => {
                if let Err(error) = self.add_rows(&mut request) {
                    // Nobody waits any more if this fails.
                    drop(reply.send(Err(error)));
                    return Ok(());
                }
                let mut outcome = self.engine.handle(now, Input::Request(request));
                if let Some(answer) = outcome.reply.take() {
                    round.replies.push((answer, reply));
                }
                self.fold(round, outcome)
            }
            Envelope::Input(input) => {
                kept.push(Envelope::Input(input.clone()));
                let outcome = self.engine.handle(now, input);
                self.fold(round, outcome)
            }
            Envelope::Output(input, stored) => {
                let outcome = self.engine.handle(now, input.clone());
                match self.fold(round, outcome) {
                    Ok(()) => {
                        kept.push(Envelope::Input(input));
                        round.stored.push(stored);
                        Ok(())
                    }
                    Err(error) => {
                        kept.push(Envelope::Output(input, stored));
                        Err(error)
                    }
                }
            }
            Envelope::Adopt(job) => {
                self.engine.adopt(*job);
                let outcome = self.engine.handle(now, Input::Tick);
                self.fold(round, outcome)
            }
            Envelope::Abort => {
                self.performer.abort();
                self.done = true;
                Ok(())
            }
        }
    }

    /// Gives a request the row it names.
    fn add_rows(&mut self, request: &mut Request) -> Result<(), StoreError> {
        let (id, row): (JobId, _) = match request {
            Request::Create { .. } => return Ok(()),
            Request::Cancel { job, row } | Request::RunNow { job, row } => (*job, row),
            Request::CancelExecution { execution, row } => (execution.job, row),
        };
        *row = self.store.job(id)?.map(Box::new);
        Ok(())
    }

    /// Folds an outcome into the open round.
    fn fold(&mut self, round: &mut Round, outcome: Outcome) -> Result<(), StoreError> {
        let result = self.store.apply(&outcome.changes);
        round.changes.extend(outcome.changes);
        round.effects.extend(outcome.effects);
        result
    }

    /// Makes the round durable, then replies, publishes and performs; or takes it all back.
    fn finish(&mut self, mut round: Round, result: Result<(), StoreError>, kept: Vec<Envelope>) {
        let result = result.and_then(|()| self.load_more(&mut round));
        if let Err(error) = result.and_then(|()| self.store.commit()) {
            self.take_back(round, error, kept);
            return;
        }
        if self.trouble.take().is_some() {
            tracing::info!("the store works again");
        }
        for (answer, reply) in round.replies {
            // Nobody waits any more if this fails.
            drop(reply.send(Ok(answer)));
        }
        for stored in round.stored {
            stored.send(()).ok();
        }
        for effect in round.effects {
            self.done |= effect == Effect::Exit;
            self.lazy |= matches!(effect, Effect::Start { .. });
            self.performer.perform(effect, self.store.as_mut());
        }
        self.hub.publish(&round.changes);
        for change in round.changes {
            if let Change::ContextStored { hash, .. } = change {
                self.handle.set_stored(hash);
            }
        }
        self.show_status();
    }

    /// Performs the loads of a round at once: their rows are a picture of the store as it is.
    fn load_more(&mut self, round: &mut Round) -> Result<(), StoreError> {
        while let Some(at) =
            round.effects.iter().position(|effect| matches!(effect, Effect::Load { .. }))
        {
            if let Effect::Load { from, limit } = round.effects.remove(at) {
                let (jobs, more) = self.store.due_from(from, limit)?;
                let outcome = self.engine.handle(clock::sample(), Input::Loaded { jobs, more });
                self.fold(round, outcome)?;
            }
        }
        Ok(())
    }

    /// Forgets a round that could not be stored.
    fn take_back(&mut self, round: Round, error: StoreError, kept: Vec<Envelope>) {
        self.store.rollback();
        if self.trouble.is_none() {
            tracing::error!(%error, "the store cannot be written; trying again every second");
        }
        for (_, reply) in round.replies {
            drop(reply.send(Err(error.clone())));
        }
        // Output of this round is kept as an input: its link may go on once it is stored.
        for stored in round.stored {
            drop(stored);
        }
        self.try_at = clock::sample().mono.plus(AGAIN);
        self.trouble = Some(error);
        self.refuse(kept);
        self.show_status();
    }

    /// Keeps what must not be lost and answers requests with the store's trouble.
    fn refuse(&mut self, envelopes: Vec<Envelope>) {
        for envelope in envelopes {
            match envelope {
                Envelope::Request(_, reply) => {
                    let error = self.trouble.clone();
                    let error = error.unwrap_or_else(|| StoreError::io("try again".into()));
                    drop(reply.send(Err(error)));
                }
                Envelope::Abort => {
                    self.performer.abort();
                    self.done = true;
                }
                Envelope::Input(_) | Envelope::Output(..) | Envelope::Adopt(_) => {
                    self.held.push(envelope);
                }
            }
        }
    }

    /// Builds the engine anew from what the store holds, once it is time to try.
    fn recovers(&mut self) -> bool {
        let now = clock::sample().mono;
        if now < self.try_at {
            return false;
        }
        self.try_at = now.plus(AGAIN);
        match self.store.snapshot(self.window) {
            Ok(snapshot) => {
                self.engine = self.engine.restart(snapshot);
                true
            }
            Err(error) => {
                self.trouble = Some(error);
                false
            }
        }
    }

    fn show_status(&self) {
        self.handle.set_status(|status| {
            status.clock_held = self.engine.is_held();
            status.running = self.engine.running();
            status.store_trouble = self.trouble.as_ref().map(|error| error.message.clone());
            status.draining = self.engine.is_draining();
        });
    }
}

impl Drop for Dispatcher {
    /// However it ends: nobody may wait for it any longer.
    fn drop(&mut self) {
        self.mailbox.close();
        self.handle.set_stopped();
    }
}
