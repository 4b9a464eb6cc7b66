//! Reads the parameters of jobs with equipment, which each kind of work has of its own.
//!
//! LabLink's own words are taken with ours: `duration` or `duration_seconds`, a channel as its number
//! or as `CHn`, `format` or `export_format`.

use std::borrow::Cow;

use serde_json::{Number, Value};
use station_core::model::{
    AcquisitionPlan, Call, EquipmentTest, FileFormat, InstrumentAction, Work,
};

use super::field::{self, Faults, Place};
use super::json::Json;
use super::{instrument_calls as calls, sequence_fields};

/// The fields of an object.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The most channels of an acquisition.
const MOST_CHANNELS: usize = 64;

/// The most samples a second that can be asked for.
const FASTEST: f64 = 1e12;

/// What a job does with equipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkKind {
    /// Takes samples into a file.
    Acquisition,
    /// Reads and keeps all settings.
    StateCapture,
    /// Takes one reading.
    Measurement,
    /// Carries out a verb.
    Command,
    /// Tests it.
    EquipmentTest,
    /// Carries out steps at offsets.
    Sequence,
}

impl WorkKind {
    /// All of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Acquisition,
        Self::StateCapture,
        Self::Measurement,
        Self::Command,
        Self::EquipmentTest,
        Self::Sequence,
    ];

    /// Its name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Acquisition => "acquisition",
            Self::StateCapture => "state_capture",
            Self::Measurement => "measurement",
            Self::Command => "command",
            Self::EquipmentTest => "equipment_test",
            Self::Sequence => "sequence",
        }
    }

    /// The kind of stored work.
    pub(super) fn of(work: &Work) -> Self {
        match work {
            Work::Acquisition(_) => Self::Acquisition,
            Work::StateCapture => Self::StateCapture,
            Work::Measurement(_) => Self::Measurement,
            Work::Command(_) => Self::Command,
            Work::EquipmentTest { .. } => Self::EquipmentTest,
            Work::Sequence(_) => Self::Sequence,
        }
    }

    /// The parameters it takes.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Acquisition => &[
                "duration",
                "duration_seconds",
                "sample_rate",
                "channels",
                "format",
                "export_format",
                "verb",
                "wait",
                "on_release",
            ],
            Self::StateCapture => &["on_release"],
            Self::Measurement | Self::Command => &["command", "parameters", "on_release"],
            Self::EquipmentTest => &["test_name", "on_release"],
            Self::Sequence => &["tick_ms", "steps", "toml", "on_release"],
        }
    }
}

/// What was read of the parameters.
#[derive(Debug)]
pub(super) struct Given<'a> {
    /// What kind of work they are of.
    pub(super) kind: WorkKind,
    /// The work, if nothing is wrong with it.
    work: Option<Work>,
    on_release: Vec<Call>,
    /// Names of unknown fields.
    pub(super) unknown: Vec<Cow<'a, str>>,
}

impl<'a> Given<'a> {
    /// Reads the parameters of a kind of work.
    pub(super) fn read(kind: WorkKind, map: Fields<'a>, faults: &mut Faults) -> Self {
        let known = |name: &str| kind.fields().iter().find(|field| **field == name).copied();
        let mut given = Self { kind, work: None, on_release: Vec::new(), unknown: Vec::new() };
        let mut fields = Vec::with_capacity(map.len());
        for (key, json) in map {
            match known(&key) {
                None => given.unknown.push(key),
                Some(_) if json == Json::Null => {}
                Some(field) => fields.push((field, json)),
            }
        }
        let at = &Place::BODY.field("parameters");
        if kind == WorkKind::Sequence {
            let read = sequence_fields::read(fields, at, faults);
            if let Some((sequence, on_release)) = read {
                given.work = Some(Work::Sequence(sequence));
                given.on_release = on_release;
            }
            return given;
        }
        let (release, fields): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|(field, _)| *field == "on_release");
        if let Some((_, json)) = release.into_iter().next_back() {
            given.on_release = calls::list(json, at.field("on_release"), faults);
        }
        given.work = match kind {
            WorkKind::Acquisition => Some(acquisition(fields, at, faults)),
            WorkKind::Measurement => call(fields, at, faults).map(Work::Measurement),
            WorkKind::Command => call(fields, at, faults).map(Work::Command),
            WorkKind::EquipmentTest => test(fields, at, faults),
            WorkKind::StateCapture | WorkKind::Sequence => Some(Work::StateCapture),
        };
        given
    }

    /// The whole of what is done; `None` if something is wrong with it.
    pub(super) fn into_action(self, profile: Option<String>) -> Option<InstrumentAction> {
        Some(InstrumentAction { work: self.work?, profile, on_release: self.on_release })
    }
}

