//! `station outstation control`: the switch that stops all commands.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain, shown};

/// Options of `station outstation control`.
#[derive(Args, Clone, Debug)]
pub struct ControlArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ControlCommand,
}

/// What can be done with all commands at once.
#[derive(Clone, Debug, Subcommand)]
pub enum ControlCommand {
    /// Say whether commands are stopped, by whom and why
    Status(StatusArgs),
    /// Stop all commands to all outstations, also those of jobs, until `start`
    Stop(SwitchArgs),
    /// Permit commands again
    Start(SwitchArgs),
}

/// Options of `station outstation control status`.
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation control stop` and `start`.
#[derive(Args, Clone, Debug)]
pub struct SwitchArgs {
    /// Why
    #[arg(value_name = "REASON")]
    pub reason: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(super) fn run(args: &ControlArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut switch = |args: &SwitchArgs, how: &str| {
        // Who has to stop everything at once need not think of a reason.
        let reason = match args.reason.as_slice() {
            [] => "no reason given".to_owned(),
            words => words.join(" "),
        };
        api::post(&mut station, &format!("/api/control/{how}"), Some(&json!({ "reason": reason })))
    };
    let (answer, as_json) = match &args.command {
        ControlCommand::Status(args) => (api::get(&mut station, "/api/control")?, args.json),
        ControlCommand::Stop(args) => (switch(args, "stop")?, args.json),
        ControlCommand::Start(args) => (switch(args, "start")?, args.json),
    };
    if as_json {
        return cx.world.screen.json(&answer);
    }
    let state = match api::part(&answer, "stopped").as_bool() {
        Some(true) => "all commands to outstations are stopped",
        Some(false) | None => "commands to outstations are permitted",
    };
    let zone = cx.world.local_zone();
    let since = match api::text(&answer, "by") {
        "" => String::new(),
        by => format!(", by {by} since {}", shown::cell(api::text(&answer, "at"), &zone)),
    };
    let why = match api::text(&answer, "reason") {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    cx.world.screen.line(&plain(&format!("{state}{since}{why}")))
}
