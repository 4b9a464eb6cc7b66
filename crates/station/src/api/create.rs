//! Turns the body of a create request into the specification of a job, or into what is wrong with it.
//!
//! A pure function: the present, the zones, the station's environment and the caller come in as
//! values. Faults of form (422) are all told at once, then the first reason against the meaning (400).

use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Value;
use station_core::model::Trigger;
use station_core::model::{
    Action, CommandLine, ContextHash, Grace, JobSpec, Micros, Policies, Principal, ShellContext,
    Target,
};

use super::error::ApiError;
use super::field::{Faults, Place};
use super::instant::{self, Clock, Planned};
use super::json::{self, Json};
use super::script::{SCRIPT_FIELDS, Script};
use super::types::{CreateJob, JOB_FIELDS, Limit, ScheduleType, TriggerType};
use super::{context, near_miss};

/// A name made from a command has at most so many characters.
const NAME_FROM_COMMAND: usize = 50;

/// More unknown fields than this are not a client's extras.
const MAX_UNKNOWN: usize = 100;

const RETRY_DELAY: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(3600);
const GRACE: Grace = Grace::Within(Duration::from_secs(300));

/// What a request is read against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The present.
    pub(super) now: Micros,
    /// The station's zone.
    pub(super) zone: &'a TimeZone,
    /// Where zone names are looked up.
    pub(super) zones: &'a TimeZoneDatabase,
    /// The station's own environment.
    pub(super) environment: &'a [(Vec<u8>, Vec<u8>)],
    /// Who asks.
    pub(super) principal: &'a Principal,
}

/// A job that can be handed to the engine.
#[derive(Debug)]
pub(super) struct Draft {
    /// The job.
    pub(super) spec: JobSpec,
    /// Its surroundings, if it brings any.
    pub(super) context: Option<(ContextHash, ShellContext)>,
    /// A remark on its time, for people.
    pub(super) note: Option<String>,
}

/// Reads a create request.
pub(super) fn create(body: &[u8], around: &Surroundings<'_>) -> Result<Draft, ApiError> {
    let mut faults = Faults::default();
    let map = object(body)?;
    let mut job = CreateJob::read(map, &mut faults);
    let mut script = None;
    if job.schedule_type == Some(ScheduleType::Script) && !faults.names("parameters") {
        let parameters = match job.parameters.take() {
            Some(Json::Map(map)) => map,
            _ => Vec::new(),
        };
        script = Some(Script::read(parameters, &mut faults));
    }
    check_names(&job, script.as_ref())?;
    check_required(&job, &mut faults);
    faults.into_result()?;
    check_offered(&job)?;
    let Some(mut script) = script else { return Err(ApiError::Internal) };
    script.check()?;
    let planned = plan(&job, around)?;
    assemble(job, &mut script, planned, around)
}

/// The body's object.
fn object(body: &[u8]) -> Result<Vec<(std::borrow::Cow<'_, str>, Json<'_>)>, ApiError> {
    let mut faults = Faults::default();
    if body.is_empty() {
        faults.missing(Place::BODY);
    } else {
        match json::parse(body) {
            Ok(Json::Map(map)) => return Ok(map),
            Ok(other) => {
                let msg = "Input should be a valid dictionary or object to extract fields from";
                faults.add("model_attributes_type", Place::BODY, msg, other.echo());
            }
            Err(error) => {
                let at = json::offset(body, &error);
                let msg = format!("JSON decode error: {error}");
                faults.add("json_invalid", Place::BODY.index(at), msg, Value::Null);
            }
        }
    }
    faults.into_result()?;
    Err(ApiError::Internal)
}

/// Refuses unknown fields that are near misses of known ones, or stand in the wrong place.
fn check_names(job: &CreateJob<'_>, script: Option<&Script<'_>>) -> Result<(), ApiError> {
    let inner = script.map(|script| script.unknown.as_slice()).unwrap_or_default();
    if job.unknown.len() + inner.len() + job.unknown_inner.len() > MAX_UNKNOWN {
        let text = format!("the request has more than {MAX_UNKNOWN} fields that are not known");
        return Err(ApiError::Bad(text));
    }
    let did_you_mean = |given: &str, meant: &str| {
        let given = given.escape_debug();
        Err(ApiError::Bad(format!("unknown field '{given}': did you mean '{meant}'?")))
    };
    for name in &job.unknown {
        if let Some(meant) = near_miss::find(name, &JOB_FIELDS) {
            return did_you_mean(name, meant);
        }
        if script.is_some() && SCRIPT_FIELDS.contains(&name.as_ref()) {
            return Err(ApiError::Bad(format!("field '{name}' belongs inside 'parameters'")));
        }
    }
    for name in inner {
        if let Some(meant) = near_miss::find(name, &SCRIPT_FIELDS) {
            return did_you_mean(&format!("parameters.{name}"), meant);
        }
        if JOB_FIELDS.contains(&name.as_ref()) {
            return Err(ApiError::Bad(format!(
                "field 'parameters.{name}' belongs beside 'parameters', not inside"
            )));
        }
    }
    for (name, known) in &job.unknown_inner {
        if let Some(meant) = near_miss::find(name, known) {
            return did_you_mean(name, meant);
        }
    }
    Ok(())
}

