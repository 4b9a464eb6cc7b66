//! Turns the body of a create request into the specification of a job, or into what is wrong with it.
//!
//! A pure function: the present, the zones, the station's environment and the caller come in as
//! values. Faults of form (422) are all told at once, then the first reason against the meaning (400).

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Value;
use station_core::model::{
    Action, CommandLine, ContextHash, Job, JobSpec, Micros, Principal, ShellContext,
};

use super::error::ApiError;
use super::field::{Faults, Place};
use super::json::{self, Json};
use super::plan::{self, Plan};
use super::script::{SCRIPT_FIELDS, Script};
use super::timing::Timing;
use super::types::{CreateJob, JOB_FIELDS, Limit, ScheduleType};
use super::{context, near_miss, policies};

/// A name made from a command has at most so many characters.
const NAME_FROM_COMMAND: usize = 50;

/// More unknown fields than this are not a client's extras.
const MAX_UNKNOWN: usize = 100;

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
    /// Whether it is to fire; `None` leaves that as it is.
    pub(super) enabled: Option<bool>,
    /// A remark on its times, for people.
    pub(super) note: Option<String>,
}

/// A stored job that a request changes in part.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// Its surroundings.
    pub(super) context: Option<&'a ShellContext>,
}

/// Reads a request that says everything of a job.
pub(super) fn create(body: &[u8], around: &Surroundings<'_>) -> Result<Draft, ApiError> {
    read(body, None, around)
}

/// Reads a request that says what becomes different of a job.
pub(super) fn change(
    body: &[u8],
    stored: Stored<'_>,
    around: &Surroundings<'_>,
) -> Result<Draft, ApiError> {
    read(body, Some(stored), around)
}

fn read(
    body: &[u8],
    stored: Option<Stored<'_>>,
    around: &Surroundings<'_>,
) -> Result<Draft, ApiError> {
    let mut faults = Faults::default();
    let map = object(body)?;
    let mut job = CreateJob::read(map, &mut faults);
    if stored.is_some() && job.schedule_type.is_none() && !job.names("schedule_type") {
        // All stored jobs are of this kind.
        job.schedule_type = Some(ScheduleType::Script);
    }
    let mut script = None;
    let keeps_action = stored.is_some() && !job.names("parameters");
    if job.schedule_type == Some(ScheduleType::Script)
        && !faults.names("parameters")
        && !keeps_action
    {
        let parameters = match job.parameters.take() {
            Some(Json::Map(map)) => map,
            _ => Vec::new(),
        };
        let mut read = Script::read(parameters, &mut faults);
        if let Some(stored) = stored {
            read.inherit(&stored.job.spec, stored.context);
        }
        read.check_required(&mut faults);
        script = Some(read);
    }
    check_names(&job, script.as_ref())?;
    if let Some(Stored { job: stored, .. }) = stored
        && job.timing.names_trigger()
    {
        job.timing.inherit(&stored.spec.trigger);
    }
    check_required(&job, stored.is_some(), &mut faults);
    faults.into_result()?;
    if let Some(script) = &script {
        script.check()?;
    }
    let kept = stored.map(|stored| (&stored.job.spec.trigger, &stored.job.spec.bounds));
    let timing = std::mem::take(&mut job.timing);
    let plan = match kept {
        Some(_) if !timing.names_any() => None,
        kept => Some(plan::plan(timing, kept, (around.now, around.zone, around.zones))?),
    };
    check_offered(&job)?;
    assemble(job, script, plan, stored, around)
}

/// Reads what a body says of when a job would fire; what else it says of a job is let pass.
pub(super) fn timing(body: &[u8]) -> Result<Timing<'_>, ApiError> {
    let mut faults = Faults::default();
    let map = object(body)?;
    let job = CreateJob::read(map, &mut faults);
    check_names(&job, None)?;
    job.timing.check_required(&mut faults);
    faults.into_result()?;
    Ok(job.timing)
}

