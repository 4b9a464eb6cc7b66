//! What a job is asked to do: a script's command, work with equipment, or something with an outstation.

use std::borrow::Cow;

use station_core::model::{
    Action, Call, CommandLine, ContextHash, InstrumentAction, JobSpec, SequenceStep, ShellContext,
    StepKind, Target, Work,
};
use station_instrument::sequence;

use super::create::{Stored, Surroundings};
use super::error::ApiError;
use super::field::Faults;
use super::instrument_fields::{Fields, Given, WorkKind};
use super::json::Json;
use super::outstation_job::Wish;
use super::script::{SCRIPT_FIELDS, Script};
use super::types::{CreateJob, Limit, ScheduleType};
use super::{context, instrument_calls, instrument_view, outstation_job, outstation_view};

/// A name made from a command has at most so many characters.
const NAME_FROM_COMMAND: usize = 50;

/// What is to be done, as its parameters say.
#[derive(Debug)]
pub(super) enum Doing<'a> {
    /// A command.
    Script(Box<Script<'a>>),
    /// Work with equipment.
    Equipment(Box<Given<'a>>),
    /// Something with an outstation.
    Outstation(Box<Wish<'a>>),
}

/// What is to be done, in the words of the engine.
pub(super) struct Done {
    /// What.
    pub(super) action: Action,
    /// Where.
    pub(super) target: Target,
    /// Its surroundings, if it brings any.
    pub(super) context: Option<(ContextHash, ShellContext)>,
    /// Parameters that are no fields of this work.
    pub(super) extras: Vec<String>,
}

impl<'a> Doing<'a> {
    /// Reads the parameters of a request. Of a stored job of the same type what they do not name
    /// stays; `None`: all of it does, or the type is none that has parameters.
    pub(super) fn read(
        job: &mut CreateJob<'a>,
        stored: Option<Stored<'_>>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let kept = stored
            .filter(|stored| Some(ScheduleType::of(&stored.job.spec.action)) == job.schedule_type);
        if faults.names("parameters") {
            return None;
        }
        let named = job.names("parameters");
        let given = match job.parameters.take() {
            Some(Json::Map(map)) => map,
            _ => Vec::new(),
        };
        match job.schedule_type? {
            ScheduleType::Script if kept.is_some() && !named => None,
            ScheduleType::Script => {
                let mut script = Script::read(given, faults);
                if let Some(stored) = kept {
                    script.inherit(&stored.job.spec, stored.context);
                }
                script.check_required(faults);
                Some(Self::Script(Box::new(script)))
            }
            ScheduleType::Equipment(kind) => {
                let given = match kept.map(|stored| &stored.job.spec.action) {
                    Some(Action::Instrument(action)) => over(action, given),
                    Some(Action::Command { .. } | Action::Outstation(_)) | None => given,
                };
                Some(Self::Equipment(Box::new(Given::read(kind, given, faults))))
            }
            ScheduleType::Outstation => {
                let kept = match kept.map(|stored| &stored.job.spec.action) {
                    Some(Action::Outstation(control)) => Some(&**control),
                    Some(Action::Command { .. } | Action::Instrument(_)) | None => None,
                };
                (kept.is_none() || named || job.names("outstation"))
                    .then(|| Self::Outstation(Box::new(Wish::read(kept, given, faults))))
            }
        }
    }

    /// Parameters that are not known.
    pub(super) fn unknown(&self) -> &[Cow<'a, str>] {
        match self {
            Self::Script(script) => &script.unknown,
            Self::Equipment(given) => &given.unknown,
            Self::Outstation(wish) => &wish.unknown,
        }
    }

    /// Parameters that are.
    pub(super) fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::Script(_) => &SCRIPT_FIELDS,
            Self::Equipment(given) => given.kind.fields(),
            Self::Outstation(_) => &outstation_job::FIELDS,
        }
    }

    /// The limit that stands among the parameters.
    pub(super) fn timeout(&self) -> Limit {
        match self {
            Self::Script(script) => script.timeout,
            Self::Equipment(_) | Self::Outstation(_) => Limit::Absent,
        }
    }

    /// Refuses what cannot be meant, whatever is registered.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match self {
            Self::Script(script) => script.check(),
            Self::Equipment(_) | Self::Outstation(_) => Ok(()),
        }
    }

    /// What it is in the words of the engine.
    pub(super) fn finish(
        self,
        job: &CreateJob<'_>,
        base: Option<&JobSpec>,
        around: &Surroundings<'_>,
    ) -> Result<Done, ApiError> {
        match self {
            Self::Script(script) => {
                let target = script.target()?;
                let (action, context) = command(*script, around)?;
                Ok(Done { action, target, context, extras: Vec::new() })
            }
            Self::Equipment(given) => {
                let (kind, extras) = (given.kind, given.unknown.iter());
                let extras = extras.map(|name| name.clone().into_owned()).collect();
                let action = given.into_action(profile(job, base)).ok_or(ApiError::Internal)?;
                let (action, target) = with_equipment(kind, action, equipment(job, base))?;
                let action = Action::Instrument(Box::new(action));
                Ok(Done { action, target, context: None, extras })
            }
            Self::Outstation(wish) => {
                let target = wish.target(job, base)?;
                let action = Action::Outstation(Box::new(wish.control.ok_or(ApiError::Internal)?));
                Ok(Done { action, target, context: None, extras: Vec::new() })
            }
        }
    }
}

