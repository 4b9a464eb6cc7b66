//! Acquisitions as work: waited for, or left to themselves once they have begun.

use serde_json::{Value, json};
use station_core::model::{
    Acquisition, AcquisitionPlan, Call, Equipment, ExecutionId, Record, RecordKind,
};

use super::doing::{Around, Wrong, new_id};
use super::ending::{self, Ending};
use super::{Stop, WorkEnd, WorkOutcome, outcome};
use crate::bench::{Bench, Lease};
use crate::{Error, ErrorKind};

/// Runs an acquisition to its end.
pub(super) async fn attended(
    around: &Around<'_>,
    lease: &mut Lease,
    plan: &AcquisitionPlan,
) -> Result<Value, Wrong> {
    let bench = around.bench;
    let acquisition = planned(bench, around.request.execution, lease.equipment(), plan);
    let id = acquisition.id.clone();
    // The samples stand in the file; the acquisition itself looks out for the stop.
    lease.set_stop(None);
    lease.set_transcript(None);
    let ran = bench.acquisitions().run(bench, lease, acquisition, around.stop).await;
    lease.set_transcript(Some(around.transcript()));
    match ran {
        Ok(done) => {
            let result = document(&done);
            if around.stop.is_asked() {
                let message = format!("the acquisition was stopped after {} samples", done.samples);
                return Err((Error::new(ErrorKind::Stopped, message), Some(result)));
            }
            match lease.check("the acquisition").await {
                Ok(()) => Ok(result),
                Err(error) => Err((error, Some(result))),
            }
        }
        Err(error) => Err((error, kept(bench, id).await)),
    }
}

/// Begins an acquisition as work that is over as soon as it has begun.
pub(super) async fn detached(around: &Around<'_>, lease: Lease, plan: &AcquisitionPlan) -> WorkEnd {
    let (bench, request) = (around.bench, around.request);
    let acquisition = planned(bench, request.execution, lease.equipment(), plan);
    let id = acquisition.id.clone();
    match begin(bench, lease, acquisition, (After::Work(request.on_release()), around.stop)).await {
        Ok(begun) => {
            WorkEnd { outcome: WorkOutcome::Done, error: None, result: Some(document(&begun)) }
        }
        Err((error, outcome)) => {
            WorkEnd { outcome, error: Some(error.message), result: kept(bench, id).await }
        }
    }
}

/// What follows an acquisition that was left to itself.
#[derive(Debug)]
pub enum After {
    /// What follows a job's work: these calls, each with its equipment; the safe state if anything
    /// went wrong; the release.
    Work(Vec<Call>),
    /// The release alone: whoever works by hand has the equipment as it is.
    Release,
}

/// Begins an acquisition and leaves it to itself: where it stands once it takes samples or waits for
/// its trigger, or at its end if that comes first. What follows it comes in its own time, also when
/// this future is dropped. The stop counts until it has begun; from then on it is stopped by its id.
///
/// # Errors
/// It was stopped or went wrong before it was seen to begin; the sentence says how the equipment was
/// left.
pub async fn begin(
    bench: &Bench,
    mut lease: Lease,
    acquisition: Acquisition,
    (after, stop): (After, &Stop),
) -> Result<Acquisition, (Error, WorkOutcome)> {
    let id = acquisition.id.clone();
    let on = bench.clone();
    let (stopper, stopped) = Stop::new();
    let mut task = tokio::spawn(async move {
        // The acquisition itself looks out for the stop.
        lease.set_stop(None);
        lease.set_transcript(None);
        let ran = on.acquisitions().run(&on, &mut lease, acquisition, &stopped).await;
        let ran = ran.and_then(|done| {
            let message = "the acquisition was stopped before it had begun";
            let early = || Error::new(ErrorKind::Stopped, message);
            if stopped.is_asked() { Err(early()) } else { Ok(done) }
        });
        let outcome = match &ran {
            Ok(_) => WorkOutcome::Done,
            Err(error) => outcome::of(error, outcome::Touch::Reads, lease.has_spoken()),
        };
        let ending = match after {
            After::Work(calls) => ending::end(vec![lease], &calls, outcome).await,
            After::Release => {
                ending::release(lease).await;
                Ending::default()
            }
        };
        over(ran, outcome, ending)
    });
    tokio::select! {
        // A stop overtakes a beginning, and an end says more than either.
        biased;
        ended = &mut task => return ended.unwrap_or_else(|error| Err(broken_off(&error))),
        () = stop.asked() => stopper.ask(),
        begun = bench.acquisitions().begun(&id) => {
            tokio::spawn(tell_of_end(task));
            return Ok(begun);
        }
    }
    task.await.unwrap_or_else(|error| Err(broken_off(&error)))
}

type Ended = Result<Acquisition, (Error, WorkOutcome)>;

/// How an acquisition ended, with what followed it.
fn over(ran: Result<Acquisition, Error>, outcome: WorkOutcome, ending: Ending) -> Ended {
    let kind = ran.as_ref().err().map_or(ErrorKind::Instrument, |error| error.kind);
    let said = ran.as_ref().err().map(|error| error.message.clone());
    let end = ending.of(outcome, said, None);
    match (ran, end.error) {
        (Ok(done), None) => Ok(done),
        (_, said) => Err((Error::new(kind, said.unwrap_or_default()), end.outcome)),
    }
}

/// Logs what goes wrong when nobody waits for it any more.
async fn tell_of_end(task: tokio::task::JoinHandle<Ended>) {
    if let Err((error, _)) = task.await.unwrap_or_else(|error| Err(broken_off(&error))) {
        tracing::warn!(%error, "an acquisition ended badly");
    }
}

fn broken_off(error: &tokio::task::JoinError) -> (Error, WorkOutcome) {
    let message = format!("the acquisition broke off: {error}");
    (Error::new(ErrorKind::Local, message), WorkOutcome::Unknown)
}

fn planned(
    bench: &Bench,
    execution: Option<ExecutionId>,
    equipment: &Equipment,
    plan: &AcquisitionPlan,
) -> Acquisition {
    let now = bench.now();
    Acquisition::new(new_id("acq", now), equipment.id.clone(), execution, plan.clone(), now)
}

/// What is kept of an acquisition that went wrong.
async fn kept(bench: &Bench, id: String) -> Option<Value> {
    match bench.keeper().await.find(RecordKind::Acquisition, id).await {
        Ok(Some(Record::Acquisition(kept))) => Some(document(&kept)),
        Ok(_) | Err(_) => None,
    }
}

fn document(acquisition: &Acquisition) -> Value {
    json!({
        "acquisition_id": acquisition.id,
        "status": acquisition.state.name(),
        "samples": acquisition.samples,
        "lost": acquisition.lost,
        "file": acquisition.file,
        "requested_rate": acquisition.plan.sample_rate,
        "achieved_rate": acquisition.achieved_rate,
    })
}
