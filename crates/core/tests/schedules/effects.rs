//! The effects of a durable round.

use station_core::engine::{Effect, Input};
use station_core::model::{Action, ExecutionId, ExecutionStatus, Remains};

use crate::link::Event;
use crate::world::World;

impl World {
    pub(crate) fn perform(&mut self, effect: Effect) {
        let random = &mut self.random;
        let mono = self.now.mono;
        let mut send = |after, input| self.link.send(mono.plus(after), Event::Due(input));
        match effect {
            Effect::Start {
                execution: id, attempt, action, idle_timeout, node, equipment, ..
            } => {
                let stored = self.store.executions.get(&id).expect("a start is durable");
                assert_eq!(node.as_ref().map(|node| &node.name), stored.node.as_ref(), "{id}");
                assert_eq!(stored.status, ExecutionStatus::Running, "{id} started: {stored:?}");
                assert_eq!(stored.attempt, attempt, "{id} started: {stored:?}");
                assert!(self.started.insert((id, attempt)), "{id} attempt {attempt}: twice");
                let before = self.link.processes.get(&id);
                assert!(before.is_none_or(|process| process.ends <= mono), "{id} runs already");
                let spec = &self.store.jobs[&id.job].spec;
                assert_eq!(equipment, spec.target.equipment(), "the equipment of {id}");
                for (other, process) in &self.link.processes {
                    let shared = process.equipment.iter().any(|one| equipment.contains(one));
                    assert!(!shared || process.ends <= mono, "{id} shares equipment with {other}");
                }
                let operates = matches!(action, Action::Instrument(_));
                self.link.start(mono, id, idle_timeout, operates.then_some(equipment), random);
                if self.calm {
                    self.link.calm(mono, random);
                }
            }
            Effect::Stop { execution: id, kill } => self.link.signal(mono, id, kill, random),
            Effect::EndSurvivors { node, runs } => {
                let place = node.map(|node| node.name);
                let there = |id: &ExecutionId| self.store.executions[id].node == place;
                assert!(runs.iter().all(|(id, _)| there(id)), "{runs:?} on {place:?}");
                let runs: Vec<_> = runs.into_iter().map(|(id, _)| id).collect();
                let runs = self.link.end_survivors(mono, &runs);
                let at = mono.plus(random.millis(0, 6_000));
                self.link.send(at, Event::Due(Input::SurvivorsEnded { runs }));
            }
            Effect::MakeSafe { runs } => {
                let found = runs.iter().map(|run| {
                    let job = &self.store.jobs[&run.execution.job].spec;
                    assert_eq!(run.action, job.action, "what {} did", run.execution);
                    assert_eq!(run.equipment, job.target.equipment(), "of {}", run.execution);
                    assert!(!run.equipment.is_empty(), "{} held nothing", run.execution);
                    let lost = random.chance(30).then(|| Remains::Unknown("silent".to_owned()));
                    (run.execution, lost.unwrap_or(Remains::Ended))
                });
                let runs = found.collect();
                let at = mono.plus(random.millis(0, 60_000));
                self.link.send(at, Event::Due(Input::SurvivorsEnded { runs }));
            }
            Effect::FindExpired { before, limit } => {
                let kept = self.config.retention.expect("nothing expires");
                assert_eq!(before.plus(kept), self.now.wall, "what has expired");
                // Batches are cut short, so that there are several.
                let few = usize::try_from(random.within(3, 40)).unwrap();
                let limit = if self.calm { limit } else { limit.min(few) };
                let (executions, more) = self.store.expired(before, limit);
                send(random.millis(0, 500), Input::Expired { executions, more });
            }
            Effect::Notify { channel, alarm } => {
                // After a failed round it may be tried twice, and have arrived meanwhile.
                if let Some(notice) = self.store.notices.get(&(alarm.id, channel.clone())) {
                    let early = notice.next_at > self.now.wall && notice.attempts == 0;
                    assert!(!early, "{notice:?} was tried early");
                }
                let fails = !self.calm && random.chance(60);
                let error = fails.then(|| "no route to host".to_owned());
                let alarm = alarm.id;
                send(random.millis(1, 3_000), Input::Notified { alarm, channel, error });
            }
            Effect::Note(_) => {}
            Effect::Exit => self.exited = true,
            Effect::Load { .. } | Effect::LoadPlanned { .. } => {
                panic!("a load is performed at once")
            }
            Effect::SampleLoad | Effect::FindOldestOutputs { .. } | Effect::SendMail { .. } => {
                panic!("not in these worlds: {effect:?}")
            }
        }
    }
}
