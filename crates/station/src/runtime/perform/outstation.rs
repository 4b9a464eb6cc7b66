//! Performs what concerns outstations: on behalf of whoever made the job, if they still may.

use station_core::engine::OutstationRun;
use station_core::model::{Control, ExecutionId, OutputCap, Principal};

use super::Performer;
use crate::port::CommandRequest;
use crate::runtime::clock;

impl Performer {
    pub(super) fn command(
        &self,
        execution: ExecutionId,
        control: Control,
        run: Option<Box<OutstationRun>>,
    ) {
        let Some(run) = run else {
            let why = "the job names no outstation".to_owned();
            return self.not_started(execution, why);
        };
        let OutstationRun { name, expires, by } = *run;
        if let Err(why) = self.may_still(&by) {
            return self.not_started(execution, format!("not sent to {name}: {why}"));
        }
        self.link.command(CommandRequest {
            execution,
            control,
            outstation: name,
            by,
            expires,
            cap: OutputCap::default(),
        });
    }

    /// Whether whoever made a job may still do something: a token may have been revoked since.
    fn may_still(&self, by: &Principal) -> Result<(), String> {
        let Principal::Token { id, name } = by else { return Ok(()) };
        let found = self.reader.token(id);
        let token = found.map_err(|error| {
            format!("whether token '{name}', which made the job, is valid cannot be read: {error}")
        })?;
        let wrong = match token {
            Some(token) if token.is_valid(clock::wall_now()) => return Ok(()),
            Some(token) if token.revoked_at.is_some() => "was revoked",
            Some(_) => "has expired",
            None => "is not there any more",
        };
        Err(format!(
            "token '{name}', which made the job, {wrong}; have the job made anew by somebody who may \
             command"
        ))
    }
}
