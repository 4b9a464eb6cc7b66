//! Acts: what a verb is made of in its driver, before its parameters are known.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parser::Parser;
use super::template::Template;

/// One act, and the parameter without which it is left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Act {
    pub(super) what: What,
    pub(super) when: Option<String>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Send(Template),
    Ask { message: Template, parse: Parser, name: String, unit: Option<String> },
    Waveform { channel: Amount, name: String },
    Wait(Amount),
    Repeat { for_: Amount, every: Amount, acts: Vec<Act> },
    Finally(Vec<Act>),
    Call { verb: String, with: BTreeMap<String, Passed> },
}

/// A number of the file, or a parameter's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Amount {
    Fixed(f64),
    Of(String),
}

/// A value of the file, or a parameter's; passed on only if there is one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Passed {
    Fixed(Value),
    Of(String),
}

impl Act {
    /// Calls a function with each act, those within others after them.
    pub(super) fn walk<'a>(acts: &'a [Self], visit: &mut impl FnMut(&'a Self)) {
        for act in acts {
            visit(act);
            match &act.what {
                What::Repeat { acts, .. } | What::Finally(acts) => Self::walk(acts, visit),
                What::Send(_)
                | What::Ask { .. }
                | What::Waveform { .. }
                | What::Wait(_)
                | What::Call { .. } => {}
            }
        }
    }

    /// The parameters it needs in any case.
    pub(super) fn needs(&self) -> Vec<&str> {
        match &self.what {
            What::Send(message) | What::Ask { message, .. } => message
                .places()
                .into_iter()
                .filter(|place| !place.optional)
                .map(|place| place.name)
                .collect(),
            What::Waveform { channel: amount, .. } | What::Wait(amount) => {
                amount.parameter().into_iter().collect()
            }
            What::Repeat { for_, every, .. } => {
                for_.parameter().into_iter().chain(every.parameter()).collect()
            }
            What::Finally(_) | What::Call { .. } => Vec::new(),
        }
    }
}

impl Amount {
    /// The parameter it is taken from.
    pub(super) fn parameter(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Of(name) => Some(name),
        }
    }
}
