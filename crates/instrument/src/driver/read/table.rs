//! A cursor over the tables of a TOML document that knows their keys and lines, and notes faults.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::{DriverFault, near};

/// The faults found so far, and the text they are in.
pub(super) struct Faults<'a> {
    text: &'a str,
    list: Vec<DriverFault>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Notes a fault at a byte of the text.
    pub(super) fn note(&mut self, at: usize, key: &str, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        let fault = DriverFault { line, key: key.to_owned(), message: message.into() };
        if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, by line.
    pub(super) fn sorted(mut self) -> Vec<DriverFault> {
        self.list.sort_by_key(|fault| fault.line);
        self.list
    }
}

/// A value, where its key stands, and its full key.
#[derive(Clone)]
pub(super) struct Item<'a> {
    value: &'a DeValue<'a>,
    pub(super) at: usize,
    pub(super) path: String,
}

/// A table, where its key stands, and its full key.
#[derive(Clone)]
pub(super) struct Table<'a> {
    table: &'a DeTable<'a>,
    pub(super) at: usize,
    pub(super) path: String,
}

impl<'a> Table<'a> {
    /// The whole document.
    pub(super) fn root(table: &'a DeTable<'a>) -> Self {
        Self { table, at: 0, path: String::new() }
    }

    /// What it has, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'a str, Item<'a>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let item = |key: &'a Spanned<_>, value| {
            let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
            (&**name, self.item_at(key.span().start, name, value))
        };
        entries.into_iter().map(|(key, value)| item(key, value)).collect()
    }

    fn item_at(&self, at: usize, key: &str, value: &'a Spanned<DeValue<'a>>) -> Item<'a> {
        let path =
            if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Item { value: value.get_ref(), at, path }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes every key that is none of these.
    pub(super) fn only(&self, keys: &[&str], faults: &mut Faults<'_>) {
        for (key, item) in self.entries() {
            if !keys.contains(&key) {
                let hint = near::hint(key, keys.iter().copied());
                let message = format!(
                    "this is not a key of this table{hint}; its keys are {}",
                    near::list(keys.iter().copied())
                );
                faults.note(item.at, &item.path, message);
            }
        }
    }

    pub(super) fn item(&self, key: &str) -> Option<Item<'a>> {
        let (known, value) = self.table.iter().find(|(known, _)| &**known.get_ref() == key)?;
        Some(self.item_at(known.span().start, key, value))
    }

    pub(super) fn text(&self, key: &str, faults: &mut Faults<'_>) -> Option<String> {
        self.item(key)?.text(faults)
    }

    pub(super) fn texts(&self, key: &str, faults: &mut Faults<'_>) -> Option<Vec<String>> {
        self.item(key)?.texts(faults)
    }

    pub(super) fn number(&self, key: &str, faults: &mut Faults<'_>) -> Option<f64> {
        self.item(key)?.number(faults)
    }

    pub(super) fn flag(&self, key: &str, faults: &mut Faults<'_>) -> Option<bool> {
        let item = self.item(key)?;
        let flag = item.value.as_bool();
        if flag.is_none() {
            item.wrong("true or false", faults);
        }
        flag
    }

    /// A whole number from `least` up.
    pub(super) fn count(&self, key: &str, least: u32, faults: &mut Faults<'_>) -> Option<u32> {
        let item = self.item(key)?;
        let count = item.value.as_integer().filter(|integer| integer.radix() == 10);
        let count = count.and_then(|integer| integer.as_str().parse().ok());
        let count = count.filter(|count| *count >= least);
        if count.is_none() {
            item.wrong(&format!("a whole number of at least {least}"), faults);
        }
        count
    }

    pub(super) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<Table<'a>> {
        self.item(key)?.table(faults)
    }

    /// The items of a list, each with its number in its key.
    pub(super) fn list(&self, key: &str, faults: &mut Faults<'_>) -> Option<Vec<Item<'a>>> {
        let item = self.item(key)?;
        let list = item.items();
        if list.is_none() {
            item.wrong("a list", faults);
        }
        list
    }
}

impl<'a> Item<'a> {
    /// Notes that it is of the wrong type.
    pub(super) fn wrong(&self, wanted: &str, faults: &mut Faults<'_>) {
        let found = self.value.type_str();
        faults.note(self.at, &self.path, format!("this has to be {wanted}, not of type {found}"));
    }

    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn is_false(&self) -> bool {
        self.value.as_bool() == Some(false)
    }

    pub(super) fn text(&self, faults: &mut Faults<'_>) -> Option<String> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong("a text", faults);
        }
        text.map(ToOwned::to_owned)
    }

    /// A text or a list of texts.
    pub(super) fn texts(&self, faults: &mut Faults<'_>) -> Option<Vec<String>> {
        if let Some(text) = self.value.as_str() {
            return Some(vec![text.to_owned()]);
        }
        let texts = self
            .items()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong("a text or a list of texts", faults);
        }
        texts
    }

    pub(super) fn number(&self, faults: &mut Faults<'_>) -> Option<f64> {
        let number = number(self.value);
        if number.is_none() {
            self.wrong("a number", faults);
        }
        number
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        number(self.value)
    }

    pub(super) fn as_table(&self) -> Option<Table<'a>> {
        let table = self.value.as_table()?;
        Some(Table { table, at: self.at, path: self.path.clone() })
    }

    pub(super) fn table(&self, faults: &mut Faults<'_>) -> Option<Table<'a>> {
        let table = self.as_table();
        if table.is_none() {
            self.wrong("a table", faults);
        }
        table
    }

    fn items(&self) -> Option<Vec<Self>> {
        let list = self.value.as_array()?;
        let item = |(n, value): (usize, &'a Spanned<DeValue<'a>>)| Item {
            value: value.get_ref(),
            at: value.span().start,
            path: format!("{}[{}]", self.path, n.saturating_add(1)),
        };
        Some(list.iter().enumerate().map(item).collect())
    }

    /// The value as JSON.
    pub(super) fn json(&self, faults: &mut Faults<'_>) -> Option<Value> {
        let json = match self.value {
            DeValue::String(text) => Some(Value::from(&**text)),
            DeValue::Boolean(yes) => Some(Value::from(*yes)),
            DeValue::Integer(integer) if integer.radix() == 10 => {
                integer.as_str().parse::<i64>().ok().map(Value::from)
            }
            DeValue::Float(_) => number(self.value).map(Value::from),
            DeValue::Integer(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                None
            }
        };
        if json.is_none() {
            self.wrong("a text, a number, true or false", faults);
        }
        json
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let number: Option<f64> = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    };
    number.filter(|number| number.is_finite())
}
