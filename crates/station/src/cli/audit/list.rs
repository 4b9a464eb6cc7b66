//! `station audit list`.

use clap::Args;
use serde_json::{Value, json};

use super::{FilterArgs, operator};
use crate::cli::error::CliError;
use crate::cli::table::{Sheet, command_cell};
use crate::cli::{Cx, api, shown};

/// Options of `station audit list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists them.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let path = format!("/api/audit?limit={}{}", args.limit, args.filter.query());
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path)?;
    let records = api::list(&answer, "records");
    if args.json {
        return cx.world.screen.json(&json!({
            "count": records.len(),
            "records": records,
            "next_cursor": api::part(&answer, "next_cursor"),
        }));
    }
    if records.is_empty() {
        return cx.world.screen.line("No records found.");
    }
    let zone = cx.world.local_zone();
    let columns = [
        "Seq", "Time", "Kind", "Operator", "Action", "Subject", "Change", "Status", "Class", "Why",
    ];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for record in records {
        let told = api::part(record, "telecontrol");
        let detail = api::part(record, "detail");
        let either = |of: &str, or: &str| match api::text(told, of) {
            "" => api::text(detail, or).to_owned(),
            text => text.to_owned(),
        };
        sheet.row(vec![
            api::number(record, "seq").unwrap_or_default().to_string(),
            shown::cell(api::text(record, "local"), &zone),
            api::text(record, "kind").to_owned(),
            operator(record),
            api::text(record, "action").to_owned(),
            api::text(record, "subject").to_owned(),
            change(told),
            api::text(record, "status").to_owned(),
            either("class", "class"),
            command_cell(&either("reason", "why")),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// What a command changes: `off → on`.
fn change(told: &Value) -> String {
    let value = |of| api::text(api::part(told, of), "value");
    match (value("previous"), value("new")) {
        (_, "") => String::new(),
        ("", new) => format!("? → {new}"),
        (previous, new) => format!("{previous} → {new}"),
    }
}
