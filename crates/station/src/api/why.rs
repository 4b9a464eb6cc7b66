//! Answers why a job did or did not run, in sentences.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use station_core::engine::Refusal;
use station_core::model::{
    BootTrigger, Bounds, Condition, Conflict, Execution, ExecutionStatus, Job, Micros, Role,
    Trigger,
};
use station_core::trigger::Schedule;

use super::caller::Asker;
use super::error::ApiError;
use super::execution_view::ExecutionView;
use super::instant::Clock;
use super::openapi::{answers, params, refusals};
use super::query::{Arguments, JobPath};
use super::view::Frame;
use super::{jobs, respond, stamp};
use crate::runtime::Handle;
use crate::store::{ExecutionFilter, Ledger};

/// A time that is asked for means the whole second: people do not type microseconds.
const SECOND: i64 = 1_000_000;

/// Says why a job did or did not run.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}/why",
    tag = "figures", operation_id = "explainWhy",
    params(params::JobId, params::At),
    responses(
        (status = 200, description = "The answer", body = answers::Why),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn why(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let job = reader.job(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let status = handle.status();
        let frame = jobs::frame(handle, Some(&status));
        let zone = frame.zone_of(&job);
        let clock = Clock { now: frame.now, zone: &zone, zones: frame.zones };
        let at = query.instant("at", clock)?;
        let (execution, ledger) = match at {
            Some(at) => (reader.execution_near(id, whole(at))?, reader.ledger(id)?),
            None => (reader.history(id)?.and_then(|history| history.last), reader.ledger(id)?),
        };
        let running = ExecutionFilter {
            job: Some(id),
            statuses: vec![ExecutionStatus::Running],
            limit: 1,
            ..ExecutionFilter::default()
        };
        let busy = !reader.executions(&running)?.items.is_empty();
        let facts = Facts { job: &job, frame, execution: execution.as_ref(), busy };
        let answer = facts.answer(at);
        let kind = Some(job.spec.trigger.kind());
        let shown = facts.execution.filter(|execution| at.is_none_or(|at| covers(execution, at)));
        let shown = shown.map(|shown| ExecutionView::new(shown, &zone).triggered_by(kind));
        Ok(respond::ok(&json!({
            "success": true,
            "answer": answer,
            "execution": shown,
            "ledger": ledger.as_ref().map(told),
        })))
    })
    .await
}

fn told(ledger: &Ledger) -> Value {
    json!({
        "planned": ledger.planned,
        "ran": ledger.ran(),
        "combined": ledger.combined(),
        "skipped": ledger.skipped(),
        "missed": ledger.missed(),
        "waiting": ledger.waiting(),
        "interrupted": ledger.interrupted(),
        "cancelled": ledger.cancelled(),
        "removed": ledger.pruned,
    })
}

/// The last instant of the second that begins here.
fn whole(at: Micros) -> Micros {
    Micros(at.0.saturating_add(SECOND - 1))
}

/// Whether an execution stands for a firing in the second that begins here.
fn covers(execution: &Execution, at: Micros) -> bool {
    execution.first_planned.unwrap_or(execution.planned) <= whole(at) && execution.planned >= at
}

/// What an answer is made of.
struct Facts<'a> {
    job: &'a Job,
    frame: Frame<'a>,
    /// The execution that stands for the time, or the one before it; without a time the latest.
    execution: Option<&'a Execution>,
    /// A run of the job is under way.
    busy: bool,
}

