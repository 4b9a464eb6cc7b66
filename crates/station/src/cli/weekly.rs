//! `station weekly`: runs a command every week.

use clap::Args;
use jiff::civil::Time;

use super::Cx;
use super::cadence::{Cadence, WeekTime, time_of_day, weekday};
use super::error::CliError;
use super::recurring::{self, RecurringArgs};

/// Options of `station weekly`.
#[derive(Args, Clone, Debug)]
pub struct WeeklyArgs {
    /// The day of the week, such as mon or monday
    #[arg(value_name = "DAY", value_parser = weekday)]
    pub day: u8,
    /// The time of day
    #[arg(value_name = "HH:MM[:SS]", value_parser = time_of_day)]
    pub time: Time,
    /// All the rest.
    #[command(flatten)]
    pub recurring: RecurringArgs,
}

/// Schedules the job.
pub(crate) fn run(args: WeeklyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let at = WeekTime { day: args.day, time: args.time };
    recurring::run(&Cadence::Weekly(at), args.recurring, cx)
}
