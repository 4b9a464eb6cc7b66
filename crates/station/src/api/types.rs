//! The create request as it stands on the wire, read field by field with every fault collected.

use std::borrow::Cow;
use std::time::Duration;

use station_core::model::{Action, Condition, Conflict, Grace, Mail, MailWhen, OnInterrupted};

use super::field::{self, Faults, Place};
use super::instrument_fields::WorkKind;
use super::job_fields;
use super::json::Json;
use super::outstation_command::{EXPIRY_LIMIT, TOO_LONG};
use super::timing::Timing;

/// Every field of a create request.
pub(super) const JOB_FIELDS: [&str; 48] = [
    "name",
    "description",
    "schedule_type",
    "equipment_id",
    "outstation",
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
    "expiry",
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
    "cron_seconds",
    "run_at_start",
    "dst_gap",
    "dst_overlap",
    "jitter_seconds",
    "exclude",
    "conflict_key",
    "queue_limit",
    "fanout",
];

/// The most runs of one job at once, and the most firings of it in line.
const MOST_AT_ONCE: i64 = 10_000;

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScheduleType {
    /// A command.
    Script,
    /// Something that is done with equipment.
    Equipment(WorkKind),
    /// Something that is done with an outstation.
    Outstation,
}

impl ScheduleType {
    /// The type of a stored job.
    pub(super) fn of(action: &Action) -> Self {
        match action {
            Action::Command { .. } => Self::Script,
            Action::Instrument(action) => Self::Equipment(WorkKind::of(&action.work)),
            Action::Outstation(_) => Self::Outstation,
        }
    }

    /// Its name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Equipment(kind) => kind.name(),
            Self::Outstation => "outstation_command",
        }
    }

    /// All of them by name, in the contract's order.
    fn all() -> [(&'static str, Self); 8] {
        let [acquisition, state, measurement, command, test, sequence] =
            WorkKind::ALL.map(Self::Equipment);
        [acquisition, state, measurement, command, test, Self::Script, sequence, Self::Outstation]
            .map(|one| (one.name(), one))
    }
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
    pub(super) equipment_id: Option<Cow<'a, str>>,
    pub(super) profile_id: Option<Cow<'a, str>>,
    pub(super) outstation: Option<Cow<'a, str>>,
    /// When it fires.
    pub(super) timing: Timing<'a>,
    pub(super) parameters: Option<Json<'a>>,
    pub(super) enabled: Option<bool>,
    pub(super) retries: Option<u32>,
    pub(super) retry_delay: Option<Duration>,
    pub(super) timeout: Limit,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) grace: Option<Grace>,
    pub(super) expiry: Option<Duration>,
    pub(super) on_interrupted: Option<OnInterrupted>,
    pub(super) condition: Option<Condition>,
    pub(super) conflict: Option<Conflict>,
    pub(super) conflict_key: Option<String>,
    pub(super) max_instances: Option<u32>,
    pub(super) queue_limit: Option<u32>,
    pub(super) fanout: Option<u32>,
    pub(super) coalesce: Option<bool>,
    pub(super) alarm: Option<bool>,
    pub(super) queue: Option<char>,
    pub(super) mail: Option<Mail>,
    pub(super) tags: Vec<String>,
    /// Every known field that was named, those that are null too.
    named: Vec<&'static str>,
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
            let Some(field) = JOB_FIELDS.iter().copied().find(|field| *field == key) else {
                job.unknown.push(key);
                continue;
            };
            let Some(json) = job.timing.take(field, json, faults) else { continue };
            job.named.push(field);
            if json != Json::Null {
                job.take(field, json, faults);
            } else if field == "timeout_seconds" {
                job.timeout = Limit::None;
            }
        }
        job
    }

    /// Whether a field that does not say when the job fires was named, be it as null.
    pub(super) fn names(&self, field: &str) -> bool {
        self.named.contains(&field)
    }

    /// Takes one known field that is not null.
    fn take(&mut self, field: &'static str, json: Json<'a>, faults: &mut Faults) {
        let at = Place::BODY.field(field);
        match field {
            "name" => self.name = field::label(json, 200, at, faults),
            "description" => self.description = job_fields::description(json, at, faults),
            "schedule_type" => {
                self.schedule_type = field::word(&json, &ScheduleType::all(), at, faults);
            }
            "equipment_id" => self.equipment_id = identifier(json, at, faults),
            "outstation" => self.outstation = identifier(json, at, faults),
            "profile_id" => self.profile_id = identifier(json, at, faults),
            "parameters" if matches!(json, Json::Map(_)) => self.parameters = Some(json),
            "parameters" => job_fields::not_a_map(&json, at, faults),
            "tags" => self.tags = job_fields::tags(json, at, faults),
            "condition" => self.condition = self.condition(json, at, faults),
            "mail" => self.mail = self.mail(json, at, faults),
            "queue" => self.queue = job_fields::queue(&json, at, faults),
            "on_interrupted" => {
                let words = [("keep", OnInterrupted::Keep), ("rerun", OnInterrupted::Rerun)];
                self.on_interrupted = field::word(&json, &words, at, faults);
            }
            "conflict_policy" => {
                let words = Conflict::ALL.map(|policy| (policy.name(), policy));
                self.conflict = field::word(&json, &words, at, faults);
            }
            "conflict_key" => self.conflict_key = field::label(json, 200, at, faults),
            "enabled" => self.enabled = field::boolean(&json, at, faults),
            "coalesce" => self.coalesce = field::boolean(&json, at, faults),
            "on_failure_alarm" => self.alarm = field::boolean(&json, at, faults),
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
        let mut number = |range| {
            field::integer(json, range, at, faults).and_then(|number| u32::try_from(number).ok())
        };
        match field {
            "retries" => self.retries = number((0, 1000)),
            "max_instances" => self.max_instances = number((1, MOST_AT_ONCE)),
            "queue_limit" => self.queue_limit = number((0, MOST_AT_ONCE)),
            "fanout" => self.fanout = number((1, MOST_AT_ONCE)),
            "retry_delay_seconds" => self.retry_delay = field::seconds(json, true, at, faults),
            "timeout_seconds" => self.timeout = job_fields::limit(json, at, faults),
            "idle_timeout_seconds" => self.idle_timeout = field::seconds(json, false, at, faults),
            "expiry" => {
                self.expiry = field::seconds(json, false, at, faults);
                if self.expiry.is_some_and(|span| span >= EXPIRY_LIMIT) {
                    faults.value(at, TOO_LONG, json.echo());
                }
            }
            _ => {
                self.grace = if matches!(json, Json::Text(text) if text == "forever") {
                    Some(Grace::Forever)
                } else {
                    field::seconds(json, true, at, faults).map(Grace::Within)
                };
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
            job_fields::not_a_map(&json, at, faults);
            return None;
        };
        let mut condition = None;
        for (key, json) in map {
            if key == "load_below" {
                condition = Some(job_fields::load_below(&json, at.field("load_below"), faults));
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
            job_fields::not_a_map(&json, at, faults);
            return None;
        };
        let (mut to, mut when) = (None, Some(MailWhen::Output));
        let mut named = false;
        for (key, json) in map {
            match key.as_ref() {
                "to" => {
                    named = true;
                    to = job_fields::recipient(json, at.field("to"), faults);
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

/// The id of something registered; forms send an empty one for none.
fn identifier<'a>(json: Json<'a>, at: Place<'_>, faults: &mut Faults) -> Option<Cow<'a, str>> {
    field::text(json, at, faults).filter(|text| !text.is_empty())
}
