//! `station every`: runs a command every so often.

use std::time::Duration;

use clap::Args;

use super::cadence::Cadence;
use super::error::CliError;
use super::recurring::{self, RecurringArgs};
use super::{Cx, when};

/// Options of `station every`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The first run comes after one interval, or at once with --now. Intervals are elapsed time: clock
changes do not touch them.

Examples:
  station every 5m -- ./poll.sh
  station every 1h --now --count 24 --conflict queue -- 'date; df -h'")]
pub struct EveryArgs {
    /// The time between two runs, such as 30s, 5m or 1h30m
    #[arg(value_name = "DUR", value_parser = when::duration)]
    pub every: Duration,
    /// All the rest.
    #[command(flatten)]
    pub recurring: RecurringArgs,
}

/// Schedules the job.
pub(crate) fn run(args: EveryArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    recurring::run(&Cadence::Every(args.every), args.recurring, cx)
}
