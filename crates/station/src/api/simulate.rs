//! Foresees the station's plan: what fires when, how crowded it gets, what the clock changes do.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use station_core::forecast::{Candidate, ClockChange, Forecast, LaneForecast, Question, forecast};
use station_core::model::{ExecutionStatus, Job, JobSpec, Micros, Role, Trigger};
use station_core::trigger::Schedule;
use tokio::sync::Semaphore;

use super::caller::Asker;
use super::error::ApiError;
use super::field::{Faults, Place};
use super::instant::Clock;
use super::openapi::{params, refusals, simulation};
use super::query::Arguments;
use super::{respond, stamp};
use crate::runtime::Handle;
use crate::store::{JobFilter, JobOrder};

/// Jobs read at a time.
const PAGE: usize = 1000;

/// More jobs than this are not foreseen at once: an answer would take too long and be too large.
const MOST_JOBS: usize = 100_000;

/// How many of the busiest minutes and of the pairs are told unless said otherwise.
const TOP: usize = 10;

/// Simulations may take all of a core for seconds, so they are made one after the other.
static TURN: Semaphore = Semaphore::const_new(1);

/// The most of them.
const MOST_TOP: usize = 1000;

/// How many of a clock change's jobs are named.
const NAMED: usize = 1000;

/// The jobs to foresee, and how many are left out because they are paused.
struct Jobs {
    candidates: Vec<Candidate>,
    paused: usize,
}

/// Foresees what all schedules lead to, and runs nothing.
#[utoipa::path(
    get, path = "/api/scheduler/simulate",
    tag = "schedules", operation_id = "simulate",
    params(params::Simulation),
    responses(
        (status = 200, description = "What is foreseen", body = simulation::Simulated),
        refusals::Usual, refusals::BadRequest, refusals::Invalid,
    ),
)]
pub(super) async fn simulate(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let clock = Clock { now: handle.now(), zone: handle.zone(), zones: handle.zones() };
    let question = question(&query, clock)?;
    let turn = TURN.acquire().await.map_err(|_| ApiError::Internal)?;
    respond::blocking(&handle, move |handle| {
        // Kept to the end, even when the caller goes away before.
        let _turn = turn;
        let jobs = jobs(handle, &question)?;
        let told = forecast(&jobs.candidates, &question, handle.zones());
        Ok(respond::ok(&view(&told, &question, jobs.paused, handle.zone())))
    })
    .await
}

fn question(query: &Arguments, clock: Clock<'_>) -> Result<Question, ApiError> {
    let from = query.instant("from", clock)?.unwrap_or(clock.now);
    let to = query.instant("to", clock)?.unwrap_or_else(|| year_after(from, clock.zone));
    let mut faults = Faults::default();
    let top = query.text("top").map_or(TOP, |text| {
        let top = text.parse().ok().filter(|top| (1..=MOST_TOP).contains(top));
        top.unwrap_or_else(|| {
            let why = format!("must be a number from 1 to {MOST_TOP}");
            let shown: String = text.chars().take(100).collect();
            faults.value(Place::QUERY.field("top"), &why, shown.into());
            TOP
        })
    });
    faults.into_result()?;
    if to <= from {
        return Err(ApiError::Bad("to must be later than from".to_owned()));
    }
    if to.since(from) > Question::LONGEST {
        return Err(ApiError::Bad("at most ten years are simulated at once".to_owned()));
    }
    Ok(Question { from, to, most_firings: Question::MOST_FIRINGS, top })
}

fn year_after(from: Micros, zone: &TimeZone) -> Micros {
    let from = from.timestamp().to_zoned(zone.clone());
    let to = from.checked_add(jiff::Span::new().years(1)).map(|to| to.timestamp());
    Micros::from(to.unwrap_or(Timestamp::MAX))
}

