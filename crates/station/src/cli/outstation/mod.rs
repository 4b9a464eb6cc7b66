//! `station outstation`: the controlled stations that are spoken to over IEC 60870-5-104.

mod approval;
mod ask;
mod control;
mod list;
mod points;
mod register;
mod report;
mod setting;
mod status;
mod tag;
mod values;
mod watch;

use clap::{Args, Subcommand};

use super::Cx;
use super::equipment::remove_each;
use super::error::CliError;
use crate::client::encode;

pub(crate) use approval::awaits;

/// Options of `station outstation`.
#[derive(Args, Clone, Debug)]
pub struct OutstationArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: OutstationCommand,
}

/// What can be done with outstations.
#[derive(Clone, Debug, Subcommand)]
pub enum OutstationCommand {
    /// Register an outstation
    Add(Box<register::AddArgs>),
    /// List outstations
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show all that is given of an outstation
    Show(list::ShowArgs),
    /// Change what is given of an outstation
    Set(Box<register::SetArgs>),
    /// Remove outstations; jobs that name one fail from then on
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
    /// Say how an outstation, or each of them, is doing
    Status(status::StatusArgs),
    /// List the points of an outstation, or take them from a file, or write them as one
    Points(points::PointsArgs),
    /// List what is known of an outstation's values
    Values(values::ValuesArgs),
    /// Print an outstation's values as they change, until it is interrupted
    Watch(watch::WatchArgs),
    /// Ask an outstation for all values, or those of a group
    Interrogate(ask::InterrogateArgs),
    /// Ask an outstation for all counters, or those of a group
    Counters(ask::CountersArgs),
    /// Ask an outstation for the value of one point
    Read(ask::ReadArgs),
    /// Command a point, and say what came of it
    Write(ask::WriteArgs),
    /// Set an outstation's clock by the station's
    SyncClock(ask::NameArgs),
    /// Send a test command to an outstation
    Test(ask::NameArgs),
    /// List commands that wait for somebody else to agree
    Approvals(approval::ApprovalsArgs),
    /// Agree to what somebody else wants to command: it is sent then
    Approve(approval::DecideArgs),
    /// Refuse what somebody else wants to command
    Reject(approval::DecideArgs),
    /// Tag a point: nobody may command it until the tag is taken off
    Tag(tag::TagArgs),
    /// Take the tag off a point
    Untag(tag::UntagArgs),
    /// List tags
    Tags(tag::TagsArgs),
    /// Stop all commands to all outstations, and permit them again; monitoring goes on
    Control(control::ControlArgs),
}

/// Options of `station outstation remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveArgs {
    /// The outstations
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(crate) fn run(args: &OutstationArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        OutstationCommand::Add(args) => register::add(args, cx),
        OutstationCommand::List(args) => list::run(args, cx),
        OutstationCommand::Show(args) => list::show(args, cx),
        OutstationCommand::Set(args) => register::set(args, cx),
        OutstationCommand::Remove(args) => remove_each(&args.names, args.json, &path, cx),
        OutstationCommand::Status(args) => status::run(args, cx),
        OutstationCommand::Points(args) => points::run(args, cx),
        OutstationCommand::Values(args) => values::run(args, cx),
        OutstationCommand::Watch(args) => watch::run(args, cx),
        OutstationCommand::Interrogate(args) => ask::interrogate(args, cx),
        OutstationCommand::Counters(args) => ask::counters(args, cx),
        OutstationCommand::Read(args) => ask::read(args, cx),
        OutstationCommand::Write(args) => ask::write(args, cx),
        OutstationCommand::SyncClock(args) => ask::plain_question(args, "sync-clock", cx),
        OutstationCommand::Test(args) => ask::plain_question(args, "test", cx),
        OutstationCommand::Approvals(args) => approval::list(args, cx),
        OutstationCommand::Approve(args) => approval::approve(args, cx),
        OutstationCommand::Reject(args) => approval::reject(args, cx),
        OutstationCommand::Tag(args) => tag::tag(args, cx),
        OutstationCommand::Untag(args) => tag::untag(args, cx),
        OutstationCommand::Tags(args) => tag::list(args, cx),
        OutstationCommand::Control(args) => control::run(args, cx),
    }
}

/// The path of an outstation in the API.
pub(super) fn path(name: &str) -> String {
    format!("/api/outstations/{}", encode(name))
}

/// A point of an outstation, as people write it: `SS1/breaker-7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The outstation.
    pub outstation: String,
    /// The point.
    pub point: String,
}

impl Place {
    /// Its path in the API.
    fn path(&self) -> String {
        format!("{}/points/{}", path(&self.outstation), encode(&self.point))
    }
}

/// Reads a place. Serves as a clap value parser.
fn place(text: &str) -> Result<Place, String> {
    match scope(text)? {
        Scope { outstation, point: Some(point) } => Ok(Place { outstation, point }),
        Scope { outstation, point: None } => {
            Err(format!("a point of it is meant, as in {outstation}/breaker-7"))
        }
    }
}

/// An outstation, or some of its points: `SS1`, `SS1/breaker-7`, `SS1/breaker-7,bus-voltage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The outstation.
    pub outstation: String,
    /// The points, with commas between them; `None`: all.
    pub point: Option<String>,
}

impl Scope {
    /// What is added to the path of a request for just these.
    fn query(&self) -> String {
        self.point.as_ref().map(|point| format!("?point={}", encode(point))).unwrap_or_default()
    }
}

/// Reads a scope. Serves as a clap value parser.
fn scope(text: &str) -> Result<Scope, String> {
    let (outstation, point) = match text.split_once('/') {
        Some((outstation, point)) => (outstation, Some(point)),
        None => (text, None),
    };
    if outstation.is_empty() || point.is_some_and(|point| point.is_empty() || point.contains('/')) {
        return Err("an outstation is meant, or a point of it, as in SS1/breaker-7".to_owned());
    }
    Ok(Scope { outstation: outstation.to_owned(), point: point.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_an_outstation_and_a_point() {
        let read = place("SS1/breaker-7").unwrap();
        assert_eq!((read.outstation.as_str(), read.point.as_str()), ("SS1", "breaker-7"));
        assert_eq!(read.path(), "/api/outstations/SS1/points/breaker-7");
        for bad in ["SS1", "/breaker-7", "SS1/", "SS1/a/b", ""] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn scopes_may_name_points() {
        assert_eq!(scope("SS1").unwrap().query(), "");
        assert_eq!(scope("SS1/a,b").unwrap().query(), "?point=a,b");
        assert!(scope("SS1/").is_err());
    }
}
