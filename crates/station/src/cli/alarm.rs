//! `station alarm`: lists, acknowledges and clears alarms.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use station_core::model::{AlarmId, AlarmState, Severity};

use super::each::each;
use super::error::CliError;
use super::table::{Sheet, command_cell};
use super::{Cx, api, shown};

/// Options of `station alarm`.
#[derive(Args, Clone, Debug)]
pub struct AlarmArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AlarmCommand,
}

/// What can be done with alarms.
#[derive(Clone, Debug, Subcommand)]
pub enum AlarmCommand {
    /// List alarms, newest first
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Say that an alarm is known
    Ack(AckArgs),
    /// Say that alarms are over
    Clear(ClearArgs),
}

/// Options of `station alarm list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only those in this state: active, acknowledged or cleared
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<&'static str>,
    /// Only those that are as bad as this: info, warning, error or critical
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub severity: Option<&'static str>,
    /// No more than this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station alarm ack`.
#[derive(Args, Clone, Debug)]
pub struct AckArgs {
    /// Alarms
    #[arg(value_name = "ID", required = true, value_parser = alarm_id)]
    pub(crate) ids: Vec<AlarmId>,
    /// What is to be said about it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Options of `station alarm clear`.
#[derive(Args, Clone, Debug)]
pub struct ClearArgs {
    /// Alarms
    #[arg(value_name = "ID", required = true, value_parser = alarm_id)]
    pub(crate) ids: Vec<AlarmId>,
}

fn state(text: &str) -> Result<&'static str, String> {
    let names = AlarmState::ALL.map(AlarmState::name);
    one_of("a state", text, &names)
}

fn severity(text: &str) -> Result<&'static str, String> {
    let names = Severity::ALL.map(Severity::name);
    one_of("a severity", text, &names)
}

/// The name that a text is.
pub(crate) fn one_of(
    what: &str,
    text: &str,
    names: &[&'static str],
) -> Result<&'static str, String> {
    let found = names.iter().find(|name| **name == text);
    found.copied().ok_or_else(|| format!("{what} is one of {}", names.join(", ")))
}

fn alarm_id(text: &str) -> Result<AlarmId, String> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.map(AlarmId).ok_or_else(|| "an alarm's id is its number, such as 3".to_owned())
}

/// Does it.
pub(crate) fn run(args: &AlarmArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        AlarmCommand::List(args) => list(args, cx),
        AlarmCommand::Ack(args) => each(&args.ids, cx, &mut |id, station| {
            let mut body = json!({ "event_id": id.to_string() });
            if let (Some(note), Some(body)) = (&args.note, body.as_object_mut()) {
                body.insert("note".to_owned(), json!(note));
            }
            api::post(station, "/api/alarms/events/acknowledge", Some(&body))?;
            Ok(format!("alarm {id} acknowledged"))
        }),
        AlarmCommand::Clear(args) => each(&args.ids, cx, &mut |id, station| {
            api::post(station, &format!("/api/alarms/{id}/clear"), None)?;
            Ok(format!("alarm {id} cleared"))
        }),
    }
}

fn list(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut path = format!("/api/alarms/events?limit={}", args.limit);
    for (key, value) in [("state", args.state), ("severity", args.severity)] {
        if let Some(value) = value {
            path.push_str(&format!("&{key}={value}"));
        }
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path)?;
    let events = api::list(&answer, "events");
    if args.json {
        return cx.world.screen.json(&json!({ "count": events.len(), "events": events }));
    }
    if events.is_empty() {
        return cx.world.screen.line("No alarms found.");
    }
    let sheet = sheet(events, cx);
    cx.world.screen.print(&sheet)
}

fn sheet(events: &[Value], cx: &mut Cx<'_>) -> String {
    let zone = cx.world.local_zone();
    let columns = ["ID", "Severity", "State", "Since", "Times", "Run", "Message", "Note"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for event in events {
        let more = api::part(event, "additional_data");
        sheet.row(vec![
            api::text(event, "event_id").to_owned(),
            api::text(event, "severity").to_owned(),
            api::text(event, "state").to_owned(),
            shown::cell(api::text(event, "triggered_at"), &zone),
            api::number(more, "occurrences").unwrap_or(1).to_string(),
            api::text(more, "execution_id").to_owned(),
            command_cell(api::text(event, "message")),
            command_cell(api::text(event, "acknowledgment_note")),
        ]);
    }
    sheet.render()
}
