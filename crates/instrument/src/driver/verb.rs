//! Verbs: what an instrument can be asked to do, by name, with checked parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::act::{Act, What};
use super::parameter::Parameter;
use super::{Driver, Step, plan, text};
use crate::Error;

/// Something an instrument can be asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Verb {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Body,
    pub(super) idempotent: bool,
    pub(super) non_volatile: bool,
    pub(super) outcomes: Vec<Outcome>,
}

/// How a verb is carried out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Acts(Vec<Act>),
    /// A program message of the user's own.
    Raw,
}

/// Something a verb reads.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// The key of the result.
    pub name: String,
    /// The unit of a number.
    pub unit: Option<String>,
}

impl Verb {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether doing it twice is doing it once, so that it may be tried again.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether it writes to non-volatile memory, so that it counts against the write budget. For
    /// `scpi` that depends on its text: see [`Verb::writes`].
    #[must_use]
    pub fn is_non_volatile(&self) -> bool {
        self.non_volatile
    }

    /// How many writes to non-volatile memory its steps make, as many as their messages have; at least
    /// one, if it is known to write.
    #[must_use]
    pub fn writes(&self, steps: &[Step]) -> u32 {
        match self.body {
            Body::Acts(_) if self.non_volatile => writes(steps).max(1),
            Body::Acts(_) => 0,
            Body::Raw => writes(steps),
        }
    }

    /// Its parameters, in the order of the file.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The unit of what it reads, if it reads one number.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        match self.outcomes.as_slice() {
            [outcome] => outcome.unit.as_deref(),
            _ => None,
        }
    }

    /// What it reads, with units, in order.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The units of what it reads, by name, of those that have one.
    #[must_use]
    pub fn units(&self) -> Map<String, Value> {
        let unit = |one: &Outcome| Some((one.name.clone(), one.unit.as_deref()?.into()));
        self.outcomes.iter().filter_map(unit).collect()
    }

    /// The steps that carry it out. Nothing is sent by this.
    ///
    /// # Errors
    /// A parameter is unknown, missing, of the wrong type or out of its range: a sentence that names
    /// verb, parameter, value, range and unit.
    pub fn plan(
        &self,
        given: &BTreeMap<String, Value>,
        driver: &Driver,
    ) -> Result<Vec<Step>, Error> {
        plan::verb(self, given, driver)
    }

    /// Its acts; none of the verb `scpi`.
    pub(super) fn acts(&self) -> &[Act] {
        match &self.body {
            Body::Acts(acts) => acts,
            Body::Raw => &[],
        }
    }

    /// The verbs it calls.
    pub(super) fn calls(&self) -> Vec<&str> {
        let mut calls = Vec::new();
        Act::walk(self.acts(), &mut |act| {
            if let What::Call { verb, .. } = &act.what {
                calls.push(verb.as_str());
            }
        });
        calls
    }
}

/// How many units of the steps' messages write to non-volatile memory, in all rounds.
fn writes(steps: &[Step]) -> u32 {
    let each = steps.iter().map(|step| match step {
        Step::Send { message } | Step::Ask { message, .. } => text::non_volatile_units(message),
        Step::Repeat { for_, every, steps } => {
            let rounds = for_.as_nanos().div_ceil(every.as_nanos().max(1));
            writes(steps).saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
        }
        Step::Finally(steps) => writes(steps),
        Step::Waveform { .. } | Step::Wait(_) => 0,
    });
    each.fold(0, u32::saturating_add)
}
