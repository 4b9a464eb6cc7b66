//! Reads how samples are taken.

use std::time::Duration;

use super::super::sampling::{Layout, Memory, Polling, SampleFormat, Sampling};
use super::super::text;
use super::protocol::{messages, seconds};
use super::table::{Faults, Table};

const MEMORY: [&str; 19] = [
    "arm",
    "enable",
    "state",
    "done",
    "state_interval",
    "force_trigger",
    "stop",
    "sample_rate",
    "scale",
    "divisions",
    "select",
    "preamble",
    "range",
    "points_per_transfer",
    "waveform",
    "format",
    "layout",
    "unit",
    "origin",
];

/// Reads `[sampling]`: `verb` and `channel`, or `memory`.
pub(super) fn sampling(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Sampling> {
    table.only(&["verb", "channel", "memory"], faults);
    if let Some(memory) = table.table("memory", faults) {
        return Some(Sampling::Memory(Box::new(self::memory(&memory, faults)?)));
    }
    let Some(verb) = table.text("verb", faults) else {
        faults.note(table.at, &table.path, "sampling needs a verb, or a table memory");
        return None;
    };
    Some(Sampling::Poll(Polling { verb, channel: table.text("channel", faults) }))
}

fn memory(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Memory> {
    table.only(&MEMORY, faults);
    let mut query = |key: &str| {
        let Some(item) = table.item(key) else {
            faults.note(table.at, &table.path, format!("a memory needs {key}, a query"));
            return None;
        };
        let query = item.as_str().filter(|query| text::has_question(query));
        if query.is_none() {
            item.wrong("a query", faults);
        }
        query.map(ToOwned::to_owned)
    };
    let (state, rate) = (query("state"), query("sample_rate"));
    let (preamble, waveform) = (query("preamble"), query("waveform"));
    let mut list = |key: &str, needed: bool| {
        let list = messages(table, key, faults);
        if list.is_none() && needed && !table.has(key) {
            faults.note(table.at, &table.path, format!("a memory needs {key}"));
        }
        list.unwrap_or_default()
    };
    let (arm, done, select) = (list("arm", true), list("done", true), list("select", true));
    let (stop, range) = (list("stop", false), list("range", false));
    let enable = list("enable", false);
    let one = |key: &str, faults: &mut Faults<'_>| {
        messages(table, key, faults).and_then(|messages| messages.into_iter().next())
    };
    let points = table.count("points_per_transfer", 1, faults).unwrap_or(0);
    if (points == 0) != range.is_empty() {
        let message = "range and points_per_transfer go together";
        faults.note(table.at, &table.path, message);
    }
    Some(Memory {
        force_trigger: one("force_trigger", faults),
        scale: one("scale", faults),
        divisions: table.count("divisions", 1, faults).unwrap_or(10),
        state_interval: seconds(table, "state_interval", faults)
            .unwrap_or(Duration::from_millis(50)),
        points_per_transfer: points,
        format: format(table, faults)?,
        preamble: layout(table, faults)?,
        unit: table.text("unit", faults).unwrap_or_else(|| "V".to_owned()),
        arm,
        enable,
        done,
        stop,
        select,
        range,
        state_query: state?,
        sample_rate_query: rate?,
        preamble_query: preamble?,
        waveform_query: waveform?,
    })
}

fn format(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<SampleFormat> {
    let text = table.text("format", faults).unwrap_or_else(|| "u8".to_owned());
    let format = match text.as_str() {
        "u8" => SampleFormat::U8,
        "i8" => SampleFormat::I8,
        "i16_le" => SampleFormat::I16LittleEndian,
        "i16_be" => SampleFormat::I16BigEndian,
        "u16_le" => SampleFormat::U16LittleEndian,
        "u16_be" => SampleFormat::U16BigEndian,
        _ => {
            let message = "a format is one of u8, i8, i16_le, i16_be, u16_le and u16_be";
            faults.note(table.at, &format!("{}.format", table.path), message);
            return None;
        }
    };
    Some(format)
}

/// `layout`: the names of the preamble's fields in their order; `origin` says what y_origin counts.
fn layout(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Layout> {
    const NAMES: [&str; 6] =
        ["points", "x_increment", "x_origin", "y_increment", "y_origin", "y_reference"];
    let key = format!("{}.layout", table.path);
    let fields = table.texts("layout", faults).unwrap_or_default();
    let mut at = |name: &str| {
        let found = fields.iter().position(|field| field == name);
        if found.is_none() {
            let message = format!("the preamble's layout has to name {}", NAMES.join(", "));
            faults.note(table.at, &key, message);
        }
        found
    };
    let [points, x_increment, x_origin, y_increment, y_origin, y_reference] = NAMES.map(&mut at);
    let origin = table.text("origin", faults).unwrap_or_else(|| "steps".to_owned());
    if !matches!(origin.as_str(), "steps" | "value") {
        let message = "the origin is counted in \"steps\" or is a \"value\" in the unit";
        faults.note(table.at, &format!("{}.origin", table.path), message);
    }
    Some(Layout {
        points: points?,
        x_increment: x_increment?,
        x_origin: x_origin?,
        y_increment: y_increment?,
        y_origin: y_origin?,
        y_reference: y_reference?,
        origin_in_steps: origin == "steps",
    })
}
