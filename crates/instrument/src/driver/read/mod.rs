//! Reads a driver's file: TOML with keys and lines, over the driver it extends, verified as a whole.

mod acts;
mod parameter;
mod protocol;
mod reply;
mod sampling;
mod setting;
mod table;
mod verb;
mod verify;

use std::collections::BTreeMap;

use station_core::model::Call;
use toml::de::DeTable;

use super::act::{Act, Passed, What};
use super::catalogue::{self, KINDS};
use super::parser::Parser;
use super::{Capabilities, Driver, DriverFault, Fit, Protocol, Sampling, Setting, Step, near};
use table::{Faults, Table};
use verify::Lines;

const KEYS: [&str; 12] = [
    "kind",
    "title",
    "extends",
    "fallback",
    "match",
    "without",
    "capabilities",
    "protocol",
    "verb",
    "setting",
    "safe_state",
    "sampling",
];

/// How many drivers one may stand on.
const DEEPEST: usize = 4;

/// The longest file, in bytes.
const LONGEST: usize = 1 << 20;

/// Reads a driver.
pub(super) fn driver(name: &str, text: &str) -> Result<Driver, Vec<DriverFault>> {
    deep(name, text, 0)
}

fn deep(name: &str, text: &str, depth: usize) -> Result<Driver, Vec<DriverFault>> {
    let mut faults = Faults::new(text);
    if text.len() > LONGEST {
        faults.note(0, "", format!("the file is longer than {LONGEST} bytes"));
        return Err(faults.sorted());
    }
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            faults.note(at, "", format!("this is not TOML: {}", error.message().trim()));
            return Err(faults.sorted());
        }
    };
    let root = Table::root(document.get_ref());
    root.only(&KEYS, &mut faults);
    let mut driver = base(&root, depth, &mut faults);
    name.clone_into(&mut driver.name);
    head(&root, &mut driver, &mut faults);
    let mut lines = parts(&root, &mut driver, &mut faults);
    for (key, item) in root.entries() {
        lines.insert(key.to_owned(), item.at);
    }
    if driver.verbs.iter().all(|verb| verb.name != verb::RAW) {
        driver.verbs.push(verb::raw());
    }
    verify::outcomes(&mut driver);
    adapt(&mut driver);
    // What is built on faults would only bring more of them.
    if faults.is_empty() {
        verify::verbs(&driver, &lines, &mut faults);
    }
    if faults.is_empty() {
        verify::rest(&driver, &lines, &mut faults);
    }
    if faults.is_empty() { Ok(driver) } else { Err(faults.sorted()) }
}

/// The driver that is extended, or an empty one.
fn base(root: &Table<'_>, depth: usize, faults: &mut Faults<'_>) -> Driver {
    let empty = || Driver {
        name: String::new(),
        kind: String::new(),
        title: String::new(),
        extends: None,
        fit: Fit::default(),
        verbs: Vec::new(),
        settings: Vec::new(),
        safe_state: Vec::new(),
        capabilities: Capabilities { channels: 1, features: Vec::new() },
        protocol: Protocol::default(),
        sampling: Sampling::None,
    };
    let Some(item) = root.item("extends") else { return empty() };
    let Some(name) = item.text(faults) else { return empty() };
    let Some(text) = catalogue::text_of(&name).filter(|_| depth < DEEPEST) else {
        let hint = near::hint(&name, catalogue::extendable());
        let name = near::shown(&name);
        let message = format!("there is no built-in driver '{name}' that could be extended{hint}");
        faults.note(item.at, &item.path, message);
        return empty();
    };
    match deep(&name, text, depth.saturating_add(1)) {
        Ok(mut driver) => {
            // Its own `scpi` comes last again.
            driver.verbs.retain(|verb| verb.name != verb::RAW);
            driver.extends = Some(name);
            driver
        }
        Err(wrong) => {
            let wrong = wrong.first().map(ToString::to_string).unwrap_or_default();
            faults.note(item.at, &item.path, format!("the driver '{name}' is wrong: {wrong}"));
            empty()
        }
    }
}

/// Kind, title and match.
fn head(root: &Table<'_>, driver: &mut Driver, faults: &mut Faults<'_>) {
    let is_base = driver.name == catalogue::BASE.0;
    if let Some(item) = root.item("kind")
        && let Some(kind) = item.text(faults)
    {
        if !KINDS.contains(&kind.as_str()) {
            let hint = near::hint(&kind, KINDS.into_iter());
            let (kind, kinds) = (near::shown(&kind), near::list(KINDS.into_iter()));
            let message =
                format!("'{kind}' is not a kind of equipment{hint}; it is one of {kinds}");
            faults.note(item.at, &item.path, message);
        }
        driver.kind = kind;
    } else if driver.kind.is_empty() && !is_base && !root.has("kind") {
        let kinds = near::list(KINDS.into_iter());
        faults.note(0, "kind", format!("a driver needs its kind, one of {kinds}"));
    }
    match root.text("title", faults) {
        Some(title) => driver.title = title,
        None if root.has("title") || is_base => {}
        None => faults.note(0, "title", "a driver needs a title that says what it is for"),
    }
    driver.fit = protocol::fit(root, faults);
}

