//! `station node add`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{ReachArgs, nodes};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain};

/// Options of `station node add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station node add web1                                   as ssh_config says of web1
  station node add pi 192.168.1.20 --user pi --group lab
  station node add 'rack[1-16]' '{}.lab.example' --group rack
  station node add 'rack[1-16]' '10.0.0.[101-116]'
  station node add ap 192.168.1.1 --type ush --relay pc7")]
pub struct AddArgs {
    /// What it is called here; rack[1-16] registers as many, all of them or none
    #[arg(value_name = "NAME", value_parser = nodes)]
    pub name: String,
    /// What ssh is told: a host name, an address or an alias of ssh_config. Of several nodes, {}
    /// stands for the name, and brackets for as many addresses, both counted upwards
    /// [default: the name]
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
    /// The user there [default: whom ssh_config names]
    #[arg(long)]
    pub user: Option<String>,
    /// The TCP port [default: the one ssh_config names]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// A host on which ssh or ush is run, instead of here
    #[arg(long, value_name = "HOST")]
    pub relay: Option<String>,
    /// A group it belongs to; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// How many runs it may have at once [default: as many as the station allows a node]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: Option<u32>,
    /// How it is reached.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Registers it.
pub(super) fn run(args: &AddArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/nodes", Some(&request(args)))?;
    if args.json {
        let nodes = api::list(&answer, "nodes");
        return cx.world.screen.json(&json!({ "count": nodes.len(), "nodes": nodes }));
    }
    cx.world.screen.line(&plain(api::text(&answer, "message")))
}

fn request(args: &AddArgs) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("name", json!(args.name));
    for (key, given) in [("address", &args.address), ("user", &args.user), ("relay", &args.relay)] {
        if let Some(text) = given {
            put(key, json!(text));
        }
    }
    if let Some(port) = args.port {
        put("port", json!(port));
    }
    if !args.groups.is_empty() {
        put("groups", json!(args.groups));
    }
    if let Some(limit) = args.limit {
        put("limit", json!(limit));
    }
    args.reach.insert(&mut put);
    Value::Object(body)
}
