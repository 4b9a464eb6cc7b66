//! `station show`: all about a job and its latest executions, or about one execution.

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::Value;
use station_core::model::{ExecutionId, JobId};

use super::api::{self, Subject};
use super::error::CliError;
use super::plain;
use super::table::Sheet;
use super::{Cx, plan, sheet, shown, why};
use crate::client::Station;

/// The most lines of output shown; the logs have them all.
const OUTPUT_LINES: usize = 20;

/// The most characters of a result shown.
const RESULT_WIDTH: usize = 300;

/// Options of `station show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// A job (42) or one of its executions (42.3)
    #[arg(value_name = "ID", value_parser = api::subject)]
    pub(crate) id: Subject,
    /// Also show the environment the job runs in, which may hold secrets
    #[arg(long)]
    pub environment: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
pub(crate) fn run(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let zone = cx.world.local_zone();
    match args.id {
        Subject::Job(id) => job(args, id, &zone, &mut station, cx),
        Subject::Execution(id) => {
            let answer = api::get(&mut station, &args.id.path())?;
            let execution = api::part(&answer, "execution");
            if args.json {
                return cx.world.screen.json(execution);
            }
            let mut page = Page::default();
            execution_page(&mut page, id, execution, &zone);
            cx.world.screen.print(&page.text)
        }
    }
}

fn job(
    args: &ShowArgs,
    id: JobId,
    zone: &TimeZone,
    station: &mut Station,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let query = if args.environment { "?environment=true" } else { "" };
    let answer = api::get(station, &format!("{}{query}", args.id.path()))?;
    let job = api::part(&answer, "job");
    if args.json {
        return cx.world.screen.json(job);
    }
    let mut page = Page::default();
    job_page(&mut page, job, zone);
    if !plan::schedule(job).is_empty() {
        let answer = api::get(station, &format!("{}/why", args.id.path()))?;
        let ledger = why::ledger(api::part(&answer, "ledger"));
        page.line("So far", &ledger.unwrap_or_default());
    }
    if args.environment {
        environment(&mut page, api::part(job, "parameters"));
    }
    let executions = api::list(job, "executions");
    if !executions.is_empty() {
        page.text.push_str("\nExecutions, newest first:\n");
        page.text.push_str(&sheet::executions(executions, zone, cx.world.screen.colour));
    }
    if let Some(latest) = executions.first().map(|e| api::text(e, "execution_id"))
        && let Ok(latest) = latest.parse::<ExecutionId>()
    {
        let answer = api::get(station, &Subject::Execution(latest).path())?;
        last_words(&mut page, api::part(&answer, "execution"), &format!("station logs {id}"));
    }
    cx.world.screen.print(&page.text)
}

/// Labelled lines.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.text.push_str(&format!("{:<15}{}\n", format!("{label}:"), plain(value)));
        }
    }
}

fn job_page(page: &mut Page, job: &Value, zone: &TimeZone) {
    let text = |key| api::text(job, key);
    page.line("Job ID", text("job_id"));
    if text("name") != text("command") {
        page.line("Name", text("name"));
    }
    page.line("Description", text("description"));
    page.line("Command", text("command"));
    page.line("Status", &plan::status(job));
    page.line("Waiting", text("waiting"));
    let schedule = plan::schedule(job);
    if schedule.is_empty() {
        page.line("Execute At", &shown::full(text("planned_time"), zone));
        page.line("Asked for", text("expression"));
    } else {
        page.line("Schedule", &schedule);
        page.line("Next run", &shown::full(text("next_run"), zone));
    }
    page.line("Time zone", text("timezone"));
    page.line("Target", text("target"));
    if let Some(fanout) = api::number(job, "fanout") {
        let noun = if fanout == 1 { "node" } else { "nodes" };
        page.line("Fan-out", &format!("{fanout} {noun} at once"));
    }
    page.line("Created At", &shown::full(text("created_at"), zone));
    page.line("Created by", text("created_by"));
    let count = |key| api::number(job, key).unwrap_or_default();
    page.line("Retry Count", &format!("{} of {}", count("retry_count"), count("retries")));
    for (label, key) in [("Timeout", "timeout_seconds"), ("Idle timeout", "idle_timeout_seconds")] {
        page.line(label, &shown::span_of(job, key).replace('-', "none"));
    }
    let grace = api::part(job, "misfire_grace_time");
    page.line(
        "Grace",
        &grace
            .as_f64()
            .map_or_else(|| api::text(job, "misfire_grace_time").to_owned(), shown::span),
    );
    if !schedule.is_empty() {
        for (label, text) in plan::policies(job, zone) {
            page.line(label, &text);
        }
    }
    page.line("Conflict key", text("conflict_key"));
    if api::part(job, "on_failure_alarm").as_bool() == Some(true) {
        page.line("Alarm", "when it fails or is missed");
    }
    let tags: Vec<_> = api::list(job, "tags").iter().filter_map(Value::as_str).collect();
    page.line("Tags", &tags.join(", "));
    page.line("Queue", text("queue"));
    page.line("Directory", api::text(api::part(job, "parameters"), "cwd"));
    page.line("Umask", api::text(api::part(job, "parameters"), "umask"));
}

