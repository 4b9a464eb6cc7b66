//! Carrying out: a job's work from the leases to the release, and what is left to do after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use station_core::model::{Call, Equipment, EquipmentTest, Work};
use tokio::runtime::Handle;

use super::doing::{Around, only, transcript};
use super::ending::{self, Ending};
use super::outcome::{self, Touch};
use super::sampling;
use super::{Stage, Stop, WorkEnd, WorkOutcome, WorkRequest};
use crate::bench::{Bench, Holder, Lease};
use crate::{Error, ErrorKind};

/// How long a job waits for others who hold its equipment, and for equipment that is just starting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries out a job's work: takes its equipment, applies its profile, does the work; then always
/// `on_release`, the safe state if anything went wrong, and the release. A stop ends it early, with
/// all that follows. When the future is dropped instead, what follows is done without it.
pub async fn carry_out(
    bench: &Bench,
    request: WorkRequest,
    stage: Arc<dyn Stage>,
    stop: Stop,
) -> WorkEnd {
    let around = Around { bench, request: &request, stage: &stage, stop: &stop };
    let mut held = match take(&around).await {
        Ok(leases) => Held { leases, on_release: request.on_release() },
        Err(error) => return not_taken(&request, error),
    };
    let leases = &mut held.leases;
    for lease in leases.iter_mut() {
        lease.set_transcript(Some(transcript(&stage)));
        lease.set_stop(Some(stop.clone()));
    }
    if let Err(error) = around.apply_profile(leases).await {
        let outcome = outcome::of(&error, Touch::Changes, spoke(leases));
        let ending = held.end(outcome).await;
        return ending.of(outcome, Some(error.message), None);
    }
    if let Work::Acquisition(plan) = &request.action.work
        && plan.detached
        // Any other number of them is refused below.
        && only(leases).is_ok()
        && let Some(lease) = leases.pop()
    {
        return sampling::detached(&around, lease, plan).await;
    }
    let done = around.work(leases).await;
    let (outcome, error, result) = match done {
        Ok(result) => (WorkOutcome::Done, None, Some(result)),
        Err((error, result)) => {
            let touch = touch(&request.action.work, leases);
            let outcome = outcome::of(&error, touch, spoke(leases));
            around.note(&error.message);
            (outcome, Some(error.message), result)
        }
    };
    let ending = held.end(outcome).await;
    ending.of(outcome, error, result)
}

/// The equipment of work under way, and what follows the work: also if it is dropped.
struct Held {
    leases: Vec<Lease>,
    on_release: Vec<Call>,
}

impl Held {
    async fn end(mut self, outcome: WorkOutcome) -> Ending {
        let (leases, calls) = (std::mem::take(&mut self.leases), self.on_release.clone());
        ending::ended(ending::begin(leases, calls, outcome)).await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let leases = std::mem::take(&mut self.leases);
        // Without a runtime nothing can be said any more.
        if !leases.is_empty() && Handle::try_current().is_ok() {
            let calls = std::mem::take(&mut self.on_release);
            let ending = ending::begin(leases, calls, WorkOutcome::Unknown);
            tokio::spawn(async move {
                let Ending { wrong, left, .. } = ending::ended(ending).await;
                tracing::warn!(?wrong, ?left, "work was given up where it stood");
            });
        }
    }
}

/// Does what follows work that a crash cut off: `on_release`, and the safe state of all its equipment.
/// Whether any of that has a safe state; what has none is left as it is.
///
/// # Errors
/// Equipment is not known to be in its safe state; the sentence says which, and why.
pub async fn make_safe(
    bench: &Bench,
    request: WorkRequest,
    stage: Arc<dyn Stage>,
) -> Result<bool, Error> {
    let mut leases = Vec::new();
    let mut wrong = Vec::new();
    let mut kind = None;
    // In the order in which all take them: two that want the same must not wait for each other.
    let by_id: BTreeMap<&str, &Equipment> =
        request.equipment.iter().map(|equipment| (equipment.id.as_str(), equipment)).collect();
    for equipment in by_id.into_values() {
        let holder = Holder { label: request.label.clone(), limit: None };
        match bench.lease(equipment, holder, PATIENCE).await {
            Ok(mut lease) => {
                lease.set_transcript(Some(transcript(&stage)));
                leases.push(lease);
            }
            // What one does not reach must not keep the others from being made safe.
            Err(error) => {
                kind.get_or_insert(error.kind);
                wrong.push(error.message);
            }
        }
    }
    let Ending { wrong: more, made_safe, .. } =
        ending::end(leases, &request.on_release(), WorkOutcome::Unknown).await;
    wrong.extend(more);
    if wrong.is_empty() {
        return Ok(made_safe);
    }
    Err(Error::new(kind.unwrap_or(ErrorKind::Instrument), wrong.join("; ")))
}

async fn take(around: &Around<'_>) -> Result<Vec<Lease>, Error> {
    let holder = Holder { label: around.request.label.clone(), limit: None };
    tokio::select! {
        biased;
        () = around.stop.asked() => {
            let message = "it was stopped before anything was sent";
            Err(Error::new(ErrorKind::Stopped, message))
        }
        leases = around.bench.lease_all(&around.request.equipment, holder, PATIENCE) => leases,
    }
}

/// The end of work whose equipment could not be had: nothing was sent. A test of the connection has
/// its result by that.
fn not_taken(request: &WorkRequest, error: Error) -> WorkEnd {
    let tests = Work::EquipmentTest { test: EquipmentTest::Connection };
    let tells =
        matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Refused | ErrorKind::Identity);
    if request.action.work == tests && tells {
        let result = json!({ "test": "connection", "passed": false, "reason": error.message });
        let error = Some(error.message);
        return WorkEnd { outcome: WorkOutcome::Failed, error, result: Some(result) };
    }
    WorkEnd { outcome: WorkOutcome::NotStarted, error: Some(error.message), result: None }
}

/// What the work does to its equipment. Whether a command or a measurement only reads, its driver knows:
/// a measurement may be `scpi`, or a verb that sets something first.
fn touch(work: &Work, leases: &[Lease]) -> Touch {
    let (Work::Command(call) | Work::Measurement(call)) = work else { return Touch::of(work) };
    let lease = leases.iter().find(|lease| call.equipment.as_ref() == Some(&lease.equipment().id));
    let verb = lease.or(leases.first()).and_then(|lease| lease.driver().verb(&call.verb).ok());
    let reads = verb.is_some_and(|verb| {
        verb.is_idempotent() && !verb.is_non_volatile() && !verb.outcomes().is_empty()
    });
    if reads { Touch::Reads } else { Touch::Changes }
}

fn spoke(leases: &[Lease]) -> bool {
    leases.iter().any(Lease::has_spoken)
}
