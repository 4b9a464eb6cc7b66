//! Who may have jobs command outstations: whoever makes, changes, runs or resumes one could command the
//! point by hand, and where two persons are needed somebody else agrees to the job.

use station_core::model::{
    Action, Approval, ApprovalState, Control, Job, JobId, JobSpec, Principal,
};
use station_outstation::desk::Outstations;

use super::caller::Asker;
use super::error::ApiError;
use super::outstation_command::ask;
use super::respond;
use crate::runtime::Handle;

/// Refuses a job with an outstation that could never do what it is to do, for whoever asks. Answers
/// whether somebody else has to agree to it.
pub(super) fn check(spec: &JobSpec, desk: &Outstations, by: &Principal) -> Result<bool, ApiError> {
    let (Action::Outstation(control), Some(name)) = (&spec.action, spec.target.outstation()) else {
        return Ok(false);
    };
    Ok(desk.foresee(name, control, by)?.is_some())
}

/// Refuses to change a job for somebody who could not do by hand what it does, and to have it do
/// something else in the name of whoever made it.
pub(super) fn check_change(
    (before, after): (&JobSpec, &JobSpec),
    desk: &Outstations,
    asker: &Principal,
) -> Result<bool, ApiError> {
    let is_another = before.action != after.action || before.target != after.target;
    if after.target.outstation().is_none() {
        return Ok(false);
    }
    if is_another && *asker != after.created_by {
        return Err(ApiError::Denied(format!(
            "this job was made by {}, in whose name it commands; what it commands can be changed by them \
             alone: make another job instead",
            after.created_by.label()
        )));
    }
    let needs = check(after, desk, asker)?;
    Ok(needs && is_another)
}

/// Refuses to run or resume a stored job for somebody who could not do by hand what it does.
pub(super) async fn check_stored(
    handle: &Handle,
    desk: &Outstations,
    asker: &Asker,
    id: JobId,
) -> Result<(), ApiError> {
    let stored = respond::blocking(handle, move |handle| Ok(handle.reader().job(id)?)).await?;
    // A job that is not there is left for the engine to tell.
    stored.map_or(Ok(()), |job| check(&job.spec, desk, asker.principal()).map(drop))
}

/// Asks for the consent of somebody else to what a job commands, once for all of its runs.
pub(super) async fn ask_for_job(
    handle: &Handle,
    desk: &Outstations,
    asker: &Asker,
    job: &Job,
) -> Result<Option<Approval>, ApiError> {
    let (Action::Outstation(control), Some(name)) =
        (&job.spec.action, job.spec.target.outstation())
    else {
        return Ok(None);
    };
    let Control::Write(write) = &**control else { return Ok(None) };
    let shows = desk.value(name, &write.point);
    let proposal = Approval {
        id: String::new(),
        outstation: name.to_owned(),
        write: write.clone(),
        job: Some(job.id),
        previous: shows.ok().and_then(|view| view.sample.value),
        requested_by: job.spec.created_by.clone(),
        requested_at: handle.now(),
        expires_at: None,
        state: ApprovalState::Waiting,
        decided_by: None,
        decided_at: None,
        note: None,
    };
    ask(handle, desk, asker, proposal).await.map(Some)
}