fn environment(page: &mut Page, parameters: &Value) {
    page.text.push_str("\nEnvironment:\n");
    for (name, value) in api::part(parameters, "env").as_object().into_iter().flatten() {
        let value = match value.as_str() {
            Some(text) => plain(text),
            None => format!("(hex) {}", plain(api::text(value, "hex"))),
        };
        page.text.push_str(&format!("  {}={value}\n", plain(name)));
    }
}

fn execution_page(page: &mut Page, id: ExecutionId, execution: &Value, zone: &TimeZone) {
    let text = |key| api::text(execution, key);
    page.line("Execution", text("execution_id"));
    page.line("Job", text("job_id"));
    page.line("Node", text("node"));
    page.line("Status", text("status"));
    page.line("Cause", api::text(api::part(execution, "trigger_info"), "cause"));
    page.line("Planned", &shown::full(text("scheduled_time"), zone));
    if let Some(firings) = sheet::firings(execution) {
        let first = api::text(api::part(execution, "trigger_info"), "first_planned");
        let since = match first {
            "" => String::new(),
            first => format!(", the first at {}", shown::full(first, zone)),
        };
        page.line("Stands for", &format!("{firings}{since}"));
    }
    page.line("Started", &shown::full(text("actual_time"), zone));
    page.line("Late", &shown::span_of(execution, "late_seconds"));
    page.line("Ended", &shown::full(text("completed_at"), zone));
    page.line("Duration", &shown::span_of(execution, "duration_seconds"));
    page.line("Attempt", &api::number(execution, "attempt").unwrap_or_default().to_string());
    if !text("retry_at").is_empty() {
        page.line("Next attempt", &shown::full(text("retry_at"), zone));
    }
    page.line("Exit", &shown::exit(execution));
    page.line("Result", &result(api::part(execution, "result")));
    page.line("Left there", left(text("kill")));
    page.line("CPU", &sheet::cpu(execution));
    page.line("Memory", &sheet::memory(execution));
    let count = |key| api::number(execution, key).unwrap_or_default();
    let size = shown::size(count("output_bytes"));
    page.line("Output size", &format!("{size} in {} lines", count("output_lines")));
    if count("dropped_bytes") > 0 {
        let size = shown::size(count("dropped_bytes"));
        page.line("Left out", &format!("{size} in {} lines", count("dropped_lines")));
    }
    if let Some(pid) = api::number(execution, "pid") {
        page.line("Process", &pid.to_string());
    }
    attempts(page, execution, zone);
    last_words(page, execution, &format!("station logs {id}"));
}

/// What work with equipment has come to, on one line; how a process ended is told as its exit.
fn result(document: &Value) -> String {
    let of_process = |name: &str| document.get(name).is_some();
    if document.is_null() || of_process("exit_code") || of_process("signal") {
        return String::new();
    }
    let text = document.to_string();
    match text.char_indices().nth(RESULT_WIDTH) {
        Some((end, _)) => {
            format!("{}… (--json has all of it)", text.get(..end).unwrap_or_default())
        }
        None => text,
    }
}

/// What is left on its node of a run that was ended.
fn left(kill: &str) -> &str {
    match kill {
        "killed" => "nothing: its processes are gone",
        "kill-failed" => "processes that could not be ended",
        "unknown" => "not known: the node could not be reached any more",
        "unsupported" => "perhaps processes: it ran without a guard",
        other => other,
    }
}

fn attempts(page: &mut Page, execution: &Value, zone: &TimeZone) {
    let attempts = api::list(execution, "attempts");
    if attempts.is_empty() {
        return;
    }
    page.text.push_str("\nAttempts:\n");
    let columns = ["Try", "Started", "Ended", "Exit", "CPU", "Memory", "Error"];
    let mut sheet = Sheet::new(&columns, false);
    for attempt in attempts {
        let number = api::number(attempt, "number").or_else(|| api::number(attempt, "attempt"));
        sheet.row(vec![
            number.unwrap_or_default().to_string(),
            shown::cell(api::text(attempt, "started_at"), zone),
            shown::cell(api::text(attempt, "completed_at"), zone),
            shown::exit(attempt),
            sheet::cpu(attempt),
            sheet::memory(attempt),
            api::text(attempt, "error").to_owned(),
        ]);
    }
    page.text.push_str(&sheet.render());
}

/// The error and the first lines of output.
fn last_words(page: &mut Page, execution: &Value, whole: &str) {
    let error = api::text(execution, "error");
    if !error.is_empty() {
        page.text.push_str(&format!("\nError:\n  {}\n", plain(error)));
    }
    let output = api::text(execution, "output");
    if output.is_empty() {
        return;
    }
    page.text.push_str("\nOutput:\n");
    for line in output.lines().take(OUTPUT_LINES) {
        page.text.push_str(&format!("  {}\n", plain(line)));
    }
    if output.lines().nth(OUTPUT_LINES).is_some() {
        page.text.push_str(&format!("  … (`{whole}` prints all of it)\n"));
    }
}
