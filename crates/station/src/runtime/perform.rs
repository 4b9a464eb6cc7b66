//! Performs the engine's effects; the end of each comes back to the mailbox as one input.

mod equipment;
mod outstation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use station_core::engine::{Change, Effect, EndReport, Input, Note};
use station_core::model::{
    Action, Alarm, ContextHash, End, ExecutionId, ExecutionStatus, Node, OutputCap, OutputSummary,
    ProcessRecord, ShellContext, Stream, Usage,
};

use tokio::sync::Semaphore;

use super::dispatcher::Setup;
use super::mailbox::{Envelope, Mailbox};
use crate::port::{Letter, Link, Notifier, RunRequest, StopSignal, Store, StoreError};
use crate::store::Reader;

/// How many contexts are kept in memory: the jobs of one session share one.
const CONTEXTS: usize = 16;
/// How much output goes into one mail, about.
const LETTER: usize = 1 << 20;

/// How many mails are sent at once: commands are started on the same threads, and a mail system
/// that hangs must leave them some.
const MAILERS: usize = 4;

/// How many notices are delivered at once, for the same reason; mails do not wait for them.
const ALERTERS: usize = 4;

/// Performs effects.
pub(super) struct Performer {
    link: Box<dyn Link>,
    mailbox: Arc<Mailbox>,
    notifier: Arc<dyn Notifier>,
    reader: Reader,
    kill_grace: Duration,
    mailers: Arc<Semaphore>,
    alerters: Arc<Semaphore>,
    contexts: BTreeMap<ContextHash, ShellContext>,
    aborted: bool,
}

impl Performer {
    pub(super) fn new(setup: Setup, link: Box<dyn Link>, mailbox: Arc<Mailbox>) -> Self {
        Self {
            link,
            mailbox,
            notifier: setup.notifier,
            reader: setup.reader,
            kill_grace: setup.config.kill_grace,
            mailers: Arc::new(Semaphore::new(MAILERS)),
            alerters: Arc::new(Semaphore::new(ALERTERS)),
            contexts: BTreeMap::new(),
            aborted: false,
        }
    }

    /// Kills all runs at once.
    pub(super) fn abort(&mut self) {
        self.aborted = true;
        self.link.kill_all();
    }

    /// Whether all runs were killed, and the station ends without ceremony.
    pub(super) fn has_aborted(&self) -> bool {
        self.aborted
    }

    /// Tells links of records that were kept and removed, once that is durable.
    pub(super) fn tell(&self, changes: &[Change]) {
        for change in changes {
            if let Change::RecordKept(record) = change {
                self.link.kept(record);
            } else if let Change::RecordRemoved { kind, key } = change {
                self.link.removed(*kind, key);
            }
        }
    }

    /// Has links close what they hold open; the mailbox is told when they have.
    pub(super) fn close(&self) {
        let mailbox = Arc::clone(&self.mailbox);
        self.link.close(Box::new(move || mailbox.put(Envelope::Closed)));
    }

    pub(super) fn perform(&mut self, effect: Effect, store: &mut dyn Store) {
        match effect {
            Effect::Start {
                execution,
                attempt,
                action,
                node,
                equipment,
                outstation,
                idle_timeout,
            } => {
                let run = (execution, attempt);
                match action {
                    Action::Command { .. } => self.start(run, action, node, idle_timeout, store),
                    Action::Instrument(action) => {
                        self.operate(run, action, &equipment, idle_timeout, store);
                    }
                    Action::Outstation(control) => self.command(execution, *control, outstation),
                }
            }
            Effect::MakeSafe { runs } => self.make_safe(runs, store),
            Effect::Stop { execution, kill } => {
                let signal = if kill { StopSignal::Kill } else { StopSignal::Terminate };
                // A run that is no longer there has sent its end already.
                let _there = self.link.signal(execution, signal);
            }
            Effect::EndSurvivors { node, runs } => self.end_survivors(node, runs),
            Effect::SampleLoad => self.send(Input::Load(load_average())),
            Effect::FindOldestOutputs { bytes } => {
                let outputs = store.oldest_outputs(bytes).unwrap_or_else(|error| {
                    tracing::error!(%error, "cannot look for old output to drop");
                    Vec::new()
                });
                self.send(Input::OldestOutputs(outputs));
            }
            Effect::SendMail { execution, name, mail } => {
                self.mail(Letter { execution: *execution, name, mail, output: Vec::new() });
            }
            Effect::FindExpired { before, limit } => {
                let (executions, more) = store.expired(before, limit).unwrap_or_else(|error| {
                    tracing::error!(%error, "cannot look for expired executions");
                    (Vec::new(), false)
                });
                self.send(Input::Expired { executions, more });
            }
            Effect::Notify { channel, alarm } => self.alert(channel, alarm),
            Effect::Note(note) => log(&note),
            // These are the dispatcher's own business.
            Effect::Load { .. } | Effect::LoadPlanned { .. } | Effect::Exit => {}
        }
    }

    fn send(&self, input: Input) {
        self.mailbox.put(Envelope::Input(input));
    }

    fn start(
        &mut self,
        (execution, attempt): (ExecutionId, u32),
        action: Action,
        node: Option<Box<Node>>,
        idle_timeout: Option<Duration>,
        store: &mut dyn Store,
    ) {
        let Action::Command { command, context, stdin, sudo } = action else { return };
        let context = match context.map(|hash| self.context(hash, store)).transpose() {
            Ok(context) => context.unwrap_or_default(),
            Err(error) => {
                return self.not_started(execution, error);
            }
        };
        let cap = OutputCap::default();
        self.link.start(RunRequest {
            execution,
            attempt,
            node,
            command,
            context,
            stdin,
            sudo,
            cap,
            idle_timeout,
        });
    }

