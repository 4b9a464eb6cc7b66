//! A lane: the steps of one equipment, in order, each at its deadline or as soon after as can be.

use std::time::Duration;

use serde_json::Value;

use super::course::{Course, Due};
use super::hold::{self, Until};
use crate::Error;
use crate::hands::Hands;
use crate::sequence::Doing;
use crate::timer::Timer;

/// How long a step that is under way may take to end when the run ends early. What is cut off then
/// leaves the session in doubt, and costs a device clear.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct Lane<'a, 's, H> {
    pub(super) hands: &'a mut H,
    pub(super) steps: Vec<Due<'s>>,
    pub(super) course: &'a Course<'s>,
    pub(super) timer: Timer,
}

impl<H: Hands> Lane<'_, '_, H> {
    pub(super) async fn run(mut self) {
        for due in std::mem::take(&mut self.steps) {
            if let Err(error) = self.step(&due).await {
                self.course.fail(due.step, &error);
                return;
            }
        }
    }

    /// Does a step at its deadline; nothing, if the run ends.
    async fn step(&mut self, due: &Due<'_>) -> Result<(), Error> {
        // Planned before its deadline: what is left to be done then is to send it.
        let Some(ready) = due.step.what.call().map(|call| self.hands.ready(call)) else {
            return Ok(());
        };
        let ready = ready?;
        let Some(deadline) = self.course.deadline(due).await else { return Ok(()) };
        if !self.wait(deadline).await? {
            return Ok(());
        }
        match &*due.step.what {
            Doing::Call(_) => {
                let begun = self.timer.now();
                let value = self.call(&ready).await;
                // A step that sends nothing, or came to nothing, was begun all the same.
                let sent = self.hands.sent_at().unwrap_or(begun);
                self.course.sent(sent.saturating_sub(deadline));
                if let Some(value) = value {
                    self.course.done(due.step, sent, value?);
                }
                Ok(())
            }
            Doing::Hold { call, field, above, below, timeout } => {
                let until =
                    Until { field: field.as_deref(), above: above.as_ref(), below: below.as_ref() };
                self.hold(due, deadline, (&call.verb, &ready), &until, *timeout).await
            }
            // Commands have a lane of their own.
            Doing::Command { .. } => Ok(()),
        }
    }

    /// Waits for a deadline; whether the run goes on.
    async fn wait(&mut self, deadline: Duration) -> Result<bool, Error> {
        tokio::select! {
            biased;
            () = self.course.ended() => Ok(false),
            waited = self.timer.until(deadline) => waited.map(|()| true),
        }
    }

    /// Carries out a call; `None` if it had to be cut off.
    async fn call(&mut self, call: &H::Ready) -> Option<Result<Value, Error>> {
        tokio::select! {
            biased;
            result = self.hands.call(call) => Some(result),
            () = grace(self.course) => None,
        }
    }

    async fn read(&mut self, call: &H::Ready) -> Option<Result<Value, Error>> {
        tokio::select! {
            biased;
            result = self.hands.read(call) => Some(result),
            () = grace(self.course) => None,
        }
    }

    /// Reads at each tick until it holds; then the next epoch begins.
    async fn hold(
        &mut self,
        due: &Due<'_>,
        deadline: Duration,
        (verb, ready): (&str, &H::Ready),
        until: &Until<'_>,
        timeout: Duration,
    ) -> Result<(), Error> {
        self.course.sent(self.timer.now().saturating_sub(deadline));
        if !hold::commands(self.course, due).await {
            return Ok(());
        }
        let begun = self.timer.now();
        loop {
            let sent = self.timer.now();
            let Some(value) = self.read(ready).await else { return Ok(()) };
            let value = value?;
            let now = self.timer.now();
            // The tick on which it was read, from the hold's own.
            let behind =
                sent.saturating_sub(deadline).as_nanos() / self.course.tick.as_nanos().max(1);
            let ticks = u32::try_from(behind).unwrap_or(u32::MAX);
            let number = until.number(&value)?;
            if number.is_some_and(|number| until.holds(number)) {
                self.course.done(due.step, sent, value);
                self.course.release(due, deadline, ticks, now);
                return Ok(());
            }
            if now.saturating_sub(begun) >= timeout {
                return Err(until.timed_out(verb, number, timeout));
            }
            // Asking may take longer than a tick.
            let passed =
                now.saturating_sub(deadline).as_nanos() / self.course.tick.as_nanos().max(1);
            let passed = u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1);
            let next = deadline.saturating_add(self.course.tick.saturating_mul(passed));
            if !self.wait(next.min(begun.saturating_add(timeout))).await? {
                return Ok(());
            }
        }
    }
}

/// Resolves some time after the run has ended early.
async fn grace(course: &Course<'_>) {
    course.ended().await;
    tokio::time::sleep(GRACE).await;
}
