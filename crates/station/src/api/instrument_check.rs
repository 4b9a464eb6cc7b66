//! Checks work with equipment against what is registered and what the drivers know, before it is stored.
//!
//! The same is checked once more when it runs: equipment, profiles and drivers may change meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Number, Value};
use station_core::model::Action;
use station_core::model::{
    AcquisitionPlan, Call, Equipment, EquipmentTest, InstrumentAction, JobSpec, Node, NodeSet,
    Profile, Record, RecordKind, Sequence, SequenceStep, StepKind, Target, Work,
};
use station_instrument::bench::Bench;
use station_instrument::driver::{Driver, Sampling, Verb};
use station_instrument::{acquisition, sequence};

use super::error::ApiError;
use crate::store::Reader;

/// What is registered, and the drivers.
pub(super) trait Registry {
    /// An equipment.
    fn equipment(&self, id: &str) -> Result<Option<Equipment>, ApiError>;

    /// A profile.
    fn profile(&self, name: &str) -> Result<Option<Profile>, ApiError>;

    /// All nodes by name.
    fn nodes(&self) -> Result<BTreeMap<String, (Node, ())>, ApiError>;

    /// The driver of an equipment.
    fn driver(&self, equipment: &Equipment) -> Result<Arc<Driver>, ApiError>;
}

/// The station's own.
pub(super) struct Registered<'a> {
    /// Where records are.
    pub(super) reader: Reader,
    /// Where drivers are.
    pub(super) bench: &'a Bench,
}

impl Registry for Registered<'_> {
    fn equipment(&self, id: &str) -> Result<Option<Equipment>, ApiError> {
        match self.reader.record(RecordKind::Equipment, id)? {
            Some(Record::Equipment(equipment)) => Ok(Some(*equipment)),
            _ => Ok(None),
        }
    }

    fn profile(&self, name: &str) -> Result<Option<Profile>, ApiError> {
        match self.reader.record(RecordKind::Profile, name)? {
            Some(Record::Profile(profile)) => Ok(Some(*profile)),
            _ => Ok(None),
        }
    }

    fn nodes(&self) -> Result<BTreeMap<String, (Node, ())>, ApiError> {
        let nodes = self.reader.nodes()?;
        Ok(nodes.into_iter().map(|(node, _)| (node.name.clone(), (node, ()))).collect())
    }

    fn driver(&self, equipment: &Equipment) -> Result<Arc<Driver>, ApiError> {
        self.bench.driver(equipment).map_err(|error| ApiError::Bad(error.message))
    }
}

/// Equipment with its driver.
struct Known {
    equipment: Equipment,
    driver: Arc<Driver>,
}

/// Refuses work that cannot be done as it stands; `extras` are parameters that are none of its own.
pub(super) fn check(
    spec: &JobSpec,
    extras: &[String],
    registry: &dyn Registry,
) -> Result<(), ApiError> {
    let (Action::Instrument(action), Target::Equipment(ids)) = (&spec.action, &spec.target) else {
        return Ok(());
    };
    let mut all = BTreeMap::new();
    for id in ids {
        let Some(equipment) = registry.equipment(id)? else {
            return bad(format!("equipment '{}' is not registered", id.escape_debug()));
        };
        let driver = registry.driver(&equipment)?;
        all.insert(id.as_str(), Known { equipment, driver });
    }
    if let Some(name) = &action.profile {
        check_profile(name, &all, registry)?;
    }
    let checker = Checker { all, registry };
    checker.work(action, extras)?;
    action.on_release.iter().enumerate().try_for_each(|(index, call)| {
        checker.call(call, &format!("parameters.on_release[{index}]: "))
    })
}

fn bad(text: String) -> Result<(), ApiError> {
    Err(ApiError::Bad(text))
}

