//! The check of a driver's file: what it offers, and what may not be meant.

use std::fmt;

use serde::Serialize;

use super::verb::Verb;
use super::{Driver, DriverFault, Fit, Sampling};

/// What a driver's file offers, for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The kind of equipment.
    pub kind: String,
    /// What it is for.
    pub title: String,
    /// The driver it extends.
    pub extends: Option<String>,
    /// Which instruments it is for.
    pub fit: Fit,
    /// Each verb with its parameters, and in brackets what is special about it.
    pub verbs: Vec<String>,
    /// Each setting with its unit and the verb that sets it.
    pub settings: Vec<String>,
    /// The verbs of the safe state.
    pub safe_state: Vec<String>,
    /// How it is sampled.
    pub sampling: String,
    /// What is allowed but may not be meant.
    pub remarks: Vec<String>,
}

/// Checks the text of a driver's file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(text: &str) -> Result<Summary, Vec<DriverFault>> {
    Driver::parse("checked", text).map(|driver| Summary::of(&driver))
}

impl Summary {
    /// What a driver offers.
    #[must_use]
    pub fn of(driver: &Driver) -> Self {
        let sampling = match driver.sampling() {
            Sampling::None => "none".to_owned(),
            Sampling::Poll(polling) => format!("by asking {}", polling.verb),
            Sampling::Memory(memory) => format!("from its memory, by {}", memory.waveform_query),
        };
        Self {
            kind: driver.kind().to_owned(),
            title: driver.title().to_owned(),
            extends: driver.extends().map(ToOwned::to_owned),
            fit: driver.fit().clone(),
            verbs: driver.verbs().map(signature).collect(),
            settings: driver.settings().iter().map(setting).collect(),
            safe_state: driver.safe_state().iter().map(|call| call.verb.clone()).collect(),
            sampling,
            remarks: remarks(driver),
        }
    }
}

/// `set_voltage(voltage: a number from 0 to 30 V, [channel: …]) -> …  [non-volatile]`.
fn signature(verb: &Verb) -> String {
    let parameters = verb.parameters().iter().map(|parameter| {
        let text = format!("{}: {}", parameter.name(), parameter.describe());
        if parameter.is_required() { text } else { format!("[{text}]") }
    });
    let mut text = format!("{}({})", verb.name(), parameters.collect::<Vec<_>>().join(", "));
    if !verb.outcomes().is_empty() {
        let outcomes = verb.outcomes().iter().map(|outcome| match &outcome.unit {
            Some(unit) => format!("{} in {unit}", outcome.name),
            None => outcome.name.clone(),
        });
        text.push_str(" -> ");
        text.push_str(&outcomes.collect::<Vec<_>>().join(", "));
    }
    if verb.is_idempotent() {
        text.push_str(" (may be repeated)");
    }
    if verb.is_non_volatile() {
        text.push_str(" (writes to non-volatile memory)");
    }
    text
}

fn setting(setting: &super::Setting) -> String {
    let unit = setting.unit().map(|unit| format!(" in {unit}")).unwrap_or_default();
    let set = setting.verb().map_or("read only".to_owned(), |verb| format!("set by {verb}"));
    format!("{}{unit}, {set}", setting.name())
}

fn remarks(driver: &Driver) -> Vec<String> {
    let mut remarks = Vec::new();
    if driver.safe_state().is_empty() {
        remarks.push("there is no safe state: nothing is switched off on a disconnect".to_owned());
    }
    if driver.settings().is_empty() {
        remarks.push("there are no settings: its state cannot be captured".to_owned());
    }
    if *driver.sampling() == Sampling::None {
        remarks.push("there is no sampling: acquisitions are refused".to_owned());
    }
    let fit = driver.fit();
    if fit.manufacturer.is_empty() && fit.model.is_empty() && !fit.fallback {
        remarks.push("there is no [match]: it is only used where it is named".to_owned());
    }
    remarks
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.title, self.kind)?;
        let block = |f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]| {
            if lines.is_empty() {
                return Ok(());
            }
            writeln!(f, "{title}:")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
        };
        block(f, "verbs", &self.verbs)?;
        block(f, "settings", &self.settings)?;
        block(f, "safe state", &self.safe_state)?;
        block(f, "sampling", std::slice::from_ref(&self.sampling))?;
        block(f, "remarks", &self.remarks)
    }
}
