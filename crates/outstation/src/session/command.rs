//! Commands under way: what is looked at before each is sent, and what there is to say of its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::{Mono, Now};
use station_wire::iec104::codec::{Cp56, TimeTag};
use station_wire::iec104::command::{Class, Command, Outcome, Phase, Seen, Spec, Step, Withdrawal};
use tokio::sync::oneshot;

use super::Shared;
use super::connect::Connection;
use super::line::Line;
use super::stamp::stamp;
use super::tap::{TapFrame, Trace};
use crate::permit::Refusal;

/// Looks whether a command may still be sent; asked immediately before it is, and again between its
/// selection and its execution. It is called by the session's task and must not wait.
pub type Recheck = Box<dyn FnMut() -> Result<(), Refusal> + Send>;

/// A command to be sent.
pub struct Order {
    /// What its caller calls it.
    pub correlation: String,
    /// What to do. [`Spec::expires`] is set from `expires`.
    pub spec: Spec,
    /// From when on it must not be sent any more, on the clock that the session was opened with. Where
    /// that clock goes on while the machine sleeps, `recheck` should look at it as well.
    pub expires: Mono,
    /// What must hold when it is sent.
    pub recheck: Recheck,
    /// Keeps the frames since before the intent was recorded.
    pub trace: Trace,
}

impl fmt::Debug for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Order")
            .field("correlation", &self.correlation)
            .finish_non_exhaustive()
    }
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct CommandEnd {
    /// How.
    pub class: Class,
    /// Why, as a word: of [`station_wire::iec104::command::Reason`], or of
    /// [`Reason`](crate::permit::Reason) for what was not sent.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub message: String,
    /// When.
    pub at: Now,
    /// Over which connection it went; `None`: there was none.
    pub connection: Option<Arc<Connection>>,
    /// The time tag it was sent with last.
    pub time_tag: Option<Cp56>,
    /// What the feedback point reported last since it was sent for execution.
    pub feedback: Option<Seen>,
    /// The outstation told the end of the operation before the outcome.
    pub terminated: bool,
    /// Every frame of that connection since the trace was opened.
    pub frames: Vec<TapFrame>,
    /// How many frames are missing there, as there were too many values among them.
    pub left_out: u64,
}

impl CommandEnd {
    /// The end of a command that nothing was sent of.
    pub(super) fn not_sent(reason: &'static str, message: String, at: Now) -> Self {
        Self {
            class: Class::NotSent,
            reason,
            message,
            at,
            connection: None,
            time_tag: None,
            feedback: None,
            terminated: false,
            frames: Vec::new(),
            left_out: 0,
        }
    }
}

/// A command under way.
pub(super) struct Running {
    pub(super) command: Command,
    order: Order,
    reply: oneshot::Sender<CommandEnd>,
    connection: Arc<Connection>,
    line: u64,
    /// Whether anything of it was given to the link.
    begun: bool,
    time_tag: Option<Cp56>,
    /// What was said against it, as a word and as a sentence.
    objection: Option<(&'static str, String)>,
}

/// What became of a look at a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for an answer.
    Waits,
    /// It has ended.
    Ended,
    /// Its caller went away before anything was sent: nothing is left of it.
    Forgotten,
}

impl Running {
    pub(super) fn new(
        mut order: Order,
        reply: oneshot::Sender<CommandEnd>,
        (connection, line): (Arc<Connection>, u64),
        shared: &Shared,
        now: Duration,
    ) -> Self {
        let left = order.expires.since((shared.clock)().mono);
        order.spec.expires = Some(now.saturating_add(left));
        let command = Command::new(order.spec.clone(), now);
        Self {
            command,
            order,
            reply,
            connection,
            line,
            begun: false,
            time_tag: None,
            objection: None,
        }
    }

    /// Whether it is one to the same point.
    pub(super) fn is_at(&self, ca: u16, ioa: u32) -> bool {
        (self.command.spec().ca, self.command.spec().ioa) == (ca, ioa)
    }

