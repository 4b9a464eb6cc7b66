//! `station node import`: registers the hosts that ssh_config(5) has names for, all of them or none.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, api, plain};
use crate::import::ssh_config::{self, Hosts};

/// Options of `station node import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Where the nodes come from.
    #[command(subcommand)]
    pub from: Origin,
}

/// Where nodes come from.
#[derive(Clone, Debug, Subcommand)]
pub enum Origin {
    /// The names that follow Host in an ssh_config
    ///
    /// Each name without wildcards becomes a node with that name as its address, so that ssh goes on
    /// reading user, port, keys and jumps where they are written. Included files are followed. What
    /// Match matches is left to ssh. Nodes that are registered already stay as they are.
    #[command(name = "ssh_config", visible_alias = "ssh-config")]
    SshConfig(SshConfigArgs),
}

/// Options of `station node import ssh_config`.
#[derive(Args, Clone, Debug)]
pub struct SshConfigArgs {
    /// The file [default: ~/.ssh/config]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A group to put them in; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Say what would be registered, and register nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Register the others when some cannot be; else nothing is registered then
    #[arg(long)]
    pub skip_refused: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Registers them.
pub(super) fn run(args: &ImportArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let Origin::SshConfig(args) = &args.from;
    let home = cx.world.var("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let own = home.as_ref().map(|home| home.join(".ssh/config"));
    let file = args.file.as_ref().or(own.as_ref()).ok_or_else(|| {
        CliError::usage("HOME is not set, so ~/.ssh/config cannot be found").hint("name the file")
    })?;
    let what = plain(&file.display().to_string());
    let hosts = ssh_config::read(file, home.as_deref())
        .map_err(|error| CliError::usage(plain(&error.0)))?;
    if !hosts.refused.is_empty() && !args.skip_refused {
        return Err(refusal(&hosts, &what));
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, "/api/nodes")?;
    let known: BTreeSet<&str> =
        api::list(&answer, "nodes").iter().map(|node| api::text(node, "name")).collect();
    let (present, new): (Vec<&String>, Vec<&String>) =
        hosts.aliases.iter().partition(|alias| known.contains(alias.as_str()));
    if !new.is_empty() && !args.dry_run {
        let node = |name: &&String| match args.groups.is_empty() {
            true => json!({ "name": name }),
            false => json!({ "name": name, "groups": args.groups }),
        };
        let nodes: Vec<Value> = new.iter().map(node).collect();
        api::post(&mut station, "/api/nodes", Some(&json!({ "nodes": nodes })))?;
    }
    // The station's ssh reads what is where ssh looks, unless it is told otherwise.
    let elsewhere = args.file.is_some() && args.file != own && !file.starts_with("/etc/ssh");
    if args.json {
        return print_json(args, &hosts, (&new, &present), cx);
    }
    print(args, &hosts, (&new, &present), &what, cx)?;
    if elsewhere && !new.is_empty() {
        cx.world.screen.note(&format!(
            "note: ssh knows these names only where it reads this file: start the station with \
             STATION_SSH_CONFIG={what}"
        ));
    }
    Ok(())
}

/// Everything that cannot be registered, in one error.
fn refusal(hosts: &Hosts, what: &str) -> CliError {
    let mut text = format!("nothing was registered from {what}, because of:");
    for one in &hosts.refused {
        let line = format!("{}: {}: {}", one.place, one.text, one.reason);
        text.push_str(&format!("\n  {}", plain(&line)));
    }
    CliError::new(ExitKind::Usage, text).hint("--skip-refused registers the others")
}

fn print_json(
    args: &SshConfigArgs,
    hosts: &Hosts,
    (new, present): (&[&String], &[&String]),
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let refused: Vec<Value> = hosts
        .refused
        .iter()
        .map(|one| json!({ "place": one.place, "name": one.text, "reason": one.reason }))
        .collect();
    let remarks: Vec<Value> =
        hosts.remarks.iter().map(|one| json!({ "place": one.place, "remark": one.text })).collect();
    cx.world.screen.json(&json!({
        "dry_run": args.dry_run, "registered": new, "present": present, "refused": refused,
        "patterns": hosts.patterns, "remarks": remarks,
    }))
}

fn print(
    args: &SshConfigArgs,
    hosts: &Hosts,
    (new, present): (&[&String], &[&String]),
    what: &str,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let screen = &mut cx.world.screen;
    for name in new {
        screen.line(&plain(name))?;
    }
    let would = if args.dry_run { "would be registered" } else { "registered" };
    screen.line(&format!("{} {would} from {what}", counted(new.len(), "node")))?;
    if !present.is_empty() {
        let verb = if present.len() == 1 { "is" } else { "are" };
        screen.line(&format!("{} {verb} registered already", counted(present.len(), "node")))?;
    }
    if hosts.patterns > 0 {
        let verb = if hosts.patterns == 1 { "names" } else { "name" };
        screen.line(&format!("{} {verb} no host", counted(hosts.patterns, "pattern")))?;
    }
    screen.flush()?;
    for one in &hosts.refused {
        screen.note(&plain(&format!("{}: {}: left out: {}", one.place, one.text, one.reason)));
    }
    for one in &hosts.remarks {
        screen.note(&plain(&format!("{}: {}", one.place, one.text)));
    }
    Ok(())
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