fn check_required(job: &CreateJob<'_>, faults: &mut Faults) {
    // A field that was given and is wrong has its fault already; absence is told only beside it
    // when the field is really absent.
    let mut require = |absent: bool, field: &str| {
        if absent && !faults.names(field) {
            faults.missing(Place::BODY.field(field));
        }
    };
    require(job.schedule_type.is_none(), "schedule_type");
    let script = job.schedule_type == Some(ScheduleType::Script);
    require(job.name.is_none() && !script, "name");
    require(job.trigger_type.is_none() && job.when.is_none(), "trigger_type");
    let date = job.trigger_type == Some(TriggerType::Date);
    require(date && job.run_date.is_none() && job.when.is_none(), "run_date");
}

/// Refuses what the contract knows and this version does not do.
fn check_offered(job: &CreateJob<'_>) -> Result<(), ApiError> {
    if let Some(ScheduleType::Later(name)) = job.schedule_type {
        return Err(ApiError::Bad(format!(
            "this version does not offer jobs of schedule_type '{name}' yet; it offers 'script'"
        )));
    }
    if let Some(TriggerType::Later(name)) = job.trigger_type {
        return Err(ApiError::Bad(format!(
            "this version does not offer trigger_type '{name}' yet; it offers 'date'"
        )));
    }
    let Some(field) = job.later.first() else { return Ok(()) };
    Err(ApiError::Bad(
        match *field {
            "equipment_id" => {
                "equipment_id names no registered equipment: this version has none yet"
            }
            "profile_id" => "profile_id names no known profile: this version has none yet",
            "cron_expression" | "interval_seconds" | "interval_minutes" | "interval_hours"
            | "interval_days" | "time_of_day" | "day_of_week" | "day_of_month" => {
                return Err(ApiError::Bad(format!(
                    "{field} belongs to another trigger_type than 'date'; leave it out"
                )));
            }
            _ => {
                return Err(ApiError::Bad(format!(
                    "this version does not offer another {field} than the default yet; leave it out"
                )));
            }
        }
        .to_owned(),
    ))
}

/// Finds the planned instant.
fn plan(job: &CreateJob<'_>, around: &Surroundings<'_>) -> Result<Planned, ApiError> {
    let named = match job.timezone.as_deref() {
        Some(text) => Some(instant::zone_named(text, around.zones)?),
        None => None,
    };
    let zone = named.as_ref().unwrap_or(around.zone);
    let clock = Clock { now: around.now, zone, zones: around.zones };
    let mut planned = match (job.when.as_deref(), job.run_date.as_deref()) {
        (Some(when), None) => instant::from_when(when, job.when_mode, clock)?,
        (None, Some(date)) => instant::from_date(date, clock)?,
        (Some(_), Some(_)) => {
            return Err(ApiError::Bad(
                "the request has both when and run_date; give one".to_owned(),
            ));
        }
        (None, None) => return Err(ApiError::Internal),
    };
    if let (Some(text), Some(zone)) = (job.timezone.as_deref(), &named)
        && let Some(remark) = instant::zone_note(text, zone)
    {
        planned.note = Some(match planned.note {
            Some(note) => format!("{note}; {remark}"),
            None => remark,
        });
    }
    Ok(planned)
}

fn assemble(
    job: CreateJob<'_>,
    script: &mut Script<'_>,
    planned: Planned,
    around: &Surroundings<'_>,
) -> Result<Draft, ApiError> {
    let timeout = match (job.timeout, script.timeout) {
        (given, Limit::Absent) | (Limit::Absent, given) => given,
        (given, inner) if given == inner => given,
        _ => {
            let text = "timeout_seconds and parameters.timeout differ; give one of them";
            return Err(ApiError::Bad(text.to_owned()));
        }
    };
    let Some(command) = script.command.take() else { return Err(ApiError::Internal) };
    let context =
        script.context(around.environment).map(|context| (context::hash(&context), context));
    let spec = JobSpec {
        name: job.name.unwrap_or_else(|| name_from(&command)),
        description: job.description,
        action: Action::Command {
            command,
            context: context.as_ref().map(|(hash, _)| hash.clone()),
            stdin: script.stdin.take(),
        },
        target: Target::Local,
        trigger: Trigger::Date(planned.trigger),
        policies: Policies {
            retries: job.retries.unwrap_or(0),
            retry_delay: job.retry_delay.unwrap_or(RETRY_DELAY),
            timeout: match timeout {
                Limit::Absent => Some(TIMEOUT),
                Limit::None => None,
                Limit::After(limit) => Some(limit),
            },
            idle_timeout: job.idle_timeout,
            grace: job.grace.unwrap_or(GRACE),
            on_interrupted: job.on_interrupted,
            condition: job.condition,
            ..Policies::default()
        },
        bounds: Default::default(),
        tags: job.tags,
        queue: job.queue,
        mail: job.mail,
        created_at: around.now,
        created_by: around.principal.clone(),
    };
    Ok(Draft { spec, context, note: planned.note })
}

/// The first characters of a command, on one line.
fn name_from(command: &CommandLine) -> String {
    let summary = command.summary();
    let name: String = summary
        .trim()
        .chars()
        .take(NAME_FROM_COMMAND)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name = name.trim();
    if name.is_empty() { "script".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
