//! `station time`: prints the instant that a time expression means.

use clap::Args;
use jiff::Timestamp;

use super::error::CliError;
use super::when::{self, Reading};
use super::{Cx, plain};

/// Options of `station time`.
#[derive(Args, Clone, Debug)]
pub struct TimeArgs {
    /// The time expression
    #[arg(value_name = "EXPR", required = true, allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// Take this as the present instead of the clock
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub now: Option<Timestamp>,
    /// The zone the expression is meant in [default: TZ, else the system's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// As at(1): to the minute, seconds are dropped
    #[arg(long)]
    pub posix: bool,
    /// The expression is an argument of at -t: [[CC]YY]MMDDhhmm[.SS]
    #[arg(long)]
    pub touch: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "an RFC 3339 time is meant, such as 2027-01-31T10:17:42Z".to_owned())
}

/// Prints it.
pub(crate) fn run(args: &TimeArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let zone = match &args.tz {
        Some(name) => when::zone(name)?,
        None => cx.world.local_zone(),
    };
    let reading = Reading { now: args.now, zone: &zone, posix: args.posix, touch: args.touch };
    let answer = when::resolve(&args.words.join(" "), &reading)?;
    cx.world.screen.line(&answer.text)?;
    if let Some(note) = answer.note {
        cx.world.screen.flush()?;
        cx.world.screen.note(&format!("note: {}", plain(&note)));
    }
    Ok(())
}
