//! The dispatcher: rounds of handle, commit, reply, publish, perform, on a thread of its own.
//!
//! ```text
//!   working ── a round cannot be stored ──▶ troubled ── once a second: rebuild, try again ──▶ working
//! ```
//!
//! While troubled, requests are refused with the store's error; everything else is kept and handed
//! to the engine again once the store works. When it was the very first round that could not be
//! stored, nothing has been performed yet, and the engine is started anew instead.

mod closing;
mod recording;
mod rows;
mod trouble;

use std::sync::Arc;
use std::time::{Duration, Instant};

use station_core::audit::{self, Actor, Asked};
use station_core::engine::{
    Change, Config, Deadline, Effect, Engine, Input, Outcome, Reply, Scope, Snapshot,
};
use station_core::model::{JobId, Mono};
use tokio::sync::oneshot;

use super::clock;
use super::handle::Handle;
use super::hub::Hub;
use super::mailbox::{Envelope, Mailbox};
use super::measure::measure;
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
    pub(super) scope: Scope,
    pub(super) notifier: Arc<dyn Notifier>,
    pub(super) reader: Reader,
}

/// The dispatcher.
pub(super) struct Dispatcher {
    config: Config,
    scope: Scope,
    /// Jobs carried out besides those of the scope.
    adopted: Vec<JobId>,
    /// Whether the engine's first outcome has been made durable and performed.
    begun: bool,
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
    /// When a shutdown is given up on a store that stays in trouble.
    end_by: Option<Mono>,
    /// Until when process records may wait in the mailbox.
    lazy_until: Mono,
    done: bool,
}

