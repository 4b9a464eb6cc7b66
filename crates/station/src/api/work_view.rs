//! Shows what a job does, a command or work with equipment, as its parameters.

use serde::Serialize;
use serde_json::{Map, Value};
use station_core::model::{Action, Job};

use super::instrument_view;
use super::view::{Detail, ParametersView};

/// What it does: a command, or work with equipment in the words of a create request.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum WorkView<'a> {
    /// A command.
    Script(Box<ParametersView<'a>>),
    /// Work with equipment.
    Equipment(Map<String, Value>),
}

impl<'a> WorkView<'a> {
    /// Shows what a job does.
    pub(super) fn new(job: &'a Job, detail: &Detail<'a>) -> Self {
        match &job.spec.action {
            Action::Command { command, stdin, sudo, .. } => {
                let doing = (command, stdin.as_deref(), *sudo);
                Self::Script(Box::new(ParametersView::new(doing, &job.spec.target, detail)))
            }
            Action::Instrument(action) => Self::Equipment(instrument_view::parameters(action)),
        }
    }
}
