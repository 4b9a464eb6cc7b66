//! What must be true of points, each by itself and all together.

use std::collections::HashMap;

use station_core::model::{Node, Point};
use station_core::near::{hint, list, shown};
use station_wire::iec104::codec::{LARGEST_IOA, TypeId};

use super::command;
use super::read::{CA, IOA};
use crate::interlock::WORDS;
use crate::value::{Kind, TYPES};

/// Something that is wrong with a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Its place in the list.
    pub(super) point: usize,
    /// The key that is wrong or missing.
    pub(super) key: &'static str,
    /// A sentence that names both, and says what would be right.
    pub(super) message: String,
}

/// How many points an outstation may have.
const MOST: usize = 100_000;
/// How many findings are told at most. To look for more could take hours: each may compare all names.
pub(super) const MOST_FINDINGS: usize = 100;

/// What the other points are, by their names.
pub(super) type Known<'a> = HashMap<&'a str, &'a Point>;

/// What is wrong with one point.
pub(super) struct Findings<'a> {
    place: usize,
    point: &'a Point,
    found: Vec<Finding>,
}

impl Findings<'_> {
    /// `point 'breaker-7': ` and why.
    pub(super) fn add(&mut self, key: &'static str, why: &str) {
        if self.found.len() < MOST_FINDINGS {
            let message = format!("point '{}': {why}", shown(&self.point.name));
            self.found.push(Finding { point: self.place, key, message });
        }
    }
}

/// Everything that is wrong with the points of an outstation with that common address; 0 if that is
/// not known.
pub(super) fn findings(points: &[Point], ca: u16) -> Vec<Finding> {
    if points.len() > MOST {
        let message =
            format!("there are {} points; an outstation has at most {MOST}", points.len());
        return vec![Finding { point: MOST, key: "name", message }];
    }
    let known: Known<'_> = points.iter().map(|point| (point.name.as_str(), point)).collect();
    let mut names: HashMap<&str, usize> = HashMap::with_capacity(points.len());
    let mut addresses: HashMap<(u16, u32, bool), &str> = HashMap::with_capacity(points.len());
    let mut all = Vec::new();
    for (point, place) in points.iter().zip(0..) {
        let mut findings = Findings { place, point, found: Vec::new() };
        name(&mut findings);
        if names.insert(&point.name, place).is_some() {
            findings.add("name", "the name is given twice; each point has a name of its own");
        }
        if !(1..=LARGEST_IOA).contains(&point.ioa) {
            findings.add("ioa", &format!("'ioa' is {IOA}, not {}", point.ioa));
        }
        if let Some(ca) = point.ca.filter(|ca| !(1..=65_534).contains(ca)) {
            findings.add("ca", &format!("'ca' is {CA}, not {ca}"));
        }
        if let Some(type_id) = type_id(&mut findings) {
            let address = (point.ca.unwrap_or(ca), point.ioa, type_id.is_command());
            if let Some(other) = addresses.insert(address, &point.name) {
                let what = if type_id.is_command() { "commanded" } else { "told" };
                let why = format!(
                    "'{}' is {what} at the address {} too; each point has an address of its own",
                    shown(other),
                    point.ioa
                );
                findings.add("ioa", &why);
            }
            rules(&mut findings, type_id, &known);
        }
        texts(&mut findings);
        all.append(&mut findings.found);
        if all.len() >= MOST_FINDINGS {
            break;
        }
    }
    all
}

fn name(findings: &mut Findings<'_>) {
    let name = findings.point.name.as_str();
    if !Node::is_name(name) {
        let why = "'name' is made of letters, digits, '.', '_' and '-', begins with a letter or a \
                   digit, and has at most 128 of them; 'local' is taken";
        findings.add("name", why);
    } else if WORDS.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        findings.add("name", &format!("'{name}' has a meaning in interlocks; choose another name"));
    }
}

/// What people read, often on a terminal, has no control characters.
fn texts(findings: &mut Findings<'_>) {
    let point = findings.point;
    for (key, text, most) in
        [("description", Some(&point.description), 1_000), ("unit", point.unit.as_ref(), 40)]
    {
        if text.is_some_and(|text| text.len() > most || text.chars().any(char::is_control)) {
            let why =
                format!("'{key}' is one line of at most {most} bytes without control characters");
            findings.add(key, &why);
        }
    }
}

/// The type, if points can have it.
fn type_id(findings: &mut Findings<'_>) -> Option<TypeId> {
    let name = findings.point.kind.as_str();
    if let Some((type_id, _)) = TYPES.iter().find(|(type_id, _)| type_id.name() == name) {
        return Some(*type_id);
    }
    let names = || TYPES.iter().map(|(type_id, _)| type_id.name());
    let plain = TypeId::from_name(name).and_then(plain);
    let why = match plain {
        Some(plain) => format!(
            "'type' is written without the time tag: '{}', not '{name}'; whether commands carry \
             one is a setting of the outstation",
            plain.name()
        ),
        None => {
            let near = hint(name, names());
            format!("'{}' is no type of points{near}; there are {}", shown(name), list(names()))
        }
    };
    findings.add("type", &why);
    None
}

/// The type of the same points without a time tag.
fn plain(tagged: TypeId) -> Option<TypeId> {
    if tagged.is_command() {
        return tagged.tagged(false);
    }
    // M_SP_TA_1 and M_SP_TB_1 are M_SP_NA_1; of measured values A and D are the normalized ones, and
    // so on.
    Some(match tagged.as_u8() {
        2 | 30 => TypeId::M_SP_NA_1,
        4 | 31 => TypeId::M_DP_NA_1,
        6 | 32 => TypeId::M_ST_NA_1,
        8 | 33 => TypeId::M_BO_NA_1,
        10 | 34 => TypeId::M_ME_NA_1,
        12 | 35 => TypeId::M_ME_NB_1,
        14 | 36 => TypeId::M_ME_NC_1,
        16 | 37 => TypeId::M_IT_NA_1,
        _ => return None,
    })
}

fn rules(findings: &mut Findings<'_>, type_id: TypeId, known: &Known<'_>) {
    let point = findings.point;
    match (&point.command, Kind::of(type_id)) {
        (Some(rules), Some(kind)) if type_id.is_command() => {
            command::check(findings, type_id, kind, rules, known);
        }
        (Some(_), _) => {
            let why = format!(
                "{} is only told and cannot be commanded; the table 'command' belongs to the point \
                 with the type of the command, such as C_SC_NA_1",
                type_id.name()
            );
            findings.add("command", &why);
        }
        (None, _) if type_id.is_command() => {
            let why = format!(
                "{} is a command, whose rules are missing: a table [point.command], with 'may' for \
                 those who may command it",
                type_id.name()
            );
            findings.add("command", &why);
        }
        (None, _) => {}
    }
}
