//! `station equipment driver`: what drivers there are, what they offer, and whether a file is one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use station_instrument::driver::{self, Catalogue, Summary};

use crate::cli::error::{CliError, ExitKind};
use crate::cli::table::Sheet;
use crate::cli::{Cx, plain, script};

/// Options of `station equipment driver`.
#[derive(Args, Clone, Debug)]
pub struct DriverArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DriverCommand,
}

/// What can be done with drivers.
#[derive(Clone, Debug, Subcommand)]
pub enum DriverCommand {
    /// List drivers: those built in, and those in the data directory's drivers/
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Show what a driver offers: verbs with their parameters, settings, the safe state
    Show(ShowArgs),
    /// Check a driver's file, and say what it offers
    Check(CheckArgs),
}

/// Options of `station equipment driver list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment driver show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The driver
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment driver check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(super) fn run(args: &DriverArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        DriverCommand::List(args) => list(args, cx),
        DriverCommand::Show(args) => show(args, cx),
        DriverCommand::Check(args) => check(args, cx),
    }
}

/// The drivers: those built in, and the user's own.
fn catalogue(cx: &Cx<'_>) -> Result<Catalogue, CliError> {
    Catalogue::with_directory(&cx.data_dir()?.join("drivers"))
        .map_err(|error| CliError::new(ExitKind::Failed, error.message))
}

fn list(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let catalogue = catalogue(cx)?;
    if args.json {
        let drivers: Vec<_> = catalogue
            .all()
            .map(|driver| {
                json!({ "name": driver.name(), "type": driver.kind(), "title": driver.title() })
            })
            .collect();
        return cx.world.screen.json(&json!({ "count": drivers.len(), "drivers": drivers }));
    }
    let mut sheet = Sheet::new(&["Driver", "Type", "For"], cx.world.screen.colour);
    for driver in catalogue.all() {
        sheet.row([driver.name(), driver.kind(), driver.title()].map(ToOwned::to_owned).into());
    }
    cx.world.screen.print(&sheet.render())
}

fn show(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let catalogue = catalogue(cx)?;
    let driver = catalogue.named(&args.name).ok_or_else(|| {
        let text = format!("there is no driver '{}'", plain(&args.name));
        CliError::new(ExitKind::NotFound, text).hint("`station equipment driver list` names them")
    })?;
    offer(&Summary::of(&driver), args.json, cx)
}

fn check(args: &CheckArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let shown = plain(&args.file.display().to_string());
    let text = String::from_utf8(script::read_file(&args.file)?)
        .map_err(|_| CliError::usage(format!("{shown} is not UTF-8")))?;
    match driver::check(&text) {
        Ok(summary) => offer(&summary, args.json, cx),
        Err(faults) if args.json => {
            cx.world.screen.json(&json!({ "faults": faults }))?;
            Err(CliError::silent(ExitKind::Usage))
        }
        Err(faults) => {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("  {}", plain(&fault.to_string()))).collect();
            Err(CliError::usage(format!("{shown} is no driver:\n{}", faults.join("\n"))))
        }
    }
}

fn offer(summary: &Summary, as_json: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if as_json {
        return cx.world.screen.json(&json!(summary));
    }
    for line in summary.to_string().lines() {
        cx.world.screen.line(&plain(line))?;
    }
    Ok(())
}
