//! Reads what requests say of equipment.

use station_core::model::Micros;
use station_core::model::{Equipment, EquipmentKind, EquipmentSettings, Identity, Principal};
use station_instrument::driver::Catalogue;
use station_instrument::resource::Resource;

use super::body_fields::BodyFields;
use super::error::ApiError;

/// Every field of an equipment that is connected.
pub(super) const CONNECT_FIELDS: [&str; 16] = [
    "resource_string",
    "equipment_type",
    "model",
    "equipment_id",
    "nickname",
    "driver",
    "connect",
    "terminator",
    "connect_timeout",
    "io_timeout",
    "opc_timeout",
    "idle_close",
    "baud",
    "write_budget",
    "safe_state",
    "serial_number",
];

/// The longest id, nickname, model, driver's name and resource string.
pub(super) const LONGEST: usize = 255;

/// The most milliseconds that a time limit has: a day.
const LONGEST_WAIT: u128 = 86_400_000;

/// The words for kinds of equipment.
pub(super) fn kinds() -> [(&'static str, EquipmentKind); 5] {
    EquipmentKind::ALL.map(|kind| (kind.name(), kind))
}

/// The words for what ends a message.
pub(super) const TERMINATORS: [(&str, &str); 6] =
    [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")];

/// What a request to register equipment says.
pub(super) struct Wanted {
    /// The equipment; its id is empty when none was given.
    pub(super) equipment: Equipment,
    /// It is connected at once, and asked who it is.
    pub(super) connect: bool,
}

/// The equipment that a body registers.
pub(super) fn connected(
    body: &[u8],
    drivers: &Catalogue,
    (by, now): (&Principal, Micros),
) -> Result<Wanted, ApiError> {
    let mut fields = BodyFields::read(body, &CONNECT_FIELDS)?;
    let resource = fields.required_label("resource_string", LONGEST);
    let kind = fields.required_word("equipment_type", &kinds());
    let model = fields.text("model", LONGEST).unwrap_or_default();
    let serial = fields.label("serial_number", LONGEST).unwrap_or_default();
    let id = fields.label("equipment_id", LONGEST);
    let nickname = fields.label("nickname", LONGEST);
    let driver = fields.label("driver", LONGEST);
    let connect = fields.boolean("connect").unwrap_or(true);
    let mut settings = EquipmentSettings::default();
    take_settings(&mut fields, &mut settings);
    fields.finish()?;
    let (Some(resource), Some(kind)) = (resource, kind) else { return Err(ApiError::Internal) };
    let equipment = Equipment {
        id: id.unwrap_or_default(),
        resource: Resource::parse(&resource)?.to_string(),
        kind,
        driver,
        // What a client calls the model need not be what the instrument calls itself; who it is, is
        // learned from it.
        identity: Identity { model, serial, ..Identity::default() },
        nickname,
        settings,
        created_at: now,
        created_by: by.clone(),
    };
    if !equipment.id.is_empty() {
        check_id(&equipment.id)?;
    }
    check_driver(&equipment, drivers)?;
    Ok(Wanted { equipment, connect })
}

/// Every field of a change.
pub(super) const CHANGE_FIELDS: [&str; 12] = [
    "resource_string",
    "equipment_type",
    "nickname",
    "driver",
    "terminator",
    "connect_timeout",
    "io_timeout",
    "opc_timeout",
    "idle_close",
    "baud",
    "write_budget",
    "safe_state",
];

/// Changes equipment as a body asks; a null makes a field the default again.
pub(super) fn change(
    body: &[u8],
    equipment: &mut Equipment,
    drivers: &Catalogue,
) -> Result<(), ApiError> {
    let mut fields = BodyFields::read(body, &CHANGE_FIELDS)?;
    if !CHANGE_FIELDS.iter().any(|name| fields.names(name)) {
        return Err(ApiError::Bad("there is nothing to change".to_owned()));
    }
    let resource = fields.label("resource_string", LONGEST);
    if let Some(kind) = fields.word("equipment_type", &kinds()) {
        equipment.kind = kind;
    }
    for (name, place) in [("nickname", &mut equipment.nickname), ("driver", &mut equipment.driver)]
    {
        if fields.names(name) {
            *place = fields.label(name, LONGEST);
        }
    }
    take_settings(&mut fields, &mut equipment.settings);
    fields.finish()?;
    if let Some(resource) = resource {
        equipment.resource = Resource::parse(&resource)?.to_string();
    }
    check_driver(equipment, drivers)
}

fn take_settings(fields: &mut BodyFields<'_>, settings: &mut EquipmentSettings) {
    if fields.names("terminator") {
        settings.terminator = fields.word("terminator", &TERMINATORS).map(ToOwned::to_owned);
    }
    for (name, place) in [
        ("connect_timeout", &mut settings.connect_timeout_ms),
        ("io_timeout", &mut settings.io_timeout_ms),
        ("opc_timeout", &mut settings.opc_timeout_ms),
        ("idle_close", &mut settings.idle_close_ms),
    ] {
        if fields.names(name) {
            *place = millis(fields, name);
        }
    }
    for (name, place, limits) in [
        ("baud", &mut settings.baud, (50, 10_000_000)),
        ("write_budget", &mut settings.write_budget, (0, 100_000)),
    ] {
        if fields.names(name) {
            *place = fields.integer(name, limits).and_then(|given| u32::try_from(given).ok());
        }
    }
    if fields.names("safe_state") {
        settings.safe_state = fields.boolean("safe_state");
    }
}

fn millis(fields: &mut BodyFields<'_>, name: &str) -> Option<u32> {
    let span = fields.seconds(name)?.as_millis();
    if !(1..=LONGEST_WAIT).contains(&span) {
        fields.refuse(name, "must be from 0.001 to 86400 seconds");
        return None;
    }
    u32::try_from(span).ok()
}

/// Refuses what cannot be an equipment's id.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    if Equipment::is_id(id) {
        return Ok(());
    }
    let shown: String = id.chars().take(100).flat_map(char::escape_debug).collect();
    Err(ApiError::Bad(format!(
        "'{shown}' is no id of equipment: letters, digits, '.', '_' and '-' are meant, the first a \
         letter or a digit, at most {}, and not 'local', '{}'",
        Equipment::LONGEST_ID,
        Equipment::RESERVED.join("', '")
    )))
}

fn check_driver(equipment: &Equipment, drivers: &Catalogue) -> Result<(), ApiError> {
    let Some(name) = &equipment.driver else { return Ok(()) };
    let Some(driver) = drivers.named(name) else {
        let shown: String = name.chars().take(100).flat_map(char::escape_debug).collect();
        return Err(ApiError::Bad(format!(
            "there is no driver '{shown}'; `station equipment driver list` names them"
        )));
    };
    if driver.kind() == equipment.kind.name() {
        return Ok(());
    }
    let (kind, wanted) = (driver.kind(), equipment.kind.name());
    Err(ApiError::Bad(format!("driver '{name}' is for equipment of type {kind}, not {wanted}")))
}