/// A profile is for one kind of equipment.
fn check_profile(
    name: &str,
    all: &BTreeMap<&str, Known>,
    registry: &dyn Registry,
) -> Result<(), ApiError> {
    let shown = name.escape_debug();
    let Some(profile) = registry.profile(name)? else {
        return bad(format!("profile '{shown}' is not registered"));
    };
    let mut known = all.values();
    let (Some(Known { equipment, .. }), None) = (known.next(), known.next()) else {
        return bad(format!(
            "profile '{shown}' cannot be applied: this sequence is not of exactly one equipment"
        ));
    };
    if profile.kind == equipment.kind {
        return Ok(());
    }
    let (wanted, is) = (profile.kind.name(), equipment.kind.name());
    bad(format!(
        "profile '{shown}' is for equipment of the type {wanted}; '{}' is of the type {is}",
        equipment.id
    ))
}

struct Checker<'a> {
    all: BTreeMap<&'a str, Known>,
    registry: &'a dyn Registry,
}

impl Checker<'_> {
    fn work(&self, action: &InstrumentAction, extras: &[String]) -> Result<(), ApiError> {
        match &action.work {
            Work::Acquisition(plan) => self.acquisition(plan),
            Work::StateCapture => self.state(),
            Work::Measurement(call) => {
                self.extras(call, extras)?;
                self.call(call, "")?;
                self.reads(call)
            }
            Work::Command(call) => {
                self.extras(call, extras)?;
                self.call(call, "")
            }
            Work::EquipmentTest { test: EquipmentTest::Connection } => Ok(()),
            Work::EquipmentTest { test: EquipmentTest::SelfTest } => self.self_test(),
            Work::Sequence(sequence) => self.sequence(sequence),
        }
    }

    /// The equipment that a call names, or the only one.
    fn of(&self, named: Option<&str>) -> Result<&Known, ApiError> {
        let known = match named {
            Some(id) => self.all.get(id),
            None if self.all.len() == 1 => self.all.values().next(),
            None => None,
        };
        // Which it is was found out when the request was read.
        known.ok_or(ApiError::Internal)
    }

    fn call(&self, call: &Call, place: &str) -> Result<(), ApiError> {
        let known = self.of(call.equipment.as_deref())?;
        known.verb(&call.verb, place)?.plan(&call.parameters, &known.driver).map(drop).map_err(
            |error| ApiError::Bad(format!("{place}{}: {}", known.equipment.id, error.message)),
        )
    }

    /// A measurement is of something.
    fn reads(&self, call: &Call) -> Result<(), ApiError> {
        let known = self.of(None)?;
        let verb = known.verb(&call.verb, "")?;
        if !verb.outcomes().is_empty() || call.verb == RAW {
            return Ok(());
        }
        let readers = known.driver.verbs().filter(|verb| !verb.outcomes().is_empty());
        let readers: Vec<&str> = readers.map(Verb::name).collect();
        bad(format!(
            "{}: '{}' reads nothing that could be measured; what reads is {}",
            known.equipment.id,
            call.verb,
            readers.join(", ")
        ))
    }

    /// A parameter of the verb that stands beside its parameters would be lost in silence.
    fn extras(&self, call: &Call, extras: &[String]) -> Result<(), ApiError> {
        let known = self.of(None)?;
        let verb = known.verb(&call.verb, "")?;
        let of_verb = |name: &&String| {
            *name == "value" || verb.parameters().iter().any(|p| p.name() == *name)
        };
        match extras.iter().find(of_verb) {
            Some(name) => bad(format!(
                "field 'parameters.{name}' belongs inside 'parameters.parameters', with the \
                 parameters of '{}'",
                call.verb
            )),
            None => Ok(()),
        }
    }

    fn state(&self) -> Result<(), ApiError> {
        let known = self.of(None)?;
        if known.driver.settings().is_empty() {
            return bad(format!(
                "{}: the driver {} knows no setting that can be read",
                known.equipment.id,
                known.driver.name()
            ));
        }
        Ok(())
    }

    fn self_test(&self) -> Result<(), ApiError> {
        let known = self.of(None)?;
        if known.driver.protocol().self_test.is_none() {
            return bad(format!(
                "{}: the driver {} says that it has no self-test; the test 'connection' is for \
                 every equipment",
                known.equipment.id,
                known.driver.name()
            ));
        }
        Ok(())
    }

    fn acquisition(&self, plan: &AcquisitionPlan) -> Result<(), ApiError> {
        let known = self.of(None)?;
        let id = &known.equipment.id;
        let channels = known.driver.capabilities().channels;
        for name in &plan.channels {
            let number = name.strip_prefix("CH").and_then(|digits| digits.parse::<u32>().ok());
            if !number.is_some_and(|number| (1..=channels).contains(&number)) {
                let name = name.escape_debug();
                let last = if channels > 1 { format!(" to CH{channels}") } else { String::new() };
                return bad(format!("{id}: there is no channel '{name}'; it has CH1{last}"));
            }
        }
        match (known.driver.sampling(), &plan.verb) {
            (_, Some(verb)) => self.samples(known, verb, plan),
            (Sampling::None, None) => bad(format!(
                "{id}: the driver {} does not say how samples are taken; name a verb that reads \
                 one in parameters.verb",
                known.driver.name()
            )),
            (Sampling::Poll(_) | Sampling::Memory(_), None) => Ok(()),
        }?;
        acquisition::check(&known.driver, plan)
            .map_err(|error| ApiError::Bad(format!("{id}: {}", error.message)))
    }

    /// The verb that takes samples reads something, and needs no more than a channel.
    fn samples(&self, known: &Known, name: &str, plan: &AcquisitionPlan) -> Result<(), ApiError> {
        let verb = known.verb(name, "parameters.verb: ")?;
        let id = &known.equipment.id;
        if verb.outcomes().is_empty() {
            return bad(format!("{id}: '{name}' reads nothing that could be a sample"));
        }
        let channel = plan.channels.first().and_then(|name| name.strip_prefix("CH"));
        let takes = verb.parameters().iter().find(|parameter| parameter.kind() == "channel");
        let mut parameters = BTreeMap::new();
        if let (Some(parameter), Some(number)) =
            (takes, channel.and_then(|n| n.parse::<u32>().ok()))
        {
            parameters.insert(parameter.name().to_owned(), Value::from(number));
        }
        let planned = verb.plan(&parameters, &known.driver);
        planned.map(drop).map_err(|error| ApiError::Bad(format!("{id}: {}", error.message)))
    }

    fn sequence(&self, sequence: &Sequence) -> Result<(), ApiError> {
        self.steps(&sequence.steps, "")?;
        sequence::timeline(sequence)
            .map(drop)
            .map_err(|error| ApiError::Bad(format!("parameters.steps: {}", error.message)))
    }

    fn steps(&self, steps: &[SequenceStep], within: &str) -> Result<(), ApiError> {
        for (index, step) in steps.iter().enumerate() {
            let path = format!("{within}{}", index + 1);
            let place = format!("step {path}: ");
            match &step.what {
                StepKind::Call(call) | StepKind::Hold { call, .. } => self.call(call, &place)?,
                StepKind::Ramp { call, parameter, from, to, .. } => {
                    for end in [from, to] {
                        self.call(&with(call, parameter, end), &place)?;
                    }
                }
                StepKind::Loop { steps, .. } => self.steps(steps, &format!("{path}."))?,
                StepKind::Command { on, .. } if on == "local" => {}
                StepKind::Command { on, .. } => {
                    let bad = |error| ApiError::Bad(format!("{place}on: {error}"));
                    let set = NodeSet::parse(on).map_err(bad)?;
                    set.expand(&self.registry.nodes()?).map_err(bad)?;
                }
            }
        }
        Ok(())
    }
}

/// The verb that sends a text as it is; whether that reads anything its text says.
const RAW: &str = "scpi";

/// A call with one more parameter.
fn with(call: &Call, parameter: &str, value: &Number) -> Call {
    let mut call = call.clone();
    call.parameters.insert(parameter.to_owned(), Value::Number(value.clone()));
    call
}

impl Known {
    fn verb(&self, name: &str, place: &str) -> Result<&Verb, ApiError> {
        self.driver.verb(name).map_err(|error| {
            ApiError::Bad(format!("{place}{}: {}", self.equipment.id, error.message))
        })
    }
}
