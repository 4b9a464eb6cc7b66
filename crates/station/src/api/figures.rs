//! Answers how much, how often and how long: a job's history, the station's statistics; and prunes.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{ExecutionStatus, JobId, Micros, Role};

use super::caller::Asker;
use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::openapi::{answers, params, refusals, requests};
use super::query::JobPath;
use super::{body, jobs, respond, stamp};
use crate::runtime::Handle;
use crate::store::{History, Statistics};

/// How many of the jobs that fire next are told.
const UPCOMING: usize = 10;

/// How many executions are removed in one request to the engine, so that others get their turn.
const BATCH: usize = 500;

/// A hundred years of days.
const MOST_DAYS: i64 = 36_500;

/// Counts what has become of a job's executions.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}/history",
    tag = "figures", operation_id = "getHistory",
    params(params::JobId),
    responses(
        (status = 200, description = "The counts", body = answers::JobHistory),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn history(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let history = reader.history(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let job = reader.job(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let zone = jobs::frame(handle, None).zone_of(&job);
        Ok(respond::ok(&json!({ "success": true, "history": shown(id, &history, &zone) })))
    })
    .await
}

fn shown(id: JobId, history: &History, zone: &TimeZone) -> Value {
    let show = |at: Micros| stamp::local(at, zone);
    let count = |status| history.by_status.get(&status).copied().unwrap_or(0);
    let last = history.last.as_ref();
    json!({
        "job_id": id.to_string(),
        "job_name": history.name,
        "total_executions": history.total,
        "successful": count(ExecutionStatus::Completed),
        "failed": count(ExecutionStatus::Failed),
        "cancelled": count(ExecutionStatus::Cancelled),
        "skipped": count(ExecutionStatus::Skipped),
        "missed": count(ExecutionStatus::Missed),
        "interrupted": count(ExecutionStatus::Interrupted),
        "running": count(ExecutionStatus::Running),
        "pending": count(ExecutionStatus::Pending),
        "firings": history.firings,
        "average_duration": history.average.map(|span| span.as_secs_f64()),
        "last_execution": last.map(|last| show(last.started.unwrap_or(last.planned))),
        "last_status": last.map(|last| last.status.name()),
        "next_run": history.next_due.map(show),
    })
}

/// Says what the station does, at a glance.
#[utoipa::path(
    get, path = "/api/scheduler/statistics",
    tag = "figures", operation_id = "getStatistics",
    responses(
        (status = 200, description = "The figures", body = answers::StationStatistics),
        refusals::Usual,
    ),
)]
pub(super) async fn statistics(
    State(handle): State<Handle>,
    asker: Asker,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let (from, to) = day(handle.now(), handle.zone());
        let statistics = handle.reader().statistics(from, to, UPCOMING)?;
        Ok(respond::ok(&json!({ "success": true, "statistics": told(&statistics, handle.zone()) })))
    })
    .await
}

fn told(statistics: &Statistics, zone: &TimeZone) -> Value {
    let today = |status| statistics.today.get(&status).copied().unwrap_or(0);
    let upcoming = statistics.upcoming.iter().map(|next| {
        json!({
            "job_id": next.job.to_string(),
            "job_name": next.name,
            "next_run": stamp::local(next.next_due, zone),
        })
    });
    json!({
        "total_jobs": statistics.total_jobs,
        "active_jobs": statistics.active_jobs,
        "disabled_jobs": statistics.disabled_jobs,
        "ended_jobs": statistics.ended_jobs,
        "running_executions": statistics.running_executions,
        "total_executions_today": statistics.total_today(),
        "successful_today": today(ExecutionStatus::Completed),
        "failed_today": today(ExecutionStatus::Failed),
        "cancelled_today": today(ExecutionStatus::Cancelled),
        "skipped_today": today(ExecutionStatus::Skipped),
        "missed_today": today(ExecutionStatus::Missed),
        "interrupted_today": today(ExecutionStatus::Interrupted),
        "by_type": statistics.by_kind,
        "upcoming_jobs": upcoming.collect::<Vec<_>>(),
    })
}

