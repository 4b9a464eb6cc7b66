//! The bodies of requests: every field that is read, with what is accepted in it.

use std::borrow::Cow;

use station_core::model::{Conflict, Role};
use utoipa::{PartialSchema, ToSchema};

use super::examples::{jobs, schedules};
use super::kind::{self, Kind, Node};
use super::kind::{boolean, bytes, label, list, map, number, object, seconds, text, whole, words};
use super::node_requests::{node_changes, node_fields};
use super::outstation_requests::expiry;
use super::work::{verb_parameters, work_fields};
use crate::api::instrument_fields::WorkKind;

/// The shortest span that is not nothing: a microsecond.
pub(super) const LEAST: f64 = 0.000_001;

/// Implements a schema of the type's own name.
macro_rules! schema {
    ($($name:ident = $make:expr;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> Node {
                $make
            }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

pub(super) use schema;

/// What a job is asked to do, whole.
pub(in crate::api) enum JobRequest {}
/// What becomes different of a job.
pub(in crate::api) enum JobChange {}
/// When a job would fire.
pub(in crate::api) enum ScheduleRequest {}
/// The command of a script job, with its surroundings.
pub(in crate::api) enum ScriptParameters {}
/// What a job is to do, for its schedule_type.
pub(in crate::api) enum WorkRequest {}
/// The samples that are to be taken.
pub(in crate::api) enum AcquisitionRequest {}
/// The verb of a measurement or a command.
pub(in crate::api) enum VerbRequest {}
/// The test that is to be done.
pub(in crate::api) enum TestRequest {}
/// What a capture of a state takes.
pub(in crate::api) enum StateCaptureRequest {}
/// Steps at offsets from the start.
pub(in crate::api) enum SequenceRequest {}
/// A call of a verb in a list.
pub(in crate::api) enum CallRequest {}
/// Which alarm is known, and to whom.
pub(in crate::api) enum AcknowledgeRequest {}
/// Which executions are to go.
pub(in crate::api) enum PruneRequest {}
/// The token that is asked for.
pub(in crate::api) enum TokenRequest {}

/// The nodes that are to be registered.
pub(in crate::api) enum NodeRequest {}
/// A node, or a set of them with all else the same.
pub(in crate::api) enum OneNodeRequest {}
/// What becomes different of nodes.
pub(in crate::api) enum NodeChangeRequest {}

schema! {
    NodeRequest = kind::either(
        object(node_fields(), &["name"]),
        object(
            vec![("nodes", list(kind::named("OneNodeRequest"), None).says("At least one."))],
            &["nodes"],
        ),
    );
    OneNodeRequest = object(node_fields(), &["name"]).closed().into();
    NodeChangeRequest = object(node_changes(), &[])
        .closed()
        .says("The fields that become different; null makes one the default again.")
        .into();
    JobRequest = kind::with_one_of(
        object(job_fields(), &["schedule_type"]).says(
            "What a job is asked to do. An unknown field is ignored, unless it is nearly a known \
             one or stands in the wrong place. A null counts as absent but in timeout_seconds, \
             and so does an empty text in the fields that say when a job fires.",
        ),
        &["trigger_type", "when"],
        jobs(),
    );
    JobChange = object(
        job_fields().into_iter().map(|(name, field)| (name, field.without_default())).collect(),
        &[],
    )
    .says("The fields that become different; null makes one the default again. Of parameters each \
           is changed by itself.")
    .into();
    ScheduleRequest = kind::with_one_of(
        object(job_fields().into_iter().map(|(name, field)| (name, previewed(name, field))).collect(), &[])
            .says("The fields that say when a job fires; others are let pass if well typed."),
        &["trigger_type", "when"],
        schedules(),
    );
    ScriptParameters = object(script_fields(), &[]).says("One of command and argv is needed.").into();
    WorkRequest = kind::any_of([
        kind::named("ScriptParameters"),
        kind::named("AcquisitionRequest"),
        kind::named("StateCaptureRequest"),
        kind::named("VerbRequest"),
        kind::named("TestRequest"),
        kind::named("SequenceRequest"),
        kind::named("ControlRequest"),
    ]);
    AcquisitionRequest = object(work_fields(WorkKind::Acquisition), &[]).into();
    StateCaptureRequest = object(work_fields(WorkKind::StateCapture), &[]).into();
    VerbRequest = object(work_fields(WorkKind::Command), &["command"]).into();
    TestRequest = object(work_fields(WorkKind::EquipmentTest), &["test_name"]).into();
    SequenceRequest = object(work_fields(WorkKind::Sequence), &[])
        .says("Either steps, or toml alone.")
        .into();
    CallRequest = object(
        vec![
            ("equipment", text().or_null().says("Where the job has several.")),
            ("verb", text().or_null().says("A verb of the equipment's driver, or scpi.")),
            ("command", text().or_null().says("Another name for verb.")),
            ("parameters", verb_parameters()),
        ],
        &[],
    )
    .closed()
    .into();
    AcknowledgeRequest = object(
        vec![
            ("event_id", kind::id().says("The alarm's event_id.")),
            ("acknowledged_by", label(200).or_null().says("Who knows; else the caller's name.")),
            ("note", text().at_most(2000).or_null().says("What they say.")),
        ],
        &["event_id"],
    )
    .into();
    PruneRequest = object(
        vec![("days", whole(0, 36_500).says("Executions that ended so many days ago go."))],
        &["days"],
    )
    .into();
    TokenRequest = object(
        vec![
            ("name", label(100)),
            ("role", words(Role::ALL.map(Role::name))),
            ("expires_in_seconds", seconds(LEAST).or_null()),
            ("expires_at", text().or_null().says("An instant, in place of a span.")),
        ],
        &["name", "role"],
    )
    .into();
}

/// A field of a schedule that is foreseen; what is done then does not matter.
fn previewed(name: &str, field: Kind) -> Kind {
    match name {
        "schedule_type" => field.or_null(),
        "parameters" => kind::any(),
        _ => field,
    }
}

/// Every field of a job.
fn job_fields() -> Vec<(&'static str, Kind)> {
    let mut fields = what_fields();
    fields.extend(timing_fields());
    fields.extend(policy_fields());
    fields
}

fn what_fields() -> Vec<(&'static str, Kind)> {
    let kinds = [
        "script",
        "acquisition",
        "state_capture",
        "measurement",
        "command",
        "equipment_test",
        "sequence",
        "outstation_command",
    ];
    vec![
        (
            "schedule_type",
            words(kinds).says("All but script and outstation_command are done with equipment."),
        ),
        ("name", label(200).or_null().says("For script, else its command's first characters.")),
        ("description", text().pattern(r"^[^\u0000]*$").at_most(10_000).or_null()),
        ("tags", list(label(100), Some(64)).or_null()),
        (
            "equipment_id",
            text().or_null().says("The equipment, which has to be registered; not for script."),
        ),
        (
            "outstation",
            text()
                .or_null()
                .says("The outstation, which has to be registered; for outstation_command."),
        ),
        ("profile_id", text().or_null().says("The profile that is applied to it first.")),
        ("parameters", kind::named("WorkRequest")),
        ("queue", text().pattern("^[a-zA-Z]$").or_null().says("The queue of at(1).")),
        ("mail", mail().or_null()),
        ("enabled", boolean().or_null().default(true).says("False: it waits to be resumed.")),
    ]
}

fn mail() -> Kind {
    let to =
        label(254).pattern(r"^[^\s\u0000-\u001f\u007f-\u009f-][^\s\u0000-\u001f\u007f-\u009f]*$");
    let when = words(["output", "always"]).default("output");
    object(vec![("to", to), ("when", when)], &["to"]).says("Who is mailed the output.")
}

fn timing_fields() -> Vec<(&'static str, Kind)> {
    let day = "An RFC 3339 instant, or a civil time in timezone.";
    let unit = "For interval: the units are summed; more than 0, at most 100 years.";
    let count = || whole(0, i64::MAX).or_empty().or_null().says(unit);
    let kinds = ["date", "interval", "cron", "daily", "weekly", "monthly", "boot"];
    let flag = || boolean().or_empty().or_null().default(false);
    vec![
        ("trigger_type", words(kinds).or_empty().or_null().says("A date may leave it out.")),
        ("run_date", text().or_null().says("For date: once, and not in the past.")),
        ("when", text().or_null().says("For date, in place of run_date: a time expression.")),
        ("when_mode", words(["posix", "touch"]).or_empty().or_null().default("")),
        (
            "interval_seconds",
            number(0.0, None).pattern(kind::WHOLE).or_empty().or_null().says(unit),
        ),
        ("interval_minutes", count()),
        ("interval_hours", count()),
        ("interval_days", count()),
        ("run_at_start", flag().says("For interval: the first run is at once.")),
        ("cron_expression", text().or_null().says("For cron: five fields as crontab(5), or more.")),
        ("cron_seconds", flag().says("For cron: a field for the seconds stands in front.")),
        (
            "time_of_day",
            text()
                .pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$")
                .or_empty()
                .or_null()
                .says("For daily, weekly and monthly."),
        ),
        ("day_of_week", whole(0, 6).or_empty().or_null().says("For weekly: 0 is Monday.")),
        ("day_of_month", whole(1, 31).or_empty().or_null().says("For monthly.")),
        (
            "dst_gap",
            words(["run_after", "skip"])
                .or_empty()
                .or_null()
                .says("What is done with times the clocks skip; not for date and interval."),
        ),
        (
            "dst_overlap",
            words(["first", "second", "both"])
                .or_empty()
                .or_null()
                .says("What is done with times that come twice; not for date and interval."),
        ),
        (
            "timezone",
            text().or_null().says("An IANA name or a POSIX TZ string; else the station's."),
        ),
        ("start_date", text().or_null().says(day)),
        ("end_date", text().or_null().says(day)),
        ("max_executions", whole(1, u32::MAX.into()).or_empty().or_null()),
        ("jitter_seconds", seconds(0.0).or_empty().or_null().default(0)),
        (
            "exclude",
            list(text().pattern(r"^[^\r\n#]*[^\s#][^\r\n#]*$"), None)
                .or_text()
                .or_null()
                .says("Days and spans it does not fire on, or the text of a list or calendar."),
        ),
    ]
}

fn policy_fields() -> Vec<(&'static str, Kind)> {
    vec![
        ("retries", whole(0, 1000).or_null().default(0)),
        ("retry_delay_seconds", seconds(0.0).or_null().default(10)),
        (
            "timeout_seconds",
            seconds(LEAST).or_null().default(3600).says("The limit of an attempt; null: none."),
        ),
        ("idle_timeout_seconds", seconds(LEAST).or_null()),
        (
            "misfire_grace_time",
            seconds(0.0)
                .or_word("forever")
                .or_null()
                .default(300)
                .says("How late it may start after downtime."),
        ),
        ("expiry", expiry()),
        ("coalesce", boolean().or_null().default(true)),
        ("conflict_policy", words(Conflict::ALL.map(Conflict::name)).or_null().default("skip")),
        ("max_instances", whole(1, 10_000).or_null().default(1)),
        ("queue_limit", whole(0, 10_000).or_null().default(100)),
        ("conflict_key", label(200).or_null()),
        ("fanout", whole(1, 10_000).or_null().says("On how many nodes it runs at once at most.")),
        ("on_failure_alarm", boolean().or_null().default(false)),
        ("on_interrupted", words(["keep", "rerun"]).or_null().default("keep")),
        ("condition", condition().or_null()),
    ]
}

fn condition() -> Kind {
    // Rounded to hundredths.
    let load = number(0.005, Some(10_000.004)).says("From 0.01 to 10000.");
    object(vec![("load_below", load)], &["load_below"]).says("What it waits for.")
}

fn script_fields() -> Vec<(&'static str, Kind)> {
    let word = |kind: Kind| kind.at_most(131_071);
    let none = r"^[^\u0000]*$";
    let command = word(text().pattern(r"^[^\u0000]*[^\s\u0000][^\u0000]*$"));
    vec![
        ("command", command.or_null().says("A line for the shell.")),
        (
            "argv",
            list(word(text().pattern(none)), None)
                .or_null()
                .says("A program and its arguments, executed without a shell."),
        ),
        (
            "target",
            text()
                .or_null()
                .default("local")
                .says("`local`, a set of nodes: `rack[1-3],@lab`, or an outstation."),
        ),
        ("cwd", bytes().pattern(r"^/[^\u0000]*$").at_most(4095).or_null()),
        ("umask", text().pattern("^0?[0-7]{1,3}$").or_null()),
        (
            "env",
            map(text().pattern(r"^[^=\u0000]+$"), bytes().pattern(none))
                .or_null()
                .says("Variables, over the station's own."),
        ),
        ("env_clear", boolean().or_null().default(false).says("True: env is all of them.")),
        ("stdin", bytes().or_null().says("What the command reads.")),
        (
            "sudo",
            boolean().or_null().default(false).says("True: as root, by sudo(8); on nodes only."),
        ),
        ("nice", whole(0, 19).or_null().default(0)),
        ("timeout", seconds(LEAST).or_null().says("Another name for timeout_seconds.")),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::node_fields::{CHANGE_FIELDS, NODE_FIELDS};
    use crate::api::script::SCRIPT_FIELDS;
    use crate::api::timing::TIMING_FIELDS;
    use crate::api::types::JOB_FIELDS;

    #[test]
    fn every_field_that_is_read_is_described_and_no_other() {
        let names = |fields: Vec<(&'static str, Kind)>| -> BTreeSet<&str> {
            fields.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(job_fields()), BTreeSet::from(JOB_FIELDS));
        assert_eq!(names(timing_fields()), BTreeSet::from(TIMING_FIELDS));
        assert_eq!(names(script_fields()), BTreeSet::from(SCRIPT_FIELDS));
        assert_eq!(names(node_fields()), BTreeSet::from(NODE_FIELDS));
        assert_eq!(names(node_changes()), BTreeSet::from(CHANGE_FIELDS));
    }
}
