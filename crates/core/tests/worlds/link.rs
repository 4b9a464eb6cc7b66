//! The outside of the engine: processes, and events on their way to it.

use std::collections::BTreeMap;
use std::time::Duration;

use station_core::engine::{EndReport, Input};
use station_core::model::{
    End, ExecutionId, Micros, Mono, OutputChunk, OutputSummary, ProcessRecord, Remains, Stream,
    Usage,
};

use crate::random::Random;

/// So long that it never ends by itself within a world.
pub(crate) const NEVER: Duration = Duration::from_secs(400 * 86_400);

/// An event on its way to the engine.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// As it should be.
    Due(Input),
    /// An event of a run that is over; dropped if another attempt runs when it arrives, since no
    /// link mixes up its own attempts.
    Late(Input),
}

const COMMAND_ENDS: [End; 7] = [
    End::Exit(0),
    End::Exit(0),
    End::Exit(0),
    End::Exit(1),
    End::Exit(7),
    End::Signal(11),
    End::NotStarted,
];
const WORK_ENDS: [End; 7] =
    [End::Done, End::Done, End::Done, End::Failed, End::Failed, End::Unknown, End::NotStarted];

/// A process, or a run with equipment.
pub(crate) struct Process {
    pub(crate) ends: Mono,
    end: End,
    ignores_term: bool,
    survives: bool,
    /// What it holds for itself.
    pub(crate) equipment: Vec<String>,
    pub(crate) told: Option<Mono>,
    pub(crate) killed: bool,
}

/// All processes and all events on their way.
#[derive(Default)]
pub(crate) struct Link {
    pub(crate) processes: BTreeMap<ExecutionId, Process>,
    events: BTreeMap<(Mono, u64), Event>,
    sent: u64,
}

impl Link {
    pub(crate) fn send(&mut self, at: Mono, event: Event) {
        self.sent += 1;
        self.events.insert((at, self.sent), event);
    }

    pub(crate) fn next(&self) -> Option<Mono> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// The events that have arrived by now, in order.
    pub(crate) fn take(&mut self, now: Mono, random: &mut Random) -> Vec<Event> {
        let later = self.events.split_off(&(Mono(now.0 + 1), 0));
        let arrived = std::mem::replace(&mut self.events, later);
        for event in arrived.values() {
            if let Event::Due(Input::Ended { execution, .. }) = event {
                self.processes.remove(execution);
                if random.chance(6) {
                    let again = late_event(*execution, random);
                    self.send(now.plus(random.millis(1, 9_000)), Event::Late(again));
                }
            }
        }
        arrived.into_values().collect()
    }

    pub(crate) fn awaits(&self, wanted: impl Fn(&Input) -> bool) -> bool {
        self.events.values().any(|event| match event {
            Event::Due(input) | Event::Late(input) => wanted(input),
        })
    }

    pub(crate) fn start(
        &mut self,
        now: Mono,
        id: ExecutionId,
        idle: Option<Duration>,
        equipment: Option<Vec<String>>,
        random: &mut Random,
    ) {
        let end = random.pick(&match equipment {
            None => COMMAND_ENDS,
            Some(_) => WORK_ENDS,
        });
        let life = match end {
            End::NotStarted => random.millis(0, 20),
            _ if random.chance(8) => NEVER,
            _ if random.chance(30) => random.millis(0, 1_000),
            End::Exit(_) | End::Signal(_) | End::Unknown | End::Done | End::Failed => {
                random.millis(500, 30_000)
            }
        };
        let ends = now.plus(life);
        if end != End::NotStarted {
            let at = now.plus(random.millis(0, 20)).min(ends);
            self.send(at, Event::Due(started(id, random)));
            let mut last = at;
            while random.chance(40) && last < ends {
                last = last.plus(random.millis(1, 5_000)).min(ends);
                let chunks = vec![chunk(random)];
                self.send(last, Event::Due(Input::Output { execution: id, chunks }));
            }
            if let Some(idle) = idle
                && last.plus(idle) < ends
            {
                self.send(last.plus(idle), Event::Due(Input::Idle { execution: id }));
            }
        }
        self.send(ends, Event::Due(ended(id, end, random)));
        let process = Process {
            ends,
            end,
            ignores_term: random.chance(25),
            // What has no process ends with the daemon.
            survives: random.chance(40) && equipment.is_none(),
            equipment: equipment.unwrap_or_default(),
            told: None,
            killed: false,
        };
        self.processes.insert(id, process);
    }

