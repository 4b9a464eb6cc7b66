//! Tells what became of a command to an outstation, or of a question.

use serde_json::Value;

use super::list::milliseconds;
use super::{list, values};
use crate::cli::equipment::page;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, api, plain};

/// Prints a report; whether it went well.
pub(super) fn tell(report: &Value, as_json: bool, cx: &mut Cx<'_>) -> Result<(), CliError> {
    if as_json {
        cx.world.screen.json(report)?;
        return verdict(report).map_err(|error| CliError::silent(error.kind));
    }
    lines(report, cx)?;
    verdict(report)
}

/// Prints a report for people.
pub(super) fn lines(report: &Value, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let went_well = verdict(report).is_ok();
    if went_well {
        cx.world.screen.line(&plain(&heading(report)))?;
    }
    let text = |key| api::text(report, key).to_owned();
    let sentence = if went_well { text("sentence") } else { String::new() };
    let connection = match (api::text(report, "local"), api::text(report, "peer")) {
        ("", _) | (_, "") => String::new(),
        (local, peer) => format!("{local} to {peer}"),
    };
    let trail = match api::text(report, "correlation") {
        "" => String::new(),
        correlation => format!("station audit list --correlation {correlation}"),
    };
    let is = |command| api::text(report, "command") == command;
    let is_write = is("write");
    let only = |text: String, wanted: bool| if wanted { text } else { String::new() };
    let told = [
        ("Why", sentence),
        ("Previous", only(sample(api::part(report, "previous")), is_write)),
        ("New", only(sample(api::part(report, "new")), is_write)),
        ("Feedback", only(sample(api::part(report, "feedback")), is_write)),
        ("Grade", text("grade")),
        ("Its clock was", only(text("clock"), is("sync_clock"))),
        ("Would be sent", list::texts(report, "octets")),
        ("Connection", connection),
        ("Trail", trail),
    ];
    page(&told, cx)?;
    let unrecorded = api::text(report, "unrecorded");
    if !unrecorded.is_empty() {
        cx.world
            .screen
            .note(&plain(&format!("warning: this is not in the audit trail: {unrecorded}")));
    }
    Ok(())
}

/// What it was about: `SS1/breaker-7`.
fn subject(report: &Value) -> String {
    let outstation = api::text(report, "outstation");
    match api::text(report, "point") {
        "" => outstation.to_owned(),
        point => format!("{outstation}/{point}"),
    }
}

/// What came of it: `SS1/breaker-7: off → on, verified`.
fn heading(report: &Value) -> String {
    let (command, class) = (api::text(report, "command"), api::text(report, "class"));
    let value = |key| values::measured(api::part(report, key), "");
    let class = match api::part(report, "dry_run").as_bool() {
        Some(true) => "nothing was sent",
        Some(false) | None => class,
    };
    let what = match command {
        "write" => format!("{} → {}, {class}", value("previous"), value("new")),
        "read" => match sample(api::part(report, "feedback")) {
            sample if sample.is_empty() => class.to_owned(),
            sample => sample,
        },
        _ => {
            let values = match api::number(report, "values") {
                None => String::new(),
                Some(1) => ", 1 value".to_owned(),
                Some(count) => format!(", {count} values"),
            };
            format!("{} {class}{values}", command.replace('_', "-"))
        }
    };
    format!("{}: {what}", subject(report))
}

/// A value with what is known of it: `off (raw 01), spontaneous, 12 s old`; empty when there is none.
fn sample(sample: &Value) -> String {
    if sample.is_null() {
        return String::new();
    }
    let mut text = match api::text(sample, "value") {
        "" => "not known".to_owned(),
        value => value.to_owned(),
    };
    let raw = api::text(sample, "raw");
    if !raw.is_empty() {
        text.push_str(&format!(" (raw {raw})"));
    }
    for more in [list::texts(sample, "quality").as_str(), values::source(sample)] {
        if !more.is_empty() {
            text.push_str(&format!(", {more}"));
        }
    }
    if let Some(age) = api::number(sample, "age_ms") {
        text.push_str(&format!(", {} old", milliseconds(age)));
    }
    text
}

/// Whether it went well, and if not, why.
pub(super) fn verdict(report: &Value) -> Result<(), CliError> {
    let (class, status) = (api::text(report, "class"), api::text(report, "status"));
    let looked = api::part(report, "dry_run").as_bool() == Some(true);
    if looked || status == "confirmed" || (status.is_empty() && class == "complete") {
        return Ok(());
    }
    let command = api::text(report, "command").replace('_', "-");
    let what = match api::text(api::part(report, "new"), "value") {
        "" => String::new(),
        value => format!(" {value}"),
    };
    let text = format!(
        "{}: {command}{what}: {}: {}",
        subject(report),
        class.replace('_', " "),
        api::text(report, "sentence")
    );
    Err(CliError::new(ExitKind::Failed, plain(&text)))
}
