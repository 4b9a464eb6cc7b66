//! Reads what a verb does: `send`, `ask`, or `steps`.

use std::collections::BTreeMap;

use super::super::act::{Act, Amount, Passed, What};
use super::super::parser::{Form, Parser};
use super::super::template::Template;
use super::super::verb::Outcome;
use super::reply;
use super::table::{Faults, Item, Table};

const KEYS: [&str; 15] = [
    "send",
    "ask",
    "reply",
    "name",
    "unit",
    "verb",
    "with",
    "wait",
    "repeat",
    "every",
    "steps",
    "finally",
    "waveform",
    "when",
    "expect_reply",
];

/// How deep lists of steps may be in each other.
const DEEPEST: usize = 4;

/// Acts as they are read, with what they yield.
#[derive(Default)]
pub(super) struct Acts {
    pub(super) acts: Vec<Act>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Acts {
    fn push(&mut self, what: What, when: Option<&String>) {
        self.acts.push(Act { what, when: when.cloned() });
    }

    /// `send` and `ask` of a table; of several messages to `ask`, the last is the question.
    /// `name` is the result's, if the table gives none.
    pub(super) fn messages(
        &mut self,
        table: &Table<'_>,
        name: &str,
        when: Option<&String>,
        faults: &mut Faults<'_>,
    ) {
        let answered = table.flag("expect_reply", faults).unwrap_or(false);
        for message in templates(table, "send", faults) {
            if answered {
                let parse = Parser::new(Form::Ignored);
                self.push(What::Ask { message, parse, name: String::new(), unit: None }, when);
            } else {
                self.push(What::Send(message), when);
            }
        }
        let mut questions = templates(table, "ask", faults);
        let Some(question) = questions.pop() else { return };
        for message in questions {
            self.push(What::Send(message), when);
        }
        let name = table.text("name", faults).unwrap_or_else(|| name.to_owned());
        let unit = table.text("unit", faults);
        if let Some(reply) = reply::reply(table, faults) {
            self.outcomes.extend(reply.outcomes(&name, unit.as_deref()));
            // Fields have names of their own.
            let name = if reply.has_fields() { String::new() } else { name };
            let what = What::Ask { message: question, parse: reply.parser, name, unit };
            self.push(what, when);
        }
    }

    /// A list of steps.
    pub(super) fn steps(&mut self, items: &[Item<'_>], depth: usize, faults: &mut Faults<'_>) {
        for item in items {
            let Some(table) = item.table(faults) else { continue };
            table.only(&KEYS, faults);
            self.step(&table, depth, faults);
        }
    }

    fn step(&mut self, table: &Table<'_>, depth: usize, faults: &mut Faults<'_>) {
        const WHAT: [&str; 7] = ["send", "ask", "verb", "wait", "repeat", "finally", "waveform"];
        let given: Vec<&str> = WHAT.into_iter().filter(|key| table.has(key)).collect();
        let [key] = given.as_slice() else {
            let message = "a step is one of send, ask, verb, wait, repeat, finally and waveform";
            faults.note(table.at, &table.path, message);
            return;
        };
        if depth > DEEPEST {
            faults.note(table.at, &table.path, "steps are too deep in each other");
            return;
        }
        let when = table.text("when", faults);
        let when = when.as_ref();
        match *key {
            "verb" => {
                let what = call(table, faults).map(|(verb, with)| What::Call { verb, with });
                what.into_iter().for_each(|what| self.push(what, when));
            }
            "wait" => {
                let what = amount(table, "wait", faults).map(What::Wait);
                what.into_iter().for_each(|what| self.push(what, when));
            }
            "waveform" => {
                let name = table.text("name", faults).unwrap_or_else(|| "waveform".to_owned());
                if let Some(channel) = amount(table, "waveform", faults) {
                    self.outcomes.push(Outcome { name: name.clone(), unit: None });
                    self.push(What::Waveform { channel, name }, when);
                }
            }
            "repeat" => {
                let every = amount(table, "every", faults);
                if every.is_none() && !table.has("every") {
                    faults.note(table.at, &table.path, "repeat needs every, in seconds");
                }
                let acts = self.within(table, "steps", depth, faults);
                if let (Some(for_), Some(every)) = (amount(table, "repeat", faults), every) {
                    self.push(What::Repeat { for_, every, acts }, when);
                }
            }
            "finally" => {
                let acts = self.within(table, "finally", depth, faults);
                self.push(What::Finally(acts), when);
            }
            _ => self.messages(table, "value", when, faults),
        }
    }

    /// The steps within a step; what they yield is the verb's.
    fn within(
        &mut self,
        table: &Table<'_>,
        key: &str,
        depth: usize,
        faults: &mut Faults<'_>,
    ) -> Vec<Act> {
        let items = table.list(key, faults).unwrap_or_default();
        if items.is_empty() {
            faults.note(table.at, &table.path, format!("{key} has no steps"));
        }
        let mut inner = Self::default();
        inner.steps(&items, depth.saturating_add(1), faults);
        self.outcomes.extend(inner.outcomes);
        inner.acts
    }
}

/// The templates under a key: a text or a list of them.
fn templates(table: &Table<'_>, key: &str, faults: &mut Faults<'_>) -> Vec<Template> {
    let Some(item) = table.item(key) else { return Vec::new() };
    let mut templates = Vec::new();
    for text in item.texts(faults).unwrap_or_default() {
        match Template::parse(&text) {
            Ok(template) => templates.push(template),
            Err(why) => faults.note(item.at, &item.path, why),
        }
    }
    templates
}

/// `verb` and `with` of a step: values, or `"{parameter}"` for the caller's own.
pub(super) fn call(
    table: &Table<'_>,
    faults: &mut Faults<'_>,
) -> Option<(String, BTreeMap<String, Passed>)> {
    let verb = table.text("verb", faults)?;
    let mut with = BTreeMap::new();
    if let Some(given) = table.table("with", faults) {
        for (name, item) in given.entries() {
            let place = item.as_str().and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
            let passed = match place {
                Some(parameter) => Passed::Of(parameter.to_owned()),
                None => Passed::Fixed(item.json(faults)?),
            };
            with.insert(name.to_owned(), passed);
        }
    }
    Some((verb, with))
}

/// A number, or `"{parameter}"`.
fn amount(table: &Table<'_>, key: &str, faults: &mut Faults<'_>) -> Option<Amount> {
    let item = table.item(key)?;
    if let Some(number) = item.as_number() {
        if number < 0.0 {
            faults.note(item.at, &item.path, "this may not be less than 0");
        }
        return Some(Amount::Fixed(number));
    }
    let place = item.as_str().and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
    if place.is_none() {
        item.wrong("a number, or a parameter such as \"{duration}\"", faults);
    }
    place.map(|name| Amount::Of(name.to_owned()))
}
