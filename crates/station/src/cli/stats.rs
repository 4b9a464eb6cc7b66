//! `station stats`: how many jobs there are, what became of today's runs, what comes next.

use clap::Args;
use serde_json::Value;

use super::error::CliError;
use super::table::Sheet;
use super::{Cx, api, plain, shown};

/// The counts of the day, as they are told.
const TODAY: [&str; 6] = ["successful", "failed", "cancelled", "skipped", "missed", "interrupted"];

/// Options of `station stats`.
#[derive(Args, Clone, Debug)]
pub struct StatsArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tells them.
pub(crate) fn run(args: &StatsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/scheduler/statistics")?;
    let figures = api::part(&answer, "statistics");
    if args.json {
        return cx.world.screen.json(figures);
    }
    let count = |key: &str| api::number(figures, key).unwrap_or_default();
    let mut text = format!(
        "{:<9}{}: {} active, {} paused, {} ended\n",
        "Jobs:",
        count("total_jobs"),
        count("active_jobs"),
        count("disabled_jobs"),
        count("ended_jobs"),
    );
    let kinds: Vec<String> = api::part(figures, "by_type")
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, n)| n.as_u64() != Some(0))
        .map(|(kind, n)| format!("{n} {}", plain(kind)))
        .collect();
    if !kinds.is_empty() {
        text.push_str(&format!("{:<9}{}\n", "Kinds:", kinds.join(", ")));
    }
    text.push_str(&format!("{:<9}{}\n", "Running:", count("running_executions")));
    let today: Vec<String> = TODAY
        .iter()
        .map(|name| (name, count(&format!("{name}_today"))))
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    text.push_str(&format!("{:<9}{}", "Today:", count("total_executions_today")));
    text.push_str(&if today.is_empty() {
        "\n".to_owned()
    } else {
        format!(": {}\n", today.join(", "))
    });
    let upcoming = api::list(figures, "upcoming_jobs");
    if !upcoming.is_empty() {
        text.push_str("\nNext:\n");
        text.push_str(&next(upcoming, cx));
    }
    cx.world.screen.print(&text)
}

fn next(upcoming: &[Value], cx: &mut Cx<'_>) -> String {
    let zone = cx.world.local_zone();
    let mut sheet = Sheet::new(&["ID", "Execute At", "Name"], cx.world.screen.colour);
    for job in upcoming {
        sheet.row(vec![
            api::text(job, "job_id").to_owned(),
            shown::cell(api::text(job, "next_run"), &zone),
            super::table::command_cell(api::text(job, "job_name")),
        ]);
    }
    sheet.render()
}