/// The body's object.
pub(super) fn object(body: &[u8]) -> Result<Vec<(std::borrow::Cow<'_, str>, Json<'_>)>, ApiError> {
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
    let is_script = job.schedule_type == Some(ScheduleType::Script);
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
        let of_scripts = SCRIPT_FIELDS.contains(&name.as_ref());
        if is_script && of_scripts && !shown_beside(name, job, script) {
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

/// Whether a field stands beside the parameters because a job is sent as it was shown: its command
/// and its target are shown there once more.
fn shown_beside(name: &str, job: &CreateJob<'_>, script: Option<&Script<'_>>) -> bool {
    let inside = job.parameters.is_some() || script.is_some_and(|script| script.command.is_some());
    matches!(name, "command" | "target") && inside
}

fn check_required(job: &CreateJob<'_>, is_stored: bool, faults: &mut Faults) {
    // A field that was given and is wrong has its fault already; absence is told only beside it
    // when the field is really absent.
    let mut require = |absent: bool, field: &str| {
        if absent && !faults.names(field) {
            faults.missing(Place::BODY.field(field));
        }
    };
    require(job.schedule_type.is_none(), "schedule_type");
    let script = job.schedule_type == Some(ScheduleType::Script);
    let keeps_name = is_stored && !job.names("name");
    require(job.name.is_none() && !script && !keeps_name, "name");
    if !is_stored || job.timing.names_trigger() {
        job.timing.check_required(faults);
    }
}

/// Refuses what names something unknown, and what this version does not do.
fn check_offered(job: &CreateJob<'_>) -> Result<(), ApiError> {
    let sentence = match (job.schedule_type, &job.equipment_id, &job.profile_id) {
        (Some(ScheduleType::Later(name)), _, _) => {
            format!("schedule_type '{name}' is not offered by this version")
        }
        (_, Some(equipment), _) => {
            format!("equipment '{}' is not registered", equipment.escape_debug())
        }
        (Some(ScheduleType::Equipment(name)), None, _) => {
            format!("equipment_id is required for jobs of schedule_type '{name}'")
        }
        (_, _, Some(profile)) => format!("profile '{}' is not registered", profile.escape_debug()),
        (Some(ScheduleType::Script) | None, None, None) => return Ok(()),
    };
    Err(ApiError::Bad(sentence))
}

fn assemble(
    mut job: CreateJob<'_>,
    script: Option<Script<'_>>,
    plan: Option<Plan>,
    stored: Option<Stored<'_>>,
    around: &Surroundings<'_>,
) -> Result<Draft, ApiError> {
    let inner = script.as_ref().map_or(Limit::Absent, |script| script.timeout);
    let timeout = match (job.timeout, inner) {
        (given, Limit::Absent) | (Limit::Absent, given) => given,
        (given, inner) if given == inner => given,
        _ => {
            let text = "timeout_seconds and parameters.timeout differ; give one of them";
            return Err(ApiError::Bad(text.to_owned()));
        }
    };
    let base = stored.map(|stored| &*stored.job.spec);
    let policies = policies::policies(&job, timeout, base.map(|spec| &spec.policies));
    let target = match (&script, base) {
        (Some(script), _) => script.target()?,
        (None, Some(spec)) => spec.target.clone(),
        (None, None) => return Err(ApiError::Internal),
    };
    let (action, context) = match (script, base) {
        (Some(script), _) => action(script, around)?,
        (None, Some(spec)) => (spec.action.clone(), None),
        (None, None) => return Err(ApiError::Internal),
    };
    let (trigger, bounds, note) = match (plan, base) {
        (Some(plan), _) => (plan.trigger, plan.bounds, plan.note),
        (None, Some(spec)) => (spec.trigger.clone(), spec.bounds.clone(), None),
        (None, None) => return Err(ApiError::Internal),
    };
    let (name, description, tags, mail) =
        (job.name.take(), job.description.take(), std::mem::take(&mut job.tags), job.mail.take());
    let kept = |field: &str| base.filter(|_| !job.names(field));
    let spec = JobSpec {
        name: name.or_else(|| Some(kept("name")?.name.clone())).unwrap_or_else(|| match &action {
            Action::Command { command, .. } => name_from(command),
            Action::Instrument(action) => action.work.kind().to_owned(),
        }),
        description: description.or_else(|| kept("description")?.description.clone()),
        action,
        target,
        trigger,
        bounds,
        policies,
        tags: match kept("tags") {
            Some(spec) => spec.tags.clone(),
            None => tags,
        },
        queue: job.queue.or_else(|| kept("queue")?.queue),
        mail: mail.or_else(|| kept("mail")?.mail.clone()),
        created_at: base.map_or(around.now, |spec| spec.created_at),
        created_by: base.map_or(around.principal, |spec| &spec.created_by).clone(),
    };
    let enabled = match (job.enabled, stored) {
        (given, Some(_)) => given,
        (given, None) => Some(given.unwrap_or(true)),
    };
    Ok(Draft { spec, context, enabled, note })
}

/// What a script job does, with its surroundings if it brings any.
fn action(
    mut script: Script<'_>,
    around: &Surroundings<'_>,
) -> Result<(Action, Option<(ContextHash, ShellContext)>), ApiError> {
    let command = script.command.take().ok_or(ApiError::Internal)?;
    let context =
        script.context(around.environment).map(|context| (context::hash(&context), context));
    let hash = context.as_ref().map(|(hash, _)| hash.clone());
    let (stdin, sudo) = (script.stdin.take(), script.sudo);
    let action = Action::Command { command, context: hash, stdin, sudo };
    Ok((action, context))
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

#[cfg(test)]
#[path = "target_tests.rs"]
mod target_tests;

#[cfg(test)]
#[path = "change_tests.rs"]
mod change_tests;
