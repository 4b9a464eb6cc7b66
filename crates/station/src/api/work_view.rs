//! Shows what a job does, a command or work with equipment or an outstation, as its parameters.

use serde::Serialize;
use serde_json::{Map, Value};
use station_core::model::{Action, Job};

use super::view::{Detail, ParametersView};
use super::{instrument_view, outstation_view};

/// What it does: a command, or work with equipment or an outstation in the words of a create request.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum WorkView<'a> {
    /// A command.
    Script(Box<ParametersView<'a>>),
    /// Work with equipment, or with an outstation.
    Fields(Map<String, Value>),
}

impl<'a> WorkView<'a> {
    /// Shows what a job does.
    pub(super) fn new(job: &'a Job, detail: &Detail<'a>) -> Self {
        match &job.spec.action {
            Action::Command { command, stdin, sudo, .. } => {
                let doing = (command, stdin.as_deref(), *sudo);
                Self::Script(Box::new(ParametersView::new(doing, &job.spec.target, detail)))
            }
            Action::Instrument(action) => Self::Fields(instrument_view::parameters(action)),
            Action::Outstation(control) => Self::Fields(outstation_view::parameters(control)),
        }
    }
}
