//! The runs of a command that was started, from its first tick to its end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{Finished, OnAbnormal, Plan, Shared, Tick, Ticks};
use crate::cancel::Cancel;
use crate::session::{Outcome, RexecOptions, Session};
use crate::sink::LogFile;

/// Tells the end of a command, also when its task is aborted.
pub(super) struct Teller(pub(super) Arc<Shared>);

impl Teller {
    pub(super) fn tell(&self, end: Finished) {
        self.0.finished.send_replace(Some(end));
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let stopped = self.0.stop.is_cancelled();
        self.0.finished.send_if_modified(|finished| {
            let untold = finished.is_none();
            if untold {
                let why = "its task was aborted, or a sink of it has panicked";
                *finished = Some(if stopped {
                    Finished::Stopped
                } else {
                    Finished::Failed(why.to_owned())
                });
            }
            untold
        });
    }
}

/// The runs of a command that was started.
pub(super) struct Runs {
    pub(super) session: Session,
    pub(super) command: String,
    pub(super) plan: Plan,
    pub(super) options: RexecOptions,
    pub(super) on_abnormal: OnAbnormal,
    pub(super) log: Option<Arc<LogFile>>,
    pub(super) shared: Arc<Shared>,
}

impl Runs {
    pub(super) async fn all(self) -> Finished {
        let mut ticks = match Ticks::new(&self.plan) {
            Ok(ticks) => ticks,
            Err(error) => return Finished::Failed(error.to_string()),
        };
        // Thrown by `stop`, or by who gave the options.
        let (stop, given) = (self.shared.stop.child(), self.options.cancel.clone());
        let runs = async {
            while let Some(tick) = ticks.next(&stop).await {
                let outcome = self.one(tick, &stop).await;
                if outcome.is_abnormal() && self.on_abnormal == OnAbnormal::Stop {
                    return Finished::Abnormal(outcome);
                }
            }
            if stop.is_cancelled() { Finished::Stopped } else { Finished::Done }
        };
        let passed_on = async {
            match given {
                Some(given) => given.cancelled().await,
                None => std::future::pending().await,
            }
            stop.cancel();
            std::future::pending().await
        };
        let end = tokio::select! {
            biased;
            end = passed_on => end,
            end = runs => end,
        };
        if let Some(log) = &self.log {
            log.flush().await;
        }
        end
    }

    async fn one(&self, tick: Tick, stop: &Cancel) -> Outcome {
        self.shared.runs.fetch_add(1, Ordering::Relaxed);
        let mut options = self.options.clone();
        options.cancel = Some(stop.clone());
        if let Some(log) = &self.log {
            log.note(self.session.node(), &format!("---- run {}: {}", tick.run, self.command));
            options.sinks.push(Arc::<LogFile>::clone(log));
        }
        let outcome = self.session.post_cmd(&*self.command, options).await;
        if let Some(log) = &self.log {
            log.note(self.session.node(), &format!("---- run {} {outcome}", tick.run));
        }
        if outcome.is_abnormal() {
            self.shared.abnormal.fetch_add(1, Ordering::Relaxed);
        }
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
        outcome
    }
}
