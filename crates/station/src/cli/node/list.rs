//! `station node list`, `show` and `groups`.

use std::collections::BTreeMap;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{nodes, path};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api, plain, shown};
use crate::client::encode;

/// Options of `station node list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only these nodes: rack[1-16], @lab
    #[arg(value_name = "NODES", value_parser = nodes)]
    pub nodes: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station node show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The node
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station node groups`.
#[derive(Args, Clone, Debug)]
pub struct GroupsArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists nodes.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let query = match &args.nodes {
        Some(set) => format!("?nodes={}", encode(set)),
        None => String::new(),
    };
    let answer = api::get(&mut station, &format!("/api/nodes{query}"))?;
    let nodes = api::list(&answer, "nodes");
    if args.json {
        return cx.world.screen.json(&json!({ "count": nodes.len(), "nodes": nodes }));
    }
    if nodes.is_empty() {
        return cx.world.screen.line("No nodes found.");
    }
    let zone = cx.world.local_zone();
    let columns = ["Name", "Address", "User", "Type", "Groups", "Status", "Since", "Why"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for node in nodes {
        sheet.row(vec![
            api::text(node, "name").to_owned(),
            api::text(node, "address").to_owned(),
            api::text(node, "user").to_owned(),
            way(node),
            groups_of(node).join(", "),
            status(node).to_owned(),
            shown::cell(api::text(node, "since"), &zone),
            api::text(node, "error").to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// Shows a node.
pub(super) fn show(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path(&args.name))?;
    let node = api::part(&answer, "node");
    if args.json {
        return cx.world.screen.json(node);
    }
    let zone = cx.world.local_zone();
    let mut page = String::new();
    for (label, value) in lines(node, &zone) {
        if !value.is_empty() {
            page.push_str(&format!("{:<15}{}\n", format!("{label}:"), plain(&value)));
        }
    }
    cx.world.screen.print(&page)
}

fn lines(node: &Value, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let text = |key| api::text(node, key).to_owned();
    let given = |key, otherwise: &str| match (api::text(node, key), api::number(node, key)) {
        (_, Some(number)) => number.to_string(),
        ("", None) => otherwise.to_owned(),
        (text, None) => text.to_owned(),
    };
    let by_config = "as ssh_config says";
    let guard = match api::part(node, "guard").as_bool() {
        Some(false) => "no: what is stopped or cut off may go on there",
        Some(true) | None => "yes",
    };
    let keys = match api::text(node, "host_keys") {
        "config" => by_config.to_owned(),
        other => other.replace('_', " "),
    };
    let time = |key| match api::text(node, key) {
        "" => String::new(),
        at => shown::full(at, zone),
    };
    vec![
        ("Node", text("name")),
        ("Address", text("address")),
        ("User", given("user", by_config)),
        ("Port", given("port", by_config)),
        ("Type", way(node)),
        ("Groups", groups_of(node).join(", ")),
        ("Guard", guard.to_owned()),
        ("Unknown keys", keys),
        ("Runs at once", given("limit", "as many as the station allows a node")),
        ("Status", status(node).to_owned()),
        ("Since", time("since")),
        ("Why", text("error")),
        ("Created At", time("created_at")),
        ("Created by", text("created_by")),
    ]
}

/// Lists groups.
pub(super) fn groups(args: &GroupsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/nodes")?;
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in api::list(&answer, "nodes") {
        for group in groups_of(node) {
            groups.entry(group).or_default().push(api::text(node, "name"));
        }
    }
    if args.json {
        let list: Vec<Value> = groups
            .iter()
            .map(|(group, nodes)| json!({ "group": group, "count": nodes.len(), "nodes": nodes }))
            .collect();
        return cx.world.screen.json(&json!({ "count": list.len(), "groups": list }));
    }
    if groups.is_empty() {
        return cx.world.screen.line("No groups found.");
    }
    for (group, nodes) in groups {
        let noun = if nodes.len() == 1 { "node" } else { "nodes" };
        let (count, names) = (nodes.len(), nodes.join(","));
        cx.world.screen.line(&plain(&format!("@{group}: {count} {noun}: {names}")))?;
    }
    Ok(())
}

fn groups_of(node: &Value) -> Vec<&str> {
    api::list(node, "groups").iter().filter_map(Value::as_str).collect()
}

/// The program that reaches it, and from where.
fn way(node: &Value) -> String {
    match api::text(node, "relay") {
        "" => api::text(node, "type").to_owned(),
        relay => format!("{} on {relay}", api::text(node, "type")),
    }
}

/// Whether it could be reached the last time.
fn status(node: &Value) -> &'static str {
    match api::part(node, "reachable").as_bool() {
        Some(true) => "reachable",
        Some(false) => "unreachable",
        None => "not tried",
    }
}
