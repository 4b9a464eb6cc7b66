//! Acquisitions as work: waited for, or left to themselves once they have begun.

use std::time::Duration;

use serde_json::{Value, json};
use station_core::model::{
    Acquisition, AcquisitionPlan, AcquisitionState, Equipment, ExecutionId, Record, RecordKind,
};
use tokio::time::Instant;

use super::doing::{Around, Wrong, new_id};
use super::ending::{self, Ending};
use super::{Stop, WorkEnd, WorkOutcome, outcome};
use crate::bench::{Bench, Lease};
use crate::{Error, ErrorKind};

/// How long an acquisition may take to begin before its job is over without it.
const BEGINNING: Duration = Duration::from_secs(30);

/// How often it is looked whether it has begun.
const LOOKING: Duration = Duration::from_millis(20);

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
        Err(error) => {
            let kept = bench.keeper().await.find(RecordKind::Acquisition, id).await;
            let result = match kept {
                Ok(Some(Record::Acquisition(kept))) => Some(document(&kept)),
                Ok(_) | Err(_) => None,
            };
            Err((error, result))
        }
    }
}

/// Begins an acquisition and leaves it to itself: its end, `on_release` and the rest come without the
/// job. The job is over as soon as the first sample is due.
pub(super) async fn detached(
    around: &Around<'_>,
    mut leases: Vec<Lease>,
    plan: &AcquisitionPlan,
) -> WorkEnd {
    let bench = around.bench.clone();
    let request = around.request.clone();
    let Some(first) = leases.first_mut() else {
        let error = Some("an acquisition needs equipment".to_owned());
        return WorkEnd { outcome: WorkOutcome::NotStarted, error, result: None };
    };
    let acquisition = planned(&bench, request.execution, first.equipment(), plan);
    let id = acquisition.id.clone();
    let acquisitions = bench.acquisitions().clone();
    let mut task = tokio::spawn(async move {
        // It is stopped by its name, and by nobody else.
        let (_nobody, never) = Stop::new();
        let ran = match leases.as_mut_slice() {
            [lease] => {
                lease.set_stop(None);
                lease.set_transcript(None);
                bench.acquisitions().run(&bench, lease, acquisition, &never).await
            }
            _ => Err(Error::new(ErrorKind::Invalid, "an acquisition has one equipment")),
        };
        let spoke = leases.iter().any(Lease::has_spoken);
        let outcome = match &ran {
            Ok(_) => WorkOutcome::Done,
            Err(error) => outcome::of(error, outcome::Touch::Reads, spoke),
        };
        let ending = ending::end(leases, &request.on_release(), outcome).await;
        (ran, outcome, ending)
    });
    let until = Instant::now() + BEGINNING;
    loop {
        tokio::select! {
            ended = &mut task => {
                return match ended {
                    Ok((ran, outcome, ending)) => over(ran, outcome, ending),
                    Err(error) => WorkEnd {
                        outcome: WorkOutcome::Unknown,
                        error: Some(format!("the acquisition broke off: {error}")),
                        result: None,
                    },
                };
            }
            () = tokio::time::sleep(LOOKING) => {}
        }
        let Some(live) = acquisitions.live(&id) else { continue };
        let snapshot = live.snapshot();
        if snapshot.state != AcquisitionState::Idle || Instant::now() >= until {
            tokio::spawn(tell_of_end(task));
            return WorkEnd {
                outcome: WorkOutcome::Done,
                error: None,
                result: Some(document(&snapshot)),
            };
        }
    }
}

type Ended = (Result<Acquisition, Error>, WorkOutcome, Ending);

/// The end of an acquisition that ended before it was left to itself.
fn over(ran: Result<Acquisition, Error>, outcome: WorkOutcome, ending: Ending) -> WorkEnd {
    let (error, result) = match ran {
        Ok(done) => (None, Some(document(&done))),
        Err(error) => (Some(error.message), None),
    };
    ending.of(outcome, error, result)
}

/// Logs what goes wrong when no job is there to say so.
async fn tell_of_end(task: tokio::task::JoinHandle<Ended>) {
    match task.await {
        Ok((ran, outcome, ending)) => {
            if let Some(error) = over(ran, outcome, ending).error {
                tracing::warn!(%error, "an acquisition ended badly");
            }
        }
        Err(error) => tracing::error!(%error, "an acquisition broke off"),
    }
}

fn planned(
    bench: &Bench,
    execution: Option<ExecutionId>,
    equipment: &Equipment,
    plan: &AcquisitionPlan,
) -> Acquisition {
    let now = bench.now();
    Acquisition {
        id: new_id("acq", now),
        equipment: equipment.id.clone(),
        execution,
        plan: plan.clone(),
        state: AcquisitionState::Idle,
        created_at: now,
        started_at: None,
        ended_at: None,
        file: None,
        samples: 0,
        lost: 0,
        achieved_rate: None,
        error: None,
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
