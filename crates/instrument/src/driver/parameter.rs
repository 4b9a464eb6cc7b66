//! Parameters of verbs: their types, ranges and units, and how they are described.

use serde_json::Value;

use super::{near, value};

/// A parameter of a verb.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub(super) name: String,
    pub(super) kind: ParameterKind,
    pub(super) unit: Option<String>,
    pub(super) default: Option<Value>,
    pub(super) optional: bool,
    pub(super) aliases: Vec<String>,
    /// What the number is multiplied with before it is sent.
    pub(super) scale: f64,
}

/// What a parameter can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ParameterKind {
    Number(Range),
    Integer(Range),
    /// The words sent for yes and no.
    Boolean {
        on: String,
        off: String,
    },
    /// Names, and what is sent for each.
    Choice(Vec<(String, String)>),
    /// Text, sent in quotes, of at most so many characters.
    Text {
        longest: usize,
    },
    /// A channel's number: also accepted as `CH1`.
    Channel(Range),
    /// A program message of the user's own; only of the verb `scpi`.
    Message,
}

/// The least and the greatest value of a number, both allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Range {
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
}

impl Range {
    /// Whether a number is in the range.
    #[must_use]
    pub fn has(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    /// `0 to 30 V`, `at least 0 V`, `V`; empty without any of it.
    pub(super) fn describe(&self, unit: Option<&str>) -> String {
        let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        match (self.min.map(value::number), self.max.map(value::number)) {
            (Some(min), Some(max)) => format!("from {min} to {max}{unit}"),
            (Some(min), None) => format!("of at least {min}{unit}"),
            (None, Some(max)) => format!("of at most {max}{unit}"),
            (None, None) if unit.is_empty() => String::new(),
            (None, None) => format!("in{unit}"),
        }
    }
}

impl Parameter {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `number`, `integer`, `boolean`, `choice`, `text` or `channel`; `message` for the verb `scpi`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.kind {
            ParameterKind::Number(_) => "number",
            ParameterKind::Integer(_) => "integer",
            ParameterKind::Boolean { .. } => "boolean",
            ParameterKind::Choice(_) => "choice",
            ParameterKind::Text { .. } => "text",
            ParameterKind::Channel(_) => "channel",
            ParameterKind::Message => "message",
        }
    }

    /// The unit of its number, as in SCPI-1999: `V`, `HZ`, `S`.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Whether it has to be given.
    #[must_use]
    pub fn is_required(&self) -> bool {
        !self.optional && self.default.is_none()
    }

    /// What it is if it is not given.
    #[must_use]
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// The range of its number.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        match &self.kind {
            ParameterKind::Number(range)
            | ParameterKind::Integer(range)
            | ParameterKind::Channel(range) => Some(*range),
            ParameterKind::Boolean { .. }
            | ParameterKind::Choice(_)
            | ParameterKind::Text { .. }
            | ParameterKind::Message => None,
        }
    }

    /// The names it can be, if it is a choice.
    pub fn choices(&self) -> impl Iterator<Item = &str> {
        let choices = match &self.kind {
            ParameterKind::Choice(choices) => choices.as_slice(),
            ParameterKind::Number(_)
            | ParameterKind::Integer(_)
            | ParameterKind::Boolean { .. }
            | ParameterKind::Text { .. }
            | ParameterKind::Channel(_)
            | ParameterKind::Message => &[],
        };
        choices.iter().map(|(name, _)| name.as_str())
    }

    /// What it has to be, for a sentence: `a number from 0 to 30 V`.
    #[must_use]
    pub fn describe(&self) -> String {
        let unit = self.unit.as_deref();
        let text = match &self.kind {
            ParameterKind::Number(range) => format!("a number {}", range.describe(unit)),
            ParameterKind::Integer(range) => format!("a whole number {}", range.describe(unit)),
            ParameterKind::Boolean { .. } => "true or false".to_owned(),
            ParameterKind::Choice(_) => format!("one of {}", near::list(self.choices())),
            ParameterKind::Text { longest } => format!("a text of at most {longest} characters"),
            ParameterKind::Channel(range) => format!("a channel {}", range.describe(None)),
            ParameterKind::Message => "a program message".to_owned(),
        };
        text.trim_end().to_owned()
    }

    /// Whether it can be meant by this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}
