//! Outstations: controlled stations that are spoken to over IEC 60870-5-104, and the points that may
//! be commanded there. What is not written down here is not permitted.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{Micros, Principal};

/// An outstation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstation {
    /// What it is called here; names of nodes and outstations are one set, since `--on` takes both.
    pub name: String,
    /// Where it is reached, `host:port`: one address, or two of a redundant pair, the preferred first.
    pub endpoints: Vec<String>,
    /// The local address its connections come from, so that firewalls can know them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// Its common address of ASDUs (IEC 60870-5-101, 7.2.4): 1 to 65534.
    pub ca: u16,
    /// How it is spoken to under TLS; `None`: in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<OutstationTls>,
    /// Its timers, windows and ways.
    #[serde(default)]
    pub settings: OutstationSettings,
    /// Its points, by name.
    #[serde(default)]
    pub points: Vec<Point>,
    /// When it was registered.
    pub created_at: Micros,
    /// By whom.
    pub created_by: Principal,
    /// When it was changed last.
    pub modified_at: Micros,
}

/// Files and rules of TLS with an outstation (IEC 62351-3): both sides show certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutstationTls {
    /// The file with the certificates, in PEM, that sign the outstation's.
    pub authority: String,
    /// The file with our certificate, in PEM, and those between it and its authority.
    pub certificate: String,
    /// The file with its key, in PEM.
    pub key: String,
    /// The name in the outstation's certificate; the host of the address when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The SHA-256 of the outstation's own certificate, in hexadecimal digits: one of these it must
    /// be. Empty: any that the authority signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<String>,
    /// The file with the lists of revoked certificates, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// The parameters of a session with an outstation. Spans are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutstationSettings {
    /// t0: how long a connection may take.
    pub t0: u64,
    /// t1: how long an acknowledgement may take.
    pub t1: u64,
    /// t2: after how long received frames are acknowledged at the latest.
    pub t2: u64,
    /// t3: after how long without a frame the link is tested.
    pub t3: u64,
    /// k: how many frames may be sent without an acknowledgement.
    pub k: u16,
    /// w: after how many received frames they are acknowledged.
    pub w: u16,
    /// The originator address of commands: 0 for none.
    pub originator: u8,
    /// The outstation begins with sequence number 1, as some do.
    pub first_sequence_one: bool,
    /// Commands carry a time tag (types 58 to 64 instead of 45 to 51). They are refused while our
    /// clock is not synchronised.
    pub time_tagged: bool,
    /// Its clock shows UTC; otherwise the time of this zone of the IANA database.
    pub zone: Option<String>,
    /// The clock is set once a connection stands, and then every so often; 0: never.
    pub clock_every: u64,
    /// A general interrogation is made once a connection stands, and then every so often; 0: at the
    /// beginning alone.
    pub interrogate_every: u64,
    /// How long the confirmation of a selection may take.
    pub select_timeout: u64,
    /// How long the confirmation of a command may take.
    pub execute_timeout: u64,
    /// How long its termination may take.
    pub term_timeout: u64,
    /// How long the outstation keeps a selection.
    pub select_window: u64,
    /// How long a feedback point may take to show the value.
    pub feedback_timeout: u64,
    /// How long after its planned time a command may still be sent; less than a minute.
    pub expiry: u64,
    /// How many commands may be under way at once; one at each point in any case.
    pub parallel: u32,
    /// How old a previous value may be before it is read anew.
    pub fresh: u64,
}

impl Default for OutstationSettings {
    fn default() -> Self {
        Self {
            t0: 30_000,
            t1: 15_000,
            t2: 10_000,
            t3: 20_000,
            k: 12,
            w: 8,
            originator: 0,
            first_sequence_one: false,
            time_tagged: false,
            zone: None,
            clock_every: 0,
            interrogate_every: 0,
            select_timeout: 5_000,
            execute_timeout: 10_000,
            term_timeout: 60_000,
            select_window: 10_000,
            feedback_timeout: 5_000,
            expiry: 10_000,
            parallel: 1,
            fresh: 60_000,
        }
    }
}

/// A point of an outstation: one that is watched, or one that may be commanded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// What it is called.
    pub name: String,
    /// Its information object address: 1 to 16,777,215.
    pub ioa: u32,
    /// Its type, as `M_SP_NA_1` or `C_SC_NA_1`. Types with a time tag are written without: whether
    /// commands carry one is the outstation's setting, whether values do is for the outstation to say.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its common address, where it is not the outstation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<u16>,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What its values are in, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it takes to be commanded; `None`: it is only watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<PointCommand>,
}

