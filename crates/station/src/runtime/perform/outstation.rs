//! Performs what concerns outstations: their records come from the store at that moment.

use station_core::audit::Actor;
use station_core::engine::OutstationRun;
use station_core::model::{
    Approval, Control, ControlSwitch, ExecutionId, OutputCap, Outstation, Record, RecordKind, Tag,
};

use super::Performer;
use crate::port::{CommandRequest, Store, StoreError};
use crate::store::{Reader, RecordFilter};

impl Performer {
    pub(super) fn command(
        &self,
        (execution, attempt): (ExecutionId, u32),
        control: Control,
        run: Option<Box<OutstationRun>>,
        store: &mut dyn Store,
    ) {
        let Some(run) = run else {
            let why = "the job names no outstation".to_owned();
            return self.not_started(execution, why);
        };
        let OutstationRun { name, expires, by } = *run;
        let outstation = match named(&name, store) {
            Ok(outstation) => outstation,
            Err(why) => return self.not_started(execution, why),
        };
        // What cannot be read may forbid the command, so that it is not sent then.
        let rules = match Rules::read(&self.reader, store, execution, &name, &control) {
            Ok(rules) => rules,
            Err(error) => {
                let why = format!(
                    "not sent to {name}: whether that is permitted cannot be read: {error}"
                );
                return self.not_started(execution, why);
            }
        };
        let said = match &control {
            Control::Write(write) => (write.reason.clone(), write.ticket.clone()),
            Control::Interrogate { .. }
            | Control::Counters { .. }
            | Control::Read { .. }
            | Control::SyncClock
            | Control::Test => (None, None),
        };
        let approver = rules.approval.as_ref().and_then(|approval| approval.decided_by.clone());
        self.link.command(CommandRequest {
            execution,
            attempt,
            control,
            outstation,
            tags: rules.tags,
            switch: rules.switch,
            approval: rules.approval,
            by: Actor {
                principal: Some(by),
                method: None,
                source: None,
                execution: Some(execution),
                approver,
                reason: said.0,
                ticket: said.1,
            },
            expires,
            cap: OutputCap::default(),
        });
    }
}

/// What is recorded of who may do what, besides the points' own rules.
struct Rules {
    tags: Vec<Tag>,
    switch: Option<ControlSwitch>,
    approval: Option<Approval>,
}

impl Rules {
    fn read(
        reader: &Reader,
        store: &mut dyn Store,
        execution: ExecutionId,
        outstation: &str,
        control: &Control,
    ) -> Result<Self, StoreError> {
        let all = |kind| {
            reader.records(&RecordFilter {
                kind,
                equipment: Some(outstation.to_owned()),
                limit: usize::MAX,
            })
        };
        let tags = all(RecordKind::Tag)?.into_iter().filter_map(tag).collect();
        let switch = match store.record(RecordKind::Control, ControlSwitch::KEY)? {
            Some(Record::Control(switch)) => Some(switch),
            Some(_) | None => None,
        };
        let approval = match control {
            // The newest first. One for another value is none for this one.
            Control::Write(write) => all(RecordKind::Approval)?
                .into_iter()
                .filter_map(approval)
                .find(|one| one.job == Some(execution.job) && one.write == *write),
            Control::Interrogate { .. }
            | Control::Counters { .. }
            | Control::Read { .. }
            | Control::SyncClock
            | Control::Test => None,
        };
        Ok(Self { tags, switch, approval })
    }
}

fn tag(record: Record) -> Option<Tag> {
    if let Record::Tag(tag) = record { Some(tag) } else { None }
}

fn approval(record: Record) -> Option<Approval> {
    if let Record::Approval(approval) = record { Some(*approval) } else { None }
}

fn named(name: &str, store: &mut dyn Store) -> Result<Outstation, String> {
    match store.record(RecordKind::Outstation, name) {
        Ok(Some(Record::Outstation(outstation))) => Ok(*outstation),
        Ok(_) => Err(format!("outstation '{name}' is not registered any more")),
        Err(error) => Err(format!("outstation '{name}' cannot be read: {error}")),
    }
}
