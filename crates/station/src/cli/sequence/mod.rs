//! `station sequence`: steps at offsets, from a file: looked at, run now, or scheduled.

mod file;
mod run;
mod schedule;

use clap::{Args, Subcommand};

use super::Cx;
use super::error::CliError;

/// Options of `station sequence`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A file is TOML; docs/sequences.md says what stands in it:

  tick_ms = 16

  [[step]]
  at = \"0s\"
  equipment = \"psu\"
  verb = \"set_voltage\"
  parameters = { voltage = 5 }

  [[on_release]]
  equipment = \"psu\"
  verb = \"set_output\"
  parameters = { enabled = false }")]
pub struct SequenceArgs {
    /// What is done with it.
    #[command(subcommand)]
    pub command: SequenceCommand,
}

/// What is done with a sequence.
#[derive(Subcommand, Clone, Debug)]
pub enum SequenceCommand {
    /// Run a sequence now, follow it to its end and tell how late its steps were
    Run(run::RunArgs),
    /// Say what is wrong with a sequence, or what it comes to; no station is asked
    Check(run::CheckArgs),
    /// Schedule a sequence, once or again and again
    Schedule(schedule::ScheduleArgs),
}

/// Does it.
pub(crate) fn run(args: &SequenceArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        SequenceCommand::Run(args) => run::run(args, cx),
        SequenceCommand::Check(args) => run::check(args, cx),
        SequenceCommand::Schedule(args) => schedule::run(args, cx),
    }
}
