//! The parameters of requests: ids in paths, arguments of queries. An empty argument counts as absent.

use station_core::model::{EquipmentKind, ExecutionStatus, Severity};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::kind::{Kind, NODE, boolean, text, whole, words};

/// A number without a sign.
const NUMBER: &str = "[0-9]+";

/// Parameters that some routes have: a name for each, and what makes it.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident = [$($parameter:expr),* $(,)?];)*) => {$(
        $(#[$doc])*
        pub(in crate::api) enum $name {}

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$($parameter),*]
            }
        }
    )*};
}

parameters! {
    /// The job a path names.
    JobId = [path(text().pattern(&format!("^{NUMBER}$")), "A job's id, such as 42")];
    /// The execution a path names.
    ExecutionId = [path(
        text().pattern(&format!(r"^{NUMBER}\.{NUMBER}$")),
        "An execution's id: JOB.N, such as 42.3",
    )];
    /// The alarm a path names.
    AlarmId = [path(text().pattern("^[0-9]+$"), "An alarm's event_id")];
    /// The alarm a path names, or its job.
    AlarmName = [path(
        text().pattern(&format!(r"^([0-9]+|scheduler\.{NUMBER})$")),
        "An alarm's event_id, or its alarm_id: then the latest of that job is meant",
    )];
    /// The token a path names.
    TokenId = [path(text().pattern("^[0-9a-f]+$"), "A token's id")];
    /// The node a path names.
    NodeName = [named(text().pattern(NODE), "A node's name")];
    /// The nodes a path names.
    NodeNames = [named(text(), "A node's name, or a set of nodes: rack[1-3], @lab, @lab!rack3")];
    /// Which nodes are listed.
    Nodes = [query("nodes", text(), "Those of this set: rack[1-3], @lab. Else all")];
    /// The equipment a path names.
    EquipmentId = [path(text().pattern(NODE), "The equipment's id")];
    /// The outstation a path names.
    OutstationName = [named(text().pattern(NODE), "The outstation's name")];
    /// The outstation and the point a path names.
    OutstationAndPoint = [
        named(text().pattern(NODE), "The outstation's name"),
        parameter(ParameterIn::Path, "point", text().pattern(NODE), "The point's name"),
    ];
    /// Which points are looked at.
    Points = [query("point", text(), "Points, with commas. Else all that are watched")];
    /// Which tags are listed.
    TaggedOutstation = [query("outstation", text(), "Those of this outstation")];
    /// The request for consent a path names.
    ApprovalId = [path(text().pattern(&format!("^{NUMBER}$")), "The request's id")];
    /// Which requests for consent are listed.
    ApprovalState = [query(
        "state",
        words(["waiting", "approved", "rejected", "expired"]),
        "Those in this state",
    )];
    /// The profile a path names.
    ProfileName = [named(text(), "The profile's name")];
    /// The profile and the equipment a path names.
    ProfileAndEquipment = [
        named(text(), "The profile's name"),
        parameter(ParameterIn::Path, "equipment_id", text().pattern(NODE), "The equipment's id"),
    ];
    /// Which profiles are listed.
    ProfileKinds = [query(
        "equipment_type",
        words(EquipmentKind::ALL.map(EquipmentKind::name)),
        "Those for equipment of this type",
    )];
    /// The equipment whose states are listed.
    StatesOf = [
        parameter(ParameterIn::Path, "equipment_id", text().pattern(NODE), "The equipment's id"),
    ];
    /// The state a path names.
    StateId = [path(text().pattern("^[A-Za-z0-9._-]+$"), "The state's id")];
    /// The acquisition a path names.
    AcquisitionId = [path(text().pattern("^[A-Za-z0-9._-]+$"), "The acquisition's id")];
    /// Whose acquisitions are listed.
    EquipmentOf = [query("equipment_id", text(), "Those of this equipment, the newest first")];
    /// How many samples are shown.
    Samples = [query("num_samples", whole(1, 100_000).default(1000), "The newest, at most so many")];
    /// What is listed of jobs.
    Jobs = [
        statuses(),
        query("tag", text(), "Those with this tag"),
        query("enabled", boolean(), "True: those that are not paused; false: those that are"),
        query("order", words(["agenda", "id"]), "By planned time (agenda), or by id"),
        limit(),
        cursor(),
    ];
    /// What is listed of executions.
    Executions = [
        query("job_id", text().pattern(&format!("^{NUMBER}$")), "Those of this job"),
        statuses(),
        query("cause", words(["scheduled", "manual"]), "Why they were begun"),
        limit(),
        cursor(),
    ];
    /// What is shown of a job.
    Environment = [query(
        "environment",
        boolean(),
        "True: its environment and its input too, which may hold secrets; needs an operator",
    )];
    /// What goes with a job.
    Deletion = [query("history", words(["keep", "delete"]), "What becomes of its executions")];
    /// Which firings are told.
    Firings = [
        query("n", whole(1, 1000).default(10), "How many"),
        query("from", text(), "An instant; those after it are told. Else those from now on"),
    ];
    /// Which firing is meant.
    At = [query("at", text(), "An instant; the whole second is meant. Else the latest")];
    /// How long the stream goes on.
    Follow = [query("follow", boolean().default(false), "True: until the execution has ended")];
    /// What is foreseen.
    Simulation = [
        query("from", text(), "An instant; else now"),
        query("to", text(), "An instant, at most ten years after; else a year after"),
        query(
            "top",
            whole(1, 1000).pattern(r"^\+?[0-9]+$").default(10),
            "How many of the busiest minutes and of the pairs are told",
        ),
    ];
    /// What is listed of alarms.
    Alarms = [
        query(
            "state",
            words(["active", "acknowledged", "cleared", "suppressed"]),
            "Those in this state; suppressed are none",
        ),
        query("severity", words(Severity::ALL.map(Severity::name)), "Those as severe as this"),
        query("equipment_id", text(), "Those about jobs on this equipment"),
        limit(),
    ];
    /// The record of the audit trail a path names.
    AuditSeq = [parameter(
        ParameterIn::Path,
        "seq",
        text().pattern(&format!("^{NUMBER}$")),
        "A record's number",
    )];
    /// Which records of the audit trail are listed.
    Audit = [
        outstation(), point(), subject(), operator(), action(), kinds(), audit_statuses(), class(),
        since(), until(), correlation(), job(), limit(), cursor(),
    ];
    /// Which records of the audit trail are exported, and how.
    AuditExport = [
        query(
            "format",
            words(["jsonl", "csv", "pcap"]).default("jsonl"),
            "Lines of JSON that can be verified, a table, or a capture of the frames",
        ),
        outstation(), point(), subject(), operator(), action(), kinds(), audit_statuses(), class(),
        since(), until(), correlation(), job(),
    ];
    /// How many are listed.
    Limit = [limit()];
    /// Where a listener was cut off.
    LastEvent = [parameter(ParameterIn::Header, "Last-Event-ID", text(), "The last event it got")];
}

