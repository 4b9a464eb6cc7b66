//! Performs what concerns equipment: its records and the profile come from the store at that moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use station_core::engine::{Input, SafetyRun};
use station_core::model::{
    Action, Equipment, ExecutionId, InstrumentAction, Node, OutputCap, Profile, Record, RecordKind,
    Remains, Work,
};

use super::{Envelope, Performer};
use crate::port::{OperateRequest, Store};

impl Performer {
    pub(super) fn operate(
        &self,
        (execution, attempt): (ExecutionId, u32),
        action: Box<InstrumentAction>,
        equipment: &[String],
        idle_timeout: Option<Duration>,
        store: &mut dyn Store,
    ) {
        let (equipment, missing) = named_equipment(equipment, store);
        if let Some(missing) = missing {
            return self.not_started(execution, missing);
        }
        let profile = action.profile.as_deref().map(|name| named_profile(name, store)).transpose();
        match profile {
            Ok(profile) => self.link.operate(OperateRequest {
                execution,
                attempt,
                nodes: self.nodes_of(&action),
                action,
                equipment,
                profile,
                cap: OutputCap::default(),
                idle_timeout,
            }),
            Err(error) => self.not_started(execution, error),
        }
    }

    /// The nodes that the commands of a sequence may name.
    fn nodes_of(&self, action: &InstrumentAction) -> Vec<Node> {
        let Work::Sequence(sequence) = &action.work else { return Vec::new() };
        if !sequence.is_on_nodes() {
            return Vec::new();
        }
        let nodes = self.reader.nodes().unwrap_or_else(|error| {
            tracing::error!(%error, "the nodes cannot be read");
            Vec::new()
        });
        nodes.into_iter().map(|(node, _)| node).collect()
    }

    /// Has equipment made safe; that some of a run's is not there keeps nobody from the rest.
    pub(super) fn make_safe(&self, runs: Vec<SafetyRun>, store: &mut dyn Store) {
        tracing::warn!(runs = runs.len(), "equipment was in use when the station last stopped");
        let (mut requests, mut found) = (Vec::new(), Vec::new());
        let mut lacking = BTreeMap::new();
        for SafetyRun { execution, action, equipment } in runs {
            let Action::Instrument(action) = action else { continue };
            let (equipment, missing) = named_equipment(&equipment, store);
            match missing {
                Some(missing) if equipment.is_empty() => {
                    found.push((execution, Remains::Unknown(missing)));
                    continue;
                }
                Some(missing) => drop(lacking.insert(execution, missing)),
                None => {}
            }
            requests.push(OperateRequest {
                execution,
                attempt: 0,
                action,
                equipment,
                profile: None,
                nodes: Vec::new(),
                cap: OutputCap::default(),
                idle_timeout: None,
            });
        }
        let mailbox = Arc::clone(&self.mailbox);
        let report = move |runs: Vec<(ExecutionId, Remains)>| {
            let told = runs.into_iter().map(|(execution, remains)| {
                let missing = lacking.remove(&execution);
                let remains = match missing {
                    Some(missing) => with(remains, &missing),
                    None => remains,
                };
                (execution, remains)
            });
            found.extend(told);
            mailbox.put(Envelope::Input(Input::SurvivorsEnded { runs: found }));
        };
        if requests.is_empty() {
            report(Vec::new());
        } else {
            self.link.make_safe(requests, Box::new(report));
        }
    }
}

/// What was found, where some of the equipment could not be looked at.
fn with(remains: Remains, missing: &str) -> Remains {
    match remains {
        Remains::Unknown(why) => Remains::Unknown(format!("{why}; {missing}")),
        Remains::Nothing | Remains::Ended | Remains::Unsupported => {
            Remains::Unknown(missing.to_owned())
        }
        Remains::Left => remains,
    }
}

/// The records of equipment; and what is wrong with the first that is not there.
fn named_equipment(ids: &[String], store: &mut dyn Store) -> (Vec<Equipment>, Option<String>) {
    let (mut all, mut missing) = (Vec::with_capacity(ids.len()), None);
    for id in ids {
        match store.record(RecordKind::Equipment, id) {
            Ok(Some(Record::Equipment(equipment))) => all.push(*equipment),
            Ok(_) => {
                missing.get_or_insert_with(|| format!("equipment '{id}' is not registered"));
            }
            Err(error) => {
                missing.get_or_insert_with(|| format!("equipment '{id}' cannot be read: {error}"));
            }
        }
    }
    (all, missing)
}

fn named_profile(name: &str, store: &mut dyn Store) -> Result<Profile, String> {
    let found = store.record(RecordKind::Profile, name);
    match found.map_err(|error| format!("profile '{name}' cannot be read: {error}"))? {
        Some(Record::Profile(profile)) => Ok(*profile),
        _ => Err(format!("profile '{name}' is not registered")),
    }
}