    /// Sends what there is to send of it. Its last look at the clock comes right before the link takes
    /// it, and the link's frames go to the socket right after.
    pub(super) fn step(
        &mut self,
        line: Option<&mut Line>,
        zone: &TimeZone,
        scratch: &mut Vec<u8>,
        shared: &Shared,
    ) -> Progress {
        if self.command.outcome().is_some() {
            return Progress::Ended;
        }
        if !self.begun && self.reply.is_closed() {
            return Progress::Forgotten;
        }
        // What cannot be sent now is not asked for, or it would be taken as sent.
        let Some(line) = line.filter(|line| line.is_drained()) else { return Progress::Waits };
        while line.link.can_send() {
            if !self.begun {
                self.look_again(shared.now());
                self.begun = true;
            }
            match self.command.step(shared.now()) {
                Step::Wait => break,
                Step::Done(_) => return Progress::Ended,
                Step::Send(phase) => {
                    self.time_tag = match self.command.spec().type_id.time_tag() {
                        TimeTag::Cp56 => stamp((shared.clock)().wall.timestamp(), zone),
                        TimeTag::None | TimeTag::Cp24 => None,
                    };
                    scratch.clear();
                    let encoded = self.command.encode(phase, self.time_tag, scratch);
                    let now = shared.now();
                    let given = encoded.map_err(|error| error.to_string()).and_then(|()| {
                        line.link.send(scratch, now).map_err(|error| error.to_string())
                    });
                    if let Err(sentence) = given {
                        self.object(("not_given", sentence), Withdrawal::NotGiven, now);
                        continue;
                    }
                    self.command.sent(now);
                    // To take a selection back is never too late.
                    let expires =
                        self.command.spec().expires.filter(|_| phase != Phase::Deactivate);
                    line.write_by = [line.write_by, expires].into_iter().flatten().min();
                }
                Step::Recheck if self.reply.is_closed() => {
                    self.command.cancel(shared.now(), Withdrawal::Cancelled);
                }
                Step::Recheck => {
                    if self.look_again(shared.now()) {
                        self.command.execute(shared.now());
                    }
                }
            }
        }
        if self.command.outcome().is_some() { Progress::Ended } else { Progress::Waits }
    }

    /// Whether all that must hold does; otherwise it is taken back.
    fn look_again(&mut self, now: Duration) -> bool {
        match (self.order.recheck)() {
            Ok(()) => true,
            Err(refusal) => {
                let objection = (refusal.reason.name(), refusal.sentence);
                self.object(objection, Withdrawal::Interlock, now);
                false
            }
        }
    }

    fn object(&mut self, objection: (&'static str, String), why: Withdrawal, now: Duration) {
        self.command.cancel(now, why);
        self.objection = Some(objection);
    }

    /// Tells its caller how it ended. What the caller is not there to hear is handed back.
    pub(super) fn end(self, outcome: Outcome, at: Now) -> (Ended, Option<Box<CommandEnd>>) {
        let (frames, left_out) = self.order.trace.frames(self.line);
        // Only what was taken back ends for the reason that was given.
        let objection =
            self.objection.filter(|_| matches!(outcome.reason.name(), "interlock" | "not_given"));
        let (reason, message) = match objection {
            Some(objection) => objection,
            None => (outcome.reason.name(), outcome.reason.to_string()),
        };
        let end = CommandEnd {
            class: outcome.class,
            reason,
            message,
            at,
            connection: Some(Arc::clone(&self.connection)),
            time_tag: self.time_tag,
            feedback: self.command.feedback().copied(),
            terminated: self.command.is_terminated(),
            frames,
            left_out,
        };
        let unheard = self.reply.send(end).err().map(Box::new);
        (Ended { command: self.command, late: 0, correlation: self.order.correlation }, unheard)
    }
}

/// A command that has ended, to which something may still come.
pub(super) struct Ended {
    pub(super) command: Command,
    /// How often something came.
    pub(super) late: u32,
    pub(super) correlation: String,
}
