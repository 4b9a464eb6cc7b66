//! `station cron`: runs a command when the clock matches an expression of crontab(5).

use clap::Args;

use super::Cx;
use super::cadence::Cadence;
use super::error::CliError;
use super::recurring::{self, RecurringArgs};

/// Options of `station cron`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station cron '*/5 * * * *' -- ./poll.sh
  station cron '30 2 * * mon-fri' --tz Europe/Berlin --exclude holidays.ics -- ./backup.sh
  station cron '0 9 L * *' --name 'last of the month' -- ./report.sh
  station cron --seconds '*/10 * * * * *' -- ./sample.sh

`station explain --cron EXPR` says in words what an expression means.")]
pub struct CronArgs {
    /// Minute, hour, day of the month, month and day of the week, in one argument; or @daily and
    /// the like
    #[arg(value_name = "EXPR")]
    pub expression: String,
    /// The expression begins with a field for the seconds
    #[arg(long)]
    pub seconds: bool,
    /// All the rest.
    #[command(flatten)]
    pub recurring: RecurringArgs,
}

/// Schedules the job.
pub(crate) fn run(args: CronArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let CronArgs { expression, seconds, recurring } = args;
    recurring::run(&Cadence::Cron { expression, seconds }, recurring, cx)
}
