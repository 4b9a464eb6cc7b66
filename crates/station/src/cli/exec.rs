//! `station exec`: runs a command now, here or on nodes, and streams its lines.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::create::{self, Work};
use super::error::{CliError, ExitKind};
use super::fleet::{self, Again, FleetWatch, Showing, Whose};
use super::follow::{self, OnInterrupt, Watched};
use super::job::targets;
use super::{Cx, api, capture, plain, script, when};

/// By this tag the jobs of `exec` on nodes are found again.
const TAG: &str = "exec";

/// Options of `station exec`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
On nodes each line comes behind its node's name, and each node that fails is told of on standard
error. The directory and environment of this moment do not go there, what --env names does. An
interruption ends the command on all nodes, a second one does not wait for that.

Examples:
  station exec -- make -C /srv/site
  station exec --on rack[1-16] -b -- uname -r
  station exec --on @lab --script check.py --env LEVEL=2 -- --verbose
  station exec --retry-failed")]
pub struct ExecArgs {
    /// Where it runs: local, or nodes: rack[1-16], @lab, @lab!rack3
    #[arg(long, value_name = "TARGETS", default_value = "local", value_parser = targets)]
    pub on: String,
    /// On how many nodes it runs at once [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub fanout: Option<u32>,
    /// End it after this long, on each node by itself [default: no limit]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub timeout: Option<Duration>,
    /// Set a variable for it
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub env: Vec<(String, String)>,
    /// Run it as root there, by sudo(8) without a password
    #[arg(long)]
    pub sudo: bool,
    /// Send this script as standard input to the interpreter that its first line names; what
    /// follows -- are its arguments
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    pub script: Option<PathBuf>,
    /// Pass on what stands on standard input, read to its end first; each node gets all of it
    #[arg(long)]
    pub stdin: bool,
    /// Print equal outputs of nodes once, below the names of all of them, when all have ended
    #[arg(short = 'b', long, conflicts_with = "json")]
    pub gather: bool,
    /// Print JSON, one event a line
    #[arg(long)]
    pub json: bool,
    /// Run it once more on the nodes where the last one, or that of this job, has not completed
    #[arg(
        long,
        value_name = "JOB",
        num_args = 0..=1,
        default_missing_value = "last",
        value_parser = fleet::whose,
        conflicts_with_all = ["on", "script", "stdin", "sudo", "env", "command"],
    )]
    pub retry_failed: Option<Whose>,
    /// What to run: one word is a text for the shell, several are a program and its arguments
    #[arg(last = true, required_unless_present_any = ["script", "retry_failed"])]
    pub command: Vec<OsString>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("a variable is given as NAME=VALUE".to_owned()),
    }
}

/// Runs it.
pub(crate) fn run(args: ExecArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if let Some(whose) = args.retry_failed {
        return again(whose, &args, cx);
    }
    if args.on != "local" {
        return on_nodes(args, cx);
    }
    refuse_for_local(&args)?;
    let json = args.json;
    let mut parameters = Map::new();
    capture::surroundings(&cx.world, &mut parameters)?;
    let mut body = request(args, parameters, cx)?;
    if let Some(zone) = capture::zone(&cx.world) {
        body.insert("timezone".to_owned(), json!(zone));
    }
    let mut station = cx.connect()?;
    let job = order(&mut station, body)?;
    follow::wait(cx, station, &job, OnInterrupt::Cancel, json)
}

/// Refuses what is for nodes alone.
fn refuse_for_local(args: &ExecArgs) -> Result<(), CliError> {
    let given =
        [(args.fanout.is_some(), "--fanout"), (args.gather, "--gather"), (args.sudo, "--sudo")];
    match given.into_iter().find(|(given, _)| *given) {
        Some((_, "--sudo")) => Err(CliError::usage("--sudo is for commands on nodes")
            .hint("on this machine put sudo before the command")),
        Some((_, option)) => Err(CliError::usage(format!("{option} is for commands on nodes"))
            .hint("say on which, such as --on rack[1-16]")),
        None => Ok(()),
    }
}

