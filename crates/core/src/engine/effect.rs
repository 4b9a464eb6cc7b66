//! Effects: what the runtime is to do once the changes of a round are durable.

use std::time::Duration;

use super::change::Change;
use super::request::Reply;
use crate::model::{
    Action, Alarm, AlarmId, Execution, ExecutionId, Expiry, JobId, Mail, Micros, Node, Principal,
    ProcessRecord,
};

/// What came of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// To be made durable first.
    pub changes: Vec<Change>,
    /// To be done after that, in this order.
    pub effects: Vec<Effect>,
    /// The answer, when the input was a request; also only after the changes are durable.
    pub reply: Option<Reply>,
}

/// Something for the runtime to do. Each ends in exactly one input, as named here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start an attempt. Ends in `Input::Ended`.
    Start {
        /// The execution.
        execution: ExecutionId,
        /// The attempt's number.
        attempt: u32,
        /// What to run.
        action: Action,
        /// Where, unless on this machine.
        node: Option<Box<Node>>,
        /// The equipment it holds for itself, by id.
        equipment: Vec<String>,
        /// What there is to say of a run that does something with an outstation.
        outstation: Option<Box<OutstationRun>>,
        /// The limit on time without output.
        idle_timeout: Option<Duration>,
    },
    /// Signal a run's process group. Ends with the run's own `Input::Ended`.
    Stop {
        /// The execution.
        execution: ExecutionId,
        /// SIGKILL instead of SIGTERM.
        kill: bool,
    },
    /// Find and end what the last daemon left behind. Ends in `Input::SurvivorsEnded`.
    EndSurvivors {
        /// Where they ran, unless on this machine.
        node: Option<Box<Node>>,
        /// The runs recorded as running, with their processes where known.
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
    },
    /// Bring equipment into its safe state, since the last daemon was killed while runs held it. Ends
    /// in `Input::SurvivorsEnded`.
    MakeSafe {
        /// The runs recorded as running.
        runs: Vec<SafetyRun>,
    },
    /// Read pending jobs due after this position. Ends in `Input::Loaded`, handed to the engine
    /// before any other input.
    Load {
        /// Load what comes at or after this position in the order of due time and id.
        from: (Micros, JobId),
        /// At most so many.
        limit: usize,
    },
    /// Read jobs that will fire, by number. Ends in `Input::Planned`, handed to the engine before
    /// any other input.
    LoadPlanned {
        /// Those after this one.
        after: JobId,
        /// Only those that recur.
        recurring: bool,
        /// At most so many.
        limit: usize,
    },
    /// Find ended executions that ended before a time, the oldest first. Ends in `Input::Expired`.
    FindExpired {
        /// The time.
        before: Micros,
        /// At most so many.
        limit: usize,
    },
    /// Deliver a notice about an alarm. Ends in `Input::Notified`.
    Notify {
        /// The channel.
        channel: String,
        /// The alarm.
        alarm: Box<Alarm>,
    },
    /// Read the load average. Ends in `Input::Load`.
    SampleLoad,
    /// Find the oldest stored outputs. Ends in `Input::OldestOutputs`.
    FindOldestOutputs {
        /// Enough of them to free so many bytes.
        bytes: u64,
    },
    /// Send a mail about an ended execution. Ends in `Input::Mailed`.
    SendMail {
        /// The execution.
        execution: Box<Execution>,
        /// The job's name.
        name: String,
        /// To whom and when.
        mail: Mail,
    },
    /// Tell the log. Ends in nothing.
    Note(Note),
    /// End the daemon: everything is done.
    Exit,
}

/// A run with equipment that was under way when the last daemon was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyRun {
    /// The execution.
    pub execution: ExecutionId,
    /// What it did, with what is to be done after it.
    pub action: Action,
    /// The equipment it held, by id.
    pub equipment: Vec<String>,
}

/// What goes along with a run that does something with an outstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstationRun {
    /// The outstation's name.
    pub name: String,
    /// Until when a command may be sent; to be checked again right before it is.
    pub expires: Expiry,
    /// Who made the job.
    pub by: Principal,
}

/// A remark for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The wall clock was set forward, or the machine slept, by this much.
    ClockForward(Duration),
    /// The wall clock was set back by this much.
    ClockBackward(Duration),
    /// Firing is held because the clock cannot be trusted yet.
    ClockHeld,
    /// Firing is no longer held.
    ClockReleased,
    /// An execution ended, or was not run.
    Ended(Box<Execution>),
    /// An execution's attempt failed and will be tried again then.
    Retry(ExecutionId, Micros),
    /// A job does not fire any more, for this reason: its zone is gone, say.
    Unschedulable(JobId, String),
    /// So many jobs were planned anew after the clock was set back.
    Replanned(usize),
    /// So many jobs fire at another time than before: the time-zone database is now of this version.
    ZonesMoved(usize, String),
    /// A notice was given up: alarm, channel, why.
    NoticeGivenUp(AlarmId, String, String),
}
