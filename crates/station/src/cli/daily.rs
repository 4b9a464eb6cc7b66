//! `station daily`: runs a command every day.

use clap::Args;
use jiff::civil::Time;

use super::Cx;
use super::cadence::{Cadence, time_of_day};
use super::error::CliError;
use super::recurring::{self, RecurringArgs};

/// Options of `station daily`.
#[derive(Args, Clone, Debug)]
pub struct DailyArgs {
    /// The time of day
    #[arg(value_name = "HH:MM[:SS]", value_parser = time_of_day)]
    pub time: Time,
    /// All the rest.
    #[command(flatten)]
    pub recurring: RecurringArgs,
}

/// Schedules the job.
pub(crate) fn run(args: DailyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    recurring::run(&Cadence::Daily(args.time), args.recurring, cx)
}
