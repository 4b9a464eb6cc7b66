//! `station outstation values`, and how a value is told.

use clap::Args;
use serde_json::Value;

use super::list::{milliseconds, texts};
use super::{Scope, path, scope};
use crate::cli::error::CliError;
use crate::cli::table::Sheet;
use crate::cli::{Cx, api};

/// Options of `station outstation values`.
#[derive(Args, Clone, Debug)]
pub struct ValuesArgs {
    /// The outstation, or points of it: SS1/breaker-7,bus-voltage
    #[arg(value_name = "NAME[/POINT]", value_parser = scope)]
    pub of: Scope,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists them.
pub(super) fn run(args: &ValuesArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("{}/values{}", path(&args.of.outstation), args.of.query());
    let answer = api::get(&mut station, &path)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let values = api::list(&answer, "values");
    if values.is_empty() {
        return cx.world.screen.line("No values found.");
    }
    let columns = ["Point", "Type", "Value", "Quality", "Source", "Age", "Time tag", "Doubt"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for value in values {
        let age = api::number(value, "age_ms").map(milliseconds).unwrap_or_default();
        sheet.row(vec![
            point(value),
            api::text(value, "type").to_owned(),
            measured(value, api::text(value, "unit")),
            quality(value),
            source(value).to_owned(),
            age,
            api::text(value, "tagged").to_owned(),
            api::text(value, "doubt").to_owned(),
        ]);
    }
    cx.world.screen.print(&sheet.render())
}

/// The name of a value's point; its addresses where it is not configured.
pub(super) fn point(value: &Value) -> String {
    let number = |key| api::number(value, key).unwrap_or_default();
    match api::text(value, "point") {
        "" => format!("{}/{}", number("ca"), number("ioa")),
        point => point.to_owned(),
    }
}

/// A value with its unit; a dash when it is not known.
pub(super) fn measured(sample: &Value, unit: &str) -> String {
    match (api::text(sample, "value"), unit) {
        ("", _) => "-".to_owned(),
        (value, "") => value.to_owned(),
        (value, unit) => format!("{value} {unit}"),
    }
}

/// What the outstation says of a value's quality: the bits that are set, or that none is.
pub(super) fn quality(sample: &Value) -> String {
    match (api::text(sample, "value"), texts(sample, "quality")) {
        ("", _) => String::new(),
        (_, bits) if bits.is_empty() => "good".to_owned(),
        (_, bits) => bits,
    }
}

/// Where a value is from; empty when it is from nowhere.
pub(super) fn source(sample: &Value) -> &str {
    match api::text(sample, "source") {
        "none" => "",
        source => source,
    }
}
