//! `station audit show`: one record as a sheet for people.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use station_core::model::Principal;

use super::{frames, operator};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain, shown};

/// Options of `station audit show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// A record's number
    #[arg(value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    pub seq: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
pub(super) fn run(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("/api/audit/{}", args.seq))?;
    let record = api::part(&answer, "record");
    if args.json {
        return cx.world.screen.json(record);
    }
    let zone = cx.world.local_zone();
    let mut sheet = Lines::default();
    about(record, &mut sheet);
    let told = api::part(record, "telecontrol");
    if !told.is_null() {
        command(told, &zone, &mut sheet);
    }
    if let Some(detail) = api::part(record, "detail").as_object() {
        for (name, value) in detail {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            sheet.put(name, &text);
        }
    }
    for (name, key) in [("Previous hash", "previous"), ("Hash", "hash")] {
        sheet.put(name, api::text(record, key));
    }
    trace(told, &zone, &mut sheet.text);
    cx.world.screen.print(&sheet.text)
}

/// Lines of a name and what stands behind it.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    /// A line, when there is something to say.
    fn put(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.text.push_str(&format!("{:<16}{}\n", plain(name), plain(value)));
        }
    }
}

fn about(record: &Value, sheet: &mut Lines) {
    let of = |key| api::text(record, key);
    sheet.put("Record", &format!("{} ({})", api::number(record, "seq").unwrap_or(0), of("kind")));
    let clock = api::part(record, "clock");
    let sure = clock.get("synchronised").and_then(Value::as_bool).unwrap_or(false);
    let error = clock.get("error_us").and_then(Value::as_i64);
    let clock = match (sure, error) {
        (true, Some(us)) => format!("clock synchronised, off by {us} µs at most"),
        (true, None) => "clock synchronised".to_owned(),
        (false, _) => "clock NOT synchronised".to_owned(),
    };
    sheet.put("Time", &format!("{} ({clock})", of("local")));
    let by = api::part(record, "by");
    let how: Vec<&str> = ["method", "source"].map(|key| api::text(by, key)).into();
    let how: Vec<&str> = how.into_iter().filter(|text| !text.is_empty()).collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
    sheet.put("Operator", &format!("{}{how}", operator(record)));
    sheet.put("Execution", api::text(by, "execution"));
    let approver = serde_json::from_value::<Principal>(api::part(by, "approver").clone());
    sheet.put("Approved by", &approver.map(|who| who.label()).unwrap_or_default());
    sheet.put("Reason given", api::text(by, "reason"));
    sheet.put("Work order", api::text(by, "ticket"));
    sheet.put("Action", &format!("{} {}", of("action"), of("subject")));
    let told = api::part(record, "telecontrol");
    let class = match api::text(told, "class") {
        "" => api::text(api::part(record, "detail"), "class"),
        class => class,
    };
    let dash = if class.is_empty() { "" } else { ", " };
    sheet.put("Status", &format!("{}{dash}{class}", of("status")));
    sheet.put("Why", api::text(told, "reason"));
    sheet.put("Grade", api::text(told, "grade"));
    sheet.put("Belongs to", of("correlation"));
}

fn command(told: &Value, zone: &TimeZone, sheet: &mut Lines) {
    let of = |key| api::text(told, key);
    let number = |key| api::number(told, key).unwrap_or(0);
    sheet.put("Outstation", of("outstation"));
    sheet.put("Point", of("point"));
    let (ca, ioa, type_id) = (number("ca"), number("ioa"), of("type_id"));
    let originator = number("originator");
    sheet.put("Address", &format!("CA {ca} IOA {ioa}, {type_id}, originator {originator}"));
    let selected = told.get("select").and_then(Value::as_bool).unwrap_or(false);
    let how = if selected { "selected before it was operated" } else { "operated directly" };
    sheet.put("Way", &format!("{how}, qualifier {}", number("qualifier")));
    sheet.put("Time tag", of("time_tag"));
    if !of("local").is_empty() || !of("peer").is_empty() {
        sheet.put("Connection", &format!("{} → {} {}", of("local"), of("peer"), of("connection")));
    }
    sheet.put("TLS", of("tls"));
    for (name, key) in
        [("Previous value", "previous"), ("New value", "new"), ("Feedback", "feedback")]
    {
        let sample = api::part(told, key);
        if !sample.is_null() {
            sheet.put(name, &value(sample, zone));
        }
    }
}

/// `on (raw 02, good, spontaneous, 120 ms old, received …)`.
fn value(sample: &Value, zone: &TimeZone) -> String {
    let text = match api::text(sample, "value") {
        "" => return "unknown".to_owned(),
        text => text,
    };
    let mut more = Vec::new();
    let raw = api::text(sample, "raw");
    if !raw.is_empty() {
        more.push(format!("raw {raw}"));
    }
    let source = api::text(sample, "source");
    let quality: Vec<&str> =
        api::list(sample, "quality").iter().filter_map(Value::as_str).collect();
    if !source.is_empty() {
        more.push(if quality.is_empty() { "good".to_owned() } else { quality.join(" ") });
        more.push(source.to_owned());
    }
    if let Some(age) = api::number(sample, "age_ms") {
        more.push(format!("{age} ms old"));
    }
    if let Some(at) = sample.get("received_at").and_then(Value::as_i64) {
        more.push(format!("received {}", clock(at.saturating_mul(1000), zone)));
    }
    let tagged = api::text(sample, "tagged");
    if !tagged.is_empty() {
        more.push(format!("time tag {tagged}"));
    }
    if more.is_empty() { text.to_owned() } else { format!("{text} ({})", more.join(", ")) }
}

/// The frames, one on each line: when, which way, what.
fn trace(told: &Value, zone: &TimeZone, text: &mut String) {
    let frames = api::list(told, "frames");
    if frames.is_empty() {
        return;
    }
    text.push_str(&format!("\nFrames ({}, → from us, ← to us):\n", frames.len()));
    for frame in frames {
        let arrow = if api::text(frame, "dir") == "sent" { '→' } else { '←' };
        let at = frame.get("t_ns").and_then(Value::as_i64).unwrap_or(0);
        let words = plain(&frames::words(api::text(frame, "hex")));
        text.push_str(&format!("  {} {arrow} {words}\n", clock(at, zone)));
    }
}

/// The time of day, to the microsecond.
fn clock(t_ns: i64, zone: &TimeZone) -> String {
    match Timestamp::from_nanosecond(i128::from(t_ns)) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%H:%M:%S%.6f").to_string(),
        Err(_) => shown::full("", zone),
    }
}
