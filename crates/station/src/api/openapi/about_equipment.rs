//! The answers about equipment, profiles, states and acquisitions.

#![expect(dead_code, reason = "described here, never made: the handlers write the JSON themselves")]

use std::collections::BTreeMap;

use serde_json::Value;
use station_core::model::{EquipmentKind, FileFormat};
use utoipa::ToSchema;

use super::answers::{Instant, success};
use super::kind::{self, Node};
use crate::api::acquisition_view::AcquisitionView;
use crate::api::profiles::ProfileView;
use crate::api::states::StateView;

/// Equipment that was registered.
#[derive(ToSchema)]
pub(in crate::api) struct Connected {
    equipment_id: String,
    /// `connected`, or `registered` when it was not to be connected.
    status: String,
}

/// Equipment that was disconnected.
#[derive(ToSchema)]
pub(in crate::api) struct Disconnected {
    equipment_id: String,
    status: String,
}

/// Equipment that was removed.
#[derive(ToSchema)]
pub(in crate::api) struct Removed {
    #[schema(schema_with = success)]
    success: bool,
    equipment_id: String,
    message: String,
}

/// Something that was done.
#[derive(ToSchema)]
pub(in crate::api) struct Done {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
}

/// Readings of equipment.
#[derive(ToSchema)]
pub(in crate::api) struct Readings {
    equipment_id: String,
    readings: Value,
    /// By the names of the readings.
    units: BTreeMap<String, String>,
    #[schema(value_type = Instant)]
    timestamp: (),
}

/// How a verb was carried out.
#[derive(ToSchema)]
pub(in crate::api) struct Commanded {
    command_id: Option<String>,
    success: bool,
    data: Value,
    /// The units of what was read, by name.
    units: BTreeMap<String, String>,
    error: Option<String>,
    /// The sort of trouble: `invalid`, `busy`, `timeout`, `instrument` and so on.
    instrument_error: Option<String>,
    #[schema(value_type = Instant)]
    timestamp: (),
}

/// How a test went.
#[derive(ToSchema)]
pub(in crate::api) struct Tested {
    #[schema(schema_with = success)]
    success: bool,
    equipment_id: String,
    result: Value,
}

/// What announced itself on the network.
#[derive(ToSchema)]
pub(in crate::api) struct Discovered {
    devices: Vec<Device>,
    /// Why nothing could be looked for.
    note: Option<String>,
}

/// An instrument that announced itself.
#[derive(ToSchema)]
struct Device {
    /// Null when it told of its web page alone.
    resource_string: Option<String>,
    name: String,
    manufacturer: Option<String>,
    model: Option<String>,
    serial_number: Option<String>,
    firmware_version: Option<String>,
}

/// Some profiles.
#[derive(ToSchema)]
pub(in crate::api) struct Profiles {
    count: u64,
    #[schema(value_type = Vec<ProfileView<'static>>)]
    profiles: (),
}

/// A profile that was made or changed.
#[derive(ToSchema)]
pub(in crate::api) struct ProfileKept {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    #[schema(value_type = ProfileView<'static>)]
    profile: (),
}

/// A state.
#[derive(ToSchema)]
pub(in crate::api) struct OneState {
    #[schema(schema_with = success)]
    success: bool,
    state_id: String,
    #[schema(value_type = Instant)]
    timestamp: (),
    #[schema(value_type = StateView<'static>)]
    state: (),
}

/// Some states.
#[derive(ToSchema)]
pub(in crate::api) struct States {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    #[schema(value_type = Vec<StateView<'static>>)]
    states: (),
}

/// In what two states differ.
#[derive(ToSchema)]
pub(in crate::api) struct Compared {
    #[schema(schema_with = success)]
    success: bool,
    state_id_1: String,
    state_id_2: String,
    identical: bool,
    differences: Vec<Difference>,
}

/// A setting that differs.
#[derive(ToSchema)]
struct Difference {
    setting: String,
    from: Value,
    to: Value,
    unit: Option<String>,
}

/// What was set of a state.
#[derive(ToSchema)]
pub(in crate::api) struct Restored {
    #[schema(schema_with = success)]
    success: bool,
    state_id: String,
    equipment_id: String,
    applied: Vec<String>,
    /// What can only be read, or had no value.
    skipped: Vec<String>,
}

/// An acquisition.
#[derive(ToSchema)]
pub(in crate::api) struct OneAcquisition {
    #[schema(schema_with = success)]
    success: bool,
    acquisition_id: String,
    /// The same.
    session_id: String,
    #[schema(schema_with = acquisition_states)]
    status: (),
    acquisition: AcquisitionView,
}

/// Some acquisitions.
#[derive(ToSchema)]
pub(in crate::api) struct Acquisitions {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    sessions: Vec<AcquisitionView>,
}

/// Samples of an acquisition.
#[derive(ToSchema)]
pub(in crate::api) struct Samples {
    #[schema(schema_with = success)]
    success: bool,
    acquisition_id: String,
    /// The number of the first of them, from 0.
    first: u64,
    channels: Vec<String>,
    /// In seconds from the start.
    times: Vec<f64>,
    /// By channel; null where the instrument had none.
    values: Vec<Vec<Option<f64>>>,
}

/// Samples in another form.
#[derive(ToSchema)]
pub(in crate::api) struct Exported {
    #[schema(schema_with = success)]
    success: bool,
    acquisition_id: String,
    format: String,
    /// Where the file is, on the station's machine.
    file: String,
}

/// The kinds of equipment.
pub(in crate::api) fn equipment_kinds() -> Node {
    kind::words(EquipmentKind::ALL.map(EquipmentKind::name)).into()
}

/// Where acquisitions stand.
pub(in crate::api) fn acquisition_states() -> Node {
    let states = ["idle", "waiting_trigger", "acquiring", "paused", "stopped", "error"];
    kind::words(states).into()
}

/// The forms of files of samples.
pub(in crate::api) fn file_formats() -> Node {
    kind::words(FileFormat::ALL.map(FileFormat::name)).into()
}
