//! Reads what a job does with an outstation: from the parameters of an `outstation_command`, or from the
//! words of a script whose target is an outstation.

use std::borrow::Cow;

use serde_json::Value;
use station_core::model::{
    CommandLine, Control, JobSpec, Node, Outstation, Policies, Target, Write,
};
use station_core::near::shown;
use station_core::policy::expiry;

use super::body_fields::value as owned;
use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::instrument_fields::Fields;
use super::json::Json;
use super::outstation_command::value_text;
use super::script::Script;
use super::types::CreateJob;
use super::{instrument_calls, outstation_view};
use crate::outstation_words::{COUNTER_GROUPS, GROUPS, LONGEST_REASON, outstation_words};

/// Every parameter of a job with an outstation.
pub(super) const FIELDS: [&str; 7] =
    ["command", "point", "value", "select", "reason", "ticket", "group"];

/// What can be done.
const COMMANDS: [(&str, Command); 6] = [
    ("write", Command::Write),
    ("interrogate", Command::Interrogate),
    ("counters", Command::Counters),
    ("read", Command::Read),
    ("sync_clock", Command::SyncClock),
    ("test", Command::Test),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Write,
    Interrogate,
    Counters,
    Read,
    SyncClock,
    Test,
}

/// What a job is to do with an outstation.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    /// What, if nothing is wrong with it.
    pub(super) control: Option<Control>,
    /// Where, when a script's target said so.
    pub(super) on: Option<String>,
    /// Names of unknown parameters.
    pub(super) unknown: Vec<Cow<'a, str>>,
}

impl<'a> Wish<'a> {
    /// Reads the parameters; those of a stored job that are not given stay, unless the command is another.
    pub(super) fn read(stored: Option<&Control>, given: Fields<'a>, faults: &mut Faults) -> Self {
        let names_command = given.iter().any(|(name, _)| name == "command");
        let kept = stored.filter(|_| !names_command).map(outstation_view::parameters);
        let mut map: Fields<'a> = kept
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !given.iter().any(|(key, _)| key == name))
            .map(|(name, value)| (Cow::Owned(name), instrument_calls::json(value)))
            .collect();
        map.extend(given);
        let mut wish = Self { control: None, on: None, unknown: Vec::new() };
        let mut fields: Vec<(&'static str, Json<'a>)> = Vec::with_capacity(map.len());
        for (key, json) in map {
            match FIELDS.iter().find(|field| **field == key) {
                None => wish.unknown.push(key),
                Some(_) if json == Json::Null => {}
                Some(field) => fields.push((field, json)),
            }
        }
        wish.control = control(fields, faults);
        wish
    }

    /// Reads a script's command as words for an outstation; what else a script has, means nothing there.
    pub(super) fn of_script(script: &Script<'a>, on: &str) -> Result<Self, ApiError> {
        if let Some(field) = script.names_beyond(&["command", "argv", "target"]) {
            return Err(ApiError::Bad(format!(
                "parameters.{field} says how a command runs on a machine; {} is an outstation, and takes \
                 commands such as `write breaker-7 off`",
                shown(on)
            )));
        }
        let words = match &script.command {
            Some(CommandLine::Argv(words)) => words.clone(),
            Some(CommandLine::Shell(text)) => split(text).map_err(ApiError::Bad)?,
            None => Vec::new(),
        };
        let control = outstation_words(&words).map_err(|why| {
            ApiError::Bad(format!("parameters: {why}; {} is an outstation", shown(on)))
        })?;
        Ok(Self { control: Some(control), on: Some(on.to_owned()), unknown: Vec::new() })
    }

    /// Where it is done: as a script's target says, the field `outstation`, or the stored job.
    pub(super) fn target(
        &self,
        job: &CreateJob<'_>,
        base: Option<&JobSpec>,
    ) -> Result<Target, ApiError> {
        let stored = base.filter(|_| !job.names("outstation"));
        let name =
            self.on.clone().or_else(|| job.outstation.as_deref().map(ToOwned::to_owned)).or_else(
                || stored.and_then(|spec| spec.target.outstation()).map(ToOwned::to_owned),
            );
        let name = name.ok_or_else(|| {
            let text = "outstation is required for jobs of schedule_type 'outstation_command'";
            ApiError::Bad(text.to_owned())
        })?;
        if Node::is_name(&name) {
            return Ok(Target::Outstation(name));
        }
        Err(ApiError::Bad(format!("'{}' cannot be the name of an outstation", shown(&name))))
    }
}

