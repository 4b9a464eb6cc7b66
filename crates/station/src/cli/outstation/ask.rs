//! `station outstation write`, and the questions: `interrogate`, `counters`, `read`, `sync-clock`, `test`.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Place, approval, path, place, report};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, create, when};

/// Options of `station outstation write`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Exit status: 0 confirmed, completed or verified; 1 refused by the outstation, not sent for want of a
link, or unknown what came of it; 2 no value of the point; 3 no such point; 4 not permitted, or
somebody else has to agree first; 5 the audit trail cannot be written. Nothing is ever sent again by
itself.

Examples:
  station outstation write SS1/breaker-7 off --reason 'work on feeder 7' --ticket W-4711
  station outstation write SS1/setpoint-7 12.5 --dry-run")]
pub struct WriteArgs {
    /// The point
    #[arg(value_name = "NAME/POINT", value_parser = place)]
    pub place: Place,
    /// The value: on, off, lower, higher, 12.5, 0xdeadbeef
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub value: String,
    /// Select it before it is operated, also where the point does not ask for that
    #[arg(long)]
    pub select: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The work order or ticket it belongs to
    #[arg(long, value_name = "TEXT")]
    pub ticket: Option<String>,
    /// Do not wait for the consent of somebody else, for this reason; an alarm tells of it, and it takes
    /// an administrator
    #[arg(long, value_name = "REASON")]
    pub break_glass: Option<String>,
    /// Only look whether it would be sent, and what would be
    #[arg(long)]
    pub dry_run: bool,
    /// Do not send it any more after this long [default: 10s, or the outstation's setting]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub expiry: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation interrogate`.
#[derive(Args, Clone, Debug)]
pub struct InterrogateArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only the values of this group
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub group: Option<u8>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation counters`.
#[derive(Args, Clone, Debug)]
pub struct CountersArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only the counters of this group
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub group: Option<u8>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station outstation read`.
#[derive(Args, Clone, Debug)]
pub struct ReadArgs {
    /// The point
    #[arg(value_name = "NAME/POINT", value_parser = place)]
    pub place: Place,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of questions that need no more than an outstation.
#[derive(Args, Clone, Debug)]
pub struct NameArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Commands a point.
pub(super) fn write(args: &WriteArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("point", json!(args.place.point));
    put("value", json!(args.value));
    for (key, given) in [("select", args.select), ("dry_run", args.dry_run)] {
        if given {
            put(key, json!(true));
        }
    }
    let texts =
        [("reason", &args.reason), ("ticket", &args.ticket), ("break_glass", &args.break_glass)];
    for (key, given) in texts {
        if let Some(text) = given {
            put(key, json!(text));
        }
    }
    if let Some(expiry) = args.expiry {
        put("expiry", create::seconds(expiry));
    }
    let mut station = cx.connect()?;
    let path = format!("{}/write", path(&args.place.outstation));
    let answer = api::post(&mut station, &path, Some(&Value::Object(body)))?;
    if api::part(&answer, "approval").is_object() {
        return approval::asked(&answer, args.json, cx);
    }
    report::tell(&answer, args.json, cx)
}

/// Asks for all values.
pub(super) fn interrogate(args: &InterrogateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    ask(&args.name, "interrogate", &group(args.group), args.json, cx)
}

/// Asks for all counters.
pub(super) fn counters(args: &CountersArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    ask(&args.name, "counters", &group(args.group), args.json, cx)
}

/// Asks for one value.
pub(super) fn read(args: &ReadArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    ask(&args.place.outstation, "read", &json!({ "point": args.place.point }), args.json, cx)
}

/// Asks what needs no more than an outstation.
pub(super) fn plain_question(
    args: &NameArgs,
    question: &str,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    ask(&args.name, question, &json!({}), args.json, cx)
}

fn group(group: Option<u8>) -> Value {
    group.map_or_else(|| json!({}), |group| json!({ "group": group }))
}

fn ask(
    name: &str,
    question: &str,
    body: &Value,
    as_json: bool,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, &format!("{}/{question}", path(name)), Some(body))?;
    report::tell(&answer, as_json, cx)
}
