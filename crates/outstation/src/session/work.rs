//! Everything under way with an outstation: commands, and questions. Nothing of it outlives its
//! connection, and nothing is ever sent again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::OutstationSettings;
use station_wire::iec104::codec::Asdu;
use station_wire::iec104::command::Heard;
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::command::{CommandEnd, Ended, Order, Progress, Recheck, Running};
use super::connect::Connection;
use super::event::Event;
use super::line::Line;
use super::question::{Ask, AskEnd, Asked, Asker};
use super::tap::{Seen, Trace};

/// How many commands that have ended are remembered, for what comes late.
const REMEMBERED: usize = 32;
/// How much of what comes late is told of each of them: the outstation may never stop.
const MOST_LATE: u32 = 8;
/// How many questions may wait for others to end.
const MOST_WAITING: usize = 64;

/// What is under way.
pub(super) struct Work {
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    zone: TimeZone,
    /// Where data is transferred, and the number of that line.
    link: Option<(Arc<Connection>, u64)>,
    /// Why it is not.
    why: String,
    commands: Vec<Running>,
    ended: VecDeque<Ended>,
    asked: Vec<Asked>,
    /// Questions whose answers could not be told from those to others under way.
    waiting: Vec<Asked>,
    /// The number of the next test.
    tests: u16,
    settings: OutstationSettings,
    scratch: Vec<u8>,
}

impl Work {
    pub(super) fn new(
        shared: Arc<Shared>,
        events: mpsc::UnboundedSender<Event>,
        zone: TimeZone,
        settings: &OutstationSettings,
    ) -> Self {
        Self {
            shared,
            events,
            zone,
            link: None,
            why: "it has not been reached yet".to_owned(),
            commands: Vec::new(),
            ended: VecDeque::new(),
            asked: Vec::new(),
            waiting: Vec::new(),
            tests: 0,
            settings: settings.clone(),
            scratch: Vec::with_capacity(256),
        }
    }

    pub(super) fn link_up(&mut self, connection: &Arc<Connection>, line: u64) {
        self.link = Some((Arc::clone(connection), line));
    }

    /// Data is not transferred any more: whatever waits for an answer ends.
    pub(super) fn link_down(&mut self, now: Duration, why: &str) {
        self.link = None;
        why.clone_into(&mut self.why);
        self.ended.clear();
        for running in &mut self.commands {
            running.command.link_lost(now);
        }
        self.asked.append(&mut self.waiting);
        for asked in &mut self.asked {
            asked.query.link_lost(now);
        }
        self.finish();
    }

    /// Takes a command in, unless it cannot be sent now: nothing waits here for a connection.
    pub(super) fn order(
        &mut self,
        order: Order,
        reply: oneshot::Sender<CommandEnd>,
        now: Duration,
    ) {
        if reply.is_closed() {
            return;
        }
        let (ca, ioa) = (order.spec.ca, order.spec.ioa);
        let refusal = if self.commands.iter().any(|running| running.is_at(ca, ioa)) {
            Err(("in_flight", format!("another command to the point {ioa} of {ca} is under way")))
        } else {
            self.link.clone().ok_or_else(|| ("link_down", self.is_down()))
        };
        match refusal {
            Ok(link) => {
                self.commands.push(Running::new(order, reply, link, &self.shared, now));
            }
            Err((reason, message)) => {
                // A caller who is gone need not hear that nothing was sent.
                reply.send(CommandEnd::not_sent(reason, message, (self.shared.clock)())).ok();
            }
        }
    }

    fn is_down(&self) -> String {
        format!("there is no connection to {}: {}", self.shared.name, self.why)
    }

    /// Takes in a question of a caller.
    pub(super) fn ask(
        &mut self,
        ask: Ask,
        (trace, recheck): (Option<Trace>, Option<Recheck>),
        reply: oneshot::Sender<AskEnd>,
    ) {
        let now = (self.shared.clock)();
        let what = ask.what(self.tests).map_err(|message| ("invalid", message));
        let what = what.and_then(|what| {
            if self.waiting.len() < MOST_WAITING {
                Ok(what)
            } else {
                let name = &self.shared.name;
                let message = format!("{MOST_WAITING} questions to {name} wait already; ask later");
                Err(("busy", message))
            }
        });
        let link = self.link.clone().ok_or_else(|| ("link_down", self.is_down()));
        match what.and_then(|what| Ok((what, link?))) {
            Ok((what, link)) => {
                self.tests = self.tests.wrapping_add(1);
                let asker = (Asker::Caller(reply, trace), recheck);
                self.waiting.push(Asked::new(ask, what, &self.settings, asker, link));
            }
            // A caller who is gone need not hear that nothing was asked.
            Err((reason, message)) => {
                reply.send(AskEnd::not_asked(reason, message, now)).ok();
            }
        }
    }

