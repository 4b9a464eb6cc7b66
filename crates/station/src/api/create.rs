//! Turns the body of a create request into the specification of a job, or into what is wrong with it.
//!
//! A pure function: the present, the zones, the station's environment and the caller come in as
//! values. Faults of form (422) are all told at once, then the first reason against the meaning (400).

use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Value;
use station_core::model::{ContextHash, Job, JobSpec, Micros, Outstation, Principal, ShellContext};
use station_instrument::bench::Bench;

use super::doing::{Doing, Done};
use super::error::ApiError;
use super::field::{Faults, Place};
use super::instrument_check::{self, Registered};
use super::json::{self, Json};
use super::outstation_job::Wish;
use super::plan::{self, Plan};
use super::script::SCRIPT_FIELDS;
use super::timing::Timing;
use super::types::{CreateJob, JOB_FIELDS, Limit, ScheduleType};
use super::{doing, near_miss, outstation_job, policies};
use crate::runtime::Handle;

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
    /// Which outstations are registered.
    pub(super) outstations: &'a (dyn Fn(&str) -> Option<Arc<Outstation>> + Sync),
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
    /// Parameters that are no fields of its work: refused if its verb has such a parameter.
    pub(super) extras: Vec<String>,
}

impl Draft {
    /// Refuses work with equipment that cannot be done with what is registered.
    pub(super) fn check(&self, handle: &Handle, bench: &Bench) -> Result<(), ApiError> {
        let registered = Registered { reader: handle.reader(), bench };
        instrument_check::check(&self.spec, &self.extras, &registered)
    }
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
    if let Some(stored) = stored
        && !job.names("schedule_type")
    {
        job.schedule_type = Some(ScheduleType::of(&stored.job.spec.action));
    }
    check_type(&job, stored)?;
    let mut doing = Doing::read(&mut job, stored, &mut faults);
    check_names(&job, doing.as_ref())?;
    if let Some(Stored { job: stored, .. }) = stored
        && job.timing.names_trigger()
    {
        job.timing.inherit(&stored.spec.trigger);
    }
    check_required(&job, stored.is_some(), &mut faults);
    faults.into_result()?;
    if let Some(Doing::Script(script)) = &doing
        && let Some(on) = script.target.as_deref().filter(|on| (around.outstations)(on).is_some())
    {
        doing = Some(Doing::Outstation(Box::new(Wish::of_script(script, on)?)));
        job.schedule_type = Some(ScheduleType::Outstation);
    }
    if let Some(doing) = &doing {
        doing.check()?;
    }
    let kept = stored.map(|stored| (&stored.job.spec.trigger, &stored.job.spec.bounds));
    let timing = std::mem::take(&mut job.timing);
    let plan = match kept {
        Some(_) if !timing.names_any() => None,
        kept => Some(plan::plan(timing, kept, (around.now, around.zone, around.zones))?),
    };
    check_offered(&job)?;
    assemble(job, doing, plan, stored, around)
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

/// Refuses another type without what it is to do.
fn check_type(job: &CreateJob<'_>, stored: Option<Stored<'_>>) -> Result<(), ApiError> {
    let before = stored.map(|stored| ScheduleType::of(&stored.job.spec.action));
    match (before, job.schedule_type) {
        (Some(before), Some(now)) if before != now && !job.names("parameters") => {
            Err(ApiError::Bad(format!(
                "schedule_type cannot become '{}' by itself: the parameters of a job of type '{}' \
                 mean nothing there; give `parameters` too",
                now.name(),
                before.name()
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses unknown fields that are near misses of known ones, or stand in the wrong place.
fn check_names(job: &CreateJob<'_>, doing: Option<&Doing<'_>>) -> Result<(), ApiError> {
    let inner = doing.map(Doing::unknown).unwrap_or_default();
    // What a script takes belongs inside also where a change names nothing inside.
    let script = job.schedule_type == Some(ScheduleType::Script);
    let fields = doing.map_or(if script { &SCRIPT_FIELDS } else { &[][..] }, Doing::fields);
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
        // A job that is sent as it was shown has its command and its target beside them once more.
        let shown = matches!(name.as_ref(), "command" | "target") && job.names("parameters");
        if fields.contains(&name.as_ref()) && !shown {
            return Err(ApiError::Bad(format!("field '{name}' belongs inside 'parameters'")));
        }
    }
    for name in inner {
        if let Some(meant) = near_miss::find(name, fields) {
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

/// Refuses what this version does not do, and what a command has nothing to do with.
fn check_offered(job: &CreateJob<'_>) -> Result<(), ApiError> {
    let bad = |field: &str, of: &str, what: &str| {
        let text = format!("{field} is for jobs that work with {of}; {what} has none");
        Err(ApiError::Bad(text))
    };
    let what = match job.schedule_type {
        Some(ScheduleType::Script) => "a script job",
        Some(ScheduleType::Outstation) => "a job with an outstation",
        Some(ScheduleType::Equipment(_)) | None => "this one",
    };
    let has_equipment =
        !matches!(job.schedule_type, Some(ScheduleType::Script | ScheduleType::Outstation));
    let has_outstation = job.schedule_type == Some(ScheduleType::Outstation);
    if job.equipment_id.is_some() && !has_equipment {
        return bad("equipment_id", "equipment", what);
    }
    if job.profile_id.is_some() && !has_equipment {
        return bad("profile_id", "equipment", what);
    }
    if job.outstation.is_some() && !has_outstation {
        return bad("outstation", "outstations", what);
    }
    if job.expiry.is_some() && !has_outstation {
        return bad("expiry", "outstations", what);
    }
    Ok(())
}

fn assemble(
    mut job: CreateJob<'_>,
    doing: Option<Doing<'_>>,
    plan: Option<Plan>,
    stored: Option<Stored<'_>>,
    around: &Surroundings<'_>,
) -> Result<Draft, ApiError> {
    let inner = doing.as_ref().map_or(Limit::Absent, Doing::timeout);
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
    let with_outstation = job.schedule_type == Some(ScheduleType::Outstation);
    let Done { action, target, context, extras } = match (doing, base) {
        (Some(doing), _) => doing.finish(&job, base, around)?,
        (None, Some(spec)) => Done {
            action: spec.action.clone(),
            target: spec.target.clone(),
            context: None,
            extras: Vec::new(),
        },
        (None, None) => return Err(ApiError::Internal),
    };
    let policies = if with_outstation {
        let outstation = target.outstation().and_then(|name| (around.outstations)(name));
        // The policies of other work say nothing of when a command is too late.
        let stored = base.filter(|spec| spec.target.outstation().is_some());
        let stored = stored.map(|spec| &spec.policies);
        outstation_job::policies(&job, policies, stored, outstation.as_deref())?
    } else {
        policies
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
        name: name
            .or_else(|| Some(kept("name")?.name.clone()))
            .unwrap_or_else(|| doing::name_from(&action, &target)),
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
    Ok(Draft { spec, context, enabled, note, extras })
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

#[cfg(test)]
#[path = "instrument_tests.rs"]
mod instrument_tests;

#[cfg(test)]
#[path = "outstation_tests.rs"]
mod outstation_tests;
