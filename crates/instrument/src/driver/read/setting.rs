//! Reads settings, and ties each to the verb that sets it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::parameter::ParameterKind;
use super::super::parser::{Form, Parser};
use super::super::setting::{Setter, Setting};
use super::super::verb::Verb;
use super::super::{Driver, Step, argument, is_non_volatile_text, near, text};
use super::parameter;
use super::reply;
use super::table::{Faults, Item, Table};

const KEYS: [&str; 5] = ["unit", "ask", "reply", "set", "channels"];

/// Where the channel stands in the name of a setting and in its messages.
const CHANNEL: &str = "{channel}";

/// The table `setting`.
pub(super) fn settings(
    table: &Table<'_>,
    driver: &Driver,
    faults: &mut Faults<'_>,
) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for (name, item) in table.entries() {
        let Some(table) = item.table(faults) else { continue };
        table.only(&KEYS, faults);
        let channels = table.count("channels", 1, faults);
        if channels.is_some() != name.contains(CHANNEL) {
            let message = "a setting of each channel needs channels = N, and {channel} in its name";
            faults.note(table.at, &table.path, message);
            continue;
        }
        for channel in 1..=channels.unwrap_or(1) {
            let number = channels.map(|_| channel);
            let read = setting(name, number, &table, driver, faults);
            if let Some(read) = read {
                if settings.iter().any(|known| known.name == read.name) {
                    let message = format!("there is already a setting {}", read.name);
                    faults.note(table.at, &table.path, message);
                }
                settings.push(read);
            }
        }
    }
    settings
}

fn setting(
    name: &str,
    channel: Option<u32>,
    table: &Table<'_>,
    driver: &Driver,
    faults: &mut Faults<'_>,
) -> Option<Setting> {
    let put = |text: &str| match channel {
        Some(channel) => text.replace(CHANNEL, &channel.to_string()),
        None => text.to_owned(),
    };
    let name = put(name);
    if !parameter::is_name(&name) {
        faults.note(table.at, &table.path, parameter::NAMES);
    }
    let Some(ask) = table.item("ask") else {
        faults.note(table.at, &table.path, "a setting needs ask, the query that reads it");
        return None;
    };
    let mut messages: Vec<String> = ask.texts(faults)?.iter().map(|text| put(text)).collect();
    let mut parse = reply::reply(table, faults)?.parser;
    let unit = table.text("unit", faults);
    let mut found_unit = None;
    let set = match table.item("set") {
        None => None,
        Some(item) => {
            let (setter, verb) = setter(&item, channel, driver, faults)?;
            found_unit = fit(&setter, verb, &mut parse, &item, faults);
            Some(setter)
        }
    };
    if matches!(&parse.form, Form::Choice(words) if words.is_empty()) {
        let message = "a choice that no verb sets needs its words: reply = { words = { … } }";
        faults.note(table.at, &table.path, message);
    }
    check_messages(&messages, &ask, faults);
    let question = messages.pop()?;
    let unit = unit.or(found_unit);
    let mut reading: Vec<Step> =
        messages.into_iter().map(|message| Step::Send { message }).collect();
    reading.push(Step::Ask { message: question, parse, name: name.clone(), unit: unit.clone() });
    Some(Setting { name, unit, reading, set })
}

/// Reading a setting writes nothing, and ends in a query.
fn check_messages(messages: &[String], ask: &Item<'_>, faults: &mut Faults<'_>) {
    for message in messages {
        if let Some(letter) = message.chars().find(|c| !matches!(c, ' '..='~')) {
            let letter = super::super::value::described(letter);
            faults.note(ask.at, &ask.path, format!("a message may not contain {letter}"));
        }
        if message.contains(['{', '}']) {
            faults.note(ask.at, &ask.path, "there are no parameters here other than {channel}");
        }
        if is_non_volatile_text(message) {
            let message = format!("'{message}' writes to memory for good: reading may not do that");
            faults.note(ask.at, &ask.path, message);
        }
    }
    if !messages.last().is_some_and(|question| text::has_question(question)) {
        faults.note(ask.at, &ask.path, "the last message is not a query: it has no '?'");
    }
}

/// `set`: a verb, or a table with verb, parameter and what else it is given.
fn setter<'d>(
    item: &Item<'_>,
    channel: Option<u32>,
    driver: &'d Driver,
    faults: &mut Faults<'_>,
) -> Option<(Setter, &'d Verb)> {
    let table = item.as_table();
    let mut with: BTreeMap<String, Value> = BTreeMap::new();
    let name = match &table {
        None => item.text(faults)?,
        Some(table) => {
            table.only(&["verb", "parameter", "with"], faults);
            if let Some(given) = table.table("with", faults) {
                for (name, item) in given.entries() {
                    with.insert(name.to_owned(), item.json(faults)?);
                }
            }
            table.text("verb", faults)?
        }
    };
    let Some(verb) = driver.verbs.iter().find(|verb| verb.name == name) else {
        let hint = near::hint(&name, driver.verbs.iter().map(Verb::name));
        faults.note(item.at, &item.path, format!("there is no verb '{name}'{hint}"));
        return None;
    };
    if let Some(channel) = channel
        && verb.parameters.iter().any(|each| each.name == "channel")
    {
        with.insert("channel".to_owned(), Value::from(channel));
    }
    let named = table.and_then(|table| table.text("parameter", faults));
    let free = || verb.parameters.iter().filter(|each| !with.contains_key(&each.name));
    let parameter = match named {
        Some(named) => verb.parameters.iter().find(|each| each.name == named),
        None => free().find(|each| each.is_required()).or_else(|| free().next()),
    };
    let Some(parameter) = parameter else {
        let message = format!("the verb {name} has no parameter that takes the value");
        faults.note(item.at, &item.path, message);
        return None;
    };
    for (name, value) in &with {
        match verb.parameters.iter().find(|each| each.name == *name) {
            None => {
                let message = format!("the verb {} has no parameter {name}", verb.name);
                faults.note(item.at, &item.path, message);
            }
            Some(each) => {
                if let Err(why) = argument::check(each, value) {
                    faults.note(item.at, &item.path, format!("the parameter {name} {why}"));
                }
            }
        }
    }
    let parameter = parameter.name.clone();
    Some((Setter { verb: verb.name.clone(), parameter, with }, verb))
}

/// Sees to it that what is read can be set back; the unit of it.
fn fit(
    setter: &Setter,
    verb: &Verb,
    parse: &mut Parser,
    item: &Item<'_>,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let parameter = verb.parameters.iter().find(|each| each.name == setter.parameter)?;
    let reply = parse.kind();
    let fits = match (&parameter.kind, &mut parse.form) {
        (ParameterKind::Choice(choices), Form::Choice(words)) => {
            if words.is_empty() {
                *words = choices.iter().map(|(name, sent)| (sent.clone(), name.clone())).collect();
            }
            words.iter().all(|(_, name)| choices.iter().any(|(known, _)| known == name))
        }
        (ParameterKind::Boolean { .. }, Form::Boolean)
        | (ParameterKind::Text { .. }, Form::Text)
        | (ParameterKind::Integer(_) | ParameterKind::Channel(_), Form::Integer)
        | (ParameterKind::Number(_), Form::Number | Form::Integer) => true,
        (_, _) => false,
    };
    if !fits {
        let message = format!(
            "a reply of the type {reply} cannot be set back by the verb {}, whose parameter {} is {}",
            verb.name,
            parameter.name,
            parameter.describe()
        );
        faults.note(item.at, &item.path, message);
    }
    parameter.unit.clone()
}
