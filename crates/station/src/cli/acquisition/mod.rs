//! `station acquisition`: samples from instruments, into files.

mod control;
mod follow;
mod list;
mod samples;
mod start;

use clap::{Args, Subcommand};

use super::Cx;
use super::equipment::remove_each;
use super::error::CliError;
use crate::client::encode;

/// Options of `station acquisition`.
#[derive(Args, Clone, Debug)]
pub struct AcquisitionArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AcquisitionCommand,
}

/// What can be done with acquisitions.
#[derive(Clone, Debug, Subcommand)]
pub enum AcquisitionCommand {
    /// Make an acquisition that begins when it is started, and print its id
    Create(start::CreateArgs),
    /// Start an acquisition, or make and start one of an instrument, and print its id
    Start(start::StartArgs),
    /// List acquisitions
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show all about an acquisition
    Show(list::OneArgs),
    /// End an acquisition; what was taken stays
    Stop(list::OneArgs),
    /// Take no more samples until it is resumed; its time goes on
    Pause(list::OneArgs),
    /// Take samples again
    Resume(list::OneArgs),
    /// Print samples as they are taken, as comma-separated values, until the end
    Follow(list::OneArgs),
    /// Print the newest samples, as comma-separated values
    Data(samples::DataArgs),
    /// Write the samples in another form, and print the file's name
    Export(samples::ExportArgs),
    /// Remove acquisitions that are over, and their files
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
}

/// Options of `station acquisition remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveArgs {
    /// The acquisitions
    #[arg(value_name = "ACQUISITION", required = true)]
    pub ids: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(crate) fn run(args: &AcquisitionArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        AcquisitionCommand::Create(args) => start::create(args, cx),
        AcquisitionCommand::Start(args) => start::run(args, cx),
        AcquisitionCommand::List(args) => list::run(args, cx),
        AcquisitionCommand::Show(args) => list::show(args, cx),
        AcquisitionCommand::Stop(args) => control::stop(args, cx),
        AcquisitionCommand::Pause(args) => control::pause(args, cx),
        AcquisitionCommand::Resume(args) => control::resume(args, cx),
        AcquisitionCommand::Follow(args) => follow::run(args, cx),
        AcquisitionCommand::Data(args) => samples::data(args, cx),
        AcquisitionCommand::Export(args) => samples::export(args, cx),
        AcquisitionCommand::Remove(args) => remove_each(&args.ids, args.json, &session, cx),
    }
}

/// The path of an acquisition in the API.
fn session(id: &str) -> String {
    format!("/api/acquisition/session/{}", encode(id))
}
