//! The points: what they show, what they take, and who has selected them.

use std::collections::BTreeMap;
use std::time::Duration;

use station_core::model::{Point, Termination};
use station_wire::iec104::codec::{DoublePoint, LARGEST_IOA, TypeId, Value};

use super::super::substation::{
    built_in, fault_points, faults_at, first, first_measurement, measurements,
};
use super::super::{Config, PointFault, SimulateError};
use super::LinkId;
use crate::value::Kind;

/// A point that shows something.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) ca: u16,
    pub(super) ioa: u32,
    pub(super) type_id: TypeId,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) value: Value,
    /// The last reading of a counter that was frozen.
    pub(super) frozen: Option<Value>,
    first: Value,
}

/// A point that can be commanded.
#[derive(Debug)]
pub(super) struct Commanded {
    pub(super) type_id: TypeId,
    pub(super) name: String,
    /// The place of the point that shows what came of it.
    pub(super) feedback: Option<u32>,
    /// It is not operated without having been selected.
    pub(super) select: bool,
    pub(super) limits: Option<(f64, f64)>,
    /// Whether it says that it has finished.
    pub(super) terminates: bool,
    pub(super) fault: Option<PointFault>,
    pub(super) select_fault: Option<PointFault>,
    pub(super) selection: Option<Selection>,
}

/// That somebody wants to operate a point soon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    pub(super) link: LinkId,
    /// The type too: a command with a time tag is another one.
    pub(super) type_id: TypeId,
    /// Without the select bit.
    pub(super) value: Value,
    pub(super) until: Duration,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Points {
    /// The common addresses there are, ascending.
    stations: Vec<u16>,
    /// In the order of common addresses, types and addresses.
    watched: Vec<Watched>,
    watched_at: BTreeMap<(u16, u32), u32>,
    commanded: BTreeMap<(u16, u32), Commanded>,
}

impl Points {
    /// The points of an outstation.
    ///
    /// # Errors
    ///
    /// One of them cannot be, or is there twice.
    pub(super) fn of(config: &Config) -> Result<Self, SimulateError> {
        let own = config.points.is_empty();
        let base = if own { built_in() } else { config.points.clone() };
        let mut points = Self {
            stations: vec![config.ca],
            watched: Vec::new(),
            watched_at: BTreeMap::new(),
            commanded: BTreeMap::new(),
        };
        let faults = if config.faults { fault_points() } else { Vec::new() };
        let more = measurements(config.values);
        points.watch(&base, config.ca, |ioa| first(ioa).filter(|_| own))?;
        points.watch(&faults, config.ca, |_| None)?;
        points.watch(&more, config.ca, |ioa| Some(first_measurement(ioa)))?;
        points.index()?;
        points.take_commands(&base, config.ca, |_| (None, None))?;
        points.take_commands(&faults, config.ca, faults_at)?;
        points.stations.sort_unstable();
        points.stations.dedup();
        Ok(points)
    }

    fn watch(
        &mut self,
        points: &[Point],
        own: u16,
        first: impl Fn(u32) -> Option<Value>,
    ) -> Result<(), SimulateError> {
        for point in points {
            let (ca, type_id, kind) = admit(point, own)?;
            if !self.stations.contains(&ca) {
                self.stations.push(ca);
            }
            if type_id.is_command() {
                continue;
            }
            let value = first(point.ioa).unwrap_or_else(|| beginning(kind));
            self.watched.push(Watched {
                ca,
                ioa: point.ioa,
                type_id,
                kind,
                name: point.name.clone(),
                value,
                frozen: None,
                first: value,
            });
        }
        Ok(())
    }

    /// Brings what is watched into its order, and notes where each is.
    fn index(&mut self) -> Result<(), SimulateError> {
        self.watched.sort_by_key(|point| (point.ca, point.type_id, point.ioa));
        for (place, point) in (0..).zip(&self.watched) {
            if self.watched_at.insert((point.ca, point.ioa), place).is_some() {
                return Err(twice(&point.name, point.ca, point.ioa));
            }
        }
        Ok(())
    }

    fn take_commands(
        &mut self,
        points: &[Point],
        own: u16,
        faults: impl Fn(u32) -> (Option<PointFault>, Option<PointFault>),
    ) -> Result<(), SimulateError> {
        let names: BTreeMap<&str, u32> =
            (0..).zip(&self.watched).map(|(place, point)| (point.name.as_str(), place)).collect();
        let mut commanded = BTreeMap::new();
        for point in points {
            let (ca, type_id, kind) = admit(point, own)?;
            if !type_id.is_command() {
                continue;
            }
            let rules = point.command.clone().unwrap_or_default();
            let feedback = rules.feedback.as_deref().and_then(|name| names.get(name)).copied();
            let shows = |place: &u32| self.at(*place).is_some_and(|point| point.kind.shows(kind));
            if rules.feedback.is_some() && !feedback.as_ref().is_some_and(shows) {
                return Err(SimulateError::Config(format!(
                    "the point {} has the feedback {}, which is no point that shows values of {}",
                    point.name,
                    rules.feedback.unwrap_or_default(),
                    type_id.name()
                )));
            }
            let (fault, select_fault) = faults(point.ioa);
            let limits =
                rules.range.and_then(|[least, most]| Some((least.as_f64()?, most.as_f64()?)));
            let command = Commanded {
                type_id,
                name: point.name.clone(),
                feedback,
                select: rules.select,
                limits,
                terminates: rules.termination != Termination::None,
                fault,
                select_fault,
                selection: None,
            };
            let before = commanded.insert((ca, point.ioa), command);
            if before.is_some() || self.commanded.contains_key(&(ca, point.ioa)) {
                return Err(twice(&point.name, ca, point.ioa));
            }
        }
        self.commanded.append(&mut commanded);
        Ok(())
    }