    fn not_started(&self, execution: ExecutionId, error: String) {
        let report = Box::new(EndReport {
            end: End::NotStarted,
            error: Some(error),
            kill: None,
            unreachable: false,
            result: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        });
        self.send(Input::Ended { execution, report });
    }

    /// A stored context, from memory when it was used lately.
    fn context(
        &mut self,
        hash: ContextHash,
        store: &mut dyn Store,
    ) -> Result<ShellContext, String> {
        if let Some(context) = self.contexts.get(&hash) {
            return Ok(context.clone());
        }
        let context = store
            .context(&hash)
            .map_err(|error| format!("the job's environment cannot be read: {error}"))?
            .ok_or("the job's environment is not in the store")?;
        if self.contexts.len() >= CONTEXTS {
            self.contexts.clear();
        }
        self.contexts.insert(hash, context.clone());
        Ok(context)
    }

    fn end_survivors(
        &self,
        node: Option<Box<Node>>,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
    ) {
        tracing::warn!(runs = runs.len(), "runs were under way when the station last stopped");
        let mailbox = Arc::clone(&self.mailbox);
        let report = move |runs| mailbox.put(Envelope::Input(Input::SurvivorsEnded { runs }));
        self.link.end_survivors(node, runs, self.kill_grace, Box::new(report));
    }

    fn mail(&self, mut letter: Letter) {
        let (mailbox, notifier) = (Arc::clone(&self.mailbox), Arc::clone(&self.notifier));
        let (reader, mailers) = (self.reader.clone(), Arc::clone(&self.mailers));
        let send = move || {
            let execution = letter.execution.id;
            let error = match output(&reader, execution) {
                Ok(output) => {
                    letter.output = output;
                    notifier.notify(&letter).err()
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = &error {
                tracing::warn!(%execution, %error, "a mail could not be sent");
            }
            mailbox.put(Envelope::Input(Input::Mailed { execution, error }));
        };
        tokio::spawn(async move {
            let _turn = mailers.acquire_owned().await;
            // That the mail is still owed is in the store, should this be cut off.
            drop(tokio::task::spawn_blocking(send).await);
        });
    }

    /// Tries once to deliver a notice; whether it is tried again is the engine's business.
    fn alert(&self, channel: String, alarm: Box<Alarm>) {
        let (mailbox, notifier) = (Arc::clone(&self.mailbox), Arc::clone(&self.notifier));
        let turns = Arc::clone(&self.alerters);
        let deliver = move || {
            let error = notifier.alert(&channel, &alarm).err();
            if let Some(error) = &error {
                let alarm = alarm.id;
                tracing::warn!(%alarm, channel, error, "a notice could not be delivered");
            }
            mailbox.put(Envelope::Input(Input::Notified { alarm: alarm.id, channel, error }));
        };
        tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            // That the notice is still owed is in the store, should this be cut off.
            drop(tokio::task::spawn_blocking(deliver).await);
        });
    }
}

/// What an execution put out on either stream, up to a mail's limit.
fn output(reader: &Reader, id: ExecutionId) -> Result<Vec<u8>, StoreError> {
    let (mut body, mut after) = (Vec::new(), 0);
    while body.len() < LETTER {
        let batch = reader.output(id, after, LETTER)?;
        let Some(last) = batch.last() else { break };
        after = last.seq;
        for chunk in batch.iter().flat_map(|stored| &stored.chunks) {
            if chunk.stream != Stream::Station {
                body.extend_from_slice(&chunk.bytes);
            }
        }
    }
    Ok(body)
}

/// The 1-minute load average in hundredths; 0 where the kernel does not tell.
fn load_average() -> u32 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut parts = text.split_whitespace().next().unwrap_or_default().split('.');
    let mut number = || parts.next().and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
    let whole = number();
    whole.saturating_mul(100).saturating_add(number())
}

fn log(note: &Note) {
    match note {
        Note::ClockForward(by) => {
            tracing::warn!(?by, "the clock went forward: the time between counts as downtime");
        }
        Note::ClockBackward(by) => tracing::warn!(?by, "the clock was set back"),
        Note::ClockHeld => tracing::warn!(
            "the clock cannot be trusted yet: nothing is fired until it is synchronised"
        ),
        Note::ClockReleased => tracing::info!("the clock is trusted: firing"),
        Note::Replanned(jobs) => {
            tracing::warn!(jobs, "planned anew on the clock that was set back")
        }
        Note::ZonesMoved(jobs, version) => {
            tracing::warn!(jobs, version, "the time-zone database has changed: so many jobs move");
        }
        Note::Unschedulable(job, why) => {
            tracing::error!(%job, why, "a job does not fire any more: its schedule cannot be read");
        }
        Note::NoticeGivenUp(alarm, channel, why) => {
            tracing::warn!(%alarm, channel, why, "a notice about an alarm was given up");
        }
        Note::Retry(execution, at) => {
            tracing::info!(%execution, %at, "failed; will be tried again")
        }
        Note::Ended(execution) => {
            let (id, status) = (execution.id, execution.status.name());
            let error = execution.error.as_deref().unwrap_or_default();
            if execution.status == ExecutionStatus::Completed {
                tracing::debug!(execution = %id, status);
            } else {
                tracing::warn!(execution = %id, status, error);
            }
        }
    }
}
