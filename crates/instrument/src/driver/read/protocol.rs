//! Reads the protocol, the capabilities and the match of a driver.

use std::time::Duration;

use super::super::{Capabilities, Fit, Protocol};
use super::table::{Faults, Table};

const KEYS: [&str; 13] = [
    "terminator",
    "error_query",
    "operation_complete",
    "self_test",
    "self_test_pass",
    "connect_timeout",
    "io_timeout",
    "operation_timeout",
    "self_test_timeout",
    "on_connect",
    "on_disconnect",
    "refusals",
    "echoes_headers",
];

/// The longest time limit.
const LONGEST: f64 = 3_600.0;

/// Reads `[protocol]` over an inherited one.
pub(super) fn protocol(
    table: &Table<'_>,
    mut protocol: Protocol,
    faults: &mut Faults<'_>,
) -> Protocol {
    table.only(&KEYS, faults);
    if let Some(terminator) = table.text("terminator", faults) {
        if matches!(terminator.as_str(), "\n" | "\r" | "\r\n") {
            protocol.terminator = Some(terminator);
        } else {
            let message = r#"a terminator is one of "\n", "\r" and "\r\n""#;
            faults.note(table.at, &format!("{}.terminator", table.path), message);
        }
    }
    query(table, "error_query", &mut protocol.error_query, faults);
    query(table, "self_test", &mut protocol.self_test, faults);
    if let Some(pattern) = table.text("self_test_pass", faults) {
        protocol.self_test_pass = Some(pattern);
    }
    if let Some(works) = table.flag("operation_complete", faults) {
        protocol.has_opc = works;
    }
    for (key, place) in [
        ("connect_timeout", &mut protocol.connect_timeout),
        ("io_timeout", &mut protocol.io_timeout),
        ("operation_timeout", &mut protocol.opc_timeout),
        ("self_test_timeout", &mut protocol.self_test_timeout),
    ] {
        if let Some(time) = seconds(table, key, faults) {
            *place = Some(time);
        }
    }
    for (key, place) in
        [("on_connect", &mut protocol.on_connect), ("on_disconnect", &mut protocol.on_disconnect)]
    {
        if let Some(messages) = messages(table, key, faults) {
            *place = messages;
        }
    }
    if let Some(refusals) = table.texts("refusals", faults) {
        protocol.refusals = refusals;
    }
    if let Some(echoes) = table.flag("echoes_headers", faults) {
        protocol.echoes_headers = echoes;
    }
    protocol
}

/// A query, or false if the instrument has none.
fn query(table: &Table<'_>, key: &str, place: &mut Option<String>, faults: &mut Faults<'_>) {
    let Some(item) = table.item(key) else { return };
    if item.is_false() {
        *place = None;
    } else if let Some(text) = item.as_str().filter(|text| super::super::text::has_question(text)) {
        *place = Some(text.to_owned());
    } else {
        item.wrong("a query, or false if the instrument has none", faults);
    }
}

pub(super) fn seconds(table: &Table<'_>, key: &str, faults: &mut Faults<'_>) -> Option<Duration> {
    let seconds = table.number(key, faults)?;
    let time = Duration::try_from_secs_f64(seconds).ok();
    let time = time.filter(|time| !time.is_zero() && seconds <= LONGEST);
    if time.is_none() {
        let message = format!("a time limit is more than 0 and at most {LONGEST} seconds");
        faults.note(table.at, &format!("{}.{key}", table.path), message);
    }
    time
}

/// Messages that are sent as they are.
pub(super) fn messages(
    table: &Table<'_>,
    key: &str,
    faults: &mut Faults<'_>,
) -> Option<Vec<String>> {
    let item = table.item(key)?;
    let messages = item.texts(faults)?;
    for message in &messages {
        let bad = message.chars().find(|letter| !matches!(letter, ' '..='~'));
        if let Some(letter) = bad {
            let letter = super::super::value::described(letter);
            faults.note(item.at, &item.path, format!("a message may not contain {letter}"));
        }
        if super::super::is_non_volatile_text(message) {
            let message =
                format!("'{message}' writes to non-volatile memory: only a verb may do that");
            faults.note(item.at, &item.path, message);
        }
    }
    Some(messages)
}

/// Reads `[capabilities]` over inherited ones.
pub(super) fn capabilities(
    table: &Table<'_>,
    mut capabilities: Capabilities,
    faults: &mut Faults<'_>,
) -> Capabilities {
    table.only(&["channels", "features"], faults);
    if let Some(channels) = table.count("channels", 1, faults) {
        capabilities.channels = channels;
    }
    if let Some(features) = table.texts("features", faults) {
        capabilities.features = features;
    }
    capabilities
}

/// Reads `[match]` and `fallback`.
pub(super) fn fit(root: &Table<'_>, faults: &mut Faults<'_>) -> Fit {
    let mut fit =
        Fit { fallback: root.flag("fallback", faults).unwrap_or(false), ..Fit::default() };
    let Some(table) = root.table("match", faults) else { return fit };
    table.only(&["manufacturer", "model", "firmware"], faults);
    fit.manufacturer = table.texts("manufacturer", faults).unwrap_or_default();
    fit.model = table.texts("model", faults).unwrap_or_default();
    fit.firmware = table.texts("firmware", faults).unwrap_or_default();
    if fit.fallback {
        let message =
            "a last resort fits every instrument of its kind: leave out [match] or fallback";
        faults.note(table.at, &table.path, message);
    }
    fit
}
