//! One step of a timeline: when it is due, and what it does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Number;
use station_core::model::{Call, CommandLine};

/// A step with its place in time. Loops and ramps are unrolled: it does one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedStep {
    /// When it is due, from the start: a multiple of the tick. Holds before it make it later.
    pub at: Duration,
    /// When it was asked for; `at` is the first tick that is not before.
    pub asked: Duration,
    /// Which step of the sequence it is: `3`, and `4.2` for the second within the loop that is the
    /// fourth; rounds and values of a ramp behind `#`, from 1: `4#10.2`.
    pub path: String,
    /// What it does; rounds of a loop share it.
    pub what: Arc<Doing>,
}

/// What a step of a timeline does.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// A verb of an equipment.
    Call(Call),
    /// A command here or on nodes.
    Command {
        /// `local`, or a set of nodes.
        on: String,
        /// The command.
        command: CommandLine,
        /// How long it may take.
        timeout: Duration,
    },
    /// Nothing after it is done before this holds.
    Hold {
        /// What is read, each tick.
        call: Call,
        /// The field of its result, where it has several.
        field: Option<String>,
        /// At least this.
        above: Option<Number>,
        /// At most this.
        below: Option<Number>,
        /// For how long it is waited at most.
        timeout: Duration,
    },
}

impl Doing {
    /// The call it makes, if it is not a command.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Hold { call, .. } => Some(call),
            Self::Command { .. } => None,
        }
    }

    /// Whom it is for: an equipment, `local`, or a set of nodes. `None`: the sequence's only equipment.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Call(call) | Self::Hold { call, .. } => call.equipment.as_deref(),
            Self::Command { on, .. } => Some(on),
        }
    }

    /// What it does, in one line for tables: `set_voltage voltage=5`.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Call(call) => summary(call),
            Self::Command { command, .. } => command.summary(),
            Self::Hold { call, field, above, below, timeout } => {
                let mut text = format!("hold until {}", summary(call));
                if let Some(field) = field {
                    text.push_str(&format!(" {field}"));
                }
                if let Some(above) = above {
                    text.push_str(&format!(" >= {above}"));
                }
                if let Some(below) = below {
                    text.push_str(&format!(" <= {below}"));
                }
                text.push_str(&format!(", {} at most", super::file::duration_text(*timeout)));
                text
            }
        }
    }
}

fn summary(call: &Call) -> String {
    let mut text = call.verb.clone();
    for (name, value) in &call.parameters {
        text.push_str(&format!(" {name}={value}"));
    }
    text
}
