//! The points of an outstation, with what their rules mean, by name.

use std::collections::HashMap;

use station_core::model::{Outstation, OutstationSettings, Point, PointCommand};
use station_core::near::nearest;
use station_wire::iec104::codec::TypeId;

use super::{PointsError, check};
use crate::hours::Hours;
use crate::interlock::Interlock;
use crate::value::{Kind, Limits};

/// The points of an outstation: read once, asked often.
#[derive(Clone, Debug)]
pub struct PointTable {
    /// The name of the outstation.
    pub outstation: String,
    /// Its settings.
    pub settings: OutstationSettings,
    entries: Vec<Entry>,
    names: HashMap<String, usize>,
}

/// A point.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its common address: its own, or the outstation's.
    pub ca: u16,
    /// Its object address.
    pub ioa: u32,
    /// Its type, without a time tag.
    pub type_id: TypeId,
    /// What its values are.
    pub kind: Kind,
    /// What its values are in.
    pub unit: Option<String>,
    /// What it takes to be commanded; `None`: it is only watched.
    pub rule: Option<Box<Rule>>,
}

/// What it takes to command a point.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As it was written.
    pub written: PointCommand,
    /// The least and the greatest value.
    pub limits: Option<Limits>,
    /// When; never empty unless that is always.
    pub hours: Vec<Hours>,
    /// What must hold.
    pub interlock: Option<Interlock>,
}

impl PointTable {
    /// Takes over the points of an outstation.
    ///
    /// # Errors
    /// Something is wrong with them: then none may be commanded.
    pub fn new(outstation: &Outstation) -> Result<Self, PointsError> {
        check(&outstation.points, outstation.ca)?;
        // What was checked can be read, so that nothing is left out here.
        let entries: Vec<Entry> =
            outstation.points.iter().filter_map(|point| entry(point, outstation.ca)).collect();
        let names = entries.iter().map(|entry| entry.name.clone()).zip(0..).collect();
        let settings = outstation.settings.clone();
        Ok(Self { outstation: outstation.name.clone(), settings, entries, names })
    }

    /// The point of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.names.get(name)?)
    }

    /// All of them, in the order in which they were written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The addresses of the points that are told: what a cache is made of.
    pub fn watched(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let watched = self.entries.iter().filter(|entry| !entry.type_id.is_command());
        watched.map(|entry| (entry.ca, entry.ioa))
    }

    /// The name that is most like an unknown one.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.entries.iter().map(|entry| entry.name.as_str()))
    }
}

fn entry(point: &Point, ca: u16) -> Option<Entry> {
    let type_id = TypeId::from_name(&point.kind)?;
    let rule = match &point.command {
        None => None,
        Some(written) => Some(Box::new(rule(written)?)),
    };
    Some(Entry {
        name: point.name.clone(),
        ca: point.ca.unwrap_or(ca),
        ioa: point.ioa,
        type_id,
        kind: Kind::of(type_id)?,
        unit: point.unit.clone(),
        rule,
    })
}

fn rule(written: &PointCommand) -> Option<Rule> {
    let limits = match &written.range {
        None => None,
        Some([least, most]) => Some((least.as_f64()?, most.as_f64()?)),
    };
    let interlock = match &written.interlock {
        None => None,
        Some(text) => Some(Interlock::parse(text).ok()?),
    };
    let hours: Result<Vec<Hours>, _> =
        written.hours.iter().map(|hours| Hours::parse(hours)).collect();
    Some(Rule { written: written.clone(), limits, hours: hours.ok()?, interlock })
}