/// The day an instant lies in on the clock of a zone: its beginning, and the next one's.
fn day(at: Micros, zone: &TimeZone) -> (Micros, Micros) {
    let today = at.timestamp().to_zoned(zone.clone());
    let begin = today.start_of_day().unwrap_or_else(|_| today.clone());
    let next = begin.checked_add(1.day()).and_then(|next| next.start_of_day());
    let from = Micros::from(begin.timestamp());
    (from, next.map_or(at, |next| Micros::from(next.timestamp())))
}

/// Removes old executions.
#[utoipa::path(
    post, path = "/api/scheduler/history/prune",
    tag = "figures", operation_id = "pruneHistory",
    request_body(content = requests::PruneRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "How many are gone", body = answers::Pruned),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
    ),
)]
pub(super) async fn prune(
    State(handle): State<Handle>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require(Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let days = read_days(&body)?;
    drop(body);
    let spent = std::time::Duration::from_secs(days.saturating_mul(86_400));
    let spent = i64::try_from(spent.as_micros()).unwrap_or(i64::MAX);
    let before = Micros(handle.now().0.saturating_sub(spent));
    let mut deleted = 0_usize;
    loop {
        let (executions, more) =
            respond::blocking(&handle, move |handle| Ok(handle.reader().expired(before, BATCH)?))
                .await?;
        if executions.is_empty() {
            break;
        }
        let reply = handle.request_by(Request::Forget { executions }, &asker.actor()).await?;
        let Reply::Forgotten(gone) = reply else { return Err(jobs::unexpected(reply)) };
        deleted = deleted.saturating_add(gone);
        // What could not go now would be found again and again.
        if gone == 0 || !more {
            break;
        }
    }
    Ok(respond::ok(&json!({ "success": true, "deleted": deleted })))
}

fn read_days(body: &[u8]) -> Result<u64, ApiError> {
    let mut faults = Faults::default();
    let mut days = None;
    let at = Place::BODY;
    for (name, value) in body::object(body, &["days"])? {
        if name == "days" {
            days = Some(field::integer(&value, (0, MOST_DAYS), at.field("days"), &mut faults));
        }
    }
    if days.is_none() {
        faults.missing(Place::BODY.field("days"));
    }
    faults.into_result()?;
    Ok(days.flatten().and_then(|days| u64::try_from(days).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_the_stations_day_also_when_clocks_change() {
        let zone = jiff::tz::db().get("Europe/Berlin").unwrap();
        let at = |text: &str| Micros::from(text.parse::<jiff::Timestamp>().unwrap());
        for (now, from, to) in [
            ("2027-06-30T22:30:00Z", "2027-06-30T22:00:00Z", "2027-07-01T22:00:00Z"),
            ("2027-06-30T21:59:59Z", "2027-06-29T22:00:00Z", "2027-06-30T22:00:00Z"),
            // 23 hours, and 25.
            ("2027-03-28T10:00:00Z", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"),
            ("2027-10-31T10:00:00Z", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z"),
        ] {
            assert_eq!(day(at(now), &zone), (at(from), at(to)), "{now}");
        }
    }

    #[test]
    fn days_are_read() {
        assert_eq!(read_days(br#"{"days":30}"#), Ok(30));
        assert_eq!(read_days(br#"{"days":"0"}"#), Ok(0));
        for (body, kind) in [
            ("{}", "missing"),
            (r#"{"days":null}"#, "missing"),
            (r#"{"days":-1}"#, "value_error"),
            (r#"{"days":1.5}"#, "int_from_float"),
            (r#"{"days":"x"}"#, "int_parsing"),
            ("", "missing"),
        ] {
            let error = read_days(body.as_bytes()).unwrap_err();
            assert_eq!(error.body()["detail"][0]["type"], kind, "{body}");
        }
        let error = read_days(br#"{"day":3,"days":3}"#).unwrap_err();
        assert_eq!(error.status().as_u16(), 400);
    }
}