/// What the command line asks for, over the parameters that are known already.
fn request(
    args: ExecArgs,
    mut parameters: Map<String, Value>,
    cx: &mut Cx<'_>,
) -> Result<Map<String, Value>, CliError> {
    let mut body = Map::new();
    match &args.script {
        Some(path) => {
            let text = script::read_file(path)?;
            let words = args.command.into_iter().map(create::word).collect::<Result<_, _>>()?;
            let words = fleet::interpreter(&text, words)?;
            // It must not be empty and holds no NUL, as any script.
            let Work::Script(text) = Work::from_script(text)? else { return Ok(body) };
            parameters.insert("argv".to_owned(), json!(words));
            parameters.insert("stdin".to_owned(), capture::bytes(&text));
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            body.insert("name".to_owned(), json!(plain(&name)));
        }
        None => Work::from_words(args.command)?.insert(&mut parameters),
    }
    if args.stdin {
        let input = script::read_script(&mut *cx.world.stdin)?;
        parameters.insert("stdin".to_owned(), capture::bytes(&input));
    }
    if !args.env.is_empty() {
        let env = parameters.entry("env").or_insert_with(|| json!({}));
        if let Some(env) = env.as_object_mut() {
            env.extend(args.env.into_iter().map(|(name, value)| (name, json!(value))));
        }
    }
    if args.sudo {
        parameters.insert("sudo".to_owned(), json!(true));
    }
    body.insert("timeout_seconds".to_owned(), json!(args.timeout.map(create::seconds)));
    body.insert("parameters".to_owned(), json!(parameters));
    Ok(body)
}

/// Orders a run now.
fn order(
    station: &mut crate::client::Station,
    mut body: Map<String, Value>,
) -> Result<Watched, CliError> {
    for (key, value) in [
        ("schedule_type", json!("script")),
        ("trigger_type", json!("date")),
        ("when", json!("now")),
        ("retries", json!(0)),
    ] {
        body.insert(key.to_owned(), value);
    }
    let created = api::post(station, "/api/scheduler/jobs/create", Some(&Value::Object(body)))?;
    Ok(Watched::job(api::text(&created, "job_id")))
}

fn on_nodes(args: ExecArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let (on, fanout, showing) = (args.on.clone(), args.fanout, showing(&args));
    let body = request(args, Map::new(), cx)?;
    watch(&on, fanout, body, showing, cx)
}

fn showing(args: &ExecArgs) -> Showing {
    match (args.json, args.gather) {
        (true, _) => Showing::Json,
        (false, true) => Showing::Gathered,
        (false, false) => Showing::Live,
    }
}

/// On how many nodes a command runs at once unless it is said.
const FANOUT: u32 = 64;

/// Orders a run on nodes and watches it.
fn watch(
    on: &str,
    fanout: Option<u32>,
    mut body: Map<String, Value>,
    showing: Showing,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    if let Some(parameters) = body.get_mut("parameters").and_then(Value::as_object_mut) {
        parameters.insert("target".to_owned(), json!(on));
    }
    match fanout {
        Some(most) => drop(body.insert("fanout".to_owned(), json!(most))),
        None => drop(body.entry("fanout").or_insert_with(|| json!(FANOUT))),
    }
    body.insert("tags".to_owned(), json!([TAG]));
    let mut station = cx.connect()?;
    let job = order(&mut station, body)?;
    let mut watcher = FleetWatch::new(showing, &cx.world.screen);
    let ended = follow::wait_with(cx, &mut station, &job, OnInterrupt::Cancel, &mut watcher);
    let failed = ended.as_ref().is_err_and(|error| error.kind != ExitKind::Failed);
    if showing == Showing::Gathered && !failed {
        fleet::print_gathered(&watcher.groups(), &mut station, cx)?;
        watcher.conclude(&mut cx.world.screen);
    }
    ended
}

/// Runs what has failed on some nodes on those once more.
fn again(whose: Whose, args: &ExecArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let Again { job_id, on, mut body } = Again::find(&mut station, whose, TAG)?;
    // A station in this process is opened anew for the run.
    drop(station);
    if on.is_empty() {
        let note =
            format!("job {job_id} has completed on all its nodes: there is nothing to retry");
        cx.world.screen.note(&note);
        return Ok(());
    }
    if let Some(limit) = args.timeout {
        body.insert("timeout_seconds".to_owned(), create::seconds(limit));
    }
    if !args.json {
        cx.world.screen.note(&format!("station: job {job_id} once more, on {}", plain(&on)));
    }
    watch(&on, args.fanout, body, showing(args), cx)
}
