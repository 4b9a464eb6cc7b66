//! `station node edit`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{ReachArgs, nodes, path};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain};

/// Options of `station node edit`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
What is not given stays. `none` makes it what ssh_config or the station says.

Examples:
  station node edit 'rack[1-8]' --group lab --ungroup stock
  station node edit pi --user none --limit 2")]
pub struct EditArgs {
    /// Nodes: rack1, rack[1-16], @lab; all of them are changed or none
    #[arg(value_name = "NODES", value_parser = nodes)]
    pub nodes: String,
    /// What ssh is told, {} standing for the name; or `none`: the name
    #[arg(long)]
    pub address: Option<String>,
    /// The user there, or `none`
    #[arg(long)]
    pub user: Option<String>,
    /// The TCP port, or `none`
    #[arg(long, value_parser = number)]
    pub port: Option<Number>,
    /// A host on which ssh or ush is run, or `none`
    #[arg(long, value_name = "HOST")]
    pub relay: Option<String>,
    /// A group to put them in; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// A group to take them out of; may be given several times
    #[arg(long = "ungroup", value_name = "GROUP")]
    pub ungroups: Vec<String>,
    /// How many runs each may have at once, or `none`
    #[arg(long, value_name = "N", value_parser = number)]
    pub limit: Option<Number>,
    /// How they are reached.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Run commands under a guard again
    #[arg(long, conflicts_with = "no_guard")]
    pub guard: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A number, or what holds without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// This one.
    Is(u32),
    /// None.
    None,
}

fn number(text: &str) -> Result<Number, String> {
    if text == "none" {
        return Ok(Number::None);
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Number::Is).ok_or_else(|| "a number from 1 on is meant, or none".to_owned())
}

/// Changes them.
pub(super) fn run(args: &EditArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let body = request(args);
    if body.is_empty() {
        return Err(CliError::usage("there is nothing to change")
            .hint("say what is to become different, such as --group NAME"));
    }
    let mut station = cx.connect()?;
    let answer = api::patch(&mut station, &path(&args.nodes), &Value::Object(body))?;
    if args.json {
        let nodes = api::list(&answer, "nodes");
        return cx.world.screen.json(&json!({ "count": nodes.len(), "nodes": nodes }));
    }
    cx.world.screen.line(&plain(api::text(&answer, "message")))
}

fn request(args: &EditArgs) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    for (key, given) in [("address", &args.address), ("user", &args.user), ("relay", &args.relay)] {
        match given.as_deref() {
            Some("none") => put(key, Value::Null),
            Some(text) => put(key, json!(text)),
            None => {}
        }
    }
    for (key, given) in [("port", args.port), ("limit", args.limit)] {
        match given {
            Some(Number::Is(number)) => put(key, json!(number)),
            Some(Number::None) => put(key, Value::Null),
            None => {}
        }
    }
    for (key, groups) in [("add_groups", &args.groups), ("remove_groups", &args.ungroups)] {
        if !groups.is_empty() {
            put(key, json!(groups));
        }
    }
    args.reach.insert(&mut put);
    if args.guard {
        put("guard", json!(true));
    }
    body
}
