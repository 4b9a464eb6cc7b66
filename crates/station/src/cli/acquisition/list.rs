//! `station acquisition list` and `show`.

use clap::Args;
use serde_json::{Value, json};

use super::session;
use crate::cli::equipment::{one_line, page};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, shown};
use crate::client::encode;

/// Options of `station acquisition list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only those of this instrument
    #[arg(value_name = "ID")]
    pub equipment: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of commands about one acquisition.
#[derive(Args, Clone, Debug)]
pub struct OneArgs {
    /// The acquisition
    #[arg(value_name = "ACQUISITION")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists acquisitions.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let query = match &args.equipment {
        Some(id) => format!("?equipment_id={}", encode(id)),
        None => String::new(),
    };
    let answer = api::get(&mut station, &format!("/api/acquisition/sessions{query}"))?;
    let sessions = api::list(&answer, "sessions");
    if args.json {
        let all = json!({ "count": sessions.len(), "acquisitions": sessions });
        return cx.world.screen.json(&all);
    }
    if sessions.is_empty() {
        return cx.world.screen.line("No acquisitions found.");
    }
    let zone = cx.world.local_zone();
    let columns =
        ["Acquisition", "Equipment", "State", "Started", "Samples", "Lost", "Rate", "File"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for one in sessions {
        sheet.row(vec![
            api::text(one, "acquisition_id").to_owned(),
            api::text(one, "equipment_id").to_owned(),
            api::text(one, "state").to_owned(),
            shown::cell(api::text(one, "started_at"), &zone),
            api::number(one, "samples").unwrap_or_default().to_string(),
            api::number(one, "lost").unwrap_or_default().to_string(),
            rate(one, "achieved_rate").unwrap_or_else(|| "-".to_owned()),
            api::text(one, "file").to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// Shows an acquisition.
pub(super) fn show(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("{}/status", session(&args.id)))?;
    let one = api::part(&answer, "acquisition");
    if args.json {
        return cx.world.screen.json(one);
    }
    let zone = cx.world.local_zone();
    let text = |key| api::text(one, key).to_owned();
    let time = |key| match api::text(one, key) {
        "" => String::new(),
        at => shown::full(at, &zone),
    };
    let duration = match api::part(one, "duration_seconds").as_f64() {
        Some(seconds) => shown::span(seconds),
        None => "until it is stopped".to_owned(),
    };
    let count = |key| api::number(one, key).unwrap_or_default().to_string();
    let lines = [
        ("Acquisition", text("acquisition_id")),
        ("Equipment", text("equipment_id")),
        ("Execution", text("execution_id")),
        ("State", text("state")),
        ("Error", text("error")),
        ("Duration", duration),
        ("Rate asked for", rate(one, "sample_rate").unwrap_or_default()),
        ("Rate achieved", rate(one, "achieved_rate").unwrap_or_default()),
        ("Channels", one_line(api::part(one, "channels"))),
        ("Samples", count("samples")),
        ("Lost", count("lost")),
        ("Format", text("format")),
        ("File", text("file")),
        ("Created At", time("created_at")),
        ("Started At", time("started_at")),
        ("Ended At", time("ended_at")),
    ];
    page(&lines, cx)
}

fn rate(one: &Value, key: &str) -> Option<String> {
    let rate = api::part(one, key).as_f64()?;
    Some(format!("{} /s", (rate * 1000.0).round() / 1000.0))
}
