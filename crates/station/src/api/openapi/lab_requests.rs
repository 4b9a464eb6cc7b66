//! The fields of requests about equipment, profiles and acquisitions, with what is accepted in each.

use station_core::model::{EquipmentKind, FileFormat};

use super::kind::{self, Kind, boolean, label, list, number, seconds, text, whole, words};
use super::requests::LEAST;
use crate::api::equipment_fields::TERMINATORS;

/// The fields of equipment that is registered.
pub(super) fn connect_fields() -> Vec<(&'static str, Kind)> {
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
pub(super) fn equipment_fields() -> Vec<(&'static str, Kind)> {
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
pub(super) fn profile_fields() -> Vec<(&'static str, Kind)> {
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
pub(super) fn acquisition_fields() -> Vec<(&'static str, Kind)> {
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
