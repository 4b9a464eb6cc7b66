//! Doing: the work itself, and what it gives as a JSON document.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use station_core::model::{Call, EquipmentState, ExecutionId, Micros, Record, Sequence, Work};

use super::sampling;
use super::{Stage, Stop, WorkRequest};
use crate::bench::{Bench, Lease, Transcript};
use crate::sequence;
use crate::{Error, ErrorKind};

/// What surrounds the work.
pub(super) struct Around<'a> {
    pub(super) bench: &'a Bench,
    pub(super) request: &'a WorkRequest,
    pub(super) stage: &'a Arc<dyn Stage>,
    pub(super) stop: &'a Stop,
}

/// Why work went wrong, and what it gave all the same.
pub(super) type Wrong = (Error, Option<Value>);

impl Around<'_> {
    /// Applies the profile, if there is one, to the equipment it is for.
    pub(super) async fn apply_profile(&self, leases: &mut [Lease]) -> Result<(), Error> {
        let Some(profile) = &self.request.profile else { return Ok(()) };
        let mut fits = false;
        for lease in leases {
            if lease.equipment().kind == profile.kind {
                fits = true;
                lease.apply(profile).await?;
            }
        }
        if fits {
            return Ok(());
        }
        let message = format!(
            "the profile '{}' is for equipment of the type {}, and none of the job's is",
            profile.name,
            profile.kind.name()
        );
        Err(Error::new(ErrorKind::Invalid, message))
    }

    /// Does the work.
    pub(super) async fn work(&self, leases: &mut [Lease]) -> Result<Value, Wrong> {
        let without = |error| (error, None);
        match &self.request.action.work {
            Work::Measurement(call) => measure(leases, call).await.map_err(without),
            Work::Command(call) => command(leases, call).await.map_err(without),
            Work::StateCapture => self.capture(leases).await.map_err(without),
            Work::EquipmentTest { test } => {
                let lease = only(leases).map_err(without)?;
                let result = lease.test(*test).await.map_err(without)?;
                if result.get("passed").and_then(Value::as_bool) == Some(true) {
                    return Ok(result);
                }
                let reason = result.get("reason").and_then(Value::as_str).unwrap_or("it fails");
                let id = &lease.equipment().id;
                let message = format!("equipment '{id}' does not pass its test: {reason}");
                Err((Error::new(ErrorKind::Instrument, message), Some(result)))
            }
            Work::Sequence(sequence) => self.sequence(leases, sequence).await,
            Work::Acquisition(plan) => {
                let lease = only(leases).map_err(without)?;
                sampling::attended(self, lease, plan).await
            }
        }
    }

    async fn sequence(&self, leases: &mut [Lease], sequence: &Sequence) -> Result<Value, Wrong> {
        let ran = sequence::run(leases, self.stage, sequence, self.stop).await;
        let document = |report| serde_json::to_value(report).ok();
        match ran {
            Ok(report) => Ok(document(report).unwrap_or_default()),
            Err((error, report)) => Err((error, document(report))),
        }
    }

    async fn capture(&self, leases: &mut [Lease]) -> Result<Value, Error> {
        let lease = only(leases)?;
        let keeper = self.bench.keeper().await;
        let state = captured(lease, || keeper.now(), (self.request.execution, None)).await?;
        let result = json!({ "state_id": state.id, "timestamp": state.taken_at.to_string() });
        keeper.keep(Record::State(Box::new(state))).await?;
        Ok(result)
    }

    /// Has something taken down that is no message.
    pub(super) fn note(&self, text: &str) {
        self.stage.note(text);
    }

    /// What takes down all that is said.
    pub(super) fn transcript(&self) -> Arc<dyn Transcript> {
        transcript(self.stage)
    }
}

/// Reads every setting of an equipment, as a state of its own: of an execution, or under a name; `now`
/// tells the present once they are read. The state is kept by the caller.
///
/// # Errors
/// As for [`Lease::capture`].
pub async fn captured(
    lease: &mut Lease,
    now: impl FnOnce() -> Micros,
    (execution, name): (Option<ExecutionId>, Option<String>),
) -> Result<EquipmentState, Error> {
    let settings = lease.capture().await?;
    let taken_at = now();
    Ok(EquipmentState {
        id: new_id("state", taken_at),
        equipment: lease.equipment().id.clone(),
        taken_at,
        execution,
        name,
        driver: lease.driver().name().to_owned(),
        identity: lease.identity().clone(),
        settings,
    })
}

async fn measure(leases: &mut [Lease], call: &Call) -> Result<Value, Error> {
    let lease = lease_of(leases, call)?;
    let value = lease.call(call).await?;
    let (id, verb) = (&lease.equipment().id, &call.verb);
    let Value::Object(mut measurement) = value else {
        let message = format!("equipment '{id}': {verb} reads nothing: take a verb that does");
        return Err(Error::new(ErrorKind::Invalid, message));
    };
    if measurement.values().all(Value::is_null) {
        let message = format!("equipment '{id}': {verb}: the instrument has no reading");
        return Err(Error::new(ErrorKind::Reply, message));
    }
    let verb = lease.driver().verb(&call.verb)?;
    let units = verb.units();
    if let Some(unit) = verb.unit() {
        measurement.insert("unit".to_owned(), unit.into());
    } else if !units.is_empty() {
        measurement.insert("units".to_owned(), Value::Object(units));
    }
    Ok(json!({ "measurement": measurement }))
}

async fn command(leases: &mut [Lease], call: &Call) -> Result<Value, Error> {
    let value = lease_of(leases, call)?.call(call).await?;
    Ok(json!({ "command": call.verb, "result": value }))
}

/// The stage as the transcript that it is.
pub(super) fn transcript(stage: &Arc<dyn Stage>) -> Arc<dyn Transcript> {
    let stage: Arc<dyn Stage> = Arc::clone(stage);
    stage
}

/// The lease a call is for: that of the equipment it names, else the only one.
pub(super) fn lease_of<'a>(leases: &'a mut [Lease], call: &Call) -> Result<&'a mut Lease, Error> {
    let Some(wanted) = &call.equipment else { return only(leases) };
    let found = leases.iter_mut().find(|lease| lease.equipment().id == *wanted);
    found.ok_or_else(|| {
        let message = format!("equipment '{wanted}' is not held by this job");
        Error::new(ErrorKind::Invalid, message)
    })
}

/// The only lease.
pub(super) fn only(leases: &mut [Lease]) -> Result<&mut Lease, Error> {
    let count = leases.len();
    let [lease] = leases else {
        let message = format!("the equipment must be named: the job holds {count} of them");
        return Err(Error::new(ErrorKind::Invalid, message));
    };
    Ok(lease)
}

/// A name for a new record: from the time, and unlike all others of this process.
#[must_use]
pub fn new_id(kind: &str, now: Micros) -> String {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let next = |last: i64| now.0.max(last.saturating_add(1));
    let before = LAST.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)));
    let number = next(before.unwrap_or_default());
    format!("{kind}-{number:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_also_within_a_microsecond() {
        let ids: std::collections::BTreeSet<String> =
            (0..100).map(|_| new_id("acq", Micros(1_763_740_800_000_000))).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|id| id.starts_with("acq-")));
    }
}