impl Facts<'_> {
    fn answer(&self, at: Option<Micros>) -> String {
        let sentences = match at {
            None => {
                let mut sentences: Vec<String> =
                    self.execution.map(|execution| self.of(execution)).into_iter().collect();
                if self.job.state.executions == 0 {
                    sentences.push("The job has not run yet.".to_owned());
                }
                sentences.extend(self.next());
                sentences
            }
            Some(at) => match self.execution.filter(|execution| covers(execution, at)) {
                Some(execution) => vec![self.of(execution)],
                None => self.nothing_at(at),
            },
        };
        sentences.join(" ")
    }

    fn show(&self, at: Micros) -> String {
        stamp::local(at, &self.frame.zone_of(self.job)).replace(".000000", "")
    }

    /// What became of an execution.
    fn of(&self, execution: &Execution) -> String {
        use ExecutionStatus::{
            Cancelled, Completed, Failed, Interrupted, Missed, Pending, Running, Skipped,
        };
        let error = execution.error.as_deref().unwrap_or("no reason was recorded");
        let started = execution.started.map(|at| format!("started at {}", self.show(at)));
        let started = started.unwrap_or_else(|| "never started".to_owned());
        let ended = execution.ended.map(|at| format!(" at {}", self.show(at))).unwrap_or_default();
        let fate = match execution.status {
            Pending => format!("has not started: {}", self.waits(execution)),
            Running => format!("{started} and is running"),
            Completed => format!("{started} and was completed{ended}"),
            Failed => format!("{started} and failed{ended}: {error}"),
            Cancelled => format!("{started} and was cancelled{ended}: {error}"),
            Interrupted => format!("{started} and was interrupted{ended}: {error}"),
            Skipped => format!("was skipped: {error}"),
            Missed => format!("was missed: {error}"),
        };
        let planned = self.show(execution.planned);
        let mut text =
            format!("Execution {}, planned for {planned}, {}.", execution.id, trim(&fate));
        if let (Some(first), 2..) = (execution.first_planned, execution.firings) {
            let how = if matches!(execution.status, Skipped | Missed) {
                "in a row"
            } else {
                "combined into one run"
            };
            let (n, first) = (execution.firings, self.show(first));
            text.push_str(&format!(" It stands for {n} firings {how}, the first of {first}."));
        }
        text
    }

    /// Why an execution that exists has not started.
    fn waits(&self, execution: &Execution) -> String {
        if let Some(held) = self.frame.held {
            return held.to_owned();
        }
        if let Some(at) = execution.retry_at {
            return format!("it failed before and will be tried again at {}", self.show(at));
        }
        match (self.job.spec.policies.conflict, self.busy) {
            (Conflict::Queue, true) => "it waits in line behind a run of the job".to_owned(),
            (Conflict::CancelRunning, true) => "it waits for the run it replaces to end".to_owned(),
            (Conflict::Skip | Conflict::Replace, true) | (_, false) => self.lacks(),
        }
    }

    /// What something that is due lacks to start.
    fn lacks(&self) -> String {
        match (self.frame.held, self.job.spec.policies.condition) {
            (Some(held), _) => held.to_owned(),
            (None, Some(Condition::LoadBelow(hundredths))) => {
                let load = f64::from(hundredths) / 100.0;
                format!("it waits for the load average to fall below {load}")
            }
            (None, None) => {
                let key = self.job.spec.policies.conflict_key.iter();
                let ids = self.job.spec.target.equipment().iter();
                let shared: Vec<_> = key.chain(ids).map(|one| format!("'{one}'")).collect();
                match shared.as_slice() {
                    [] => "it waits for a free slot".to_owned(),
                    shared => {
                        let shared = shared.join(" and ");
                        format!("it waits for a free slot, or for {shared} to be free")
                    }
                }
            }
        }
    }

    /// When it fires next, or why it does not.
    fn next(&self) -> Vec<String> {
        let Job { spec, state, .. } = self.job;
        let bounds = &spec.bounds;
        if state.paused {
            return vec!["The job is paused: it does not fire until it is resumed.".to_owned()];
        }
        let Some(due) = state.next_due else {
            return vec![match (bounds.max_executions, bounds.end, &spec.trigger) {
                (Some(most), _, _) if state.fired >= most => format!(
                    "It does not fire any more: max_executions allows {most}, and it has had them."
                ),
                (_, Some(end), _) if end < self.frame.now => {
                    format!("It does not fire any more: its window ended at {}.", self.show(end))
                }
                (_, _, Trigger::Date(date)) => {
                    format!("It was to fire once, at {}.", self.show(date.at))
                }
                _ => "It does not fire any more: its schedule has no firing left.".to_owned(),
            }];
        };
        if due == BootTrigger::AWAITED {
            return vec!["It fires when the machine is started the next time.".to_owned()];
        }
        if due <= self.frame.now {
            return vec![format!("It has been due since {}: {}.", self.show(due), self.lacks())];
        }
        let mut sentences = vec![format!("It fires next at {}.", self.show(due))];
        if let Some(start) = bounds.start.filter(|start| *start > self.frame.now) {
            sentences.push(format!("Its window begins at {}.", self.show(start)));
        }
        if let Some(held) = self.frame.held {
            sentences.push(format!("At this moment nothing starts: {held}."));
        }
        sentences
    }

    /// Why nothing stands for a time.
    fn nothing_at(&self, at: Micros) -> Vec<String> {
        let mut sentences = vec![self.reason(at)];
        if at > self.frame.now {
            sentences.extend(self.next());
        } else if let Some(before) = self.execution {
            sentences.push(format!("The one before it: {}", self.of(before)));
        }
        sentences
    }

    fn reason(&self, at: Micros) -> String {
        let Job { spec, state, .. } = self.job;
        let shown = self.show(at);
        let bounds = &spec.bounds;
        if whole(at) < spec.created_at {
            let created = self.show(spec.created_at);
            return format!("At {shown} the job did not exist: it was created at {created}.");
        }
        if let Some(start) = bounds.start.filter(|start| whole(at) < *start) {
            let start = self.show(start);
            return format!("{shown} lies outside its window, which begins at {start}.");
        }
        if let Some(end) = bounds.end.filter(|end| at > *end) {
            return format!("{shown} lies outside its window, which ended at {}.", self.show(end));
        }
        let Ok(schedule) = Schedule::compile(&spec.trigger, bounds, self.frame.zones) else {
            return format!("The schedule cannot be evaluated any more, so {shown} is no firing.");
        };
        if !fires(&schedule, at) {
            let open = Bounds { exclude: Vec::new(), ..bounds.clone() };
            let open = Schedule::compile(&spec.trigger, &open, self.frame.zones);
            let after = schedule.next(at).map(|next| format!(" It fires at {}.", self.show(next)));
            let after = after.unwrap_or_default();
            if open.is_ok_and(|open| fires(&open, at)) {
                return format!("{shown} is excluded from the schedule.{after}");
            }
            return format!("The schedule does not fire at {shown}.{after}");
        }
        if at > self.frame.now {
            return format!("{shown} has not come yet; the schedule fires then.");
        }
        if state.paused {
            return format!(
                "Nothing is recorded for {shown}: the job is paused, and does not fire until it \
                 is resumed."
            );
        }
        match bounds.max_executions {
            Some(most) if state.fired >= most => {
                format!(
                    "It did not fire at {shown}: it has had the {most} runs that \
                         max_executions allows."
                )
            }
            Some(_) | None => format!(
                "Nothing is recorded for {shown}: the job was paused or changed since, or what was \
                 recorded has expired."
            ),
        }
    }
}

/// Whether a schedule fires within the second that begins here.
fn fires(schedule: &Schedule, at: Micros) -> bool {
    schedule.next(Micros(at.0.saturating_sub(1))).is_some_and(|next| next <= whole(at))
}

/// A sentence's middle: reasons come with and without a full stop.
fn trim(text: &str) -> &str {
    text.trim_end_matches('.')
}
