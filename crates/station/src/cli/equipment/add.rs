//! `station equipment add` and `edit`.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{kind, path};
use crate::cli::error::CliError;
use crate::cli::{Cx, alarm, api, plain, when};

/// Options of `station equipment add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Resources are VISA's:
  TCPIP0::HOST::5025::SOCKET          raw TCP
  TCPIP0::HOST::hislip0::INSTR        HiSLIP
  TCPIP0::HOST::inst0::INSTR          VXI-11
  ASRL/dev/ttyUSB0::INSTR             a serial line
Examples:
  station equipment add psu TCPIP0::10.0.0.7::5025::SOCKET --type power_supply
  station equipment add meter ASRL/dev/ttyUSB0::INSTR --type multimeter --baud 9600")]
pub struct AddArgs {
    /// What it is called here
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where it is: a VISA resource string
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// What it is: oscilloscope, power_supply, electronic_load, multimeter or function_generator
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: &'static str,
    /// Its model, as far as that is known before it is asked
    #[arg(long)]
    pub model: Option<String>,
    /// Its serial number; refused if it has another
    #[arg(long)]
    pub serial: Option<String>,
    /// Only register it; it is connected when it is needed
    #[arg(long)]
    pub no_connect: bool,
    /// How it is spoken to.
    #[command(flatten)]
    pub speech: SpeechArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station equipment edit`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
What is not given stays. `none` takes the driver or the nickname away: then the driver is the one that
fits what the instrument says it is.")]
pub struct EditArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where it is: a VISA resource string
    #[arg(long)]
    pub resource: Option<String>,
    /// What it is
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: Option<&'static str>,
    /// How it is spoken to.
    #[command(flatten)]
    pub speech: SpeechArgs,
    /// Bring it into its safe state again
    #[arg(long, conflicts_with = "no_safe_state")]
    pub safe_state: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How an instrument is spoken to. What is not given is the driver's way, or stays.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SpeechArgs {
    /// The driver [default: the one that fits what it says it is]
    #[arg(long)]
    pub driver: Option<String>,
    /// A name for people
    #[arg(long)]
    pub nickname: Option<String>,
    /// What ends a message to it: lf, crlf or cr
    #[arg(long, value_name = "END", value_parser = terminator)]
    pub terminator: Option<&'static str>,
    /// How long connecting may take
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub connect_timeout: Option<Duration>,
    /// How long an answer may take
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub io_timeout: Option<Duration>,
    /// How long *OPC? and a self-test may take
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub opc_timeout: Option<Duration>,
    /// After how long without use the connection is closed
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub idle_close: Option<Duration>,
    /// The speed of a serial line
    #[arg(long, value_name = "BAUD", value_parser = clap::value_parser!(u32).range(50..))]
    pub baud: Option<u32>,
    /// How often its non-volatile memory may be written in an hour
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub write_budget: Option<u32>,
    /// Leave it as it is when it is disconnected and after what went wrong, instead of bringing it
    /// into its safe state
    #[arg(long)]
    pub no_safe_state: bool,
}

impl SpeechArgs {
    fn insert(&self, body: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        for (key, given) in [("driver", &self.driver), ("nickname", &self.nickname)] {
            if let Some(text) = given {
                put(key, json!(text));
            }
        }
        if let Some(end) = self.terminator {
            put("terminator", json!(end));
        }
        for (key, given) in [
            ("connect_timeout", self.connect_timeout),
            ("io_timeout", self.io_timeout),
            ("opc_timeout", self.opc_timeout),
            ("idle_close", self.idle_close),
        ] {
            if let Some(span) = given {
                put(key, json!(span.as_secs_f64()));
            }
        }
        for (key, given) in [("baud", self.baud), ("write_budget", self.write_budget)] {
            if let Some(number) = given {
                put(key, json!(number));
            }
        }
        if self.no_safe_state {
            put("safe_state", json!(false));
        }
    }
}

fn terminator(text: &str) -> Result<&'static str, String> {
    alarm::one_of("an end of messages", text, &["lf", "crlf", "cr"])
}

/// Registers it.
pub(super) fn run(args: &AddArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = Map::new();
    body.insert("equipment_id".to_owned(), json!(args.id));
    body.insert("resource_string".to_owned(), json!(args.resource));
    body.insert("equipment_type".to_owned(), json!(args.kind));
    for (key, given) in [("model", &args.model), ("serial_number", &args.serial)] {
        if let Some(text) = given {
            body.insert(key.to_owned(), json!(text));
        }
    }
    if args.no_connect {
        body.insert("connect".to_owned(), json!(false));
    }
    args.speech.insert(&mut body);
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/equipment/connect", Some(&Value::Object(body)))?;
    let equipment = api::get(&mut station, &path(api::text(&answer, "equipment_id")))?;
    if args.json {
        return cx.world.screen.json(&equipment);
    }
    let line = match api::text(&equipment, "manufacturer") {
        "" => format!("{} is registered; it is connected when it is needed", args.id),
        maker => {
            let (model, serial) =
                (api::text(&equipment, "model"), api::text(&equipment, "serial_number"));
            format!("{} is registered: {maker} {model}, serial number {serial}", args.id)
        }
    };
    cx.world.screen.line(&plain(&line))
}

/// Changes it.
pub(super) fn edit(args: &EditArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut body = Map::new();
    if let Some(resource) = &args.resource {
        body.insert("resource_string".to_owned(), json!(resource));
    }
    if let Some(kind) = args.kind {
        body.insert("equipment_type".to_owned(), json!(kind));
    }
    args.speech.insert(&mut body);
    if args.safe_state {
        body.insert("safe_state".to_owned(), json!(true));
    }
    for key in ["driver", "nickname"] {
        if body.get(key).is_some_and(|given| given == "none") {
            body.insert(key.to_owned(), Value::Null);
        }
    }
    if body.is_empty() {
        return Err(CliError::usage("there is nothing to change")
            .hint("`station equipment edit --help` lists what can be"));
    }
    let mut station = cx.connect()?;
    let equipment = api::patch(&mut station, &path(&args.id), &Value::Object(body))?;
    if args.json {
        return cx.world.screen.json(&equipment);
    }
    cx.world.screen.line(&plain(&format!("{} is changed", args.id)))
}