/// Everything else, and where it stands.
fn parts(root: &Table<'_>, driver: &mut Driver, faults: &mut Faults<'_>) -> Lines {
    let mut lines = Lines::new();
    without(root, driver, faults);
    if let Some(table) = root.table("capabilities", faults) {
        driver.capabilities =
            protocol::capabilities(&table, std::mem::take(&mut driver.capabilities), faults);
    }
    if let Some(table) = root.table("protocol", faults) {
        driver.protocol = protocol::protocol(&table, std::mem::take(&mut driver.protocol), faults);
    }
    if let Some(table) = root.table("verb", faults) {
        for (name, item) in table.entries() {
            lines.insert(item.path.clone(), item.at);
            let Some(table) = item.table(faults) else { continue };
            let place = driver.verbs.iter().position(|verb| verb.name == name);
            let inherited = place.and_then(|place| driver.verbs.get(place));
            let Some(verb) = verb::verb(name, &table, inherited, faults) else { continue };
            match driver.verbs.iter_mut().find(|known| known.name == name) {
                Some(known) => *known = verb,
                None => driver.verbs.push(verb),
            }
        }
    }
    if let Some(table) = root.table("sampling", faults)
        && let Some(sampling) = sampling::sampling(&table, faults)
    {
        driver.sampling = sampling;
    }
    if let Some(table) = root.table("setting", faults) {
        driver.settings = setting::settings(&table, driver, faults);
    }
    if let Some(calls) = safe_state(root, faults) {
        driver.safe_state = calls;
    }
    lines
}

/// `without`: verbs and settings that are not inherited, and settings only such a verb could set.
fn without(root: &Table<'_>, driver: &mut Driver, faults: &mut Faults<'_>) {
    let Some(item) = root.item("without") else { return };
    for name in item.texts(faults).unwrap_or_default() {
        let verbs = driver.verbs.len();
        let settings = driver.settings.len();
        driver.verbs.retain(|verb| verb.name != name);
        let stays = |setting: &Setting| {
            setting.name != name && setting.set.as_ref().is_none_or(|set| set.verb != name)
        };
        driver.settings.retain(stays);
        if driver.verbs.len() == verbs && driver.settings.len() == settings {
            let message = format!("no verb or setting '{}' is inherited", near::shown(&name));
            faults.note(item.at, &item.path, message);
        }
    }
}

fn safe_state(root: &Table<'_>, faults: &mut Faults<'_>) -> Option<Vec<Call>> {
    let mut calls = Vec::new();
    for item in root.list("safe_state", faults)? {
        let Some(table) = item.table(faults) else { continue };
        table.only(&["verb", "with"], faults);
        let Some((verb, given)) = acts::call(&table, faults) else {
            faults.note(table.at, &table.path, "a step of the safe state needs its verb");
            continue;
        };
        let mut parameters = BTreeMap::new();
        for (name, passed) in given {
            match passed {
                Passed::Fixed(value) => {
                    parameters.insert(name, value);
                }
                Passed::Of(_) => faults.note(table.at, &table.path, "there are no parameters here"),
            }
        }
        calls.push(Call { equipment: None, verb, parameters });
    }
    Some(calls)
}

/// Makes the parsers of all replies know the protocol.
fn adapt(driver: &mut Driver) {
    let (echoes, refusals) = (driver.protocol.echoes_headers, driver.protocol.refusals.clone());
    let adapt = |parse: &mut Parser| {
        parse.echoes = echoes;
        parse.refusals.clone_from(&refusals);
    };
    for verb in &mut driver.verbs {
        if let super::verb::Body::Acts(acts) = &mut verb.body {
            each(acts, &adapt);
        }
    }
    for step in driver.settings.iter_mut().flat_map(|setting| &mut setting.reading) {
        if let Step::Ask { message, parse, .. } = step {
            adapt(parse);
            *parse = parse.clone().answering(message);
        }
    }
}

fn each(acts: &mut [Act], change: &impl Fn(&mut Parser)) {
    for act in acts {
        match &mut act.what {
            What::Ask { parse, .. } => change(parse),
            What::Repeat { acts, .. } | What::Finally(acts) => each(acts, change),
            What::Send(_) | What::Waveform { .. } | What::Wait(_) | What::Call { .. } => {}
        }
    }
}