/// Reads the jobs that fire by themselves.
fn jobs(handle: &Handle, question: &Question) -> Result<Jobs, ApiError> {
    let reader = handle.reader();
    let mut jobs = Jobs { candidates: Vec::new(), paused: 0 };
    let mut filter = JobFilter {
        statuses: vec![ExecutionStatus::Pending, ExecutionStatus::Running],
        order: JobOrder::Id,
        limit: PAGE,
        ..JobFilter::default()
    };
    loop {
        let page = reader.jobs(&filter)?;
        for job in &page.items {
            if job.state.paused {
                jobs.paused += 1;
            }
            if job.state.next_due.is_none() || !concerns(&job.spec.trigger, question) {
                continue;
            }
            if jobs.candidates.len() >= MOST_JOBS {
                return Err(ApiError::Bad(format!(
                    "more than {MOST_JOBS} jobs may fire in this time: bring from and to nearer \
                     together"
                )));
            }
            let average = match job.state.executions {
                0 => None,
                _ => reader.history(job.id)?.and_then(|history| history.average),
            };
            jobs.candidates.push(candidate(job, average, question, handle));
        }
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return Ok(jobs),
        }
    }
}

/// Whether it may fire in the span; one-offs are many, and most of them do not.
fn concerns(trigger: &Trigger, question: &Question) -> bool {
    match trigger {
        Trigger::Date(date) => (question.from..question.to).contains(&date.at),
        // Nobody foresees when a machine is started.
        Trigger::Boot(_) => false,
        Trigger::Interval(_)
        | Trigger::Cron(_)
        | Trigger::Daily(_)
        | Trigger::Weekly(_)
        | Trigger::Monthly(_) => true,
    }
}

fn candidate(
    job: &Job,
    average: Option<Duration>,
    question: &Question,
    handle: &Handle,
) -> Candidate {
    let spec = &job.spec;
    let runs_left = spec.bounds.max_executions.map(|most| most.saturating_sub(job.state.fired));
    let mut candidate = Candidate {
        job: job.id,
        name: spec.name.clone(),
        lanes: lanes(spec),
        trigger: spec.trigger.clone(),
        bounds: spec.bounds.clone(),
        runs_left,
        duration: average.unwrap_or_default(),
    };
    if let Some(left) = runs_left {
        candidate.runs_left = Some(left - used_before(&candidate, left, question.from, handle));
    }
    candidate
}

/// What a job shares with others.
fn lanes(spec: &JobSpec) -> Vec<String> {
    let mut lanes = spec.target.equipment().to_vec();
    lanes.extend(spec.policies.conflict_key.clone());
    if lanes.is_empty() {
        lanes.push(spec.target.name().into_owned());
    }
    lanes
}

/// How many of the runs that are left a job will have had when the span begins.
fn used_before(candidate: &Candidate, left: u32, from: Micros, handle: &Handle) -> u32 {
    let schedule = Schedule::compile(&candidate.trigger, &candidate.bounds, handle.zones());
    let Ok(schedule) = schedule else { return 0 };
    let mut after = handle.now();
    let mut used = 0;
    while used < left {
        match schedule.next(after).filter(|at| *at < from) {
            Some(at) => after = at,
            None => break,
        }
        used += 1;
    }
    used
}

