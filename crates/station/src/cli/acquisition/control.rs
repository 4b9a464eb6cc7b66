//! `station acquisition stop`, `pause` and `resume`.

use serde_json::Value;

use super::list::OneArgs;
use super::{follow, session};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain};
use crate::client::Station;

/// Ends it, and waits until what was taken is in the file.
pub(super) fn stop(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    ask(&mut station, args, "stop")?;
    let told = follow::to_the_end(cx, &mut station, &args.id, args.json)?;
    if told.is_empty() { Ok(()) } else { cx.world.screen.line(&told) }
}

/// Lets it rest.
pub(super) fn pause(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    change(args, "pause", "takes no samples until it is resumed", cx)
}

/// Lets it go on.
pub(super) fn resume(args: &OneArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    change(args, "resume", "takes samples again", cx)
}

fn change(args: &OneArgs, what: &str, done: &str, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = ask(&mut station, args, what)?;
    if args.json {
        return cx.world.screen.json(api::part(&answer, "acquisition"));
    }
    cx.world.screen.line(&plain(&format!("{} {done}", args.id)))
}

fn ask(station: &mut Station, args: &OneArgs, what: &str) -> Result<Value, CliError> {
    api::post(station, &format!("{}/{what}", session(&args.id)), None)
}
