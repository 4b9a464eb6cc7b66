//! What is recorded of a write, before it has its place in the chain.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{ExecutionId, Micros, Principal};

/// What kind of record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is about to be done: durable before it is.
    Intent,
    /// What came of an intent.
    Outcome,
    /// Something came after the outcome that belongs to it.
    Late,
    /// Something was done at once: a job made, a profile kept, a tag put on.
    Done,
    /// Something was asked for and refused.
    Refused,
    /// A link came up or was lost.
    Link,
    /// Somebody came in, or was not let in.
    Login,
    /// What the station runs with: written at its start, and at its end.
    Config,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Intent,
        Self::Outcome,
        Self::Late,
        Self::Done,
        Self::Refused,
        Self::Link,
        Self::Login,
        Self::Config,
    ];

    /// Its name in the trail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Late => "late",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Link => "link",
            Self::Login => "login",
            Self::Config => "config",
        }
    }
}

/// How far a write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is under way.
    Pending,
    /// It was done.
    Confirmed,
    /// It was not, or it is not known whether it was.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Confirmed, Self::Failed];

    /// Its name in the trail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
        }
    }
}

/// Who does it, and from where. The default is the station itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who asked: for automation, whoever made the job. `None`: the station itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// How they showed who they are: `socket`, `token`, `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The address they came from, `ip:port`; for the Unix socket `unix:pid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The execution that does it, when nobody does it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
    /// Who agreed, where two are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Principal>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The work order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

impl Actor {
    /// The station itself: nobody asked for it.
    #[must_use]
    pub fn station() -> Self {
        Self::default()
    }

    /// Somebody of whom no more is known.
    #[must_use]
    pub fn of(principal: Principal) -> Self {
        Self { principal: Some(principal), ..Self::default() }
    }
}

/// How good our clock was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// It was synchronised, as far as the kernel knew.
    pub synchronised: bool,
    /// The kernel's estimate of its error, in microseconds, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_us: Option<i64>,
}

/// What is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What kind of record it is.
    pub kind: Kind,
    /// When, in UTC.
    pub at: Micros,
    /// When, in the station's zone: RFC 3339 with offset and microseconds.
    pub local: String,
    /// When, by the monotonic clock, in nanoseconds since the machine was started.
    pub mono_ns: u64,
    /// How good the clock was.
    pub clock: Clock,
    /// Who.
    pub by: Actor,
    /// What belongs together: an intent, its outcome, and what comes late. Unique in this trail.
    pub correlation: String,
    /// What it is done to, as `outstation SS1/breaker-7`, `job 42`, `execution 42.3`, `token ops`.
    pub subject: String,
    /// What is done: `write`, `run`, `create`, `change`, `delete`, `acknowledge`, `login` …
    pub action: String,
    /// How far it has come.
    pub status: Status,
    /// The rest, by kind of subject.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
    /// What there is to say of a command to an outstation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telecontrol: Option<Box<Telecontrol>>,
}

/// A command to an outstation, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telecontrol {
    /// The outstation.
    pub outstation: String,
    /// The point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Common address of ASDUs.
    pub ca: u16,
    /// Information object address.
    pub ioa: u32,
    /// Originator address.
    pub originator: u8,
    /// The type, as `C_SC_NA_1`.
    pub type_id: String,
    /// It was selected before it was operated.
    pub select: bool,
    /// QU or QL.
    pub qualifier: u8,
    /// The time tag it was sent with, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_tag: Option<String>,
    /// Our address, of the very socket: `ip:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The outstation's, of the very socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// `version cipher sha256-of-its-certificate`, under TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Which connection it was: unique in this trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What the point showed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Sample>,
    /// What was commanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Sample>,
    /// What the feedback point shows now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Sample>,
    /// `not_sent`, `refused`, `confirmed`, `completed`, `verified`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Why, as a word: `negative_confirmation`, `link_lost`, `interlock` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How good the write was: `high` when the previous value was known and fresh, it was selected where
    /// the point can be, confirmed, ended as the point says, and verified; else what was lacking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// Every APDU of that connection from the intent to the outcome.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
}

/// A value of a point, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// As people write it; `None`: it is not known.
    pub value: Option<String>,
    /// The octets of the element, in hexadecimal digits, without quality and time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Its quality: `IV`, `NT`, `SB`, `BL`, `OV`, `EI`; empty: good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<String>,
    /// Where it is from: `interrogation`, `spontaneous`, `read`, `return`, `periodic`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The outstation's time of it, as it stood in the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagged: Option<String>,
    /// When it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Micros>,
    /// How old it was when it was used, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

/// One APDU as it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number on its connection, from 0: frames of commands that overlap stand in both.
    pub n: u64,
    /// Which way it went.
    pub dir: FrameDirection,
    /// When, in nanoseconds since 1970-01-01 UTC.
    pub t_ns: i64,
    /// Its octets, in hexadecimal digits.
    pub hex: String,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameDirection {
    /// From us.
    Sent,
    /// To us.
    Received,
}

/// An intent without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outstanding {
    /// Its number in the trail.
    pub seq: u64,
    /// Its entry.
    pub entry: Entry,
}
