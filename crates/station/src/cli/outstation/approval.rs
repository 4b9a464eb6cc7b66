//! `station outstation approvals`, `approve` and `reject`: the rule of two persons.

use clap::Args;
use serde_json::{Map, Value, json};

use super::report;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::table::{Sheet, command_cell};
use crate::cli::{Cx, alarm, api, plain, shown};
use crate::client::encode;

/// Options of `station outstation approvals`.
#[derive(Args, Clone, Debug)]
pub struct ApprovalsArgs {
    /// Those in this state: waiting, approved, rejected, expired, or all
    #[arg(long, value_name = "STATE", default_value = "waiting", value_parser = state)]
    pub state: &'static str,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation approve` and `reject`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Whoever decides shows a token of their own, in STATION_TOKEN: neither the one who asked, nor a token
that they issued, nor a user of this machine without a token can agree.")]
pub struct DecideArgs {
    /// The request, as `station outstation approvals` lists it
    #[arg(value_name = "ID")]
    pub id: String,
    /// What there is to say to it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn state(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a state", text, &["waiting", "approved", "rejected", "expired", "all"])
}

/// Lists requests.
pub(super) fn list(args: &ApprovalsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let query = match args.state {
        "all" => String::new(),
        state => format!("?state={state}"),
    };
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("/api/approvals{query}"))?;
    let all = api::list(&answer, "approvals");
    if args.json {
        return cx.world.screen.json(&json!({ "count": all.len(), "approvals": all }));
    }
    if all.is_empty() {
        return cx.world.screen.line("No requests found.");
    }
    let zone = cx.world.local_zone();
    let columns = [
        "ID",
        "Status",
        "Point",
        "Change",
        "Reason",
        "Ticket",
        "Job",
        "Asked by",
        "Asked at",
        "Until",
        "Decided by",
        "Note",
    ];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for one in all {
        let text = |key| api::text(one, key).to_owned();
        sheet.row(vec![
            text("id"),
            text("state"),
            place(one),
            change(one),
            command_cell(api::text(one, "reason")),
            text("ticket"),
            job(one),
            text("requested_by"),
            shown::cell(api::text(one, "requested_at"), &zone),
            shown::cell(api::text(one, "expires_at"), &zone),
            text("decided_by"),
            command_cell(api::text(one, "note")),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// The number of the job it is for; empty when it is for none.
fn job(approval: &Value) -> String {
    match (api::text(approval, "job_id"), api::number(approval, "job_id")) {
        (_, Some(id)) => id.to_string(),
        (id, None) => id.to_owned(),
    }
}

fn place(approval: &Value) -> String {
    format!("{}/{}", api::text(approval, "outstation"), api::text(approval, "point"))
}

/// From which value to which, as far as that is known.
fn change(approval: &Value) -> String {
    let value = api::text(approval, "value");
    match api::text(approval, "previous") {
        "" => value.to_owned(),
        previous => format!("{previous} → {value}"),
    }
}

/// Agrees, and tells what came of the command.
pub(super) fn approve(args: &DecideArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let answer = decide(args, "approve", cx)?;
    let report = api::part(&answer, "report");
    let verdict = if report.is_null() { Ok(()) } else { report::verdict(report) };
    if args.json {
        cx.world.screen.json(&answer)?;
        return verdict.map_err(|error| CliError::silent(error.kind));
    }
    cx.world.screen.line(&plain(&format!("request {} is approved", args.id)))?;
    if !report.is_null() {
        report::lines(report, cx)?;
    }
    verdict
}

/// Does not agree.
pub(super) fn reject(args: &DecideArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let answer = decide(args, "reject", cx)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&plain(&format!("request {} is rejected", args.id)))
}

fn decide(args: &DecideArgs, how: &str, cx: &mut Cx<'_>) -> Result<Value, CliError> {
    let mut body = Map::new();
    if let Some(note) = &args.note {
        body.insert("note".to_owned(), json!(note));
    }
    let mut station = cx.connect()?;
    let path = format!("/api/approvals/{}/{how}", encode(&args.id));
    api::post(&mut station, &path, Some(&Value::Object(body)))
}

/// Tells that a command waits for somebody else: nothing was sent, which is no success.
pub(super) fn asked(answer: &Value, as_json: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if as_json {
        cx.world.screen.json(answer)?;
        return Err(CliError::silent(ExitKind::Refused));
    }
    let zone = cx.world.local_zone();
    let approval = api::part(answer, "approval");
    let text = format!(
        "nothing was sent: {} ({}) waits for somebody else to agree to request {}{}",
        place(approval),
        change(approval),
        api::text(approval, "id"),
        until(approval, &zone)
    );
    Err(CliError::new(ExitKind::Refused, plain(&text)).hint(way_out(approval)))
}

fn until(approval: &Value, zone: &jiff::tz::TimeZone) -> String {
    match api::text(approval, "expires_at") {
        "" => String::new(),
        at => format!(" until {}", shown::cell(at, zone)),
    }
}

fn way_out(approval: &Value) -> String {
    let id = plain(api::text(approval, "id"));
    format!("somebody else, with a token of their own, runs `station outstation approve {id}`")
}

/// What is said of a job whose command somebody else has to agree to; `None`: nobody has to.
pub(crate) fn awaits(created: &Value) -> Option<String> {
    let approval = api::part(created, "approval");
    approval.is_object().then(|| {
        let id = plain(api::text(approval, "id"));
        format!("request {id} has to be agreed to before it runs: {}", way_out(approval))
    })
}
