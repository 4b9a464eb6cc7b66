//! The bodies of requests about equipment, profiles, states and acquisitions.

use std::borrow::Cow;

use station_core::model::{EquipmentKind, FileFormat};
use utoipa::{PartialSchema, ToSchema};

use super::kind::{
    self, Kind, Node, boolean, label, list, map, number, object, seconds, text, whole, words,
};
use super::requests::{LEAST, schema};
use crate::api::equipment_fields::TERMINATORS;

/// Equipment that is to be registered.
pub(in crate::api) enum ConnectRequest {}
/// What becomes different of equipment.
pub(in crate::api) enum EquipmentChangeRequest {}
/// A verb of equipment.
pub(in crate::api) enum CommandRequest {}
/// How equipment is tested.
pub(in crate::api) enum EquipmentTestRequest {}
/// A profile.
pub(in crate::api) enum ProfileRequest {}
/// What becomes different of a profile.
pub(in crate::api) enum ProfileChangeRequest {}
/// Whose state is captured.
pub(in crate::api) enum CaptureRequest {}
/// Which states are compared.
pub(in crate::api) enum CompareRequest {}
/// Which state is restored.
pub(in crate::api) enum RestoreRequest {}
/// The acquisition that is to be made.
pub(in crate::api) enum AcquisitionSessionRequest {}
/// Which samples, in which form.
pub(in crate::api) enum ExportRequest {}

schema! {
    ConnectRequest = object(connect_fields(), &["resource_string", "equipment_type"]).into();
    EquipmentChangeRequest = object(
        equipment_fields().into_iter().map(|(name, field)| (name, unchanged(name, field))).collect(),
        &[],
    )
        .says("The fields that become different; null makes one the default again, if it has one.")
        .into();
    CommandRequest = object(
        vec![
            ("command_id", text().at_most(255).or_null()),
            ("equipment_id", text().at_most(255).or_null().says("The path's, if it is given.")),
            ("action", label(100).says("A verb of the driver, or scpi.")),
            ("parameters", map(text(), kind::any()).or_null()),
        ],
        &["action"],
    )
    .into();
    EquipmentTestRequest = object(
        vec![("test_name", words(["connection", "self_test"]).or_null().default("connection"))],
        &[],
    )
    .into();
    ProfileRequest =
        object(profile_fields(), &["name", "equipment_type", "settings"]).into();
    ProfileChangeRequest = object(
        profile_fields().into_iter().map(|(name, field)| (name, unchanged(name, field))).collect(),
        &[],
    )
    .says("The fields that become different; what is null stays as it is, but commit.")
    .into();
    CaptureRequest =
        object(vec![("equipment_id", label(255)), ("name", label(255).or_null())], &["equipment_id"])
            .into();
    CompareRequest = object(
        vec![("state_id_1", label(255)), ("state_id_2", label(255))],
        &["state_id_1", "state_id_2"],
    )
    .into();
    RestoreRequest = object(
        vec![
            ("state_id", label(255)),
            ("equipment_id", label(255).or_null().says("Else the one it was captured from.")),
        ],
        &["state_id"],
    )
    .into();
    AcquisitionSessionRequest = object(acquisition_fields(), &["equipment_id"]).into();
    ExportRequest = object(
        vec![
            ("acquisition_id", label(255)),
            ("format", words(FileFormat::ALL.map(FileFormat::name))),
        ],
        &["acquisition_id", "format"],
    )
    .into();
}

/// A field of a change: null leaves as it is what has to be there.
fn unchanged(name: &str, field: Kind) -> Kind {
    match name {
        "name" | "equipment_type" | "resource_string" => field.or_null(),
        _ => field,
    }
}

/// The fields of equipment that is registered.
fn connect_fields() -> Vec<(&'static str, Kind)> {
    let mut fields = vec![
        ("equipment_id", text().pattern(kind::NODE).or_null().says("Else power_supply_1 or so.")),
        ("model", text().at_most(255).or_null()),
        ("serial_number", label(255).or_null().says("Refused if it has another.")),
        ("connect", boolean().or_null().default(true).says("False: it is only registered.")),
    ];
    fields.extend(equipment_fields());
    fields
}

/// The fields of a change of equipment.
fn equipment_fields() -> Vec<(&'static str, Kind)> {
    let span = || number(0.001, Some(86_400.0)).or_null().says("In seconds.");
    vec![
        (
            "resource_string",
            label(255).says("A VISA resource string, such as TCPIP0::10.0.0.7::5025::SOCKET."),
        ),
        ("equipment_type", words(EquipmentKind::ALL.map(EquipmentKind::name))),
        ("nickname", label(255).or_null()),
        ("driver", label(255).or_null().says("Else the one that fits its identity best.")),
        ("terminator", words(TERMINATORS.map(|(word, _)| word)).or_null()),
        ("connect_timeout", span()),
        ("io_timeout", span()),
        ("opc_timeout", span()),
        ("idle_close", span()),
        ("baud", whole(50, 10_000_000).or_null()),
        (
            "write_budget",
            whole(0, 100_000).or_null().says("Writes to non-volatile memory an hour."),
        ),
        ("safe_state", boolean().or_null()),
    ]
}

/// The fields of a profile.
fn profile_fields() -> Vec<(&'static str, Kind)> {
    vec![
        ("name", label(255)),
        ("description", text().at_most(10_000).or_null()),
        ("equipment_type", words(EquipmentKind::ALL.map(EquipmentKind::name))),
        ("model", text().at_most(255).or_null()),
        ("settings", kind::any().says("Values by the driver's names, or a list of verbs.")),
        ("commit", kind::any().says("A verb that makes them last, once, at the end.")),
        ("tags", list(label(100), Some(64)).or_null()),
    ]
}

/// The fields of an acquisition.
fn acquisition_fields() -> Vec<(&'static str, Kind)> {
    let formats = || words(FileFormat::ALL.map(FileFormat::name)).or_null();
    vec![
        ("equipment_id", label(255)),
        ("duration_seconds", seconds(LEAST).or_null().says("Else until it is stopped.")),
        ("duration", seconds(LEAST).or_null().says("The same.")),
        ("sample_rate", kind::any().says("Samples a second.")),
        ("channels", kind::any().says("Numbers or names: 2 is CH2.")),
        ("export_format", formats()),
        ("format", formats()),
        ("verb", label(100).or_null().says("What is read; else as the driver says.")),
    ]
}
