//! Calls: a driver's verb, checked, counted, carried out, and looked at.

use std::time::Duration;

use serde_json::Value;
use station_core::model::Call;

use super::operate::Care;
use super::perform::Readings;
use super::{Lease, sentence};
use crate::driver::Step;
use crate::{Error, ErrorKind};

/// A call that can be carried out.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(super) verb: String,
    pub(super) steps: Vec<Step>,
    pub(super) idempotent: bool,
    /// How many writes to non-volatile memory it makes.
    pub(super) writes: u32,
}

impl Planned {
    /// Whether it may be tried again. What writes to memory was counted once.
    fn may_repeat(&self) -> bool {
        self.idempotent && self.writes == 0
    }
}

impl Lease {
    /// Carries out a driver's verb, or `scpi`; what it reads, by the driver's names, or null. Writes to
    /// non-volatile memory are counted durably before anything is sent; afterwards the error queue is
    /// read. A verb that is idempotent is tried once more when the connection was lost.
    ///
    /// # Errors
    /// The verb, a parameter or the budget forbids it, and nothing was sent; or it went wrong, as the
    /// instrument reports or the connection shows.
    pub async fn call(&mut self, call: &Call) -> Result<Value, Error> {
        self.carry_out(call, Care::Checked).await
    }

    /// As [`Lease::call`], without reading the error queue: for sampling, where a reading costs no more
    /// than its own question.
    ///
    /// # Errors
    /// As for [`Lease::call`].
    pub async fn read(&mut self, call: &Call) -> Result<Value, Error> {
        self.carry_out(call, Care::Bare).await
    }

    /// As [`Lease::call`], for what follows work: it is not stopped, nor kept back by a power cycle.
    pub(crate) async fn call_after(&mut self, call: &Call) -> Result<Value, Error> {
        self.carry_out(call, Care::Safety).await
    }

    async fn carry_out(&mut self, call: &Call, care: Care) -> Result<Value, Error> {
        self.enter()?;
        match self.plan(call) {
            Ok(planned) => self.carry_out_planned(&planned, care).await,
            Err(error) => self.leave(Err(error)),
        }
    }

    /// As [`Lease::call`], of a call that was planned before.
    pub(crate) async fn call_planned(&mut self, planned: &Planned) -> Result<Value, Error> {
        self.carry_out_planned(planned, Care::Checked).await
    }

    /// As [`Lease::read`], of a call that was planned before.
    pub(crate) async fn read_planned(&mut self, planned: &Planned) -> Result<Value, Error> {
        self.carry_out_planned(planned, Care::Bare).await
    }

    /// When the first message of the last operation was handed to the kernel, by the monotonic clock.
    pub(crate) fn sent_at(&self) -> Option<Duration> {
        self.sent_at
    }

    async fn carry_out_planned(&mut self, planned: &Planned, care: Care) -> Result<Value, Error> {
        self.enter()?;
        self.sent_at = None;
        let done = Self::within(self.expires(), self.planned_call(planned, care)).await;
        self.leave(done)
    }

    async fn planned_call(&mut self, planned: &Planned, care: Care) -> Result<Value, Error> {
        self.reserve(planned.writes).await?;
        let readings = self.operate_planned(planned, care).await?;
        if readings.is_empty() { Ok(Value::Null) } else { Ok(Value::Object(readings)) }
    }

    /// Carries it out, again if the connection was lost and that does no harm.
    pub(super) async fn operate_planned(
        &mut self,
        planned: &Planned,
        care: Care,
    ) -> Result<Readings, Error> {
        match self.operate(&planned.verb, &planned.steps, care).await {
            Err(error) if error.kind == ErrorKind::Lost && planned.may_repeat() => {
                self.note(&format!("{}; it is tried once more", error.message));
                self.operate(&planned.verb, &planned.steps, care).await
            }
            done => done,
        }
    }

    /// What a call comes to. Nothing is sent.
    pub(crate) fn plan(&self, call: &Call) -> Result<Planned, Error> {
        let id = &self.equipment.id;
        if let Some(other) = call.equipment.as_deref().filter(|other| *other != id) {
            let message = format!("the call of {} is meant for equipment '{other}'", call.verb);
            return Err(sentence::of(id, Error::new(ErrorKind::Invalid, message)));
        }
        let verb = self.driver.verb(&call.verb)?;
        let steps = verb.plan(&call.parameters, &self.driver)?;
        let writes = verb.writes(&steps);
        Ok(Planned { verb: call.verb.clone(), idempotent: verb.is_idempotent(), steps, writes })
    }
}