/// The parameters of stored work with those that are given in their place.
fn over<'a>(stored: &InstrumentAction, given: Fields<'a>) -> Fields<'a> {
    let names = |name: &str| given.iter().any(|(key, _)| key == name);
    let replaced = |name: &str| match name {
        "duration" => names("duration") || names("duration_seconds"),
        "format" => names("format") || names("export_format"),
        // Another verb has other parameters, other text another sequence.
        "parameters" => names("parameters") || names("command"),
        "steps" | "tick_ms" | "on_release" => names(name) || names("toml"),
        _ => names(name),
    };
    let kept = instrument_view::parameters(stored).into_iter();
    let mut fields: Fields<'a> = kept
        .filter(|(name, _)| !replaced(name))
        .map(|(name, value)| (Cow::Owned(name), instrument_calls::json(value)))
        .collect();
    fields.extend(given);
    fields
}

fn equipment(job: &CreateJob<'_>, base: Option<&JobSpec>) -> Option<String> {
    if job.names("equipment_id") {
        return job.equipment_id.as_deref().map(ToOwned::to_owned);
    }
    base.and_then(|spec| instrument_view::only(&spec.target)).map(ToOwned::to_owned)
}

fn profile(job: &CreateJob<'_>, base: Option<&JobSpec>) -> Option<String> {
    if job.names("profile_id") {
        return job.profile_id.as_deref().map(ToOwned::to_owned);
    }
    match &base?.action {
        Action::Instrument(action) => action.profile.clone(),
        Action::Command { .. } | Action::Outstation(_) => None,
    }
}

/// Says of which equipment each part of the work is.
fn with_equipment(
    kind: WorkKind,
    mut action: InstrumentAction,
    id: Option<String>,
) -> Result<(InstrumentAction, Target), ApiError> {
    let bad = |text: String| Err(ApiError::Bad(text));
    if let Work::Sequence(steps) = action.work {
        let (steps, on_release) = match &id {
            Some(id) => sequence::with_equipment((steps, action.on_release), id),
            None => (steps, action.on_release),
        };
        check_named(&steps.steps, &on_release)?;
        let mut all = steps.equipment();
        all.extend(on_release.iter().filter_map(|call| call.equipment.clone()));
        if let Some(id) = id.filter(|id| !all.contains(id)) {
            let id = id.escape_debug();
            return bad(format!(
                "equipment_id '{id}' is for steps that name no equipment, and all of them do"
            ));
        }
        let work = Work::Sequence(steps);
        let action = InstrumentAction { work, on_release, profile: action.profile };
        return Ok((action, Target::Equipment(all.into_iter().collect())));
    }
    let Some(id) = id else {
        let kind = kind.name();
        return bad(format!("equipment_id is required for jobs of schedule_type '{kind}'"));
    };
    for (index, call) in action.on_release.iter_mut().enumerate() {
        // It is the only one; to name it says nothing more.
        if let Some(other) = call.equipment.take().filter(|other| *other != id) {
            let (other, id) = (other.escape_debug(), id.escape_debug());
            return bad(format!(
                "parameters.on_release[{index}] names the equipment '{other}'; this job has '{id}' \
                 alone"
            ));
        }
    }
    Ok((action, Target::Equipment(vec![id])))
}

/// Refuses steps of which nothing says with which equipment they are.
fn check_named(steps: &[SequenceStep], on_release: &[Call]) -> Result<(), ApiError> {
    let released = || on_release.iter().position(|call| call.equipment.is_none());
    let place = nameless(steps, "")
        .map(|path| format!("step {path}"))
        .or_else(|| Some(format!("parameters.on_release[{}]", released()?)));
    match place {
        Some(place) => Err(ApiError::Bad(format!(
            "{place} names no equipment; say there which, or give equipment_id for all that name \
             none"
        ))),
        None => Ok(()),
    }
}

/// The place of the first step that names no equipment: `3`, or `4.2` within the fourth.
fn nameless(steps: &[SequenceStep], within: &str) -> Option<String> {
    steps.iter().zip(1_u32..).find_map(|(step, number)| {
        let path = format!("{within}{number}");
        match &step.what {
            StepKind::Call(call) | StepKind::Ramp { call, .. } | StepKind::Hold { call, .. } => {
                call.equipment.is_none().then_some(path)
            }
            StepKind::Loop { steps, .. } => nameless(steps, &format!("{path}.")),
            StepKind::Command { .. } => None,
        }
    })
}

/// What a script job does, with its surroundings if it brings any.
fn command(
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

/// What a job is called that was given no name: the first characters of its command, on one line.
pub(super) fn name_from(action: &Action, target: &Target) -> String {
    let summary = match action {
        Action::Command { command, .. } => CommandLine::summary(command),
        Action::Instrument(action) => instrument_view::summary(action, target),
        Action::Outstation(control) => outstation_view::summary(control, target),
    };
    let name: String = summary
        .trim()
        .chars()
        .take(NAME_FROM_COMMAND)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name = name.trim();
    if name.is_empty() { action.kind().to_owned() } else { name.to_owned() }
}
