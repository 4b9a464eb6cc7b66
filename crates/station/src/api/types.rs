//! The create request as it stands on the wire, read field by field with every fault collected.

use std::borrow::Cow;
use std::time::Duration;

use station_core::model::{Condition, Grace, Mail, MailWhen, OnInterrupted};

use super::field::{self, Faults, Place};
use super::json::Json;

/// Every field of a create request.
pub(super) const JOB_FIELDS: [&str; 37] = [
    "name",
    "description",
    "schedule_type",
    "equipment_id",
    "trigger_type",
    "cron_expression",
    "interval_seconds",
    "interval_minutes",
    "interval_hours",
    "interval_days",
    "run_date",
    "time_of_day",
    "day_of_week",
    "day_of_month",
    "parameters",
    "enabled",
    "max_instances",
    "misfire_grace_time",
    "coalesce",
    "start_date",
    "end_date",
    "max_executions",
    "tags",
    "profile_id",
    "on_failure_alarm",
    "conflict_policy",
    "timezone",
    "when",
    "when_mode",
    "retries",
    "retry_delay_seconds",
    "timeout_seconds",
    "idle_timeout_seconds",
    "on_interrupted",
    "condition",
    "queue",
    "mail",
];

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScheduleType {
    /// A command, the only kind this version carries out.
    Script,
    /// One that comes later, by its name.
    Later(&'static str),
}

const SCHEDULE_TYPES: [(&str, ScheduleType); 8] = [
    ("acquisition", ScheduleType::Later("acquisition")),
    ("state_capture", ScheduleType::Later("state_capture")),
    ("measurement", ScheduleType::Later("measurement")),
    ("command", ScheduleType::Later("command")),
    ("equipment_test", ScheduleType::Later("equipment_test")),
    ("script", ScheduleType::Script),
    ("sequence", ScheduleType::Later("sequence")),
    ("outstation_command", ScheduleType::Later("outstation_command")),
];

/// What makes a job fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TriggerType {
    /// Once, the only kind this version has.
    Date,
    /// One that comes later, by its name.
    Later(&'static str),
}

const TRIGGER_TYPES: [(&str, TriggerType); 6] = [
    ("cron", TriggerType::Later("cron")),
    ("interval", TriggerType::Later("interval")),
    ("date", TriggerType::Date),
    ("daily", TriggerType::Later("daily")),
    ("weekly", TriggerType::Later("weekly")),
    ("monthly", TriggerType::Later("monthly")),
];

/// How `when` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WhenMode {
    /// The whole language.
    #[default]
    Free,
    /// With the minute resolution of at(1).
    Posix,
    /// As the argument of `at -t`.
    Touch,
}

/// A limit that may be left out (the default then holds) or be null (there is none).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Limit {
    /// The field is absent.
    #[default]
    Absent,
    /// The field is null.
    None,
    /// A duration.
    After(Duration),
}

