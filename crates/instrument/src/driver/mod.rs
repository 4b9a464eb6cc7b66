//! Drivers: what an instrument family can be asked and told, as data in a TOML file, without code.
//!
//! ```text
//!  drivers/*.toml ─▶ read: faults with line and key ─▶ Driver ─▶ Catalogue: found by kind and *IDN?
//!                                                        │
//!  verb + parameters ────────── plan ────────────────────┴─▶ steps: messages, questions, waits
//!  reply ───────────────────── parser ───────────────────────▶ number, word, fields, null
//! ```
//!
//! A driver sends nothing: it says what would be sent. No parameter can add a program message unit
//! (IEEE 488.2 clause 7.3): values are written anew, never pasted.

mod act;
mod argument;
mod capability;
mod catalogue;
mod check;
mod fault;
mod fit;
mod parameter;
mod parser;
mod plan;
mod protocol;
mod read;
mod restore;
mod sampling;
mod setting;
mod step;
mod template;
pub mod text;
mod value;
mod verb;
mod waveform;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;
use station_core::model::Call;
use station_core::near;

pub use capability::Capabilities;
pub use catalogue::{Catalogue, KINDS};
pub use check::{Summary, check};
pub use fault::DriverFault;
pub use fit::Fit;
pub use parameter::{Parameter, Range};
pub use parser::Parser;
pub use protocol::Protocol;
pub use sampling::{Memory, Polling, SampleFormat, Sampling};
pub use setting::Setting;
pub use step::Step;
pub use text::is_non_volatile_text;
pub use verb::{Outcome, Verb};
pub use waveform::Waveform;

use crate::{Error, ErrorKind};

/// What one family of instruments can do, and how it is told to; read from a file, checked, immutable.
#[derive(Clone, Debug)]
pub struct Driver {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) extends: Option<String>,
    pub(crate) fit: Fit,
    pub(crate) verbs: Vec<Verb>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) safe_state: Vec<Call>,
    pub(crate) capabilities: Capabilities,
    pub(crate) protocol: Protocol,
    pub(crate) sampling: Sampling,
}

impl Driver {
    /// Reads a driver from the text of its file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<DriverFault>> {
        read::driver(name, text)
    }

    /// Its name: that of its file without `.toml`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of equipment it is for, one of [`KINDS`].
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What it is for, in a few words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The driver it takes everything from that it does not say itself.
    #[must_use]
    pub fn extends(&self) -> Option<&str> {
        self.extends.as_deref()
    }

    /// Which instruments it is for.
    #[must_use]
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Whether it is for an instrument with these fields of `*IDN?`. The last resort of a kind fits all.
    #[must_use]
    pub fn matches(&self, manufacturer: &str, model: &str, firmware: &str) -> bool {
        self.fit.specificity(manufacturer, model, firmware).is_some()
    }

    /// Everything it can be asked to do, in the order of its file; `scpi` last.
    pub fn verbs(&self) -> impl Iterator<Item = &Verb> {
        self.verbs.iter()
    }

    /// The verb of that name.
    ///
    /// # Errors
    /// There is none: the sentence names one that is near, and all there are.
    pub fn verb(&self, name: &str) -> Result<&Verb, Error> {
        self.verbs.iter().find(|verb| verb.name() == name).ok_or_else(|| {
            let known = || self.verbs.iter().map(Verb::name);
            let message = format!(
                "the driver {} has no verb '{}'{}; its verbs are {}",
                self.name,
                near::shown(name),
                near::hint(name, known()),
                near::list(known()),
            );
            Error::new(ErrorKind::Invalid, message)
        })
    }

    /// What of its state can be read, in the order in which it is to be set.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// What puts it into its safe state, in this order.
    #[must_use]
    pub fn safe_state(&self) -> &[Call] {
        &self.safe_state
    }

    /// The steps of the safe state.
    ///
    /// # Errors
    /// None for a driver that was parsed: its safe state was planned then.
    pub fn plan_safe_state(&self) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        for call in &self.safe_state {
            steps.extend(self.verb(&call.verb)?.plan(&call.parameters, self)?);
        }
        Ok(steps)
    }

    /// What it has: channels and features.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// How it departs from IEEE 488.2, and its time limits.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// How samples are taken from it.
    #[must_use]
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// The steps that bring settings to these values, each with the setting's name, in the driver's
    /// order of settings (limits before outputs), whatever the order they are given in.
    /// On an instrument with channels, `voltage` means `voltage_1`.
    ///
    /// # Errors
    /// A setting is unknown (a near one is named), cannot be set, is given twice, or its value is
    /// none for it. Then there are no steps at all.
    pub fn plan_settings(
        &self,
        given: &BTreeMap<String, Value>,
    ) -> Result<Vec<(String, Vec<Step>)>, Error> {
        restore::plan(self, given)
    }
}
