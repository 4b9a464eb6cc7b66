//! What lies between two daemons: crashes, downtime, starts; and the effects of a running one.

use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{ClockTrust, Effect, Engine, Input, Scope};
use station_core::model::{Action, ExecutionStatus, Mono, Remains};

use crate::link::Event;
use crate::trace::brief;
use crate::world::World;

impl World {
    /// The daemon ends at once.
    pub(crate) fn crash(&mut self) {
        self.tally.crashes += 1;
        let reboot = self.random.chance(20);
        self.say(|_| format!("crash; reboot: {reboot}"));
        self.go_down(reboot);
    }

    pub(crate) fn go_down(&mut self, reboot: bool) {
        self.exited = false;
        self.asked_twice = false;
        self.trouble = None;
        self.held.clear();
        self.link.lose_daemon(reboot);
        let down = match self.random.within(0, 9) {
            0..=5 => self.random.millis(10, 3_000),
            6..=8 => self.random.millis(1_000, 900_000),
            _ => self.random.millis(1_000_000, 200_000_000),
        };
        self.pass(down);
        if reboot {
            self.now.mono = Mono(self.random.within(1, 90_000_000));
        }
        self.boot();
    }

    pub(crate) fn boot(&mut self) {
        let unsynchronised = !self.calm && self.random.chance(15);
        loop {
            let trust =
                if unsynchronised { ClockTrust::Unsynchronised } else { ClockTrust::Trusted };
            let newest = self.store.newest();
            let snapshot = self.store.snapshot(self.config.window);
            let random = self.random.next();
            let (engine, outcome) = Engine::start(
                self.config.clone(),
                Scope::All,
                snapshot,
                self.now,
                trust,
                random,
                TimeZoneDatabase::none(),
            );
            self.engine = engine;
            self.say(|_| format!("start, {trust:?}\n      -> {}", brief(&outcome)));
            let before = self.store.clone();
            let mut entries = Vec::new();
            self.fold(None, outcome, &mut entries);
            self.load(&mut entries);
            if !self.calm && self.random.chance(5) {
                self.say(|_| "the start could not be stored".to_owned());
                self.store = before;
                self.pass(Duration::from_secs(1));
                continue;
            }
            self.reference.boot(self.now, unsynchronised, newest);
            self.tally.held += u64::from(self.reference.is_held());
            self.commit(entries, usize::MAX);
            return;
        }
    }

    pub(crate) fn perform(&mut self, effect: Effect) {
        let random = &mut self.random;
        let mono = self.now.mono;
        match effect {
            Effect::Start { execution: id, attempt, action, equipment, idle_timeout, .. } => {
                let stored = self.store.executions.get(&id).expect("a start is durable");
                assert_eq!(stored.status, ExecutionStatus::Running, "{id} started: {stored:?}");
                assert_eq!(stored.attempt, attempt, "{id} started: {stored:?}");
                assert!(
                    self.started.insert((id, attempt)),
                    "{id} attempt {attempt}: started twice"
                );
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
            Effect::Stop { execution: id, kill } => {
                let stored = &self.store.executions[&id];
                let over = self.link.processes.get(&id).is_none_or(|p| p.ends <= mono);
                assert!(over || stored.stop.is_some(), "{id} was told to end: {stored:?}");
                let told = self.link.processes.get(&id).and_then(|process| process.told);
                let from = told.map(|told| told.plus(self.config.kill_grace));
                assert!(!kill || from.is_none_or(|from| mono >= from), "{id} was killed early");
                self.link.signal(mono, id, kill, random);
            }
            Effect::EndSurvivors { runs, .. } => {
                let runs: Vec<_> = runs.into_iter().map(|(id, _)| id).collect();
                for (id, process) in &self.link.processes {
                    assert!(process.ends <= mono || runs.contains(id), "{id} was left to itself");
                }
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
                let at = mono.plus(random.millis(0, 20_000));
                self.link.send(at, Event::Due(Input::SurvivorsEnded { runs }));
            }
            Effect::Load { .. } | Effect::LoadPlanned { .. } => {
                panic!("a load is performed at once")
            }
            Effect::FindExpired { .. } | Effect::Notify { .. } => panic!("not in these worlds"),
            Effect::SampleLoad => {
                let load = if self.calm { 0 } else { random.within(0, 400) };
                let input = Input::Load(u32::try_from(load).unwrap());
                self.link.send(mono.plus(random.millis(0, 100)), Event::Due(input));
            }
            Effect::FindOldestOutputs { bytes } => {
                let input = Input::OldestOutputs(self.store.oldest_outputs(bytes));
                self.link.send(mono.plus(random.millis(0, 10)), Event::Due(input));
            }
            Effect::SendMail { execution, .. } => {
                let id = execution.id;
                assert_eq!(self.store.mails.get(&id), Some(&false), "a mail about {id} is owed");
                self.mailed.insert(id);
                let error = random.chance(20).then(|| "no sendmail".to_owned());
                let input = Input::Mailed { execution: id, error };
                self.link.send(mono.plus(random.millis(1, 3_000)), Event::Due(input));
            }
            Effect::Note(_) => {}
            Effect::Exit => self.exited = true,
        }
    }
}