    /// Takes in what the session asks of itself, unless it is about to: an outstation may say over and
    /// over that it was restarted.
    pub(super) fn ask_of_itself(&mut self, ask: Ask) {
        if self.waiting.iter().any(|waiting| waiting.is_own(ask)) {
            return;
        }
        if let (Ok(what), Some(link)) = (ask.what(self.tests), self.link.clone()) {
            let asker = (Asker::Session, None);
            self.waiting.push(Asked::new(ask, what, &self.settings, asker, link));
        }
    }

    /// Sends what there is to send.
    pub(super) fn step(&mut self, mut line: Option<&mut Line>) {
        let (zone, scratch, shared) = (&self.zone, &mut self.scratch, &self.shared);
        self.commands.retain_mut(|running| {
            running.step(line.as_deref_mut(), zone, scratch, shared) != Progress::Forgotten
        });
        let mut index = 0;
        while let Some(waiting) = self.waiting.get(index) {
            if waiting.is_forgotten() {
                self.waiting.remove(index);
            } else if self.asked.iter().any(|asked| asked.is_like(waiting)) {
                index += 1;
            } else {
                self.asked.push(self.waiting.remove(index));
            }
        }
        self.asked.retain(|asked| !asked.is_forgotten());
        for asked in &mut self.asked {
            asked.step(line.as_deref_mut(), zone, scratch, shared);
        }
        self.finish();
    }

    /// Tells of what has ended.
    fn finish(&mut self) {
        let commands = self.commands.extract_if(.., |running| running.command.outcome().is_some());
        for running in commands {
            let Some(outcome) = running.command.outcome().copied() else { continue };
            let (ended, unheard) = running.end(outcome, (self.shared.clock)());
            if let Some(end) = unheard {
                let correlation = ended.correlation.clone();
                self.events.send(Event::Ended { correlation, end }).ok();
            }
            if self.ended.len() >= REMEMBERED {
                self.ended.pop_front();
            }
            if self.link.is_some() {
                self.ended.push_back(ended);
            }
        }
        for asked in self.asked.extract_if(.., |asked| asked.query.outcome().is_some()) {
            let Some(outcome) = asked.query.outcome().copied() else { continue };
            if let Some((ask, end)) = asked.end(outcome, (self.shared.clock)()) {
                self.events.send(Event::Upkept { ask, end }).ok();
            }
        }
    }

    /// Lets everything under way hear an ASDU, and says what came too late.
    pub(super) fn hear(
        &mut self,
        asdu: &Asdu<'_>,
        now: Duration,
        seen: Seen<'_>,
        connection: &Arc<Connection>,
    ) -> Option<Event> {
        let mut is_heard = false;
        for running in &mut self.commands {
            is_heard |= running.command.receive(asdu, now) != Heard::NotMine;
        }
        for asked in &mut self.asked {
            asked.query.receive(asdu, now);
        }
        if is_heard || asdu.header.type_id < 45 {
            return None;
        }
        let mut ended = self.ended.iter_mut().rev();
        ended
            .find_map(|ended| match ended.command.receive(asdu, now) {
                Heard::NotMine => None,
                Heard::Step(kind) | Heard::Late(kind) => {
                    ended.late = ended.late.saturating_add(1);
                    Some((ended, kind))
                }
            })
            .filter(|(ended, _)| ended.late <= MOST_LATE)
            .map(|(ended, kind)| Event::Late {
                correlation: ended.correlation.clone(),
                connection: Arc::clone(connection),
                kind: kind.name(),
                frame: seen.keep(),
            })
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let commands = self.commands.iter().filter_map(|running| running.command.deadline());
        let asked = self.asked.iter().filter_map(|asked| asked.query.deadline());
        commands.chain(asked).min()
    }

    /// Does what is due.
    pub(super) fn on_deadline(&mut self, now: Duration) {
        for running in &mut self.commands {
            running.command.on_deadline(now);
        }
        for asked in &mut self.asked {
            asked.query.on_deadline(now);
        }
    }
}
