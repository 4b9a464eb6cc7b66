//! Carrying out: a job's work from the leases to the release, and what is left to do after a crash.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use station_core::model::{EquipmentTest, Work};

use super::doing::{Around, transcript};
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
/// all that follows. What was sent when the future is dropped instead, the next holder clears up.
pub async fn carry_out(
    bench: &Bench,
    request: WorkRequest,
    stage: Arc<dyn Stage>,
    stop: Stop,
) -> WorkEnd {
    let around = Around { bench, request: &request, stage: &stage, stop: &stop };
    let mut leases = match take(&around).await {
        Ok(leases) => leases,
        Err(error) => return not_taken(&request, error),
    };
    for lease in &mut leases {
        lease.set_transcript(Some(transcript(&stage)));
        lease.set_stop(Some(stop.clone()));
    }
    if let Err(error) = around.apply_profile(&mut leases).await {
        let outcome = outcome::of(&error, Touch::Changes, spoke(&leases));
        let ending = ending::end(leases, &request.on_release(), outcome).await;
        return ending.of(outcome, Some(error.message), None);
    }
    if let Work::Acquisition(plan) = &request.action.work
        && plan.detached
    {
        return sampling::detached(&around, leases, plan).await;
    }
    let done = around.work(&mut leases).await;
    let (outcome, error, result) = match done {
        Ok(result) => (WorkOutcome::Done, None, Some(result)),
        Err((error, result)) => {
            let touch = touch(&request.action.work, &leases);
            let outcome = outcome::of(&error, touch, spoke(&leases));
            around.note(&error.message);
            (outcome, Some(error.message), result)
        }
    };
    let ending = ending::end(leases, &request.on_release(), outcome).await;
    ending.of(outcome, error, result)
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
    for equipment in &request.equipment {
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

/// What the work does to its equipment; a command that only reads is known by its driver.
fn touch(work: &Work, leases: &[Lease]) -> Touch {
    let Work::Command(call) = work else { return Touch::of(work) };
    let reads =
        leases.first().and_then(|lease| lease.driver().verb(&call.verb).ok()).is_some_and(|verb| {
            verb.is_idempotent() && !verb.is_non_volatile() && !verb.outcomes().is_empty()
        });
    if reads { Touch::Reads } else { Touch::of(work) }
}

fn spoke(leases: &[Lease]) -> bool {
    leases.iter().any(Lease::has_spoken)
}
