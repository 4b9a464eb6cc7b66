//! `station monthly`: runs a command every month.

use clap::Args;
use jiff::civil::Time;

use super::Cx;
use super::cadence::{Cadence, MonthTime, day_of_month, time_of_day};
use super::error::CliError;
use super::recurring::{self, RecurringArgs};

/// Options of `station monthly`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A month without that day is left out; `station cron '30 9 L * *'` fires on each month's last day.")]
pub struct MonthlyArgs {
    /// The day of the month, 1 to 31
    #[arg(value_name = "N", value_parser = day_of_month)]
    pub day: u8,
    /// The time of day
    #[arg(value_name = "HH:MM[:SS]", value_parser = time_of_day)]
    pub time: Time,
    /// All the rest.
    #[command(flatten)]
    pub recurring: RecurringArgs,
}

/// Schedules the job.
pub(crate) fn run(args: MonthlyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let at = MonthTime { day: args.day, time: args.time };
    recurring::run(&Cadence::Monthly(at), args.recurring, cx)
}
