//! `station profile list` and `show`.

use clap::Args;
use serde_json::{Value, json};

use super::path;
use crate::cli::equipment::{kind, one_line, page};
use crate::cli::error::CliError;
use crate::cli::table::{Sheet, command_cell};
use crate::cli::{Cx, api, plain, shown};

/// Options of `station profile list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only those for equipment of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: Option<&'static str>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station profile show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The profile
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists profiles.
pub(super) fn run(args: &ListArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let query = args.kind.map_or_else(String::new, |kind| format!("?equipment_type={kind}"));
    let answer = api::get(&mut station, &format!("/api/profiles/list{query}"))?;
    let profiles = api::list(&answer, "profiles");
    if args.json {
        return cx.world.screen.json(&json!({ "count": profiles.len(), "profiles": profiles }));
    }
    if profiles.is_empty() {
        return cx.world.screen.line("No profiles found.");
    }
    let zone = cx.world.local_zone();
    let columns = ["Name", "Type", "Model", "Settings", "Tags", "Modified", "Description"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for profile in profiles {
        sheet.row(vec![
            api::text(profile, "name").to_owned(),
            api::text(profile, "equipment_type").to_owned(),
            api::text(profile, "model").to_owned(),
            steps(profile).len().to_string(),
            one_line(api::part(profile, "tags")),
            shown::cell(api::text(profile, "modified_at"), &zone),
            command_cell(api::text(profile, "description")),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// Shows a profile.
pub(super) fn show(args: &ShowArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let profile = api::get(&mut station, &path(&args.name))?;
    if args.json {
        return cx.world.screen.json(&profile);
    }
    let zone = cx.world.local_zone();
    let text = |key| api::text(&profile, key).to_owned();
    let commit = api::part(&profile, "commit");
    let lines = [
        ("Profile", text("name")),
        ("Type", text("equipment_type")),
        ("Model", text("model")),
        ("Description", text("description")),
        ("Tags", one_line(api::part(&profile, "tags"))),
        ("Created At", shown::full(api::text(&profile, "created_at"), &zone)),
        ("Modified At", shown::full(api::text(&profile, "modified_at"), &zone)),
    ];
    page(&lines, cx)?;
    cx.world.screen.line("Settings:")?;
    for step in steps(&profile) {
        cx.world.screen.line(&plain(&format!("  {step}")))?;
    }
    if commit.is_null() {
        return Ok(());
    }
    cx.world.screen.line(&plain(&format!("Then, once:      {}", call(commit))))
}

/// What a profile sets: values by name, or verbs in their order.
fn steps(profile: &Value) -> Vec<String> {
    match api::part(profile, "settings") {
        Value::Object(named) => {
            named.iter().map(|(name, value)| format!("{name}={}", one_line(value))).collect()
        }
        Value::Array(calls) => calls.iter().map(call).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// A verb with its parameters, as `station equipment call` takes them.
fn call(call: &Value) -> String {
    let mut text = api::text(call, "verb").to_owned();
    for (name, value) in api::part(call, "parameters").as_object().into_iter().flatten() {
        text.push_str(&format!(" {name}={}", one_line(value)));
    }
    text
}