/// A create request, its fields well-typed. `None` is absent or null, unless said otherwise.
#[derive(Debug, Default)]
pub(super) struct CreateJob<'a> {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) schedule_type: Option<ScheduleType>,
    pub(super) trigger_type: Option<TriggerType>,
    pub(super) run_date: Option<Cow<'a, str>>,
    pub(super) when: Option<Cow<'a, str>>,
    pub(super) when_mode: WhenMode,
    pub(super) timezone: Option<Cow<'a, str>>,
    pub(super) parameters: Option<Json<'a>>,
    pub(super) retries: Option<u32>,
    pub(super) retry_delay: Option<Duration>,
    pub(super) timeout: Limit,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) grace: Option<Grace>,
    pub(super) on_interrupted: OnInterrupted,
    pub(super) condition: Option<Condition>,
    pub(super) queue: Option<char>,
    pub(super) mail: Option<Mail>,
    pub(super) tags: Vec<String>,
    /// Fields of the contract that were given with a meaning this version does not offer.
    pub(super) later: Vec<&'static str>,
    /// Names of unknown fields.
    pub(super) unknown: Vec<Cow<'a, str>>,
    /// Unknown fields inside `condition` and `mail`, with the names known there.
    pub(super) unknown_inner: Vec<(Cow<'a, str>, &'static [&'static str])>,
}

impl<'a> CreateJob<'a> {
    /// Reads the fields of a body's object.
    pub(super) fn read(map: Vec<(Cow<'a, str>, Json<'a>)>, faults: &mut Faults) -> Self {
        let mut job = Self::default();
        for (key, json) in map {
            let known = JOB_FIELDS.iter().copied().find(|field| *field == key);
            match known {
                None => job.unknown.push(key),
                Some("timeout_seconds") if json == Json::Null => job.timeout = Limit::None,
                Some(_) if json == Json::Null => {}
                Some(field) => job.take(field, json, faults),
            }
        }
        job
    }

    /// Takes one known field that is not null.
    fn take(&mut self, field: &'static str, json: Json<'a>, faults: &mut Faults) {
        let at = Place::BODY.field(field);
        match field {
            "name" => self.name = field::label(json, 200, at, faults),
            "description" => self.description = description(json, at, faults),
            "schedule_type" => {
                self.schedule_type = field::word(&json, &SCHEDULE_TYPES, at, faults);
            }
            "trigger_type" => self.trigger_type = field::word(&json, &TRIGGER_TYPES, at, faults),
            "run_date" => self.run_date = field::text(json, at, faults),
            "when" => self.when = field::text(json, at, faults),
            "when_mode" => self.when_mode = when_mode(&json, at, faults),
            "timezone" => self.timezone = field::text(json, at, faults),
            "parameters" if matches!(json, Json::Map(_)) => self.parameters = Some(json),
            "parameters" => not_a_map(&json, at, faults),
            "tags" => self.tags = tags(json, at, faults),
            "condition" => self.condition = self.condition(json, at, faults),
            "mail" => self.mail = self.mail(json, at, faults),
            "queue" => self.queue = queue(&json, at, faults),
            "on_interrupted" => {
                let words = [("keep", OnInterrupted::Keep), ("rerun", OnInterrupted::Rerun)];
                self.on_interrupted = field::word(&json, &words, at, faults).unwrap_or_default();
            }
            _ => self.take_number(field, &json, at, faults),
        }
    }

    fn take_number(
        &mut self,
        field: &'static str,
        json: &Json<'a>,
        at: Place<'_>,
        faults: &mut Faults,
    ) {
        match field {
            "retries" => {
                let number = field::integer(json, (0, 1000), at, faults);
                self.retries = number.and_then(|n| u32::try_from(n).ok());
            }
            "retry_delay_seconds" => self.retry_delay = field::seconds(json, true, at, faults),
            "timeout_seconds" => self.timeout = limit(json, at, faults),
            "idle_timeout_seconds" => self.idle_timeout = field::seconds(json, false, at, faults),
            "misfire_grace_time" => {
                self.grace = if matches!(json, Json::Text(text) if text == "forever") {
                    Some(Grace::Forever)
                } else {
                    field::seconds(json, true, at, faults).map(Grace::Within)
                };
            }
            _ => {
                if !is_default(field, json, at, faults) {
                    self.later.push(field);
                }
            }
        }
    }

    fn condition(
        &mut self,
        json: Json<'a>,
        at: Place<'_>,
        faults: &mut Faults,
    ) -> Option<Condition> {
        let Json::Map(map) = json else {
            not_a_map(&json, at, faults);
            return None;
        };
        let mut condition = None;
        for (key, json) in map {
            if key == "load_below" {
                condition = Some(load_below(&json, at.field("load_below"), faults));
            } else {
                self.unknown_inner.push((key, &["load_below"]));
            }
        }
        if condition.is_none() {
            faults.missing(at.field("load_below"));
        }
        condition.flatten()
    }

    fn mail(&mut self, json: Json<'a>, at: Place<'_>, faults: &mut Faults) -> Option<Mail> {
        let Json::Map(map) = json else {
            not_a_map(&json, at, faults);
            return None;
        };
        let (mut to, mut when) = (None, Some(MailWhen::Output));
        let mut named = false;
        for (key, json) in map {
            match key.as_ref() {
                "to" => {
                    named = true;
                    to = recipient(json, at.field("to"), faults);
                }
                "when" => {
                    let words = [("output", MailWhen::Output), ("always", MailWhen::Always)];
                    when = field::word(&json, &words, at.field("when"), faults);
                }
                _ => self.unknown_inner.push((key, &["to", "when"])),
            }
        }
        if !named {
            faults.missing(at.field("to"));
        }
        Some(Mail { to: to?, when: when? })
    }
}

/// Tells that a value should be an object.
pub(super) fn not_a_map(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) {
    faults.add("dict_type", at, "Input should be a valid dictionary", json.echo());
}

/// A wall-time limit that was given.
pub(super) fn limit(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Limit {
    field::seconds(json, false, at, faults).map_or(Limit::Absent, Limit::After)
}

/// Checks a field whose meaning comes later and says whether it is given as it is without it.
fn is_default(field: &str, json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> bool {
    match field {
        "enabled" | "coalesce" => field::boolean(json, at, faults) != Some(false),
        "on_failure_alarm" => field::boolean(json, at, faults) != Some(true),
        "max_instances" => {
            matches!(field::integer(json, (1, i64::MAX), at, faults), None | Some(1))
        }
        "max_executions" => field::integer(json, (1, i64::MAX), at, faults).is_none(),
        "conflict_policy" => {
            let words =
                [("skip", true), ("queue", false), ("replace", false), ("cancel_running", false)];
            field::word(json, &words, at, faults).unwrap_or(true)
        }
        "interval_seconds" | "interval_minutes" | "interval_hours" | "interval_days"
        | "day_of_week" | "day_of_month" => {
            field::integer(json, (i64::MIN, i64::MAX), at, faults).is_none()
        }
        _ => field::text(json.clone(), at, faults).is_none_or(|text| text.is_empty()),
    }
}

fn description(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<String> {
    let text = field::text(json, at, faults)?;
    let why = if text.contains('\0') {
        "must not contain NUL"
    } else if text.chars().nth(10_000).is_some() {
        "must be at most 10000 characters long"
    } else {
        return Some(text.into_owned());
    };
    faults.value(at, why, Json::Text(text).echo());
    None
}

fn when_mode(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> WhenMode {
    let words = [("", WhenMode::Free), ("posix", WhenMode::Posix), ("touch", WhenMode::Touch)];
    field::word(json, &words, at, faults).unwrap_or_default()
}

fn tags(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Vec<String> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return Vec::new();
    };
    if list.len() > 64 {
        faults.value(at, "must be at most 64 tags", serde_json::Value::Null);
        return Vec::new();
    }
    let mut tags: Vec<String> = Vec::with_capacity(list.len());
    for (index, json) in list.into_iter().enumerate() {
        if let Some(tag) = field::label(json, 100, at.index(index), faults)
            && !tags.contains(&tag)
        {
            tags.push(tag);
        }
    }
    tags
}

fn queue(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<char> {
    let Json::Text(text) = json else {
        faults.add("string_type", at, "Input should be a valid string", json.echo());
        return None;
    };
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter),
        _ => {
            faults.value(at, "must be one letter, a to z or A to Z", json.echo());
            None
        }
    }
}

fn recipient(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<String> {
    let to = field::label(json, 254, at, faults)?;
    if to.starts_with('-') || to.contains(char::is_whitespace) {
        faults.value(at, "must be one user name or mail address", to.into());
        return None;
    }
    Some(to)
}

fn load_below(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Condition> {
    let number = match json {
        Json::Int(given) => u32::try_from(*given).ok().map(f64::from),
        Json::Float(given) => Some(*given),
        Json::Text(text) => text.trim().parse().ok(),
        Json::Big(_) | Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => None,
    };
    // The hundredths of a number are the seconds of a duration a hundred times as long.
    let hundredths = number
        .and_then(|number| Duration::try_from_secs_f64(number * 100.0).ok())
        .and_then(|span| u32::try_from((span + Duration::from_millis(500)).as_secs()).ok())
        .filter(|hundredths| (1..=1_000_000).contains(hundredths));
    if hundredths.is_none() {
        faults.value(at, "must be a load average from 0.01 to 10000", json.echo());
    }
    hundredths.map(Condition::LoadBelow)
}
