//! Reads what replies are like.

use super::super::parser::{Form, Parser};
use super::super::verb::Outcome;
use super::table::{Faults, Item, Table};

const KEYS: [&str; 7] = ["type", "words", "fields", "separator", "units", "suffix", "scale"];

/// A reply: its parser, and the units of its fields.
pub(super) struct Reply {
    pub(super) parser: Parser,
    units: Vec<Outcome>,
}

impl Reply {
    /// Whether its parts are the results.
    pub(super) fn has_fields(&self) -> bool {
        matches!(self.parser.form, Form::Fields(..))
    }

    /// What is read by it, if the question is called `name`.
    pub(super) fn outcomes(&self, name: &str, unit: Option<&str>) -> Vec<Outcome> {
        match &self.parser.form {
            Form::Ignored => Vec::new(),
            Form::Fields(..) => self.units.clone(),
            Form::Number
            | Form::Integer
            | Form::Boolean
            | Form::Text
            | Form::Numbers
            | Form::Choice(_) => {
                vec![Outcome { name: name.to_owned(), unit: unit.map(ToOwned::to_owned) }]
            }
        }
    }
}

/// The key `reply` of a table; a number, if there is none.
pub(super) fn reply(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Reply> {
    let Some(item) = table.item("reply") else {
        return Some(Reply { parser: Parser::new(Form::Number), units: Vec::new() });
    };
    if let Some(name) = item.as_str() {
        let form = simple(name, &item, faults)?;
        return Some(Reply { parser: Parser::new(form), units: Vec::new() });
    }
    let Some(table) = item.as_table() else {
        item.wrong("a type, or a table with a type", faults);
        return None;
    };
    table.only(&KEYS, faults);
    let (form, units) = if table.has("fields") {
        fields(&table, faults)?
    } else if table.has("words") {
        (words(&table, faults)?, Vec::new())
    } else {
        let name = table.item("type")?;
        (simple(&name.text(faults)?, &name, faults)?, Vec::new())
    };
    let mut parser = Parser::new(form);
    parser.suffix = table.text("suffix", faults);
    parser.scale = table.number("scale", faults).unwrap_or(1.0);
    Some(Reply { parser, units })
}

/// A type that needs no more than its name. A choice without words has those of the verb that sets
/// what is read; they are put in when that is known.
fn simple(name: &str, item: &Item<'_>, faults: &mut Faults<'_>) -> Option<Form> {
    match name {
        "number" => Some(Form::Number),
        "integer" => Some(Form::Integer),
        "boolean" => Some(Form::Boolean),
        "text" => Some(Form::Text),
        "numbers" => Some(Form::Numbers),
        "choice" => Some(Form::Choice(Vec::new())),
        "ignored" => Some(Form::Ignored),
        other => {
            let message = format!(
                "'{other}' is not a type of reply: number, integer, boolean, text, numbers, choice \
                 or ignored, or a table with words or fields"
            );
            faults.note(item.at, &item.path, message);
            None
        }
    }
}

/// `words`: what is answered, and the name of it.
fn words(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<Form> {
    let words = table.table("words", faults)?;
    let mut choices = Vec::new();
    for (answer, item) in words.entries() {
        choices.push((answer.to_owned(), item.text(faults)?));
    }
    Some(Form::Choice(choices))
}

/// `fields`: names, each with `:type` if it is no number; `-` is passed over.
fn fields(table: &Table<'_>, faults: &mut Faults<'_>) -> Option<(Form, Vec<Outcome>)> {
    let units = table.table("units", faults);
    let separator = table.text("separator", faults).unwrap_or_else(|| ",".to_owned());
    let mut letters = separator.chars();
    let (Some(separator), None) = (letters.next(), letters.next()) else {
        faults.note(table.at, &table.path, "a separator is one character");
        return None;
    };
    let mut fields = Vec::new();
    let mut outcomes = Vec::new();
    for item in table.list("fields", faults)? {
        let text = item.text(faults)?;
        let (name, kind) = text.split_once(':').unwrap_or((&text, "number"));
        let form = simple(kind, &item, faults)?;
        let name = if name == "-" { "" } else { name };
        if !name.is_empty() {
            if !super::parameter::is_name(name) {
                faults.note(item.at, &item.path, super::parameter::NAMES);
            }
            let unit = units.as_ref().and_then(|units| units.text(name, faults));
            outcomes.push(Outcome { name: name.to_owned(), unit });
        }
        fields.push((name.to_owned(), form));
    }
    Some((Form::Fields(separator, fields), outcomes))
}