fn acquisition<'a>(
    fields: Vec<(&'static str, Json<'a>)>,
    at: &Place<'_>,
    faults: &mut Faults,
) -> Work {
    let mut plan = AcquisitionPlan {
        duration: None,
        sample_rate: None,
        channels: Vec::new(),
        verb: None,
        format: FileFormat::default(),
        detached: false,
    };
    let mut format = None;
    for (field, json) in fields {
        let at = at.field(field);
        match field {
            "duration" | "duration_seconds" => {
                let span = field::seconds(&json, false, at, faults);
                one(&mut plan.duration, span, ("duration", "duration_seconds"), at, faults);
            }
            "format" | "export_format" => {
                let words = FileFormat::ALL.map(|format| (format.name(), format));
                let word = field::word(&json, &words, at, faults);
                one(&mut format, word, ("format", "export_format"), at, faults);
            }
            "sample_rate" => plan.sample_rate = rate(&json, at, faults),
            "channels" => plan.channels = channels(json, at, faults),
            "verb" => plan.verb = field::label(json, calls::LONGEST_NAME, at, faults),
            _ => plan.detached = field::boolean(&json, at, faults) == Some(false),
        }
    }
    plan.format = format.unwrap_or_default();
    Work::Acquisition(plan)
}

/// Takes one of two fields that mean the same; both may be given if they agree.
fn one<T: Copy + PartialEq>(
    slot: &mut Option<T>,
    given: Option<T>,
    (name, other): (&str, &str),
    at: Place<'_>,
    faults: &mut Faults,
) {
    if slot.is_some() && given.is_some() && *slot != given {
        let why = format!("{name} and {other} mean the same and differ; give one of them");
        faults.value(at, &why, Value::Null);
    }
    *slot = given.or(*slot);
}

/// A number of samples a second.
fn rate(json: &Json<'_>, at: Place<'_>, faults: &mut Faults) -> Option<Number> {
    let number = match json {
        Json::Int(given) => Some(Number::from(*given)),
        Json::Big(given) => Some(Number::from(*given)),
        Json::Float(given) => Number::from_f64(*given),
        Json::Text(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => None,
    };
    let Some(number) = number else {
        let msg = "Input should be a valid number of samples a second";
        faults.add("float_type", at, msg, json.echo());
        return None;
    };
    if !number.as_f64().is_some_and(|rate| rate > 0.0 && rate <= FASTEST) {
        faults.value(at, "must be more than 0 and at most 1e12 samples a second", json.echo());
        return None;
    }
    Some(number)
}

/// Channels, by number or name; each once, in the order given.
fn channels(json: Json<'_>, at: Place<'_>, faults: &mut Faults) -> Vec<String> {
    let Json::List(list) = json else {
        faults.add("list_type", at, "Input should be a valid list", json.echo());
        return Vec::new();
    };
    if list.len() > MOST_CHANNELS {
        faults.value(at, &format!("must be at most {MOST_CHANNELS} channels"), Value::Null);
        return Vec::new();
    }
    let mut names: Vec<String> = Vec::with_capacity(list.len());
    for (index, json) in list.into_iter().enumerate() {
        let at = at.index(index);
        let named = matches!(&json, Json::Text(text) if text.trim().parse::<u32>().is_err());
        let name = if named {
            field::label(json, 64, at, faults).map(|name| canonical(&name))
        } else {
            field::integer(&json, (1, 1024), at, faults).map(|n| format!("CH{n}"))
        };
        match name {
            Some(name) if names.contains(&name) => {
                faults.value(at, &format!("channel {name} is named twice"), Value::Null);
            }
            name => names.extend(name),
        }
    }
    names
}

/// `ch1` is `CH1`; other names stay as they are.
fn canonical(name: &str) -> String {
    match name.get(..2) {
        Some(start) if start.eq_ignore_ascii_case("CH") => name.to_ascii_uppercase(),
        Some(_) | None => name.to_owned(),
    }
}

/// A verb under `command`, with its own parameters.
fn call<'a>(
    fields: Vec<(&'static str, Json<'a>)>,
    at: &Place<'_>,
    faults: &mut Faults,
) -> Option<Call> {
    let before = faults.count();
    let mut call = Call { equipment: None, verb: String::new(), parameters: Default::default() };
    for (field, json) in fields {
        let at = at.field(field);
        match field {
            "command" => {
                call.verb = field::label(json, calls::LONGEST_NAME, at, faults).unwrap_or_default();
            }
            _ => call.parameters = calls::parameters(json, at, faults),
        }
    }
    if call.verb.is_empty() && faults.count() == before {
        faults.missing(at.field("command"));
    }
    (faults.count() == before).then_some(call)
}

fn test<'a>(
    fields: Vec<(&'static str, Json<'a>)>,
    at: &Place<'_>,
    faults: &mut Faults,
) -> Option<Work> {
    let Some((_, json)) = fields.into_iter().next_back() else {
        faults.missing(at.field("test_name"));
        return None;
    };
    let words = [("connection", EquipmentTest::Connection), ("self_test", EquipmentTest::SelfTest)];
    let test = field::word(&json, &words, at.field("test_name"), faults)?;
    Some(Work::EquipmentTest { test })
}
