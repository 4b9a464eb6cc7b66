//! Takes the fields of a small body by name, collecting what is wrong with them.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::json::Json;
use super::{create, near_miss};

/// The most characters of a name that is shown in a sentence.
const SHOWN: usize = 100;

/// The fields of a body's object, each taken once. A null counts as absent.
pub(super) struct BodyFields<'a> {
    map: Vec<(Cow<'a, str>, Json<'a>)>,
    faults: Faults,
}

impl<'a> BodyFields<'a> {
    /// Reads a body. A field that is nearly one of the known is refused; others are let pass, since
    /// clients send extras.
    pub(super) fn read(body: &'a [u8], known: &[&'static str]) -> Result<Self, ApiError> {
        let map = create::object(body)?;
        for (name, _) in &map {
            let is_known = known.contains(&name.as_ref());
            if let Some(meant) = near_miss::find(name, known).filter(|_| !is_known) {
                let given: String = name.chars().take(SHOWN).flat_map(char::escape_debug).collect();
                let text = format!("unknown field '{given}': did you mean '{meant}'?");
                return Err(ApiError::Bad(text));
            }
        }
        Ok(Self { map, faults: Faults::default() })
    }

    /// As [`Self::read`], of a body that may be empty.
    pub(super) fn read_or_empty(body: &'a [u8], known: &[&'static str]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Ok(Self { map: Vec::new(), faults: Faults::default() });
        }
        Self::read(body, known)
    }

    /// Whether a field is named, a null too.
    pub(super) fn names(&self, name: &str) -> bool {
        self.map.iter().any(|(given, _)| given == name)
    }

    /// Ends the reading: what was wrong, if anything was.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        self.faults.into_result()
    }

    /// A short text without control characters.
    pub(super) fn label(&mut self, name: &str, longest: usize) -> Option<String> {
        self.with(name, |json, at, faults| field::label(json, longest, at, faults))
    }

    /// A short text that must be there.
    pub(super) fn required_label(&mut self, name: &str, longest: usize) -> Option<String> {
        self.require(name);
        self.label(name, longest)
    }

    /// Any text of at most so many characters.
    pub(super) fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        self.with(name, |json, at, faults| {
            let text = field::text(json, at, faults)?;
            if text.chars().nth(longest).is_some() {
                let why = format!("must be at most {longest} characters long");
                faults.value(at, &why, Value::Null);
                return None;
            }
            Some(text.into_owned())
        })
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.with(name, |json, at, faults| field::boolean(&json, at, faults))
    }

    /// A whole number between two limits.
    pub(super) fn integer(&mut self, name: &str, limits: (i64, i64)) -> Option<i64> {
        self.with(name, |json, at, faults| field::integer(&json, limits, at, faults))
    }

    /// A whole number between two limits, which must be there.
    pub(super) fn required_integer(&mut self, name: &str, limits: (i64, i64)) -> Option<i64> {
        self.require(name);
        self.integer(name, limits)
    }

    /// A span in seconds, more than none.
    pub(super) fn seconds(&mut self, name: &str) -> Option<Duration> {
        self.with(name, |json, at, faults| field::seconds(&json, false, at, faults))
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&'static str, T)]) -> Option<T> {
        self.with(name, |json, at, faults| field::word(&json, words, at, faults))
    }

    /// One of several words, which must be there.
    pub(super) fn required_word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        self.require(name);
        self.word(name, words)
    }

    /// Labels.
    pub(super) fn labels(&mut self, name: &str, longest: usize) -> Option<Vec<String>> {
        self.with(name, |json, at, faults| {
            let Json::List(list) = json else {
                faults.add("list_type", at, "Input should be a valid list", json.echo());
                return None;
            };
            let read = |(index, json)| field::label(json, longest, at.index(index), faults);
            list.into_iter().enumerate().map(read).collect()
        })
    }

    /// Any value, as it is.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.take(name).map(value)
    }

    /// A value that must be there.
    pub(super) fn required_value(&mut self, name: &str) -> Option<Value> {
        self.require(name);
        self.value(name)
    }

    /// Takes a field as it came.
    pub(super) fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let at = self.map.iter().rposition(|(given, _)| given == name)?;
        Some(self.map.swap_remove(at).1).filter(|json| *json != Json::Null)
    }

    /// Says that a field's value cannot be; `why` is a sentence's end.
    pub(super) fn refuse(&mut self, name: &str, why: &str) {
        self.faults.value(Place::BODY.field(name), why, Value::Null);
    }

    fn require(&mut self, name: &str) {
        let there = self.map.iter().any(|(given, json)| given == name && *json != Json::Null);
        if !there {
            self.faults.missing(Place::BODY.field(name));
        }
    }

    fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Json<'a>, Place<'_>, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        let json = self.take(name)?;
        read(json, Place::BODY.field(name), &mut self.faults)
    }
}

/// A value that owns what it holds. Of a field that is named twice the last counts.
pub(super) fn value(json: Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(given) => given.into(),
        Json::Int(given) => given.into(),
        Json::Big(given) => given.into(),
        Json::Float(given) => given.into(),
        Json::Text(text) => text.into_owned().into(),
        Json::List(list) => list.into_iter().map(value).collect(),
        Json::Map(map) => {
            map.into_iter().map(|(name, json)| (name.into_owned(), value(json))).collect()
        }
    }
}
