//! `station profile create`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::equipment::{kind, object, pair};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain, plain_lines, script};

/// Options of `station profile create`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A file has the fields of the API: equipment_type, settings (values by name, or a list of verbs with
parameters), and if need be description, model, commit and tags. What is given here counts more.
`station profile show NAME --json` prints such a file.

Examples:
  station profile create charge --type power_supply voltage=12.6 current=2 output=on
  station profile create start-up --type power_supply voltage=5 --commit 'save_state slot=1'
  station profile create charge -f charge.toml --tag battery")]
pub struct CreateArgs {
    /// What it is called
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it can be applied to: oscilloscope, power_supply, electronic_load, multimeter or
    /// function_generator
    #[arg(long = "type", value_name = "TYPE", value_parser = kind, required_unless_present = "file")]
    pub kind: Option<&'static str>,
    /// The model it is made for
    #[arg(long)]
    pub model: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// The verb, with its parameters, that makes the settings last, once, at the end: it writes to
    /// non-volatile memory
    #[arg(long, value_name = "VERB", value_parser = call)]
    pub commit: Option<Value>,
    /// Read it from a file: .toml or .json
    #[arg(short, long, value_name = "FILE", conflicts_with = "settings")]
    pub file: Option<PathBuf>,
    /// The settings, by the driver's names
    #[arg(value_name = "SETTING=VALUE", value_parser = pair, required_unless_present = "file")]
    pub settings: Vec<(String, Value)>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads a verb with its parameters: `save_state slot=1`. Serves as a clap value parser.
fn call(text: &str) -> Result<Value, String> {
    let mut words = text.split_whitespace();
    let verb = words.next().ok_or_else(|| "a verb is meant, as in save_state slot=1".to_owned())?;
    let parameters = words.map(pair).collect::<Result<Vec<_>, String>>()?;
    Ok(json!({ "verb": verb, "parameters": object(&parameters) }))
}

/// What a profile that is shown has beyond what one can be given.
const TOLD: [&str; 2] = ["created_at", "modified_at"];

/// Makes it.
pub(super) fn run(args: &CreateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let body = request(args)?;
    let mut station = cx.connect()?;
    let answer = api::post(&mut station, "/api/profiles/create", Some(&Value::Object(body)))?;
    let profile = api::part(&answer, "profile");
    if args.json {
        return cx.world.screen.json(profile);
    }
    let kind = api::text(profile, "equipment_type");
    cx.world.screen.line(&plain(&format!("profile {} is made, for type {kind}", args.name)))
}

fn request(args: &CreateArgs) -> Result<Map<String, Value>, CliError> {
    let mut body = match &args.file {
        Some(file) => read(file)?,
        None => Map::from_iter([("settings".to_owned(), object(&args.settings).into())]),
    };
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("name", json!(args.name));
    if let Some(kind) = args.kind {
        put("equipment_type", json!(kind));
    }
    for (key, given) in [("model", &args.model), ("description", &args.description)] {
        if let Some(text) = given {
            put(key, json!(text));
        }
    }
    if let Some(commit) = &args.commit {
        put("commit", commit.clone());
    }
    if !args.tags.is_empty() {
        put("tags", json!(args.tags));
    }
    Ok(body)
}

/// The fields in a file.
fn read(file: &Path) -> Result<Map<String, Value>, CliError> {
    let shown = plain(&file.display().to_string());
    let text = String::from_utf8(script::read_file(file)?)
        .map_err(|_| CliError::usage(format!("{shown} is not UTF-8")))?;
    let extension = file.extension().and_then(|extension| extension.to_str());
    let read = match extension {
        Some("json") => serde_json::from_str(&text).map_err(|error| error.to_string()),
        Some("toml") => toml::from_str(&text).map_err(|error| error.to_string()),
        Some(_) | None => {
            let text = format!("{shown} is neither TOML nor JSON, by its name");
            return Err(CliError::usage(text).hint("a profile's file ends in .toml or .json"));
        }
    };
    let read = read.map_err(|why| {
        CliError::usage(format!("{shown} cannot be read: {}", plain_lines(why.trim_end())))
    })?;
    let Value::Object(mut fields) = read else {
        return Err(CliError::usage(format!("{shown} is no profile: it must be an object")));
    };
    if !fields.contains_key("settings") {
        let text = format!("{shown} is no profile: it has no settings");
        return Err(CliError::usage(text).hint("`station profile create --help` tells its fields"));
    }
    fields.retain(|name, _| !TOLD.contains(&name.as_str()));
    Ok(fields)
}