fn control(fields: Vec<(&'static str, Json<'_>)>, faults: &mut Faults) -> Option<Control> {
    let before = faults.count();
    let outer = Place::BODY.field("parameters");
    let mut fields = Given { fields, outer };
    let command = fields
        .require("command", faults, |json, at, faults| field::word(&json, &COMMANDS, at, faults));
    let command = command?;
    let text = |longest: usize| {
        move |json: Json<'_>, at: Place<'_>, faults: &mut Faults| {
            field::label(json, longest, at, faults)
        }
    };
    let control = match command {
        Command::Write => {
            let point = fields.require("point", faults, text(Node::LONGEST_NAME));
            let value = fields.require("value", faults, |json, at, faults| {
                let value = owned(json);
                value_text(&value).map_err(|why| faults.value(at, why, Value::Null)).ok()
            });
            let select =
                fields.take("select", faults, |json, at, faults| field::boolean(&json, at, faults));
            let reason = fields.take("reason", faults, text(LONGEST_REASON));
            let ticket = fields.take("ticket", faults, text(LONGEST_REASON));
            point.zip(value).map(|(point, value)| {
                let select = select.unwrap_or(false);
                Control::Write(Write { point, value, select, reason, ticket })
            })
        }
        Command::Interrogate => Some(Control::Interrogate { group: fields.group(GROUPS, faults) }),
        Command::Counters => {
            Some(Control::Counters { group: fields.group(COUNTER_GROUPS, faults) })
        }
        Command::Read => {
            let point = fields.require("point", faults, text(Node::LONGEST_NAME));
            point.map(|point| Control::Read { point })
        }
        Command::SyncClock => Some(Control::SyncClock),
        Command::Test => Some(Control::Test),
    };
    // What does not go with the command would be lost in silence.
    for (name, _) in &fields.fields {
        faults.value(outer.field(name), "does not go with this command", Value::Null);
    }
    control.filter(|_| faults.count() == before)
}

/// The parameters that were given, each taken once.
struct Given<'a, 'p> {
    fields: Vec<(&'static str, Json<'a>)>,
    outer: Place<'p>,
}

impl<'a> Given<'a, '_> {
    fn take<T>(
        &mut self,
        name: &'static str,
        faults: &mut Faults,
        read: impl FnOnce(Json<'a>, Place<'_>, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        let at = self.fields.iter().rposition(|(given, _)| *given == name)?;
        let (_, json) = self.fields.swap_remove(at);
        self.fields.retain(|(given, _)| *given != name);
        read(json, self.outer.field(name), faults)
    }

    fn require<T>(
        &mut self,
        name: &'static str,
        faults: &mut Faults,
        read: impl FnOnce(Json<'a>, Place<'_>, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if !self.fields.iter().any(|(given, _)| *given == name) {
            faults.missing(self.outer.field(name));
            return None;
        }
        self.take(name, faults, read)
    }

    fn group(&mut self, groups: std::ops::RangeInclusive<u8>, faults: &mut Faults) -> Option<u8> {
        let limits = (i64::from(*groups.start()), i64::from(*groups.end()));
        let group = self
            .take("group", faults, |json, at, faults| field::integer(&json, limits, at, faults));
        group.and_then(|group| u8::try_from(group).ok())
    }
}

/// The words of a line, with quotes as a shell takes them and nothing else of a shell.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a quote {open} is not closed in parameters.command"));
    }
    words.extend(word);
    Ok(words)
}

/// Makes the policies of a job those of commands to outstations, and refuses what does not go with them.
/// What says no more than what holds anyway is let pass, so that a job can be sent as it was shown.
pub(super) fn policies(
    job: &CreateJob<'_>,
    mut policies: Policies,
    stored: Option<&Policies>,
    outstation: Option<&Outstation>,
) -> Result<Policies, ApiError> {
    let usual =
        outstation.map(|outstation| std::time::Duration::from_millis(outstation.settings.expiry));
    let kept = stored.filter(|_| !job.names("expiry")).map(expiry::span);
    let span = job.expiry.or(kept).or(usual).unwrap_or(expiry::DEFAULT);
    let grace = station_core::model::Grace::Within(span);
    let given = expiry::Given {
        retries: job.retries.filter(|retries| *retries > 0),
        grace: job.grace.filter(|given| *given != grace),
        coalesce: job.coalesce,
        on_interrupted: job.on_interrupted,
        fanout: job.fanout,
    };
    expiry::check(&given).map_err(ApiError::Conflict)?;
    expiry::check_span(span).map_err(ApiError::Bad)?;
    policies.grace = grace;
    expiry::bind(&mut policies);
    Ok(policies)
}
