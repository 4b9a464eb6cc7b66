//! An instrument as its clients see it: messages in, replies out, status, faults of its own.

mod common;
mod system;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::{Bench, bench};

use std::sync::Arc;

use super::fault::FaultKind;
use super::language::{Call, Complaint, Outcome, QUEUE, Status, Tree, Unit, units};
use super::machine::{Command, Machine};
use super::noise::Noise;
use super::surroundings::Surroundings;
use super::{Clock, Instrument, Model};

/// The most that one reply may hold, in bytes.
const OUTPUT_QUEUE: usize = 64 << 20;

/// What an instrument is made with.
#[derive(Clone)]
pub(crate) struct Making {
    pub(crate) model: Model,
    pub(crate) serial_number: String,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) fault_control: bool,
    pub(crate) surroundings: Arc<Surroundings>,
}

/// An instrument with that machine in it.
pub(crate) struct Device<M> {
    making: Making,
    tree: Arc<Tree>,
    commands: Vec<Command<M>>,
    machine: M,
    status: Status,
    noise: Noise,
    kept: Kept<M>,
}

/// What survives switching off.
struct Kept<M> {
    saved: [Option<M>; 10],
    /// `*PSC`: whether switching on clears the enable registers.
    power_on_clears: bool,
    /// How often non-volatile memory was written.
    wear: u64,
}

impl<M: Machine> Device<M> {
    /// The instrument, just switched on.
    pub(crate) fn new(making: Making) -> Self {
        let system = system::patterns();
        let commands = M::commands();
        let own = commands.iter().map(|command| (command.pattern, command.access));
        Self {
            tree: Arc::new(Tree::new(system.chain(own))),
            commands,
            machine: M::default(),
            status: Status::power_on(),
            noise: Noise::new(making.seed),
            kept: Kept { saved: Default::default(), power_on_clears: true, wear: 0 },
            making,
        }
    }

    fn now(&self) -> f64 {
        (self.making.clock)().as_secs_f64()
    }

    /// Off and on again.
    fn power_cycle(&mut self) {
        self.replace(M::default());
        let before = std::mem::replace(&mut self.status, Status::power_on());
        if !self.kept.power_on_clears {
            self.status.event_enable = before.event_enable;
            self.status.service_enable = before.service_enable;
        }
    }

    /// Puts other settings in place; what is wired to it stays.
    fn replace(&mut self, machine: M) {
        let before = std::mem::replace(&mut self.machine, machine);
        self.machine.keep_wiring(&before);
    }

    fn observe(&mut self) {
        let conditions = self.machine.observe(self.now());
        self.status.operation.observe(conditions.operation);
        self.status.questionable.observe(conditions.questionable);
    }

    fn unit(&mut self, unit: Unit<'_>, path: &mut Vec<u8>, reply: &mut Vec<u8>) -> Outcome {
        let tree = Arc::clone(&self.tree);
        let found = match unit.header.strip_prefix(b"*") {
            Some(_) => None,
            None => Some(tree.find(unit.header, unit.query, path)?),
        };
        let before = reply.len();
        if unit.query && before > 0 {
            reply.push(b';');
        }
        // A copy goes in and comes back: the machine, the status and the noise are lent apart.
        let mut noise = self.noise.clone();
        let mut call = Call {
            query: unit.query,
            suffixes: found.as_ref().map_or([None; 3], |found| found.suffixes),
            parameters: unit.parameters,
            now: self.now(),
            noise: &mut noise,
            reply,
            answered: false,
        };
        let done = match found {
            None => self.common(unit.header, &mut call),
            Some(found) => match found.command.checked_sub(system::COUNT) {
                None => self.system(found.command, &mut call),
                Some(own) => match self.commands.get(own) {
                    Some(command) => (command.run)(&mut self.machine, &mut call),
                    None => Err(Complaint::UNDEFINED_HEADER),
                },
            },
        };
        self.noise = noise;
        if done.is_err() {
            reply.truncate(before);
        }
        self.observe();
        done
    }

    /// What the links saw go wrong since the last message.
    fn take_link_troubles(&mut self) {
        let (interrupted, overruns) = self.making.surroundings.take_link_troubles();
        for _ in 0..interrupted {
            self.status.complain(Complaint::INTERRUPTED);
        }
        for _ in 0..overruns {
            self.status.complain(Complaint::OVERRUN);
        }
    }

    /// The reply as the faults let it out.
    fn faulty(&self, reply: Vec<u8>, header: &[u8]) -> Option<Vec<u8>> {
        let surroundings = &self.making.surroundings;
        let silent = |kind| matches!(kind, FaultKind::Silent(_)).then_some(());
        if surroundings.strikes(silent).is_some() {
            return None;
        }
        if surroundings.struck(FaultKind::EchoHeader) {
            return Some([header, b"? ", &reply].concat());
        }
        Some(reply)
    }
}

impl<M: Machine> Instrument for Device<M> {
    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let cycled = |kind| matches!(kind, FaultKind::PowerCycle(_)).then_some(());
        if self.making.surroundings.strikes(cycled).is_some() {
            self.power_cycle();
        }
        self.take_link_troubles();
        self.observe();
        let mut reply = Vec::new();
        let mut path = Vec::new();
        let mut asked: Option<&[u8]> = None;
        for unit in units(message) {
            let done = unit.and_then(|unit| {
                let (query, header) = (unit.query, unit.header);
                self.unit(unit, &mut path, &mut reply)?;
                if query {
                    asked.get_or_insert(header);
                }
                Ok(())
            });
            if let Err(complaint) = done {
                self.status.complain(complaint);
                // What follows a syntax error cannot be trusted; other errors stop only their unit.
                if complaint.is_syntax() {
                    break;
                }
            }
        }
        if reply.len() > OUTPUT_QUEUE {
            self.status.complain(Complaint::DEADLOCKED);
            return None;
        }
        let Some(header) = asked else {
            if self.making.surroundings.struck(FaultKind::ErrorFlood) {
                (0..=QUEUE).for_each(|_| self.status.complain(Complaint::SYSTEM));
            }
            return None;
        };
        self.faulty(reply, header)
    }

    fn clear(&mut self) {
        // Nothing waits in here: replies are handed out at once. The links forget theirs.
        self.take_link_troubles();
    }

    fn status_byte(&mut self) -> u8 {
        self.take_link_troubles();
        self.observe();
        self.status.byte(false)
    }
}
