//! `station equipment test`, `send`, `call` and `readings`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::list::ShowArgs;
use super::{object, one_line, pair, path, readable};
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, api, plain, plain_lines};

/// Options of `station equipment test`.
#[derive(Args, Clone, Debug)]
pub struct TestArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// Its own self-test (*TST?), which may take a while
    #[arg(long = "self")]
    pub own: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment send`.
#[derive(Args, Clone, Debug)]
pub struct SendArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// What is sent, as it is
    #[arg(value_name = "SCPI", allow_hyphen_values = true)]
    pub text: String,
    /// An answer comes, though the text is no query
    #[arg(long, conflicts_with = "no_reply")]
    pub expect_reply: bool,
    /// No answer comes, though the text is a query
    #[arg(long)]
    pub no_reply: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment call`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "`station equipment show ID` lists the verbs, `station equipment driver show NAME` tells all of them.

Examples:
  station equipment call psu set_voltage voltage=5
  station equipment call psu set_output enabled=on channel=2
  station equipment call load run_load_test duration=60 current=5"
)]
pub struct CallArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// The verb
    #[arg(value_name = "VERB")]
    pub verb: String,
    /// Its parameters
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, Value)>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tests an instrument.
pub(super) fn test(args: &TestArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let test = if args.own { "self_test" } else { "connection" };
    let body = json!({ "test_name": test });
    let answer = api::post(&mut station, &format!("{}/test", path(&args.id)), Some(&body))?;
    let result = api::part(&answer, "result");
    let passed = passed(&args.id, result);
    if args.json {
        cx.world.screen.json(&answer)?;
        return passed.map_err(|error| CliError::silent(error.kind));
    }
    passed?;
    let what = if args.own {
        "its self-test found no fault".to_owned()
    } else {
        let identity = api::part(result, "identity");
        let fields = ["manufacturer", "model", "serial", "firmware"];
        format!("reached, and says it is {}", fields.map(|key| api::text(identity, key)).join(","))
    };
    cx.world.screen.line(&plain(&format!("{}: {what}", args.id)))
}

/// Whether a test was passed, and if not, why.
pub(super) fn passed(id: &str, result: &Value) -> Result<(), CliError> {
    if api::part(result, "passed").as_bool() == Some(true) {
        return Ok(());
    }
    let text = format!("{id} has failed the test: {}", api::text(result, "reason"));
    Err(CliError::new(ExitKind::Failed, plain(&text)))
}

/// Sends a text.
pub(super) fn send(args: &SendArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut parameters = Map::new();
    parameters.insert("text".to_owned(), json!(args.text));
    if args.expect_reply || args.no_reply {
        parameters.insert("expect_reply".to_owned(), json!(args.expect_reply));
    }
    command(&args.id, "scpi", parameters, args.json, cx)
}

/// Carries a verb out.
pub(super) fn call(args: &CallArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    command(&args.id, &args.verb, object(&args.parameters), args.json, cx)
}

fn command(
    id: &str,
    verb: &str,
    parameters: Map<String, Value>,
    as_json: bool,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "action": verb, "parameters": parameters });
    let answer = api::post(&mut station, &format!("{}/command", path(id)), Some(&body))?;
    let failed = api::part(&answer, "success").as_bool() != Some(true);
    let kind = CliError::of_instrument(api::text(&answer, "instrument_error"));
    if as_json {
        cx.world.screen.json(&answer)?;
        return if failed { Err(CliError::silent(kind)) } else { Ok(()) };
    }
    if failed {
        return Err(CliError::new(kind, plain(api::text(&answer, "error"))));
    }
    let data = api::part(&answer, "data");
    if data.is_null() {
        return Ok(());
    }
    cx.world.screen.line(&plain_lines(&measured(data, api::part(&answer, "units"))))
}

/// Takes the readings.
pub(super) fn readings(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &format!("{}/readings", path(&args.id)))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let (readings, units) = (api::part(&answer, "readings"), api::part(&answer, "units"));
    cx.world.screen.line(&plain_lines(&measured(readings, units)))
}

/// What was read, with its units: a single thing without its name, else one thing a line.
fn measured(data: &Value, units: &Value) -> String {
    let Value::Object(map) = data else { return readable(data) };
    let with_unit = |name: &str, value: &Value| {
        let text = one_line(value);
        match api::text(units, name) {
            "" => text,
            unit => format!("{text} {unit}"),
        }
    };
    let mut things = map.iter();
    match (things.next(), things.len()) {
        (Some((name, value)), 0) => with_unit(name, value),
        _ => {
            let lines =
                map.iter().map(|(name, value)| format!("{name}: {}", with_unit(name, value)));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}