    /// Signals a process; what it had still to say is not said any more.
    pub(crate) fn signal(&mut self, now: Mono, id: ExecutionId, kill: bool, random: &mut Random) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.told = process.told.or(Some(now));
        process.killed |= kill;
        if process.ends <= now || (process.ignores_term && !kill) {
            return;
        }
        process.ends = process.ends.min(now.plus(random.millis(0, 300)));
        let signal = End::Signal(if kill { 9 } else { 15 });
        process.end = if process.equipment.is_empty() { signal } else { End::Failed };
        let (ends, end) = (process.ends, process.end);
        self.events.retain(|(at, _), event| match event {
            Event::Due(Input::Ended { execution, .. }) => *execution != id,
            Event::Due(
                Input::Output { execution, .. }
                | Input::Idle { execution }
                | Input::Started { execution, .. },
            ) => *execution != id || *at <= ends,
            Event::Due(_) | Event::Late(_) => true,
        });
        self.send(ends, Event::Due(ended(id, end, random)));
    }

    /// The daemon is gone: so are all events; some processes stay.
    pub(crate) fn lose_daemon(&mut self, reboot: bool) {
        self.events.clear();
        self.processes.retain(|_, process| process.survives && !reboot);
    }

    /// Ends what is left of these runs and tells which were still there.
    pub(crate) fn end_survivors(
        &mut self,
        now: Mono,
        runs: &[ExecutionId],
    ) -> Vec<(ExecutionId, Remains)> {
        let mut end = |id: &ExecutionId| match self.processes.remove(id) {
            Some(process) if process.ends > now => Remains::Ended,
            Some(_) | None => Remains::Nothing,
        };
        runs.iter().map(|id| (*id, end(id))).collect()
    }

    /// From now on every process ends by itself.
    pub(crate) fn calm(&mut self, now: Mono, random: &mut Random) {
        let endless: Vec<_> = self
            .processes
            .iter()
            .filter(|(_, process)| process.ends > now.plus(NEVER / 2))
            .map(|(id, _)| *id)
            .collect();
        for id in endless {
            self.events.retain(|_, event| {
                !matches!(event, Event::Due(Input::Ended { execution, .. }) if *execution == id)
            });
            if let Some(process) = self.processes.get_mut(&id) {
                process.ends = now.plus(random.millis(0, 60_000));
                let (ends, end) = (process.ends, process.end);
                self.send(ends, Event::Due(ended(id, end, random)));
            }
        }
    }
}

fn late_event(id: ExecutionId, random: &mut Random) -> Input {
    match random.within(0, 3) {
        0 => ended(id, End::Exit(0), random),
        1 => Input::Output { execution: id, chunks: vec![chunk(random)] },
        2 => Input::Idle { execution: id },
        _ => started(id, random),
    }
}

fn started(execution: ExecutionId, random: &mut Random) -> Input {
    let pid = i32::try_from(random.within(2, 30_000)).unwrap();
    let process =
        ProcessRecord { pid, start_ticks: random.next(), boot_id: "boot".into(), mark: None };
    Input::Started { execution, process }
}

fn chunk(random: &mut Random) -> OutputChunk {
    let size = usize::try_from(random.within(1, 200)).unwrap();
    OutputChunk { stream: Stream::Stdout, at: Micros(0), bytes: vec![b'x'; size] }
}

fn ended(execution: ExecutionId, end: End, random: &mut Random) -> Input {
    let chunks = if random.chance(20) { vec![chunk(random)] } else { Vec::new() };
    let report = EndReport {
        kill: None,
        unreachable: false,
        result: None,
        end,
        error: None,
        usage: Usage::default(),
        output: OutputSummary::default(),
        chunks,
    };
    Input::Ended { execution, report: Box::new(report) }
}
