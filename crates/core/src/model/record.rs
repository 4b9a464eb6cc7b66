//! Records: what is kept for the API and the links, and does not decide anything in the engine.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{
    AcquisitionPlan, Approval, Call, ControlSwitch, Equipment, EquipmentKind, ExecutionId,
    Identity, Micros, Outstation, Tag,
};

/// Something kept under a kind and a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// An instrument.
    Equipment(Box<Equipment>),
    /// Settings to be applied.
    Profile(Box<Profile>),
    /// Settings that were read.
    State(Box<EquipmentState>),
    /// Samples that are or were taken.
    Acquisition(Box<Acquisition>),
    /// Writes to the non-volatile memory of an instrument.
    Wear(Box<Wear>),
    /// An outstation, with its points.
    Outstation(Box<Outstation>),
    /// A point that is not to be operated.
    Tag(Tag),
    /// Whether anything may be commanded: there is one at most.
    Control(ControlSwitch),
    /// A command that waits for consent, or had it.
    Approval(Box<Approval>),
}

/// What kind of record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// [`Record::Equipment`].
    Equipment,
    /// [`Record::Profile`].
    Profile,
    /// [`Record::State`].
    State,
    /// [`Record::Acquisition`].
    Acquisition,
    /// [`Record::Wear`].
    Wear,
    /// [`Record::Outstation`].
    Outstation,
    /// [`Record::Tag`].
    Tag,
    /// [`Record::Control`].
    Control,
    /// [`Record::Approval`].
    Approval,
}

impl RecordKind {
    /// Its name in the store and in sentences.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equipment => "equipment",
            Self::Profile => "profile",
            Self::State => "state",
            Self::Acquisition => "acquisition",
            Self::Wear => "wear",
            Self::Outstation => "outstation",
            Self::Tag => "tag",
            Self::Control => "control",
            Self::Approval => "approval",
        }
    }
}

impl Record {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Equipment(_) => RecordKind::Equipment,
            Self::Profile(_) => RecordKind::Profile,
            Self::State(_) => RecordKind::State,
            Self::Acquisition(_) => RecordKind::Acquisition,
            Self::Wear(_) => RecordKind::Wear,
            Self::Outstation(_) => RecordKind::Outstation,
            Self::Tag(_) => RecordKind::Tag,
            Self::Control(_) => RecordKind::Control,
            Self::Approval(_) => RecordKind::Approval,
        }
    }

    /// What names it among its kind.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        match self {
            Self::Equipment(equipment) => (&equipment.id).into(),
            Self::Profile(profile) => (&profile.name).into(),
            Self::State(state) => (&state.id).into(),
            Self::Acquisition(acquisition) => (&acquisition.id).into(),
            Self::Wear(wear) => (&wear.equipment).into(),
            Self::Outstation(outstation) => (&outstation.name).into(),
            Self::Tag(tag) => Tag::key(&tag.outstation, &tag.point).into(),
            Self::Control(_) => ControlSwitch::KEY.into(),
            Self::Approval(approval) => (&approval.id).into(),
        }
    }

    /// The equipment or the outstation it is of, where it is of one.
    #[must_use]
    pub fn of(&self) -> Option<&str> {
        match self {
            Self::Equipment(equipment) => Some(&equipment.id),
            Self::Profile(_) | Self::Control(_) => None,
            Self::State(state) => Some(&state.equipment),
            Self::Acquisition(acquisition) => Some(&acquisition.equipment),
            Self::Wear(wear) => Some(&wear.equipment),
            Self::Outstation(outstation) => Some(&outstation.name),
            Self::Tag(tag) => Some(&tag.outstation),
            Self::Approval(approval) => Some(&approval.outstation),
        }
    }

    /// When it came to be.
    #[must_use]
    pub fn at(&self) -> Micros {
        match self {
            Self::Equipment(equipment) => equipment.created_at,
            Self::Profile(profile) => profile.created_at,
            Self::State(state) => state.taken_at,
            Self::Acquisition(acquisition) => acquisition.created_at,
            Self::Wear(wear) => wear.writes.first().copied().unwrap_or(Micros(0)),
            Self::Outstation(outstation) => outstation.created_at,
            Self::Tag(tag) => tag.at,
            Self::Control(switch) => switch.at,
            Self::Approval(approval) => approval.requested_at,
        }
    }
}

/// Settings under a name, for equipment of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it can be applied to.
    pub kind: EquipmentKind,
    /// The model it is made for, for people.
    #[serde(default)]
    pub model: String,
    /// The settings by the driver's names, applied in the driver's order; or calls, in their own.
    pub settings: ProfileSettings,
    /// What makes them last, once, at the end: it writes to non-volatile memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Call>,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Micros,
    /// When it was changed last.
    pub modified_at: Micros,
}

/// The settings of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ProfileSettings {
    /// Verbs in the order given.
    Calls(Vec<Call>),
    /// By the driver's names of settings.
    Named(BTreeMap<String, Value>),
}

/// The settings an instrument had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquipmentState {
    /// Its own name.
    pub id: String,
    /// The instrument.
    pub equipment: String,
    /// When it was read.
    pub taken_at: Micros,
    /// The execution that read it; `None`: somebody by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The driver whose names the settings have.
    pub driver: String,
    /// Who the instrument said it was.
    pub identity: Identity,
    /// The settings; null where the instrument had none to tell.
    pub settings: BTreeMap<String, Value>,
}

/// An acquisition: samples that are or were taken from an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquisition {
    /// Its own name.
    pub id: String,
    /// The instrument.
    pub equipment: String,
    /// The execution it belongs to; `None`: somebody made it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
    /// What is wanted.
    pub plan: AcquisitionPlan,
    /// Where it stands.
    pub state: AcquisitionState,
    /// When it was made.
    pub created_at: Micros,
    /// When its first sample was due.
    #[serde(default)]
    pub started_at: Option<Micros>,
    /// When it was over.
    #[serde(default)]
    pub ended_at: Option<Micros>,
    /// The file's name within the station's directory of acquisitions.
    #[serde(default)]
    pub file: Option<String>,
    /// How many samples were taken of each channel.
    #[serde(default)]
    pub samples: u64,
    /// How many could not be: the instrument was too slow, or the disk.
    #[serde(default)]
    pub lost: u64,
    /// How many a second there were in fact.
    #[serde(default)]
    pub achieved_rate: Option<Number>,
    /// Why it went wrong.
    #[serde(default)]
    pub error: Option<String>,
}

impl Acquisition {
    /// One that has not begun.
    #[must_use]
    pub fn new(
        id: String,
        equipment: String,
        execution: Option<ExecutionId>,
        plan: AcquisitionPlan,
        created_at: Micros,
    ) -> Self {
        Self {
            id,
            equipment,
            execution,
            plan,
            state: AcquisitionState::Idle,
            created_at,
            started_at: None,
            ended_at: None,
            file: None,
            samples: 0,
            lost: 0,
            achieved_rate: None,
            error: None,
        }
    }
}

/// Where an acquisition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcquisitionState {
    /// It is made, and not begun.
    Idle,
    /// The instrument waits for its trigger.
    WaitingTrigger,
    /// Samples are taken.
    Acquiring,
    /// They are not, for a while.
    Paused,
    /// It is over.
    Stopped,
    /// It went wrong.
    Error,
}

impl AcquisitionState {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::WaitingTrigger => "waiting_trigger",
            Self::Acquiring => "acquiring",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }
}

/// When the non-volatile memory of an instrument was written lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wear {
    /// The instrument.
    pub equipment: String,
    /// The instants of the last hour, the oldest first.
    pub writes: Vec<Micros>,
}
