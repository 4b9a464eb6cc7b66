//! The command line's grammar: every command with its options in its own file, listed here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    acquisition, alarm, at, audit, backup, cancel, completions, cron, daily, delete, doctor, edit,
    equipment, every, exec, explain, fires, history, import, links, list, logs, monthly, next,
    node, outstation, pause, profile, run_now, sequence, serve, show, simulate, stats, time, token,
    weekly, why,
};

/// Where the station is.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// The station's data directory [default: STATION_DATA_DIR, else
    /// $XDG_STATE_HOME/stationmaster, else ~/.local/state/stationmaster]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Schedules commands durably, runs them on time and keeps every line they print
///
/// Called as at, atq, atrm or batch (see install-links) it takes at(1)'s own options.
#[derive(Parser, Debug)]
#[command(name = "station", bin_name = "station", version, max_term_width = 100)]
#[command(arg_required_else_help = true, disable_help_subcommand = false)]
#[command(after_help = "\
Exit status: 0 done, 1 the job or command failed, 2 usage, 3 not found, 4 refused,
5 the station cannot work, 130 interrupted.

STATION_URL=http://HOST:PORT and STATION_TOKEN name a station elsewhere.")]
pub struct Cli {
    /// Where the station is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// `station at` on its own: the same grammar without the price of building all the others.
#[derive(Parser, Debug)]
#[command(name = "at", bin_name = "station at", max_term_width = 100)]
#[command(about = AT_ABOUT, long_about = None)]
pub(crate) struct AtAlone {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) at: at::AtArgs,
}

const AT_ABOUT: &str = "Schedule a command: station at TIMESPEC… -- COMMAND…";

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Schedule a command
    #[command(visible_aliases = ["schedule", "add", "run"], about = AT_ABOUT, long_about = None)]
    At(at::AtArgs),
    /// Run a command every so often
    Every(every::EveryArgs),
    /// Run a command when the clock matches an expression of crontab(5)
    Cron(cron::CronArgs),
    /// Run a command every day
    Daily(daily::DailyArgs),
    /// Run a command every week
    Weekly(weekly::WeeklyArgs),
    /// Run a command every month
    Monthly(monthly::MonthlyArgs),
    /// List jobs
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show all about a job and its latest executions, or about one execution
    Show(show::ShowArgs),
    /// Cancel jobs: pending ones, and running ones with their processes
    #[command(visible_alias = "rm")]
    Cancel(cancel::CancelArgs),
    /// Delete jobs, and their history if asked to
    Delete(delete::DeleteArgs),
    /// Change what is given of a job
    Edit(Box<edit::EditArgs>),
    /// Hold jobs' schedules until they are resumed
    Pause(pause::PauseArgs),
    /// Let paused jobs' schedules go on
    Resume(pause::ResumeArgs),
    /// Print when a job runs next
    Next(next::NextArgs),
    /// Say why a job ran or did not run
    Why(why::WhyArgs),
    /// Say in words when a job or a schedule fires, and what clock changes do to it
    Explain(Box<explain::ExplainArgs>),
    /// Print when a schedule or a job fires
    Fires(Box<fires::FiresArgs>),
    /// Print what a job's latest execution, or one execution, has printed
    Logs(logs::LogsArgs),
    /// List executions, newest first; prune deletes old ones
    History(history::HistoryArgs),
    /// Count jobs and today's runs
    Stats(stats::StatsArgs),
    /// List, acknowledge and clear alarms
    Alarm(alarm::AlarmArgs),
    /// List, show, verify and export the audit trail: who did what, and what came of it
    Audit(audit::AuditArgs),
    /// Register, group, test and list the machines that commands run on over SSH
    Node(node::NodeArgs),
    /// Register, ask, command and list the instruments of the lab
    Equipment(Box<equipment::EquipmentArgs>),
    /// Register, watch and command outstations over IEC 60870-5-104
    Outstation(Box<outstation::OutstationArgs>),
    /// Make, apply and list settings of instruments under a name
    Profile(profile::ProfileArgs),
    /// Take samples from instruments into files, follow and list that
    Acquisition(Box<acquisition::AcquisitionArgs>),
    /// Make, list and revoke tokens for access over the network
    Token(token::TokenArgs),
    /// Run a job now, besides its plan
    RunNow(run_now::RunNowArgs),
    /// Run a command now under the station's care and stream its lines
    Exec(exec::ExecArgs),
    /// Run, check and schedule sequences: steps at offsets, with equipment and commands
    Sequence(sequence::SequenceArgs),
    /// Print the instant that a time expression means
    Time(time::TimeArgs),
    /// Take over jobs from a crontab, an at-station or LabLink
    Import(import::ImportArgs),
    /// Simulate a lab instrument or an outstation, or foresee what the station's plan leads to
    Simulate(simulate::SimulateArgs),
    /// Run the station
    #[command(visible_alias = "daemon")]
    Serve(serve::ServeArgs),
    /// Write a consistent copy of the store, also while the station runs
    Backup(backup::BackupArgs),
    /// Check directory, store, clock, daemon and shell, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write all of them into a directory
    Man(completions::ManArgs),
    /// Put links named at, atq, atrm and batch into a directory
    InstallLinks(links::LinksArgs),
}
