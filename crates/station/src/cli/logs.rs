//! `station logs`: what a run has printed, byte for byte.

use clap::{Args, ValueEnum};

use super::api::{self, Subject};
use super::error::CliError;
use super::follow::follow;
use super::printer::{Printer, Printing};
use super::{Cx, shown};

/// Options of `station logs`.
#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    /// A job (42: its latest execution, on nodes those of its latest firing) or an execution (42.3)
    #[arg(value_name = "ID", value_parser = api::subject)]
    pub(crate) id: Subject,
    /// Go on until the run ends; a pending job is waited for
    #[arg(short, long)]
    pub follow: bool,
    /// Put the time each line came before it
    #[arg(short, long)]
    pub timestamps: bool,
    /// Only what went to this stream
    #[arg(long)]
    pub stream: Option<StreamName>,
    /// Print JSON, one event a line
    #[arg(long)]
    pub json: bool,
}

/// A stream of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Prints the output: the command's stdout to stdout, its stderr to stderr.
pub(crate) fn run(args: &LogsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let zone = args.timestamps.then(|| cx.world.local_zone());
    let only = args.stream.map(|stream| match stream {
        StreamName::Stdout => "stdout".to_owned(),
        StreamName::Stderr => "stderr".to_owned(),
    });
    let mut printer =
        Printer::new(Printing { json: args.json, timestamps: zone, only, live: args.follow });
    let path = format!("{}/output?follow={}", args.id.path(), args.follow);
    follow(cx, &mut station, &path, &mut printer)?;
    let Some(end) = printer.end() else { return Ok(()) };
    let has_run = !api::text(end, "execution_id").is_empty() || end.get("firing").is_some();
    if !has_run && !args.json {
        let next = api::text(api::part(end, "job"), "next_run");
        let when = match next {
            "" => String::new(),
            next => format!(": it is due at {}", shown::as_written(next)),
        };
        cx.world.screen.note(&format!("{} has not run yet{when}", args.id.label()));
    }
    Ok(())
}
