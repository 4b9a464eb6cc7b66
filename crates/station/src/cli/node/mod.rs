//! `station node`: the machines that commands are run on over SSH.

mod add;
mod edit;
mod import;
mod list;

use clap::{Args, Subcommand};
use serde_json::Value;
use station_core::model::NodeSet;

use super::error::{CliError, ExitKind};
use super::{Cx, alarm, api, plain, shown};
use crate::client::encode;

/// Options of `station node`.
#[derive(Args, Clone, Debug)]
pub struct NodeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: NodeCommand,
}

/// What can be done with nodes.
#[derive(Clone, Debug, Subcommand)]
pub enum NodeCommand {
    /// Register a node, or several at once
    Add(add::AddArgs),
    /// List nodes, with since when and why they cannot be reached
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show all about a node
    Show(list::ShowArgs),
    /// Change what is given of nodes, and the groups they are in
    Edit(Box<edit::EditArgs>),
    /// Run `true` on nodes and say how long it took, or why it could not
    Test(TestArgs),
    /// Remove nodes; all of those named, or none
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
    /// List groups with their nodes
    Groups(list::GroupsArgs),
    /// Register what is written elsewhere
    Import(import::ImportArgs),
}

/// Options of `station node test`.
#[derive(Args, Clone, Debug)]
pub struct TestArgs {
    /// Nodes: rack1, rack[1-16], @lab, @*
    #[arg(value_name = "NODES", value_parser = nodes)]
    pub nodes: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station node remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveArgs {
    /// Nodes: rack1, rack[1-16], @lab
    #[arg(value_name = "NODES", value_parser = nodes)]
    pub nodes: String,
}

/// How a node is reached. What is not given stays, or is ssh's own way.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ReachArgs {
    /// The program that reaches it: ssh or ush [default: ssh]
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: Option<&'static str>,
    /// What happens with a host key that is not known: config (what ssh_config says), accept-new or
    /// strict; one that has changed is always refused [default: config]
    #[arg(long, value_name = "POLICY", value_parser = host_key)]
    pub host_key: Option<&'static str>,
    /// Run commands without a guard: what is stopped or cut off may go on there
    #[arg(long)]
    pub no_guard: bool,
}

impl ReachArgs {
    /// Puts what was given into a request.
    fn insert(&self, put: &mut dyn FnMut(&str, Value)) {
        if let Some(kind) = self.kind {
            put("type", kind.into());
        }
        if let Some(policy) = self.host_key {
            put("host_keys", policy.replace('-', "_").into());
        }
        if self.no_guard {
            put("guard", false.into());
        }
    }
}

fn kind(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a type", text, &["ssh", "ush"])
}

fn host_key(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a policy", text, &["config", "accept-new", "strict"])
}

/// Reads a set of nodes. Serves as a clap value parser.
fn nodes(text: &str) -> Result<String, String> {
    NodeSet::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Does it.
pub(crate) fn run(args: &NodeArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        NodeCommand::Add(args) => add::run(args, cx),
        NodeCommand::List(args) => list::run(args, cx),
        NodeCommand::Show(args) => list::show(args, cx),
        NodeCommand::Edit(args) => edit::run(args, cx),
        NodeCommand::Test(args) => test(args, cx),
        NodeCommand::Remove(args) => remove(args, cx),
        NodeCommand::Groups(args) => list::groups(args, cx),
        NodeCommand::Import(args) => import::run(args, cx),
    }
}

/// The path of nodes in the API.
fn path(nodes: &str) -> String {
    format!("/api/nodes/{}", encode(nodes))
}

fn remove(args: &RemoveArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::delete(&mut station, &path(&args.nodes))?;
    cx.world.screen.line(&plain(api::text(&answer, "message")))
}

fn test(args: &TestArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, &format!("{}/test", path(&args.nodes)), None)?;
    let results = api::list(&answer, "results");
    if args.json {
        cx.world.screen.json(&answer)?;
    }
    let mut failed = 0_usize;
    for result in results {
        let node = plain(api::text(result, "node"));
        let ok = api::part(result, "ok").as_bool() == Some(true);
        failed += usize::from(!ok);
        if args.json {
            continue;
        }
        if ok {
            let span = shown::span_of(result, "duration_seconds");
            cx.world.screen.line(&format!("{node}: reached in {span}"))?;
        } else {
            let error = plain(api::text(result, "error"));
            cx.world.screen.note(&format!("{node}: {error}"));
        }
    }
    cx.world.screen.flush()?;
    match failed {
        0 => Ok(()),
        _ if args.json => Err(CliError::silent(ExitKind::Failed)),
        _ => {
            let text = format!("{failed} of {} nodes failed the test", results.len());
            Err(CliError::new(ExitKind::Failed, text))
        }
    }
}
