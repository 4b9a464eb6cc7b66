//! Rows that requests and the engine name, read on the dispatcher's own connection: as the round so far
//! has left them.

use station_core::engine::{Effect, Input, Request};
use station_core::model::JobId;

use super::super::clock;
use super::{Dispatcher, Round};
use crate::port::StoreError;

impl Dispatcher {
    /// Gives a request the row it names.
    pub(super) fn add_rows(&mut self, request: &mut Request) -> Result<(), StoreError> {
        let (id, row): (JobId, _) = match request {
            Request::Create { .. }
            | Request::Forget { .. }
            | Request::KeepNodes { .. }
            | Request::RemoveNodes { .. }
            | Request::RaiseAlarm { .. }
            | Request::ClearTopic { .. }
            | Request::KeepToken(_) => {
                return Ok(());
            }
            Request::Keep { record, there, .. } => {
                *there = self.store.record(record.kind(), &record.key())?.is_some();
                return Ok(());
            }
            Request::Remove { kind, key, there } => {
                *there = self.store.record(*kind, key)?.is_some();
                return Ok(());
            }
            Request::Acknowledge { alarm, row, .. } | Request::Clear { alarm, row } => {
                *row = self.store.alarm(*alarm)?.map(Box::new);
                return Ok(());
            }
            Request::Cancel { job, row }
            | Request::RunNow { job, row }
            | Request::Update { job, row, .. }
            | Request::Delete { job, row, .. }
            | Request::Pause { job, row }
            | Request::Resume { job, row } => (*job, row),
            Request::CancelExecution { execution, row } => (execution.job, row),
        };
        *row = self.store.job(id)?.map(Box::new);
        Ok(())
    }

    /// Performs the loads of a round at once: their rows are a picture of the store as it is.
    pub(super) fn load_more(&mut self, round: &mut Round) -> Result<(), StoreError> {
        while let Some(at) = round.effects.iter().position(is_load) {
            let input = match round.effects.remove(at) {
                Effect::Load { from, limit } => {
                    let (jobs, more) = self.store.due_from(from, limit)?;
                    Input::Loaded { jobs, more }
                }
                Effect::LoadPlanned { after, recurring, limit } => {
                    let (jobs, more) = self.store.planned_from(after, recurring, limit)?;
                    Input::Planned { jobs, more }
                }
                Effect::Start { .. }
                | Effect::Stop { .. }
                | Effect::EndSurvivors { .. }
                | Effect::MakeSafe { .. }
                | Effect::FindExpired { .. }
                | Effect::Notify { .. }
                | Effect::SampleLoad
                | Effect::FindOldestOutputs { .. }
                | Effect::SendMail { .. }
                | Effect::Note(_)
                | Effect::Exit => continue,
            };
            let outcome = self.engine.handle(clock::sample(), input);
            self.fold(round, outcome, None)?;
        }
        Ok(())
    }
}

/// Whether its rows are handed in before any other input.
fn is_load(effect: &Effect) -> bool {
    matches!(effect, Effect::Load { .. } | Effect::LoadPlanned { .. })
}
