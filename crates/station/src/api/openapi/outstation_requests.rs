//! The bodies of requests about outstations.

use std::borrow::Cow;

use utoipa::{PartialSchema, ToSchema};

use super::kind::{self, Kind, Node, boolean, label, list, map, number, object, text, whole};
use super::requests::{LEAST, schema};
use crate::api::approvals::LONGEST_NOTE;
use crate::api::outstation_command::LONGEST_VALUE;
use crate::api::outstation_fields::LARGEST_CA;
use crate::outstation_words::LONGEST_REASON;

/// An outstation that is to be registered.
pub(in crate::api) enum OutstationRequest {}
/// What becomes different of an outstation.
pub(in crate::api) enum OutstationChangeRequest {}
/// The points of an outstation.
pub(in crate::api) enum PointsRequest {}
/// A command to a point.
pub(in crate::api) enum WriteRequest {}
/// Which values are asked for.
pub(in crate::api) enum GroupRequest {}
/// Which counters are asked for.
pub(in crate::api) enum CounterGroupRequest {}
/// Which value is asked for.
pub(in crate::api) enum ReadRequest {}
/// What is said of a decision.
pub(in crate::api) enum NoteRequest {}
/// Why.
pub(in crate::api) enum ReasonRequest {}
/// Why everything is stopped, if there is time to say so.
pub(in crate::api) enum StopRequest {}
/// What a job does with an outstation.
pub(in crate::api) enum ControlRequest {}

schema! {
    OutstationRequest = object(
        [("name", text().pattern(kind::NODE))].into_iter().chain(fields()).collect(),
        &["name", "ca"],
    )
    .closed()
    .says("One of address and endpoints is needed. No node has the same name.")
    .into();
    OutstationChangeRequest = object(fields(), &[])
        .closed()
        .says("The fields that become different; null makes one the default again. Of settings and \
               tls each is changed by itself.")
        .into();
    PointsRequest = kind::any_of([
        list(map(text(), kind::any()), None),
        object(vec![("points", list(map(text(), kind::any()), None))], &["points"]),
    ]);
    WriteRequest = object(
        vec![
            ("point", label(128)),
            ("value", value()),
            ("select", boolean().or_null().default(false).says("It is selected first.")),
            ("reason", label(LONGEST_REASON).or_null().says("Why, for the audit trail.")),
            ("ticket", label(LONGEST_REASON).or_null().says("The work order it belongs to.")),
            (
                "break_glass",
                label(LONGEST_REASON).or_null().says(
                    "Why it cannot wait for the consent of somebody else: it is sent without, and an alarm tells of it. For administrators.",
                ),
            ),
            ("dry_run", boolean().or_null().default(false).says("It is only looked.")),
            ("expiry", expiry()),
        ],
        &["point", "value"],
    )
    .into();
    GroupRequest = object(
        vec![("group", whole(1, 16).or_null().says("Else the whole station."))], &[],
    ).into();
    CounterGroupRequest = object(
        vec![("group", whole(1, 4).or_null().says("Else all counters."))], &[],
    ).into();
    ReadRequest = object(vec![("point", label(128))], &["point"]).into();
    NoteRequest = object(vec![("note", label(LONGEST_NOTE).or_null())], &[]).into();
    StopRequest = object(vec![("reason", label(LONGEST_REASON).or_null())], &[]).into();
    ReasonRequest = object(vec![("reason", label(LONGEST_REASON))], &["reason"]).into();
    ControlRequest = object(control_fields(), &["command"]).into();
}

fn fields() -> Vec<(&'static str, Kind)> {
    let address = || text().at_most(300);
    vec![
        ("address", address().or_null().says("host, or host:port; else port 2404, under TLS 19998.")),
        ("endpoints", list(address(), Some(2)).or_null().says("Of a redundant pair, the preferred first.")),
        ("ca", whole(1, LARGEST_CA).says("The common address of its ASDUs.")),
        ("originator", whole(0, 255).or_null().default(0)),
        ("bind", text().or_null().says("The local IP address of connections.")),
        (
            "tls",
            map(text(), kind::any())
                .or_null()
                .says("authority, certificate, key, server_name, pins, revoked: absolute paths of PEM files."),
        ),
        ("settings", map(text(), kind::any()).or_null().says("Spans are milliseconds.")),
        ("points", list(map(text(), kind::any()), None).or_null()),
        ("points_toml", text().or_null().says("The same as TOML, in place of points.")),
    ]
}

/// A value as people write it.
fn value() -> Kind {
    let value = kind::scalar().at_most(LONGEST_VALUE);
    value.pattern(r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$")
        .says("on, off, lower, higher, 12.5, 0xdeadbeef.")
}

/// How late a command may be sent.
pub(super) fn expiry() -> Kind {
    number(LEAST, Some(59.999_999)).or_null().says("Seconds after which it is not sent any more.")
}

/// The parameters of a job with an outstation.
pub(super) fn control_fields() -> Vec<(&'static str, Kind)> {
    let commands = ["write", "interrogate", "counters", "read", "sync_clock", "test"];
    vec![
        ("command", kind::words(commands)),
        ("point", label(128).or_null().says("For write and read.")),
        ("value", value().or_null().says("For write.")),
        ("select", boolean().or_null().says("For write.")),
        ("reason", label(LONGEST_REASON).or_null().says("For write.")),
        ("ticket", label(LONGEST_REASON).or_null().says("For write.")),
        ("group", whole(1, 16).or_null().says("For interrogate, and for counters up to 4.")),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::{outstation_fields, outstation_job};

    #[test]
    fn every_field_that_is_read_is_described_and_no_other() {
        let names = |fields: Vec<(&'static str, Kind)>| -> BTreeSet<&str> {
            fields.into_iter().map(|(name, _)| name).collect()
        };
        let known = outstation_fields::FIELDS.into_iter().filter(|name| *name != "name");
        assert_eq!(names(fields()), known.collect());
        assert_eq!(names(control_fields()), BTreeSet::from(outstation_job::FIELDS));
    }
}
