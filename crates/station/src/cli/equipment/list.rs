//! `station equipment list`, `show`, `status`, `identify` and `discover`.

use clap::Args;
use serde_json::{Value, json};

use super::{path, readable};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, plain, shown};

/// Options of `station equipment list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of commands about one instrument.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment discover`.
#[derive(Args, Clone, Debug)]
pub struct DiscoverArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists equipment.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/equipment/list")?;
    let all = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    if args.json {
        return cx.world.screen.json(&json!({ "count": all.len(), "equipment": all }));
    }
    if all.is_empty() {
        return cx.world.screen.line("No equipment found.");
    }
    let columns = ["Id", "Type", "Manufacturer", "Model", "Serial", "Resource", "Nickname"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for one in all {
        let keys =
            ["id", "type", "manufacturer", "model", "serial_number", "resource_string", "nickname"];
        sheet.row(keys.map(|key| api::text(one, key).to_owned()).into());
    }
    cx.world.screen.print(&sheet.render())
}

/// Shows an instrument, and what its driver can do.
pub(super) fn show(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let equipment = api::get(&mut station, &path(&args.id))?;
    let status = api::get(&mut station, &format!("{}/status", path(&args.id)))?;
    if args.json {
        return cx.world.screen.json(&json!({ "equipment": equipment, "status": status }));
    }
    let zone = cx.world.local_zone();
    let text = |key| api::text(&equipment, key).to_owned();
    let able = api::part(&status, "capabilities");
    let settings = api::part(&equipment, "settings").as_object();
    let settings: Vec<String> = settings
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name} {}", readable(value).escape_debug()))
        .collect();
    let lines = [
        ("Equipment", text("id")),
        ("Type", text("type")),
        ("Resource", text("resource_string")),
        ("Manufacturer", text("manufacturer")),
        ("Model", text("model")),
        ("Serial", text("serial_number")),
        ("Firmware", text("firmware_version")),
        ("Nickname", text("nickname")),
        ("Driver", api::text(&status, "driver").to_owned()),
        ("Settings", settings.join(", ")),
        ("Verbs", readable(api::part(able, "verbs"))),
        ("Readable", readable(api::part(able, "settings"))),
        ("Created At", shown::full(api::text(&equipment, "created_at"), &zone)),
        ("Created by", text("created_by")),
    ];
    page(&lines, cx)?;
    page(&status_lines(&status, &zone), cx)
}

/// Says how an instrument is doing.
pub(super) fn status(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let status = api::get(&mut station, &format!("{}/status", path(&args.id)))?;
    if args.json {
        return cx.world.screen.json(&status);
    }
    let zone = cx.world.local_zone();
    page(&status_lines(&status, &zone), cx)
}

fn status_lines(status: &Value, zone: &jiff::tz::TimeZone) -> Vec<(&'static str, String)> {
    let connected = api::part(status, "connected").as_bool() == Some(true);
    let number = |key| api::number(status, key).unwrap_or_default();
    let time = |key| match api::text(status, key) {
        "" => String::new(),
        at => shown::full(at, zone),
    };
    let holder = match api::text(status, "holder") {
        "" => String::new(),
        holder => format!("{holder}, since {}", time("held_since")),
    };
    let or_none = |key, what: &str| match number(key) {
        0 => String::new(),
        count => format!("{count} {what}"),
    };
    let mut lines = vec![
        ("Connected", if connected { "yes" } else { "no" }.to_owned()),
        ("Health", format!("{} of 100", number("health_score"))),
        ("Error", api::text(status, "error").to_owned()),
        ("Not tried until", time("skipped_until")),
        ("Held by", holder),
        ("Out of step", or_none("desyncs", "times")),
        ("Memory writes", or_none("writes_last_hour", "in the last hour")),
    ];
    let errors = api::list(status, "last_error_messages");
    lines.extend(errors.iter().filter_map(Value::as_str).map(|text| ("Earlier", text.to_owned())));
    lines
}

/// Prints lines with their labels; those without a value are left out.
pub(in crate::cli) fn page(
    lines: &[(&'static str, String)],
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let mut page = String::new();
    for (label, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        page.push_str(&format!("{:<17}{}\n", format!("{label}:"), plain(value)));
    }
    cx.world.screen.print(&page)
}

/// Asks an instrument who it is.
pub(super) fn identify(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let equipment = api::post(&mut station, &format!("{}/identify", path(&args.id)), None)?;
    if args.json {
        return cx.world.screen.json(&equipment);
    }
    let fields = ["manufacturer", "model", "serial_number", "firmware_version"];
    let fields = fields.map(|key| api::text(&equipment, key));
    cx.world.screen.line(&plain(&fields.join(",")))
}

/// Looks for instruments.
pub(super) fn discover(args: &DiscoverArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/equipment/discover", None)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let note = api::text(&answer, "note");
    if !note.is_empty() {
        cx.world.screen.note(&plain(note));
    }
    let devices = api::list(&answer, "devices");
    if devices.is_empty() {
        return cx.world.screen.line("No instrument has announced itself.");
    }
    let columns = ["Resource", "Manufacturer", "Model", "Serial", "Name"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for device in devices {
        let keys = ["resource_string", "manufacturer", "model", "serial_number", "name"];
        sheet.row(keys.map(|key| api::text(device, key).to_owned()).into());
    }
    cx.world.screen.print(&sheet.render())
}
