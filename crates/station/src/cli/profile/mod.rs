//! `station profile`: settings of instruments under a name.

mod create;
mod list;

use clap::{Args, Subcommand};

use super::equipment::remove_each;
use super::error::CliError;
use super::{Cx, api, plain};
use crate::client::encode;

/// Options of `station profile`.
#[derive(Args, Clone, Debug)]
pub struct ProfileArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ProfileCommand,
}

/// What can be done with profiles.
#[derive(Clone, Debug, Subcommand)]
pub enum ProfileCommand {
    /// Make a profile
    Create(Box<create::CreateArgs>),
    /// List profiles by name
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show a profile with its settings
    Show(list::ShowArgs),
    /// Apply a profile to an instrument, now
    Apply(ApplyArgs),
    /// Remove profiles; jobs that name them fail from then on
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
}

/// Options of `station profile apply`.
#[derive(Args, Clone, Debug)]
pub struct ApplyArgs {
    /// The profile
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station profile remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveArgs {
    /// The profiles
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(crate) fn run(args: &ProfileArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        ProfileCommand::Create(args) => create::run(args, cx),
        ProfileCommand::List(args) => list::run(args, cx),
        ProfileCommand::Show(args) => list::show(args, cx),
        ProfileCommand::Apply(args) => apply(args, cx),
        ProfileCommand::Remove(args) => remove_each(&args.names, args.json, &path, cx),
    }
}

/// The path of a profile in the API.
fn path(name: &str) -> String {
    format!("/api/profiles/{}", encode(name))
}

fn apply(args: &ApplyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("{}/apply/{}", path(&args.name), encode(&args.id));
    let answer = api::post(&mut station, &path, None)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&plain(&format!("{} is applied to {}", args.name, args.id)))
}
