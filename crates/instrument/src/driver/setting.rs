//! Settings: what of an instrument's state can be read, and which verb sets it back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Step;

/// A part of an instrument's state that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    pub(super) reading: Vec<Step>,
    pub(super) set: Option<Setter>,
}

/// The verb that sets a setting back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setter {
    pub(super) verb: String,
    /// The parameter that takes the value.
    pub(super) parameter: String,
    /// What else the verb is given.
    pub(super) with: BTreeMap<String, Value>,
}

impl Setting {
    /// Its name: `voltage`, or `voltage_1` where there are channels.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The unit of its value.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The steps that read it; the only question among them has the setting's name. They change
    /// nothing that is kept, and never use `*SAV`.
    #[must_use]
    pub fn reading(&self) -> &[Step] {
        &self.reading
    }

    /// The verb that sets it back; none if it can only be read.
    #[must_use]
    pub fn verb(&self) -> Option<&str> {
        self.set.as_ref().map(|set| set.verb.as_str())
    }
}
