//! What jobs do with equipment: the five job types, and timed sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::CommandLine;

/// What a job does with equipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentAction {
    /// The work.
    pub work: Work,
    /// The name of the profile that is applied first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What is done after the work, however it ended; in a sequence each step names its equipment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_release: Vec<Call>,
}

/// The work of a job with equipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Samples are taken into a file.
    Acquisition(AcquisitionPlan),
    /// Every readable setting is read and kept.
    StateCapture,
    /// One reading is taken.
    Measurement(Call),
    /// A verb is carried out.
    Command(Call),
    /// It is tested.
    EquipmentTest {
        /// How.
        test: EquipmentTest,
    },
    /// Steps at offsets from the start.
    Sequence(Sequence),
}

impl Work {
    /// Its kind, as the API names it (`schedule_type`).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Acquisition(_) => "acquisition",
            Self::StateCapture => "state_capture",
            Self::Measurement(_) => "measurement",
            Self::Command(_) => "command",
            Self::EquipmentTest { .. } => "equipment_test",
            Self::Sequence(_) => "sequence",
        }
    }
}

/// A driver's verb with its parameters. The verb `scpi` sends its parameter `text` as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The equipment, where it is not the job's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<String>,
    /// The verb's name.
    pub verb: String,
    /// The parameters by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}

/// How equipment is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EquipmentTest {
    /// It can be reached, and is the one that is registered.
    Connection,
    /// It finds no fault with itself (`*TST?`; IEEE 488.2, 10.38).
    SelfTest,
}

/// Samples to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcquisitionPlan {
    /// For how long; `None`: until it is stopped.
    pub duration: Option<Duration>,
    /// How many samples a second; `None`: as the driver says.
    pub sample_rate: Option<Number>,
    /// The channels by name; none: the first.
    pub channels: Vec<String>,
    /// What is read of each; `None`: as the driver says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// The form of the file.
    pub format: FileFormat,
    /// The execution ends as soon as it has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detached: bool,
}

/// The form of a file of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated values (RFC 4180).
    #[default]
    Csv,
    /// One JSON document.
    Json,
    /// NumPy's format, version 1.0.
    Npy,
}

impl FileFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Npy];

    /// Its name on the wire, and the extension of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Npy => "npy",
        }
    }
}

/// Steps at offsets from the start, on a grid of ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// The distance of the grid's lines.
    pub tick: Duration,
    /// What is done, in any order.
    pub steps: Vec<SequenceStep>,
}

impl Sequence {
    /// The usual tick.
    pub const TICK: Duration = Duration::from_millis(16);

    /// All equipment that its steps name.
    #[must_use]
    pub fn equipment(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.steps.iter().for_each(|step| step.add_equipment(&mut names));
        names
    }

    /// Whether some of its commands are for nodes.
    #[must_use]
    pub fn is_on_nodes(&self) -> bool {
        self.steps.iter().any(SequenceStep::is_on_nodes)
    }
}

/// A step, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceStep {
    /// When, from the start of the sequence or of the loop's round around it.
    pub at: Duration,
    /// What.
    pub what: StepKind,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    /// A verb of an equipment.
    Call(Call),
    /// A command here or on nodes.
    Command {
        /// `local`, or a set of nodes.
        on: String,
        /// The command.
        command: CommandLine,
        /// How long it may take.
        timeout: Duration,
    },
    /// Steps again and again.
    Loop {
        /// How many rounds.
        count: u32,
        /// From the start of one round to the next.
        every: Duration,
        /// The steps of a round.
        steps: Vec<SequenceStep>,
    },
    /// A verb with a parameter that goes from one value to another.
    Ramp {
        /// The verb and its other parameters.
        call: Call,
        /// The parameter that changes.
        parameter: String,
        /// Its first value.
        from: Number,
        /// Its last.
        to: Number,
        /// How many values, the first and the last among them.
        count: u32,
        /// From one value to the next.
        every: Duration,
    },
    /// Nothing after it is done before this holds; what comes after is as much later.
    Hold {
        /// What is read, each tick.
        call: Call,
        /// The field of its result, where it has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        /// At least this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        above: Option<Number>,
        /// At most this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<Number>,
        /// For how long it is waited at most; then the sequence fails.
        timeout: Duration,
    },
}

impl SequenceStep {
    fn is_on_nodes(&self) -> bool {
        match &self.what {
            StepKind::Command { on, .. } => on != "local",
            StepKind::Loop { steps, .. } => steps.iter().any(Self::is_on_nodes),
            StepKind::Call(_) | StepKind::Ramp { .. } | StepKind::Hold { .. } => false,
        }
    }

    fn add_equipment(&self, names: &mut BTreeSet<String>) {
        match &self.what {
            StepKind::Call(call) | StepKind::Ramp { call, .. } | StepKind::Hold { call, .. } => {
                names.extend(call.equipment.clone());
            }
            StepKind::Loop { steps, .. } => steps.iter().for_each(|step| step.add_equipment(names)),
            StepKind::Command { .. } => {}
        }
    }
}
