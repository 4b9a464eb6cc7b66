//! `station outstation status`.

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::path;
use crate::cli::equipment::page;
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, shown};

/// Options of `station outstation status`.
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// The outstation [default: all of them, a line for each]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tells it.
pub(super) fn run(args: &StatusArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let Some(name) = &args.name else { return all(args.json, cx) };
    let mut station = cx.connect()?;
    let status = api::get(&mut station, &format!("{}/status", path(name)))?;
    if args.json {
        return cx.world.screen.json(&status);
    }
    let zone = cx.world.local_zone();
    page(&lines(&status, &zone), cx)
}

fn all(as_json: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/outstations")?;
    let mut told = Vec::new();
    for outstation in api::list(&answer, "outstations") {
        let path = path(api::text(outstation, "name"));
        told.push(api::get(&mut station, &format!("{path}/status"))?);
    }
    if as_json {
        return cx.world.screen.json(&json!({ "count": told.len(), "outstations": told }));
    }
    if told.is_empty() {
        return cx.world.screen.line("No outstations found.");
    }
    let zone = cx.world.local_zone();
    let columns = ["Name", "Status", "Since", "Peer", "Points", "Known", "Under way", "Why"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for status in &told {
        let number = |key| api::number(status, key).unwrap_or_default().to_string();
        sheet.row(vec![
            api::text(status, "outstation").to_owned(),
            api::text(status, "link").to_owned(),
            shown::cell(api::text(status, "since"), &zone),
            api::text(api::part(status, "connection"), "peer").to_owned(),
            number("points"),
            number("known"),
            number("in_flight"),
            why(status).to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// Why it is not as it should be; empty when it is.
fn why(status: &Value) -> &str {
    match api::text(status, "why") {
        "" => api::text(status, "fault"),
        why => why,
    }
}

fn lines(status: &Value, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let text = |key| api::text(status, key).to_owned();
    let number = |document, key| api::number(document, key).unwrap_or_default();
    let time = |key| match api::text(status, key) {
        "" => String::new(),
        at => shown::full(at, zone),
    };
    let or_none = |count: u64| if count == 0 { String::new() } else { count.to_string() };
    let (connection, passed) = (api::part(status, "connection"), api::part(status, "counters"));
    let connected = match api::text(connection, "peer") {
        "" => String::new(),
        peer => {
            let (id, local) = (api::text(connection, "id"), api::text(connection, "local"));
            format!(
                "{id}: {local} to {peer}, since {}",
                shown::full(api::text(connection, "since"), zone)
            )
        }
    };
    let endpoint =
        |one: &Value| format!("{} {}", api::text(one, "endpoint"), api::text(one, "state"));
    let endpoints: Vec<String> = api::list(status, "endpoints").iter().map(endpoint).collect();
    let tag = |tag: &Value| format!("{} ({})", api::text(tag, "point"), api::text(tag, "reason"));
    let tagged: Vec<String> = api::list(status, "tagged").iter().map(tag).collect();
    let stopped = match api::part(status, "control_stopped").as_bool() {
        Some(true) => "stopped: `station outstation control status` says why",
        Some(false) | None => "",
    };
    let (received, sent) = (number(passed, "frames_received"), number(passed, "frames_sent"));
    let (octets_in, octets_out) =
        (number(passed, "octets_received"), number(passed, "octets_sent"));
    let frames = format!(
        "{received} received ({}), {sent} sent ({})",
        shown::size(octets_in),
        shown::size(octets_out)
    );
    vec![
        ("Outstation", text("outstation")),
        ("Link", format!("{}, since {}", api::text(status, "link"), time("since"))),
        ("Why", text("why")),
        ("Connection", connected),
        ("TLS", api::text(connection, "tls").to_owned()),
        ("Addresses", endpoints.join(", ")),
        ("Fault", text("fault")),
        ("Points", format!("{}, {} known", number(status, "points"), number(status, "known"))),
        ("Under way", or_none(number(status, "in_flight"))),
        ("Commands", stopped.to_owned()),
        ("Tagged", tagged.join(", ")),
        ("Interrogated", upkeep(api::part(status, "interrogated"), zone)),
        ("Clock set", upkeep(api::part(status, "clock_set"), zone)),
        ("Restarted", time("restarted_at")),
        ("Connections", or_none(number(passed, "connections"))),
        ("Frames", frames),
        ("Ignored", or_none(number(passed, "asdus_ignored"))),
        ("Dropped values", or_none(number(passed, "values_dropped"))),
    ]
}

/// Something that was done last: when, and what came of it.
fn upkeep(done: &Value, zone: &TimeZone) -> String {
    if done.is_null() {
        return String::new();
    }
    let (at, class) = (shown::full(api::text(done, "at"), zone), api::text(done, "class"));
    let values = match api::number(done, "values") {
        Some(0) | None => String::new(),
        Some(1) => ", 1 value".to_owned(),
        Some(count) => format!(", {count} values"),
    };
    match (class, api::text(done, "sentence")) {
        ("complete", _) | (_, "") => format!("{at}: {class}{values}"),
        (_, sentence) => format!("{at}: {class}{values}: {sentence}"),
    }
}