/// The rules of a point that may be commanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointCommand {
    /// The name of the point that shows what came of it.
    pub feedback: Option<String>,
    /// It is selected before it is operated, always; otherwise where that is asked for.
    pub select: bool,
    /// The qualifier: QU of single, double and step commands (0 to 31), QL of set points (0 to 127).
    pub qualifier: u8,
    /// The least and the greatest value: needed for set points, whose values they are given in.
    pub range: Option<[Number; 2]>,
    /// Whether the outstation says that it has finished (ACT_TERM).
    pub termination: Termination,
    /// How many commands may be sent to it within an hour; `None`: as many as are wanted.
    pub per_hour: Option<u32>,
    /// Who may command it: `user:NAME`, `token:NAME`, or `*` for everybody with a name. Nobody else.
    pub may: Vec<String>,
    /// When it may be commanded, as `Mon-Fri 06:00-22:00` in the station's zone; empty: always.
    pub hours: Vec<String>,
    /// Somebody else has to approve each command within so many seconds.
    pub approval: Option<u32>,
    /// What must hold of other points when it is sent, as `earth-switch-7 == off and bus-voltage < 5`.
    pub interlock: Option<String>,
}

/// Whether an outstation ends commands with an activation termination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Termination {
    /// It must come.
    Required,
    /// It may come.
    #[default]
    Optional,
    /// It does not come.
    None,
}

/// What a job does with an outstation, or somebody by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Control {
    /// Command a point.
    Write(Write),
    /// Ask for all values: of the station, or of a group (1 to 16).
    Interrogate {
        /// The group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<u8>,
    },
    /// Ask for all counters: generally, or of a group (1 to 4).
    Counters {
        /// The group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<u8>,
    },
    /// Ask for one value.
    Read {
        /// The point.
        point: String,
    },
    /// Set the outstation's clock by ours.
    SyncClock,
    /// Send a test command.
    Test,
}

impl Control {
    /// The point it commands; `None` when it commands none.
    #[must_use]
    pub fn commanded(&self) -> Option<&str> {
        match self {
            Self::Write(write) => Some(&write.point),
            Self::Interrogate { .. }
            | Self::Counters { .. }
            | Self::Read { .. }
            | Self::SyncClock
            | Self::Test => None,
        }
    }
}

/// A command to a point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The point.
    pub point: String,
    /// The value, as people write it: `on`, `off`, `lower`, `higher`, `12.5`, `0xdeadbeef`.
    pub value: String,
    /// It is selected first, whether or not the point asks for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub select: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The work order or ticket it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Do not operate: a point that nobody may command until the tag is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The outstation.
    pub outstation: String,
    /// The point.
    pub point: String,
    /// Why.
    pub reason: String,
    /// Who put it there.
    pub by: Principal,
    /// When.
    pub at: Micros,
}

impl Tag {
    /// The key of the tag at a point: no name holds a slash.
    #[must_use]
    pub fn key(outstation: &str, point: &str) -> String {
        format!("{outstation}/{point}")
    }
}

/// Whether anything at all may be commanded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSwitch {
    /// Nothing may: neither outstations' points by people, nor by jobs. Monitoring goes on.
    pub stopped: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who threw it last.
    pub by: Principal,
    /// When.
    pub at: Micros,
}

impl ControlSwitch {
    /// The key of the one switch.
    pub const KEY: &str = "control";
}

/// A command that waits for the consent of somebody else, or had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its own name: a small ascending number.
    pub id: String,
    /// The outstation.
    pub outstation: String,
    /// What is to be done.
    pub write: Write,
    /// The job it is for, once for all of its runs; `None`: it is sent once it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<super::JobId>,
    /// What the point showed when it was asked for, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Who asked.
    pub requested_by: Principal,
    /// When.
    pub requested_at: Micros,
    /// Until when it can be approved; `None`: until its job fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Micros>,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Principal>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Micros>,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where a request for consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has decided.
    Waiting,
    /// Somebody agreed; a command by hand has been sent then, or is being sent.
    Approved,
    /// Somebody did not.
    Rejected,
    /// Nobody decided in time.
    Expired,
}
