//! Equipment: instruments that are reached from here, and what is known of them.

use serde::{Deserialize, Serialize};

use super::{Micros, Principal};

/// An instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Equipment {
    /// What it is called here; see [`Equipment::is_id`].
    pub id: String,
    /// Where it is: a VISA resource string (VPP-4.3).
    pub resource: String,
    /// What it is.
    pub kind: EquipmentKind,
    /// The driver that speaks to it; `None`: the one that fits its identity best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// What it answers to `*IDN?`; what is empty is not compared.
    #[serde(default)]
    pub identity: Identity,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// How it is spoken to, where that differs from the driver's ways.
    #[serde(default)]
    pub settings: EquipmentSettings,
    /// When it was registered.
    pub created_at: Micros,
    /// By whom.
    pub created_by: Principal,
}

impl Equipment {
    /// The longest id.
    pub const LONGEST_ID: usize = 128;

    /// What the API has where ids stand.
    pub const RESERVED: [&str; 4] = ["list", "connect", "disconnect", "discover"];

    /// Whether this can be an equipment's id: letters, digits, `.`, `_` and `-`, the first a letter
    /// or a digit; not `local`, which is this machine, nor a word that stands in its place in paths of
    /// the API.
    #[must_use]
    pub fn is_id(text: &str) -> bool {
        super::Node::is_name(text) && !Self::RESERVED.contains(&text)
    }
}

/// What an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EquipmentKind {
    /// Shows and stores waveforms.
    Oscilloscope,
    /// Gives voltage and current.
    PowerSupply,
    /// Takes them.
    ElectronicLoad,
    /// Measures; sensors and controllers that are read are of this kind too.
    Multimeter,
    /// Gives waveforms.
    FunctionGenerator,
}

impl EquipmentKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Oscilloscope,
        Self::PowerSupply,
        Self::ElectronicLoad,
        Self::Multimeter,
        Self::FunctionGenerator,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oscilloscope => "oscilloscope",
            Self::PowerSupply => "power_supply",
            Self::ElectronicLoad => "electronic_load",
            Self::Multimeter => "multimeter",
            Self::FunctionGenerator => "function_generator",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The four fields of an answer to `*IDN?` (IEEE 488.2, 10.14).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The first.
    #[serde(default)]
    pub manufacturer: String,
    /// The second.
    #[serde(default)]
    pub model: String,
    /// The third; `0` when the instrument does not know it.
    #[serde(default)]
    pub serial: String,
    /// The fourth.
    #[serde(default)]
    pub firmware: String,
}

impl Identity {
    /// Whether both are of the same instrument: the firmware may have been replaced, the rest not.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |ours: &str, theirs: &str| ours.eq_ignore_ascii_case(theirs);
        same(&self.manufacturer, &other.manufacturer)
            && same(&self.model, &other.model)
            && same(&self.serial, &other.serial)
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { manufacturer, model, serial, firmware } = self;
        write!(f, "{manufacturer},{model},{serial},{firmware}")
    }
}

/// How an instrument is spoken to; `None` is the driver's way, or else the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquipmentSettings {
    /// What ends a message to it: `\n`, `\r\n`, `\r`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminator: Option<String>,
    /// How long connecting may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u32>,
    /// How long an answer may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_timeout_ms: Option<u32>,
    /// How long `*OPC?` and `*TST?` may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opc_timeout_ms: Option<u32>,
    /// After how many milliseconds without use its connection is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_close_ms: Option<u32>,
    /// The line speed of a serial port, in baud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baud: Option<u32>,
    /// How often its non-volatile memory may be written in an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_budget: Option<u32>,
    /// It is put into its safe state before it is disconnected, and after a job that went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_state: Option<bool>,
}
