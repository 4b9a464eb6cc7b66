//! `station outstation list` and `show`.

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{path, points};
use crate::cli::equipment::page;
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, shown};

/// Options of `station outstation list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists them.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/outstations")?;
    let all = api::list(&answer, "outstations");
    if args.json {
        return cx.world.screen.json(&json!({ "count": all.len(), "outstations": all }));
    }
    if all.is_empty() {
        return cx.world.screen.line("No outstations found.");
    }
    let columns = ["Name", "Addresses", "CA", "TLS", "Points", "To command", "Created by"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for one in all {
        let number = |key| api::number(one, key).unwrap_or_default().to_string();
        let tls = if api::part(one, "tls").is_null() { "no" } else { "yes" };
        sheet.row(vec![
            api::text(one, "name").to_owned(),
            texts(one, "endpoints"),
            number("ca"),
            tls.to_owned(),
            number("points"),
            number("commandable"),
            api::text(one, "created_by").to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// Shows one.
pub(super) fn show(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path(&args.name))?;
    let outstation = api::part(&answer, "outstation");
    if args.json {
        return cx.world.screen.json(outstation);
    }
    let zone = cx.world.local_zone();
    page(&lines(outstation, &zone), cx)
}

fn lines(outstation: &Value, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let text = |key| api::text(outstation, key).to_owned();
    let (settings, tls) = (api::part(outstation, "settings"), api::part(outstation, "tls"));
    let number = |key: &str| api::number(settings, key).unwrap_or_default();
    let originator = api::number(outstation, "originator").unwrap_or_else(|| number("originator"));
    let span = |key: &str| milliseconds(number(key));
    let spans = |keys: &[(&str, &str)]| {
        let one = |(label, key): &(&str, &str)| format!("{label} {}", span(key));
        keys.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let yes = |key| api::part(settings, key).as_bool() == Some(true);
    let every = |key, otherwise: &str| match number(key) {
        0 => otherwise.to_owned(),
        span => format!("at first, and every {}", milliseconds(span)),
    };
    let quirk = if yes("first_sequence_one") { "begins with sequence number 1" } else { "" };
    let timers = spans(&[("t0", "t0"), ("t1", "t1"), ("t2", "t2"), ("t3", "t3")]);
    let waits = [
        ("selection", "select_timeout"),
        ("command", "execute_timeout"),
        ("termination", "term_timeout"),
        ("feedback", "feedback_timeout"),
    ];
    let mut lines = vec![
        ("Outstation", text("name")),
        ("Addresses", texts(outstation, "endpoints")),
        ("Common address", api::number(outstation, "ca").unwrap_or_default().to_string()),
        ("Originator", originator.to_string()),
        ("From", text("bind")),
        ("TLS", if tls.is_null() { "no".to_owned() } else { "yes".to_owned() }),
        ("Authority", api::text(tls, "authority").to_owned()),
        ("Certificate", api::text(tls, "certificate").to_owned()),
        ("Key", api::text(tls, "key").to_owned()),
        ("Its name", api::text(tls, "server_name").to_owned()),
        ("Pins", texts(tls, "pins")),
        ("Revoked", api::text(tls, "revoked").to_owned()),
        ("Points", points::counted(outstation)),
        ("Timers", format!("{timers}, k {}, w {}", number("k"), number("w"))),
        ("Waits for", spans(&waits)),
        ("Keeps selection", span("select_window")),
        ("Expiry", span("expiry")),
        ("At once", number("parallel").to_string()),
        ("Read anew after", span("fresh")),
        ("Interrogated", every("interrogate_every", "at first")),
        ("Clock set", every("clock_every", "never")),
        ("Time tags", if yes("time_tagged") { "yes" } else { "no" }.to_owned()),
    ];
    let clock = match api::text(settings, "zone") {
        "" => "UTC",
        zone => zone,
    };
    lines.extend([
        ("Its clock", clock.to_owned()),
        ("Quirk", quirk.to_owned()),
        ("Created At", shown::full(api::text(outstation, "created_at"), zone)),
        ("Created by", text("created_by")),
        ("Modified At", shown::full(api::text(outstation, "modified_at"), zone)),
    ]);
    lines
}

/// A number of milliseconds as a span.
pub(super) fn milliseconds(milliseconds: u64) -> String {
    shown::span(std::time::Duration::from_millis(milliseconds).as_secs_f64())
}

/// A list of texts, with commas between them.
pub(super) fn texts(document: &Value, key: &str) -> String {
    let texts = api::list(document, key).iter().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}