fn outstation() -> Parameter {
    query("outstation", text(), "Those about this outstation")
}

fn point() -> Parameter {
    query("point", text(), "Those about points of this name; or of one outstation: SS1/breaker-7")
}

fn subject() -> Parameter {
    query("subject", text(), "Those whose subject begins so: job 42, outstation SS1/")
}

fn operator() -> Parameter {
    query("operator", text(), "Those of this operator")
}

fn action() -> Parameter {
    query("action", text(), "Those of this action: write, run, create, login")
}

fn kinds() -> Parameter {
    listed(
        "kind",
        &station_core::audit::Kind::ALL.map(|kind| kind.name()),
        "Those of these kinds, with commas",
    )
}

fn audit_statuses() -> Parameter {
    listed(
        "status",
        &station_core::audit::Status::ALL.map(|status| status.name()),
        "Those with one of these, with commas",
    )
}

fn class() -> Parameter {
    let classes = ["not_sent", "refused", "confirmed", "completed", "verified", "unknown"];
    query("class", words(classes), "Commands that ended so")
}

fn since() -> Parameter {
    query("since", text(), "An instant; those at or after it")
}

fn until() -> Parameter {
    query("until", text(), "An instant; those before it")
}

fn correlation() -> Parameter {
    query("correlation", text(), "Those that belong together under this name")
}

fn job() -> Parameter {
    query(
        "job",
        text().pattern(&format!("^{NUMBER}$")),
        "What was done to this job and to its runs, and what it did",
    )
}

fn limit() -> Parameter {
    query("limit", whole(1, 1000).default(100), "How many at most")
}

fn cursor() -> Parameter {
    query("cursor", text().at_most(500), "The next_cursor of the page before")
}

fn statuses() -> Parameter {
    let names: Vec<&str> = ExecutionStatus::ALL.iter().map(|status| status.name()).collect();
    listed("status", &names, "Those in one of these, with commas")
}

/// Several words with commas between.
fn listed(name: &str, words: &[&str], says: &'static str) -> Parameter {
    // Each text matches in one way only, so that no checker of patterns takes long.
    let one = format!(r"\s*(({})\s*)?", words.join("|"));
    query(name, text().pattern(&format!("^{one}(,{one})*$")), says)
}

fn path(kind: Kind, says: &'static str) -> Parameter {
    parameter(ParameterIn::Path, "id", kind, says)
}

fn named(kind: Kind, says: &'static str) -> Parameter {
    parameter(ParameterIn::Path, "name", kind, says)
}

fn query(name: &str, kind: Kind, says: &'static str) -> Parameter {
    parameter(ParameterIn::Query, name, kind.or_empty(), says)
}

fn parameter(place: ParameterIn, name: &str, kind: Kind, says: &'static str) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    Parameter::builder()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(says))
        .schema(Some(kind))
        .build()
}
