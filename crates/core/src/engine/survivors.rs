//! Survivors: what the last daemon left behind, here, on nodes and in equipment, and how it was found.

use std::collections::BTreeMap;

use super::runs::Run;
use super::{Effect, Engine, Outcome, SafetyRun};
use crate::model::{Action, Execution, ExecutionId, Job, Kill, ProcessRecord, Remains};

/// The runs the last daemon left behind, by what is to be done about them.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// By place, with their processes where these are known.
    processes: BTreeMap<Option<String>, Vec<(ExecutionId, Option<ProcessRecord>)>>,
    equipment: Vec<SafetyRun>,
}

impl Left {
    /// A run was under way.
    pub(super) fn add(&mut self, job: &Job, execution: &Execution) {
        if holds_equipment(job) {
            self.equipment.push(SafetyRun {
                execution: execution.id,
                action: job.spec.action.clone(),
                equipment: job.spec.target.equipment().to_vec(),
            });
        } else {
            let there = self.processes.entry(execution.node.clone()).or_default();
            there.push((execution.id, execution.process.clone()));
        }
    }
}

impl Engine {
    /// Asks for an end of what the last daemon left, place by place, and for equipment to be made
    /// safe.
    pub(super) fn end_survivors(&self, left: Left, out: &mut Outcome) {
        for (place, runs) in left.processes {
            let node = match place {
                None => None,
                Some(name) => match self.nodes.get(&name) {
                    Some((node, _)) => Some(Box::new(node.clone())),
                    // Nobody knows any more how to reach it.
                    None => continue,
                },
            };
            out.effects.push(Effect::EndSurvivors { node, runs });
        }
        if !left.equipment.is_empty() {
            out.effects.push(Effect::MakeSafe { runs: left.equipment });
        }
    }

    /// What was found of a run that the last daemon left, for people.
    pub(super) fn found(&self, run: &Run, remains: &Remains) -> String {
        if self.window.job(run.execution.id.job).is_some_and(holds_equipment) {
            return match remains {
                Remains::Nothing | Remains::Ended => {
                    "the equipment was brought into its safe state".to_owned()
                }
                Remains::Left => {
                    "the equipment could not be brought into its safe state".to_owned()
                }
                Remains::Unsupported => {
                    "the equipment was left as it was: it has no safe state".to_owned()
                }
                Remains::Unknown(why) => {
                    format!("whether the equipment is in its safe state is not known: {why}")
                }
            };
        }
        if let Some(there) = &run.outstation {
            let name = &there.name;
            return format!(
                "it could not be told whether {name} had carried it out; what was sent stands in the \
                 audit trail"
            );
        }
        let there = run.execution.node.as_ref().map(|node| format!(" on {node}"));
        let there = there.unwrap_or_default();
        match remains {
            Remains::Nothing => format!("none of it was left{there}"),
            Remains::Ended => format!("its processes{there} were ended"),
            Remains::Left => format!("its processes{there} could not be ended"),
            Remains::Unsupported => {
                format!("what was left of it{there} was not ended: it had no guard")
            }
            Remains::Unknown(why) => {
                format!("what was left of it{there} could not be learned: {why}")
            }
        }
    }
}

/// What became of a run's processes on its node.
pub(super) fn kill_of(remains: &Remains) -> Kill {
    match remains {
        Remains::Nothing | Remains::Ended => Kill::Killed,
        Remains::Left => Kill::KillFailed,
        Remains::Unsupported => Kill::Unsupported,
        Remains::Unknown(_) => Kill::Unknown,
    }
}

/// Whether its runs leave equipment behind rather than processes.
fn holds_equipment(job: &Job) -> bool {
    matches!(job.spec.action, Action::Instrument(_)) && !job.spec.target.equipment().is_empty()
}
