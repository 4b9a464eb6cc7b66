//! `station equipment state`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{one_line, readable};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, plain, shown};
use crate::client::encode;

/// Options of `station equipment state`.
#[derive(Args, Clone, Debug)]
pub struct StateArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: StateCommand,
}

/// What can be done with states.
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    /// Read all settings of an instrument, and keep them
    Capture(CaptureArgs),
    /// List the states of an instrument, newest first
    #[command(visible_alias = "ls")]
    List(OfArgs),
    /// Show a state
    Show(OneArgs),
    /// Say in what two states differ
    Compare(CompareArgs),
    /// Set an instrument as it was in a state
    Restore(RestoreArgs),
    /// Remove a state
    #[command(visible_alias = "rm")]
    Remove(OneArgs),
}

/// Options of `station equipment state capture`.
#[derive(Args, Clone, Debug)]
pub struct CaptureArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// A name for people
    #[arg(long)]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment state list`.
#[derive(Args, Clone, Debug)]
pub struct OfArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of commands about one state.
#[derive(Args, Clone, Debug)]
pub struct OneArgs {
    /// The state
    #[arg(value_name = "STATE")]
    pub state: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment state compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// The earlier state
    #[arg(value_name = "STATE")]
    pub first: String,
    /// The later one
    #[arg(value_name = "STATE")]
    pub second: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment state restore`.
#[derive(Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The state
    #[arg(value_name = "STATE")]
    pub state: String,
    /// Another instrument than the one it was captured from
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(super) fn run(args: &StateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        StateCommand::Capture(args) => capture(args, cx),
        StateCommand::List(args) => list(args, cx),
        StateCommand::Show(args) => show(args, cx),
        StateCommand::Compare(args) => compare(args, cx),
        StateCommand::Restore(args) => restore(args, cx),
        StateCommand::Remove(args) => remove(args, cx),
    }
}

fn path(state: &str) -> String {
    format!("/api/state/{}", encode(state))
}

fn capture(args: &CaptureArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "equipment_id": args.id, "name": args.name });
    let answer = api::post(&mut station, "/api/state/capture", Some(&body))?;
    if args.json {
        return cx.world.screen.json(api::part(&answer, "state"));
    }
    let settings = api::part(api::part(&answer, "state"), "settings").as_object();
    let (id, count) = (api::text(&answer, "state_id"), settings.map_or(0, serde_json::Map::len));
    cx.world.screen.line(&plain(&format!("state {id}: {count} settings of {}", args.id)))
}

fn list(args: &OfArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("/api/state/list/{}", encode(&args.id));
    let answer = api::get(&mut station, &path)?;
    let states = api::list(&answer, "states");
    if args.json {
        return cx.world.screen.json(&json!({ "count": states.len(), "states": states }));
    }
    if states.is_empty() {
        return cx.world.screen.line("No states found.");
    }
    let zone = cx.world.local_zone();
    let columns = ["State", "Captured", "Name", "Execution", "Settings"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for state in states {
        let count = api::part(state, "settings").as_object().map_or(0, serde_json::Map::len);
        sheet.row(vec![
            api::text(state, "state_id").to_owned(),
            shown::cell(api::text(state, "timestamp"), &zone),
            api::text(state, "name").to_owned(),
            api::text(state, "execution_id").to_owned(),
            count.to_string(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

fn show(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path(&args.state))?;
    let state = api::part(&answer, "state");
    if args.json {
        return cx.world.screen.json(state);
    }
    for (name, value) in api::part(state, "settings").as_object().into_iter().flatten() {
        cx.world.screen.line(&plain(&format!("{name}: {}", one_line(value))))?;
    }
    Ok(())
}

fn compare(args: &CompareArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "state_id_1": args.first, "state_id_2": args.second });
    let answer = api::post(&mut station, "/api/state/compare", Some(&body))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let differences = api::list(&answer, "differences");
    if differences.is_empty() {
        return cx.world.screen.line("The states are identical.");
    }
    let columns = ["Setting", "From", "To", "Unit"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for difference in differences {
        sheet.row(vec![
            api::text(difference, "setting").to_owned(),
            one_line(api::part(difference, "from")),
            one_line(api::part(difference, "to")),
            api::text(difference, "unit").to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

fn restore(args: &RestoreArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "state_id": args.state, "equipment_id": args.to });
    let answer = api::post(&mut station, "/api/state/restore", Some(&body))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let count = api::list(&answer, "applied").len();
    let id = api::text(&answer, "equipment_id");
    let done = match count {
        1 => format!("1 setting of {id} is as it was"),
        _ => format!("{count} settings of {id} are as they were"),
    };
    cx.world.screen.line(&plain(&done))?;
    if !api::list(&answer, "skipped").is_empty() {
        let names = readable(api::part(&answer, "skipped"));
        cx.world.screen.note(&plain(&format!("not set, as they can only be read: {names}")));
    }
    Ok(())
}

fn remove(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::delete(&mut station, &path(&args.state))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&plain(&format!("state {} is removed", args.state)))
}
