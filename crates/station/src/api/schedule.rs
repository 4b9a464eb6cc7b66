//! Tells when schedules fire, of stored jobs and of what somebody thinks of.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde::Serialize;
use station_core::engine::Refusal;
use station_core::model::{Bounds, Job, JobId, Micros, Role};
use station_core::trigger::Schedule;

use super::caller::Asker;
use super::error::ApiError;
use super::instant::{self, Clock};
use super::openapi::{answers, params, refusals, requests};
use super::query::{Arguments, JobPath};
use super::{create, jobs, plan, respond, stamp};
use crate::runtime::Handle;

/// So many clock changes are told.
const CHANGES: usize = 2;

/// When a job fires next.
#[derive(Serialize, utoipa::ToSchema)]
struct Fires {
    #[schema(schema_with = answers::success)]
    success: bool,
    #[schema(value_type = Vec<answers::Instant>)]
    fires: Vec<String>,
}

/// A schedule in words.
#[derive(Serialize, utoipa::ToSchema)]
struct Explanation {
    #[schema(schema_with = answers::success)]
    success: bool,
    description: String,
    #[schema(value_type = Vec<answers::Instant>)]
    fires: Vec<String>,
    /// What happens at the next changes of the clocks.
    clock_changes: Vec<String>,
}

/// What is told of a schedule, and from when on.
struct Look {
    schedule: Schedule,
    /// The firings told are after this.
    after: Micros,
    /// At most so many.
    most: usize,
}

impl Look {
    fn fires(&self) -> Vec<String> {
        let next = |after: &Micros| self.schedule.next(*after);
        std::iter::successors(self.schedule.next(self.after), next)
            .take(self.most)
            .map(|at| stamp::local(at, self.schedule.zone()))
            .collect()
    }

    fn explain(&self) -> Explanation {
        Explanation {
            success: true,
            description: self.schedule.describe(),
            fires: self.fires(),
            clock_changes: self.schedule.clock_changes(self.after, CHANGES),
        }
    }
}

/// Tells when a job fires next.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}/fires",
    tag = "schedules", operation_id = "listFirings",
    params(params::JobId, params::Firings),
    responses(
        (status = 200, description = "Its firings", body = Fires),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn fires(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let look = stored(handle, id, &query)?;
        Ok(respond::ok(&Fires { success: true, fires: look.fires() }))
    })
    .await
}

/// Tells a job's schedule in words.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}/explain",
    tag = "schedules", operation_id = "explainJob",
    params(params::JobId, params::Firings),
    responses(
        (status = 200, description = "Its schedule", body = Explanation),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn explain(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        Ok(respond::ok(&stored(handle, id, &query)?.explain()))
    })
    .await
}

fn stored(handle: &Handle, id: JobId, query: &Arguments) -> Result<Look, ApiError> {
    let job = handle.reader().job(id)?.ok_or(Refusal::NoSuchJob(id))?;
    look_at(&job, handle, query)
}

fn look_at(job: &Job, handle: &Handle, query: &Arguments) -> Result<Look, ApiError> {
    let spec = &job.spec;
    let zones = handle.zones();
    let schedule = Schedule::compile(&spec.trigger, &spec.bounds, zones)
        .map_err(|error| ApiError::Bad(error.to_string()))?;
    let clock = Clock { now: handle.now(), zone: schedule.zone(), zones };
    let from = query.instant("from", clock)?;
    // What has ended fires no more, whatever its schedule says; the past can still be asked for.
    let over = job.state.next_due.is_none() && !job.state.paused && from.is_none();
    let most = at_most(query, &spec.bounds, job.state.fired)?;
    let most = if over { 0 } else { most };
    let after = from.unwrap_or_else(|| just_before(clock.now));
    Ok(Look { schedule, after, most })
}

/// How many firings are told: those asked for, but no more than the job has left.
fn at_most(query: &Arguments, bounds: &Bounds, fired: u32) -> Result<usize, ApiError> {
    let asked = query.firings()?;
    let left = bounds.max_executions.map(|most| most.saturating_sub(fired));
    Ok(left.map_or(asked, |left| asked.min(usize::try_from(left).unwrap_or(usize::MAX))))
}

/// A tick before, so that what fires exactly then is still to come.
fn just_before(at: Micros) -> Micros {
    Micros(at.0.saturating_sub(1))
}

/// Tells the same of a schedule that nobody has stored.
#[utoipa::path(
    post, path = "/api/scheduler/schedule/preview",
    tag = "schedules", operation_id = "previewSchedule",
    params(params::Firings),
    request_body(content = requests::ScheduleRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The schedule", body = Explanation),
        refusals::Usual, refusals::BadBody, refusals::TooLarge, refusals::Invalid,
    ),
)]
pub(super) async fn preview(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let body = body.map_err(jobs::refused_body)?;
    respond::blocking(&handle, move |handle| {
        let timing = create::timing(&body)?;
        let (zone, zones) = (handle.zone(), handle.zones());
        let meant = match timing.timezone.as_deref() {
            Some(text) => &instant::zone_named(text, zones)?,
            None => zone,
        };
        let from = query.instant("from", Clock { now: handle.now(), zone: meant, zones })?;
        let now = from.unwrap_or_else(|| handle.now());
        let plan = plan::plan(timing, None, (now, zone, zones))?;
        let look = Look {
            most: at_most(&query, &plan.bounds, 0)?,
            schedule: plan.schedule,
            after: from.unwrap_or_else(|| just_before(now)),
        };
        Ok(respond::ok(&look.explain()))
    })
    .await
}