    /// The common addresses there are.
    pub(super) fn stations(&self) -> &[u16] {
        &self.stations
    }

    /// What is watched, in its order.
    pub(super) fn watched(&self) -> &[Watched] {
        &self.watched
    }

    pub(super) fn watched_mut(&mut self) -> &mut [Watched] {
        &mut self.watched
    }

    /// What is watched at that place of the order.
    pub(super) fn at(&self, place: u32) -> Option<&Watched> {
        usize::try_from(place).ok().and_then(|place| self.watched.get(place))
    }

    pub(super) fn watched_at(&self, ca: u16, ioa: u32) -> Option<&Watched> {
        self.watched_at.get(&(ca, ioa)).and_then(|place| self.at(*place))
    }

    /// By its name.
    pub(super) fn find(&self, name: &str) -> Option<(u32, &Watched)> {
        (0..).zip(&self.watched).find(|(_, point)| point.name == name)
    }

    /// Lets a point show something else; false if its values are of another kind.
    pub(super) fn show(&mut self, place: u32, value: Value) -> bool {
        let point = usize::try_from(place).ok().and_then(|place| self.watched.get_mut(place));
        let Some(point) = point else { return false };
        let same = std::mem::discriminant(&point.value) == std::mem::discriminant(&value);
        if same {
            point.value = value;
        }
        same
    }

    pub(super) fn commanded(&self, ca: u16, ioa: u32) -> Option<&Commanded> {
        self.commanded.get(&(ca, ioa))
    }

    pub(super) fn commanded_mut(&mut self, ca: u16, ioa: u32) -> Option<&mut Commanded> {
        self.commanded.get_mut(&(ca, ioa))
    }

    /// The places of those that show what came of a command.
    pub(super) fn feedbacks(&self) -> impl Iterator<Item = u32> + '_ {
        self.commanded.values().filter_map(|point| point.feedback)
    }

    /// Drops what was selected over a link.
    pub(super) fn release(&mut self, link: LinkId) {
        for point in self.commanded.values_mut() {
            point.selection = point.selection.filter(|selection| selection.link != link);
        }
    }

    /// Brings a station back to where it began.
    pub(super) fn reset(&mut self, ca: u16) {
        for point in self.watched.iter_mut().filter(|point| point.ca == ca) {
            (point.value, point.frozen) = (point.first, None);
        }
        for (_, point) in self.commanded.range_mut((ca, 0)..=(ca, LARGEST_IOA)) {
            point.selection = None;
        }
    }
}

/// The common address, type and kind of a point that may be one.
fn admit(point: &Point, own: u16) -> Result<(u16, TypeId, Kind), SimulateError> {
    let name = &point.name;
    let type_id = TypeId::from_name(&point.kind);
    let Some((type_id, kind)) = type_id.and_then(|known| Some((known, Kind::of(known)?))) else {
        let message = format!("the point {name} has the type {}, which no point has", point.kind);
        return Err(SimulateError::Config(message));
    };
    let ca = point.ca.unwrap_or(own);
    if !matches!(ca, 1..=65_534) {
        let message = format!("the point {name} has the common address {ca}; 1 to 65534 can be");
        return Err(SimulateError::Config(message));
    }
    if !(1..=LARGEST_IOA).contains(&point.ioa) {
        let message =
            format!("the point {name} has the address {}; 1 to 16777215 can be", point.ioa);
        return Err(SimulateError::Config(message));
    }
    Ok((ca, type_id.tagged(false).unwrap_or(type_id), kind))
}

fn twice(name: &str, ca: u16, ioa: u32) -> SimulateError {
    SimulateError::Config(format!(
        "the point {name} has the address {ioa} of station {ca}, which another point has as well"
    ))
}

/// What a point shows while nothing happened.
const fn beginning(kind: Kind) -> Value {
    match kind {
        Kind::Single => Value::Single(false),
        Kind::Double => Value::Double(DoublePoint::Off),
        Kind::Step => Value::Step { value: 0, transient: false },
        Kind::Bits => Value::Bits(0),
        Kind::Normalized => Value::Normalized(0),
        Kind::Scaled => Value::Scaled(0),
        Kind::Float => Value::Float(0.0),
        Kind::Counter => {
            Value::Counter { value: 0, sequence: 0, carry: false, adjusted: false, invalid: false }
        }
        Kind::Packed => Value::PackedSingle { status: 0, change: 0 },
    }
}
