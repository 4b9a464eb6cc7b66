//! Reads the parameters of a verb.

use super::super::argument;
use super::super::parameter::{Parameter, ParameterKind, Range};
use super::super::value;
use super::table::{Faults, Table};

const KEYS: [&str; 12] = [
    "type", "unit", "min", "max", "default", "optional", "aliases", "scale", "choices", "on",
    "off", "longest",
];

/// A name as it may stand in a driver: letters, digits and `_`, beginning with a letter.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(plain)
}

/// What is wrong with a name that [`is_name`] refuses.
pub(super) const NAMES: &str =
    "a name has lower-case letters, digits and '_', and begins with a letter";

/// The table `parameters` of a verb.
pub(super) fn parameters(verb: &Table<'_>, faults: &mut Faults<'_>) -> Vec<Parameter> {
    let Some(table) = verb.table("parameters", faults) else { return Vec::new() };
    let mut parameters = Vec::new();
    for (name, item) in table.entries() {
        if !is_name(name) {
            faults.note(item.at, &item.path, NAMES);
        }
        if let Some(entry) = item.table(faults) {
            parameters.extend(parameter(name, &entry, faults));
        }
    }
    parameters
}

fn parameter(name: &str, table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Parameter> {
    table.only(&KEYS, faults);
    let kind = kind(table, faults)?;
    let mut parameter = Parameter {
        name: name.to_owned(),
        kind,
        unit: table.text("unit", faults),
        default: None,
        optional: table.flag("optional", faults).unwrap_or(false),
        aliases: table.texts("aliases", faults).unwrap_or_default(),
        scale: table.number("scale", faults).unwrap_or(1.0),
    };
    if let Some(item) = table.item("default")
        && let Some(default) = item.json(faults)
    {
        match argument::check(&parameter, &default) {
            Ok(_) => parameter.default = Some(default),
            Err(why) => faults.note(item.at, &item.path, format!("the default {why}")),
        }
    }
    if parameter.scale == 0.0 {
        faults.note(table.at, &table.path, "a scale of 0 would make every value 0");
    }
    Some(parameter)
}

fn kind(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<ParameterKind> {
    let word = |key: &str, otherwise: &str, faults: &mut Faults<'_>| {
        let word = table.text(key, faults).unwrap_or_else(|| otherwise.to_owned());
        if !is_word(&word) {
            faults.note(table.at, &table.path, unfit(&word));
        }
        word
    };
    let Some(item) = table.item("type") else {
        faults.note(
            table.at,
            &table.path,
            "a parameter needs its type, for example type = \"number\"",
        );
        return None;
    };
    match item.text(faults)?.as_str() {
        "number" => Some(ParameterKind::Number(range(table, faults))),
        "integer" => Some(ParameterKind::Integer(range(table, faults))),
        "channel" => {
            let given = range(table, faults);
            Some(ParameterKind::Channel(Range { min: given.min.or(Some(1.0)), ..given }))
        }
        "boolean" => Some(ParameterKind::Boolean {
            on: word("on", "ON", faults),
            off: word("off", "OFF", faults),
        }),
        "choice" => choices(table, faults).map(ParameterKind::Choice),
        "text" => {
            let longest = table.count("longest", 1, faults).unwrap_or(80);
            Some(ParameterKind::Text { longest: usize::try_from(longest).unwrap_or(80) })
        }
        other => {
            let message = format!(
                "'{other}' is not a type: number, integer, boolean, choice, text or channel"
            );
            faults.note(item.at, &item.path, message);
            None
        }
    }
}

fn range(table: &Table<'_>, faults: &mut Faults<'_>) -> Range {
    let range = Range { min: table.number("min", faults), max: table.number("max", faults) };
    if let (Some(min), Some(max)) = (range.min, range.max)
        && min > max
    {
        faults.note(table.at, &table.path, format!("min, {min}, is more than max, {max}"));
    }
    range
}

/// `choices`: a list of words, or a table of names and what is sent for each.
fn choices(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Vec<(String, String)>> {
    let Some(item) = table.item("choices") else {
        faults.note(
            table.at,
            &table.path,
            "a choice needs its choices, a list or a table of words",
        );
        return None;
    };
    let choices: Vec<(String, String)> = match item.as_table() {
        Some(words) => {
            let word = |(name, item): (&str, super::table::Item<'_>)| {
                Some((name.to_owned(), item.text(faults)?))
            };
            words.entries().into_iter().filter_map(word).collect()
        }
        None => item.texts(faults)?.into_iter().map(|word| (word.clone(), word)).collect(),
    };
    if choices.is_empty() {
        faults.note(item.at, &item.path, "there is nothing to choose from");
    }
    for (_, word) in &choices {
        if !is_word(word) {
            faults.note(item.at, &item.path, unfit(word));
        }
    }
    Some(choices)
}

/// Whether a word of the file can be sent as character program data (IEEE 488.2 clause 7.7.1), or as
/// a number.
fn is_word(word: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b'-' | b':');
    !word.is_empty() && word.bytes().all(fit)
}

fn unfit(word: &str) -> String {
    let letter = word.bytes().find(|b| !is_word(&char::from(*b).to_string())).map(char::from);
    let letter = letter.map_or("nothing".to_owned(), value::described);
    format!("the word '{}' cannot be sent: it has {letter}", super::super::near::shown(word))
}