/// What a round has come to before it is durable.
#[derive(Default)]
struct Round {
    changes: Vec<Change>,
    effects: Vec<Effect>,
    replies: Vec<(Reply, oneshot::Sender<Result<Reply, StoreError>>)>,
    /// Who waits until what they recorded is durable.
    recorded: Vec<oneshot::Sender<Result<(), StoreError>>>,
    /// Up to which record the audit trail is signed.
    signed: Option<u64>,
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
        let (config, scope) = (setup.config.clone(), setup.scope.clone());
        let performer = Performer::new(setup, link, Arc::clone(&mailbox));
        Self {
            config,
            scope,
            adopted: Vec::new(),
            begun: false,
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
            end_by: None,
            lazy_until: Mono::default(),
            done: false,
        }
    }

    /// Runs until the engine is done. `first` is the outcome of the engine's start.
    pub(super) fn run(mut self, first: Outcome) {
        let _end = End { mailbox: Arc::clone(&self.mailbox), handle: self.handle.clone() };
        self.round(first, Vec::new(), false);
        while !self.done {
            let woken = self.sleep();
            let mut envelopes = std::mem::take(&mut self.held);
            envelopes.extend(self.mailbox.take());
            self.note_shutdown(&envelopes);
            // An engine that was rebuilt has everything to decide anew.
            let tick = woken || self.trouble.is_some();
            match self.ready() {
                Some(first) => self.round(first, envelopes, tick),
                None => self.refuse(envelopes),
            }
            self.give_up_late();
        }
        self.close_links();
        self.farewell();
    }

    /// What a round begins with, unless the store is in trouble and cannot be tried again yet.
    fn ready(&mut self) -> Option<Outcome> {
        if self.trouble.is_none() { Some(Outcome::default()) } else { self.recover() }
    }

    /// Waits for something to do; true when a deadline may have come.
    fn sleep(&mut self) -> bool {
        // In trouble nothing can come of a deadline before the next try.
        let deadline =
            if self.trouble.is_some() { Deadline::default() } else { self.engine.deadline() };
        if let Err(error) = self.timers.set(deadline) {
            tracing::error!(%error, "cannot set the timers");
        }
        let now = clock::sample().mono;
        let limit = if self.trouble.is_some() {
            Some(self.try_at.since(now))
        } else if self.engine.is_held() {
            Some(AGAIN)
        } else {
            Some(self.lazy_until.since(now)).filter(|span| !span.is_zero())
        };
        if !self.mailbox.may_sleep(limit.is_some()) {
            return false;
        }
        let woken = self.timers.wait(&self.mailbox, limit);
        self.mailbox.woke();
        woken.tick
    }

    /// One round: everything that is there, one commit.
    fn round(&mut self, first: Outcome, envelopes: Vec<Envelope>, tick: bool) {
        let mut round = Round::default();
        let mut kept = Vec::new();
        let mut result =
            if first == Outcome::default() { Ok(()) } else { self.fold(&mut round, first, None) };
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
            result = self.fold(&mut round, outcome, None);
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
            Envelope::Request(mut request, by, reply) => {
                if let Err(error) = self.add_rows(&mut request) {
                    // Nobody waits any more if this fails.
                    drop(reply.send(Err(error)));
                    return Ok(());
                }
                let asked = audit::asked(&request);
                let outcome = self.engine.handle(now, Input::Request(request));
                round.replies.extend(outcome.reply.clone().map(|answer| (answer, reply)));
                self.fold(round, outcome, Some((&asked, &by)))
            }
            Envelope::Record(entries, told) => {
                round.recorded.push(told);
                self.store.append(entries).map(drop)
            }
            Envelope::RecordLater(entries) => {
                kept.push(Envelope::RecordLater(entries.clone()));
                self.store.append(entries).map(drop)
            }
            Envelope::Checkpoint(checkpoint, told) => {
                round.recorded.push(told);
                round.signed = round.signed.max(Some(checkpoint.seq));
                self.store.keep_checkpoint(&checkpoint)
            }
            Envelope::Input(input) => {
                kept.push(Envelope::Input(input.clone()));
                let outcome = self.engine.handle(now, input);
                self.fold(round, outcome, None)
            }
            Envelope::Output(input, stored) => {
                // Its link goes on once the round is durable, not before.
                kept.push(Envelope::Output(input.clone(), stored));
                let outcome = self.engine.handle(now, input);
                self.fold(round, outcome, None)
            }
            Envelope::Adopt(job) => {
                // After a failed round the job is adopted again from its row.
                self.adopted.push(job.id);
                self.engine.adopt(*job);
                let outcome = self.engine.handle(now, Input::Tick);
                self.fold(round, outcome, None)
            }
            // Nobody was told to close yet.
            Envelope::Closed => Ok(()),
            Envelope::Abort => {
                self.performer.abort();
                self.done = true;
                Ok(())
            }
        }
    }

    /// Folds an outcome, and what is to be recorded of it, into the open round.
    fn fold(
        &mut self,
        round: &mut Round,
        outcome: Outcome,
        asked: Option<(&Asked, &Actor)>,
    ) -> Result<(), StoreError> {
        let result = self.store.apply(&outcome.changes).and_then(|()| self.record(&outcome, asked));
        round.changes.extend(outcome.changes);
        round.effects.extend(outcome.effects);
        result
    }

    /// Makes the round durable, then replies, publishes and performs; or takes it all back.
    fn finish(&mut self, mut round: Round, result: Result<(), StoreError>, kept: Vec<Envelope>) {
        let result = result.and_then(|()| self.load_more(&mut round));
        if let Err(error) = result.and_then(|()| self.commit(&round)) {
            self.handle.metrics().failed_rounds.add(1);
            self.take_back(round, error, kept);
            return;
        }
        self.engine.committed();
        self.begun = true;
        if self.trouble.take().is_some() {
            tracing::info!("the store works again");
        }
        // Before anybody hears of it: a revoked token is good for no further request.
        if round.changes.iter().any(|change| matches!(change, Change::TokenRecorded(_))) {
            self.handle.tokens_changed();
        }
        self.handle.tail().moved(self.store.head());
        if let Some(seq) = round.signed {
            self.handle.tail().signed(seq);
        }
        // Nor may anything begin that a record forbids by now.
        self.performer.tell(&round.changes);
        for (answer, reply) in round.replies {
            // Nobody waits any more if this fails.
            drop(reply.send(Ok(answer)));
        }
        for told in round.recorded {
            told.send(Ok(())).ok();
        }
        for envelope in kept {
            if let Envelope::Output(_, stored) = envelope {
                stored.send(()).ok();
            }
        }
        for effect in round.effects {
            self.done |= effect == Effect::Exit;
            if matches!(effect, Effect::Start { .. }) {
                self.lazy_until = clock::sample().mono.plus(LAZY);
            }
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

    /// Makes the round durable, and counts it.
    fn commit(&mut self, round: &Round) -> Result<(), StoreError> {
        let metrics = self.handle.metrics();
        if round.changes.is_empty() {
            return self.store.commit();
        }
        let began = Instant::now();
        self.store.commit()?;
        metrics.commit.observe(began.elapsed());
        measure(metrics, &round.changes);
        Ok(())
    }

    /// Tells the handle how the station is doing.
    pub(super) fn show_status(&self) {
        self.handle.set_status(|status| {
            status.clock_held = self.engine.is_held();
            status.running = self.engine.running();
            status.store_trouble = self.trouble.as_ref().map(|error| error.message.clone());
            status.draining = self.engine.is_draining();
        });
    }
}

/// How many pending jobs are loaded at a start: none where nothing fires by itself.
pub(super) fn window(config: &Config, scope: &Scope) -> usize {
    if *scope == Scope::All { config.window } else { 0 }
}

/// Starts an engine now.
pub(super) fn start(config: Config, scope: Scope, snapshot: Snapshot) -> (Engine, Outcome) {
    let trust = clock::trust(config.clock_wait);
    let zones = jiff::tz::db().clone();
    Engine::start(config, scope, snapshot, clock::sample(), trust, clock::random_seed(), zones)
}

/// Tells those who wait that the dispatcher has ended, also when it did by a panic.
struct End {
    mailbox: Arc<Mailbox>,
    handle: Handle,
}

impl Drop for End {
    fn drop(&mut self) {
        self.mailbox.close();
        self.handle.set_stopped(std::thread::panicking());
    }
}