fn view(told: &Forecast, question: &Question, paused: usize, zone: &TimeZone) -> Value {
    let show = |at: Micros| stamp::local(at, zone);
    let jobs: Vec<Value> = told
        .jobs
        .iter()
        .map(|job| {
            json!({
                "job_id": job.job.to_string(), "name": job.name, "firings": job.firings,
                "first": job.first.map(show), "last": job.last.map(show),
            })
        })
        .collect();
    let busiest: Vec<Value> = told
        .busiest
        .iter()
        .map(|(minute, firings)| json!({ "minute": show(*minute), "firings": firings }))
        .collect();
    let load: Vec<Value> = told
        .load
        .iter()
        .map(|(firings, minutes)| json!({ "firings": firings, "minutes": minutes }))
        .collect();
    let faults: Vec<Value> = told
        .faults
        .iter()
        .map(|(job, why)| json!({ "job_id": job.to_string(), "reason": why }))
        .collect();
    let lanes: Vec<Value> = told.lanes.iter().map(|lane| lane_view(lane, &show)).collect();
    let changes: Vec<Value> =
        told.clock_changes.iter().map(|change| change_view(change, &show)).collect();
    json!({
        "success": true,
        "simulation": {
            "from": show(question.from),
            "to": show(question.to),
            "until": show(told.until),
            "complete": told.until >= question.to,
            "firings": told.firings,
            "paused_jobs": paused,
            "jobs": jobs,
            "busiest_minutes": busiest,
            "load": load,
            "shared": lanes,
            "clock_changes": changes,
            "unforeseen": faults,
        },
    })
}

fn lane_view(lane: &LaneForecast, show: &dyn Fn(Micros) -> String) -> Value {
    let pairs: Vec<Value> = lane
        .pairs
        .iter()
        .map(|pair| {
            json!({
                "job_id": pair.holder.to_string(), "with": pair.comer.to_string(),
                "times": pair.times,
            })
        })
        .collect();
    json!({
        "name": lane.name,
        "jobs": lane.jobs,
        "firings": lane.firings,
        "collisions": lane.collisions,
        "first_collision": lane.first.map(show),
        "pairs": pairs,
    })
}

fn change_view(change: &ClockChange, show: &dyn Fn(Micros) -> String) -> Value {
    let jobs: Vec<Value> = change
        .jobs
        .iter()
        .take(NAMED)
        .map(|job| {
            json!({
                "job_id": job.job.to_string(), "name": job.name, "skipped": job.skipped,
                "moved": job.moved, "doubled": job.doubled,
            })
        })
        .collect();
    let offset = |seconds: i32| match Offset::from_seconds(seconds) {
        Ok(offset) => offset.to_string(),
        Err(_) => seconds.to_string(),
    };
    json!({
        "at": show(change.at),
        "timezone": change.zone,
        "offset_before": offset(change.before),
        "offset_after": offset(change.after),
        "skipped": change.skipped,
        "moved": change.moved,
        "doubled": change.doubled,
        "jobs": jobs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(list: &[(&str, &str)]) -> Result<Question, ApiError> {
        let query = Arguments::of(list);
        let now = "2027-02-28T12:00:00Z".parse::<Timestamp>().unwrap();
        let zone = jiff::tz::db().get("Europe/Berlin").unwrap();
        question(&query, Clock { now: now.into(), zone: &zone, zones: jiff::tz::db() })
    }

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn a_year_from_now_is_meant_unless_said_otherwise() {
        let asked = ask(&[]).unwrap();
        assert_eq!((asked.from, asked.top), (at("2027-02-28T12:00:00Z"), TOP));
        assert_eq!(asked.to, at("2028-02-28T12:00:00Z"));
        let asked = ask(&[("from", "2027-07-01T00:00"), ("to", "2027-07-01T00:00:00Z")]).unwrap();
        assert_eq!((asked.from, asked.to), (at("2027-06-30T22:00Z"), at("2027-07-01T00:00Z")));
    }

    #[test]
    fn spans_that_make_no_sense_are_refused() {
        for (list, word) in [
            (&[("from", "soon")][..], "from"),
            (&[("to", "x"), ("from", "2026-01-01")], "to"),
            (&[("top", "0")], "1 to 1000"),
            (&[("top", "-1")], "1 to 1000"),
            (&[("to", "2026-01-01T00:00:00Z")], "later than from"),
            (&[("to", "2137-03-02T12:00:00Z")], "ten years"),
        ] {
            let error = ask(list).unwrap_err();
            let body = error.body().to_string();
            assert!(body.contains(word), "{list:?}: {body}");
        }
    }
}
