//! `station equipment`: the instruments of the lab.

mod add;
mod ask;
mod driver;
mod list;
mod state;

use clap::{Args, Subcommand};
use serde_json::{Map, Number, Value, json};
use station_core::model::EquipmentKind;

use super::error::{CliError, ExitKind};
use super::{Cx, alarm, api, plain};
use crate::client::encode;
pub(in crate::cli) use list::page;

/// Options of `station equipment`.
#[derive(Args, Clone, Debug)]
pub struct EquipmentArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: EquipmentCommand,
}

/// What can be done with equipment.
#[derive(Clone, Debug, Subcommand)]
pub enum EquipmentCommand {
    /// Register an instrument and connect it
    Add(Box<add::AddArgs>),
    /// List equipment
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Show all about an instrument, with what can be done with it
    Show(list::ShowArgs),
    /// Say how an instrument is doing, without asking it
    Status(list::ShowArgs),
    /// Ask an instrument who it is, and keep that, also when it is another one than before
    Identify(list::ShowArgs),
    /// Test whether an instrument can be reached and is the one registered, or its self-test
    Test(ask::TestArgs),
    /// Send a text to an instrument, and print what it answers
    Send(ask::SendArgs),
    /// Carry out a verb of an instrument's driver
    Call(ask::CallArgs),
    /// Take an instrument's readings
    Readings(list::ShowArgs),
    /// Connect an instrument now, instead of when it is needed
    Connect(list::ShowArgs),
    /// Bring an instrument into its safe state and close the connection
    Disconnect(list::ShowArgs),
    /// Change what is given of an instrument
    Edit(Box<add::EditArgs>),
    /// Remove equipment; jobs that name it fail from then on
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
    /// Look for instruments that announce themselves on the network
    Discover(list::DiscoverArgs),
    /// Capture, list, compare and restore the settings of instruments
    State(state::StateArgs),
    /// List, show and check drivers
    Driver(driver::DriverArgs),
}

/// Options of `station equipment remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveArgs {
    /// The instruments
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub(crate) fn run(args: &EquipmentArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        EquipmentCommand::Add(args) => add::run(args, cx),
        EquipmentCommand::List(args) => list::run(args, cx),
        EquipmentCommand::Show(args) => list::show(args, cx),
        EquipmentCommand::Status(args) => list::status(args, cx),
        EquipmentCommand::Identify(args) => list::identify(args, cx),
        EquipmentCommand::Test(args) => ask::test(args, cx),
        EquipmentCommand::Send(args) => ask::send(args, cx),
        EquipmentCommand::Call(args) => ask::call(args, cx),
        EquipmentCommand::Readings(args) => ask::readings(args, cx),
        EquipmentCommand::Connect(args) => connect(args, cx),
        EquipmentCommand::Disconnect(args) => disconnect(args, cx),
        EquipmentCommand::Edit(args) => add::edit(args, cx),
        EquipmentCommand::Remove(args) => remove_each(&args.ids, args.json, &path, cx),
        EquipmentCommand::Discover(args) => list::discover(args, cx),
        EquipmentCommand::State(args) => state::run(args, cx),
        EquipmentCommand::Driver(args) => driver::run(args, cx),
    }
}

/// The path of equipment in the API.
fn path(id: &str) -> String {
    format!("/api/equipment/{}", encode(id))
}

/// Connects it, as a test of the connection does; it stays connected until it is idle for long.
fn connect(args: &list::ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, &format!("{}/test", path(&args.id)), None)?;
    let passed = ask::passed(&args.id, api::part(&answer, "result"));
    if args.json {
        cx.world.screen.json(&answer)?;
        return passed.map_err(|error| CliError::silent(error.kind));
    }
    passed?;
    cx.world.screen.line(&plain(&format!("{} is connected", args.id)))
}

fn disconnect(args: &list::ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("/api/equipment/disconnect/{}", encode(&args.id));
    let answer = api::post(&mut station, &path, None)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&plain(&format!("{} is disconnected", args.id)))
}

/// Removes what each name stands for, and goes on with the others when one is refused.
pub(in crate::cli) fn remove_each(
    names: &[String],
    as_json: bool,
    path: &dyn Fn(&str) -> String,
    cx: &mut Cx<'_>,
) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let (mut removed, mut first) = (Vec::new(), None);
    for name in names {
        match api::delete(&mut station, &path(name)) {
            Ok(_) if as_json => removed.push(name),
            Ok(_) => cx.world.screen.line(&plain(&format!("{name} is removed")))?,
            Err(error) if matches!(error.kind, ExitKind::NotFound | ExitKind::Refused) => {
                cx.world.screen.flush()?;
                cx.world.screen.err_bytes(error.render("station").as_bytes());
                first.get_or_insert(error.kind);
            }
            Err(error) => return Err(error),
        }
    }
    if as_json {
        cx.world.screen.json(&json!({ "count": removed.len(), "removed": removed }))?;
    }
    first.map_or(Ok(()), |kind| Err(CliError::silent(kind)))
}

/// Reads a type of equipment. Serves as a clap value parser.
pub(in crate::cli) fn kind(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a type", text, &EquipmentKind::ALL.map(EquipmentKind::name))
}

/// Reads `name=value`. Serves as a clap value parser.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value_of(value.trim())))
        }
        _ => Err(format!("'{text}' is no parameter: name=value is meant, as in voltage=5")),
    }
}

/// A truth, a number, or else a text.
fn value_of(text: &str) -> Value {
    match text {
        "true" | "on" => return Value::Bool(true),
        "false" | "off" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    text.parse().ok().and_then(Number::from_f64).map_or_else(|| text.into(), Value::Number)
}

/// Pairs as an object.
pub(in crate::cli) fn object(pairs: &[(String, Value)]) -> Map<String, Value> {
    pairs.iter().cloned().collect()
}

/// A value as people read it: numbers and texts as they are, what has fields one to a line.
pub(in crate::cli) fn readable(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(readable).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let unit = map.get("unit").and_then(Value::as_str);
            let fields = map.iter().filter(|(name, _)| *name != "unit");
            let lines: Vec<String> =
                fields.map(|(name, value)| format!("{name}: {}", readable(value))).collect();
            match (lines.as_slice(), unit) {
                ([one], Some(unit)) => format!("{one} {unit}"),
                _ => lines.join("\n"),
            }
        }
    }
}

/// As [`readable`], on one line.
pub(in crate::cli) fn one_line(value: &Value) -> String {
    readable(value).replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_have_truths_numbers_and_texts() {
        for (text, name, value) in [
            ("voltage=5", "voltage", json!(5)),
            ("voltage = 3.3", "voltage", json!(3.3)),
            ("enabled=on", "enabled", json!(true)),
            ("enabled=false", "enabled", json!(false)),
            ("mode=CURR", "mode", json!("CURR")),
            ("text=a=b", "text", json!("a=b")),
        ] {
            assert_eq!(pair(text), Ok((name.to_owned(), value)));
        }
        assert!(pair("voltage").is_err() && pair("=5").is_err());
    }

    #[test]
    fn values_are_readable() {
        assert_eq!(readable(&json!({ "voltage": 5.0, "unit": "V" })), "voltage: 5.0 V");
        assert_eq!(readable(&json!({ "a": 1, "b": null })), "a: 1\nb: -");
        assert_eq!(readable(&json!([1, "x", true])), "1, x, on");
    }
}
