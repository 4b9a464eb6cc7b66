//! Shows equipment, and what is known of it, as the JSON objects clients see.

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use station_core::model::{Equipment, Micros};
use station_instrument::bench::EquipmentStatus;
use station_instrument::driver::{Driver, Setting, Verb};
use station_instrument::resource::Resource;

use super::openapi::{about_equipment, answers};
use super::stamp;

/// Equipment on the wire: the contract's fields first, then ours.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EquipmentView<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    #[schema(schema_with = about_equipment::equipment_kinds)]
    kind: &'static str,
    manufacturer: &'a str,
    model: &'a str,
    serial_number: &'a str,
    /// `tcp`, `serial`, `hislip`, `vxi11` or `usb`.
    connection_type: &'static str,
    /// A VISA resource string.
    resource_string: &'a str,
    nickname: Option<&'a str>,
    firmware_version: &'a str,
    /// The driver that was named; null: the one that fits its identity best.
    driver: Option<&'a str>,
    settings: SettingsView<'a>,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    created_by: String,
}

/// How it is spoken to; null is the driver's way, or else the usual one.
#[derive(Serialize, utoipa::ToSchema)]
struct SettingsView<'a> {
    terminator: Option<&'a str>,
    /// In seconds, as the next three.
    connect_timeout: Option<f64>,
    io_timeout: Option<f64>,
    opc_timeout: Option<f64>,
    idle_close: Option<f64>,
    baud: Option<u32>,
    /// How often its non-volatile memory may be written in an hour.
    write_budget: Option<u32>,
    safe_state: Option<bool>,
}

impl<'a> EquipmentView<'a> {
    /// Shows equipment with its times on the clock of the station's zone.
    pub(super) fn new(equipment: &'a Equipment, zone: &TimeZone) -> Self {
        let settings = &equipment.settings;
        let seconds = |millis: Option<u32>| millis.map(|millis| f64::from(millis) / 1000.0);
        Self {
            id: &equipment.id,
            kind: equipment.kind.name(),
            manufacturer: &equipment.identity.manufacturer,
            model: &equipment.identity.model,
            serial_number: &equipment.identity.serial,
            connection_type: Resource::parse(&equipment.resource)
                .map_or("unknown", |resource| resource.connection_type()),
            resource_string: &equipment.resource,
            nickname: equipment.nickname.as_deref(),
            firmware_version: &equipment.identity.firmware,
            driver: equipment.driver.as_deref(),
            settings: SettingsView {
                terminator: settings.terminator.as_deref(),
                connect_timeout: seconds(settings.connect_timeout_ms),
                io_timeout: seconds(settings.io_timeout_ms),
                opc_timeout: seconds(settings.opc_timeout_ms),
                idle_close: seconds(settings.idle_close_ms),
                baud: settings.baud,
                write_budget: settings.write_budget,
                safe_state: settings.safe_state,
            },
            created_at: stamp::local(equipment.created_at, zone),
            created_by: equipment.created_by.label(),
        }
    }
}

/// What is known of equipment without asking it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StatusView<'a> {
    id: &'a str,
    /// A connection to it is open.
    connected: bool,
    /// Why it could not be reached last.
    error: Option<&'a str>,
    firmware_version: Option<&'a str>,
    capabilities: Value,
    /// From 0 to 100.
    health_score: u8,
    /// The newest first.
    last_error_messages: Vec<&'a str>,
    /// The driver that speaks to it.
    driver: &'a str,
    /// Who holds it.
    holder: Option<&'a str>,
    #[schema(value_type = Option<answers::Instant>)]
    held_since: Option<String>,
    /// How often what it sent had to be thrown away.
    desyncs: u64,
    /// Until when it is not tried again.
    #[schema(value_type = Option<answers::Instant>)]
    skipped_until: Option<String>,
    /// How often its non-volatile memory was written.
    writes_last_hour: u32,
}

impl<'a> StatusView<'a> {
    /// Shows what is known.
    pub(super) fn new(
        equipment: &'a Equipment,
        status: &'a EquipmentStatus,
        driver: &'a Driver,
        zone: &TimeZone,
    ) -> Self {
        let show = |at: Micros| stamp::local(at, zone);
        let known = status.identity.as_ref().unwrap_or(&equipment.identity);
        Self {
            id: &equipment.id,
            connected: status.connected,
            error: status.error.as_deref(),
            firmware_version: Some(known.firmware.as_str()).filter(|known| !known.is_empty()),
            capabilities: serde_json::json!({
                "channels": driver.capabilities().channels,
                "features": driver.capabilities().features,
                "verbs": driver.verbs().map(Verb::name).collect::<Vec<_>>(),
                "settings": driver.settings().iter().map(Setting::name).collect::<Vec<_>>(),
            }),
            health_score: status.health_score,
            last_error_messages: status.last_errors.iter().map(|(_, text)| text.as_str()).collect(),
            driver: driver.name(),
            holder: status.holder.as_ref().map(|(holder, _)| holder.as_str()),
            held_since: status.holder.as_ref().map(|(_, since)| show(*since)),
            desyncs: status.desyncs,
            skipped_until: status.skipped_until.map(show),
            writes_last_hour: status.writes_last_hour,
        }
    }
}
