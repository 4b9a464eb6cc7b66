//! What must be true of the rules by which a point is commanded.

use serde_json::Number;
use station_core::model::PointCommand;
use station_core::near::{hint, shown};
use station_wire::iec104::codec::TypeId;

use super::check::{Findings, Known};
use crate::hours::Hours;
use crate::interlock::Interlock;
use crate::value::Kind;

/// The longest time somebody may take to agree, in seconds: a week.
const LONGEST_APPROVAL: u32 = 7 * 86_400;

/// Says everything that is wrong with them.
pub(super) fn check(
    findings: &mut Findings<'_>,
    type_id: TypeId,
    kind: Kind,
    rules: &PointCommand,
    known: &Known<'_>,
) {
    let name = type_id.name();
    if rules.select && !type_id.is_selectable() {
        let why = format!("{name} cannot be selected before it is operated; 'select' is false");
        findings.add("select", &why);
    }
    let (most, what) = match kind {
        Kind::Single | Kind::Double | Kind::Step => (31, "0 to 31 (QU)"),
        Kind::Normalized | Kind::Scaled | Kind::Float => (127, "0 to 127 (QL)"),
        Kind::Bits | Kind::Counter | Kind::Packed => (0, "0: it has none"),
    };
    if rules.qualifier > most {
        let why = format!("'qualifier' of {name} is {what}, not {}", rules.qualifier);
        findings.add("qualifier", &why);
    }
    range(findings, type_id, kind, rules.range.as_ref());
    if rules.per_hour == Some(0) {
        let why =
            "'per_hour' is a whole number from 1 on, not 0; what nobody may command has no 'may'";
        findings.add("per_hour", why);
    }
    if let Some(seconds) = rules.approval.filter(|it| !(1..=LONGEST_APPROVAL).contains(it)) {
        let why = format!(
            "'approval' is a number of seconds from 1 to {LONGEST_APPROVAL}, not {seconds}"
        );
        findings.add("approval", &why);
    }
    for who in &rules.may {
        let name = who.strip_prefix("user:").or_else(|| who.strip_prefix("token:"));
        if who != "*" && name.is_none_or(str::is_empty) {
            let why = format!(
                "'may' names people as 'user:NAME' and 'token:NAME', or everybody as '*', not '{}'",
                shown(who)
            );
            findings.add("may", &why);
        }
    }
    for hours in &rules.hours {
        if let Err(error) = Hours::parse(hours) {
            findings.add("hours", &error.to_string());
        }
    }
    feedback(findings, kind, rules, known);
    interlock(findings, rules, known);
}

fn range(findings: &mut Findings<'_>, type_id: TypeId, kind: Kind, range: Option<&[Number; 2]>) {
    let (bounds, whole) = match kind {
        Kind::Normalized => ((-1.0, 1.0), false),
        Kind::Scaled => ((-32_768.0, 32_767.0), true),
        Kind::Float => ((f64::from(f32::MIN), f64::from(f32::MAX)), false),
        Kind::Bits => ((0.0, f64::from(u32::MAX)), true),
        Kind::Single | Kind::Double | Kind::Step | Kind::Counter | Kind::Packed => {
            if range.is_some() {
                let name = type_id.name();
                findings.add("range", &format!("{name} is no set point, and has no 'range'"));
            }
            return;
        }
    };
    let Some(range) = range else {
        // Bits are no quantity, so that all of them may be permitted.
        if kind != Kind::Bits {
            let why = "a set point needs the values it may have, for example range = [0, 100]";
            findings.add("range", why);
        }
        return;
    };
    let [Some(least), Some(most)] = range.each_ref().map(Number::as_f64) else { return };
    let (from, to) = bounds;
    if !(from..=to).contains(&least) || !(from..=to).contains(&most) {
        let name = type_id.name();
        findings.add("range", &format!("'range' of {name} lies within {from} and {to}"));
    } else if least > most {
        let why = format!("'range' has the least value first: [{most}, {least}]");
        findings.add("range", &why);
    } else if whole && (least.fract() != 0.0 || most.fract() != 0.0) {
        let why = format!("'range' of {} is two whole numbers", type_id.name());
        findings.add("range", &why);
    }
}

fn feedback(findings: &mut Findings<'_>, kind: Kind, rules: &PointCommand, known: &Known<'_>) {
    let Some(name) = &rules.feedback else { return };
    let Some(point) = known.get(name.as_str()) else {
        let why = unknown(name, "feedback", known);
        return findings.add("feedback", &why);
    };
    let type_id = TypeId::from_name(&point.kind);
    let shows = type_id.filter(|type_id| !type_id.is_command()).and_then(Kind::of);
    if !shows.is_some_and(|shown| shown.shows(kind)) {
        let wanted = match kind {
            Kind::Single | Kind::Double => "M_SP_NA_1 or M_DP_NA_1",
            Kind::Step => "M_ST_NA_1",
            Kind::Bits => "M_BO_NA_1",
            Kind::Normalized => "M_ME_NA_1 or M_ME_ND_1",
            Kind::Scaled => "M_ME_NB_1",
            Kind::Float => "M_ME_NC_1",
            Kind::Counter | Kind::Packed => "another type",
        };
        let why = format!(
            "its feedback '{}' has the type {}, and cannot show what came of it; {wanted} can",
            shown(name),
            shown(&point.kind)
        );
        findings.add("feedback", &why);
    }
}

fn interlock(findings: &mut Findings<'_>, rules: &PointCommand, known: &Known<'_>) {
    let Some(text) = &rules.interlock else { return };
    let interlock = match Interlock::parse(text) {
        Ok(interlock) => interlock,
        Err(error) => return findings.add("interlock", &error.to_string()),
    };
    for comparison in interlock.comparisons() {
        let Some(point) = known.get(comparison.point.as_str()) else {
            let why = unknown(&comparison.point, "interlock", known);
            findings.add("interlock", &why);
            continue;
        };
        match TypeId::from_name(&point.kind).filter(|type_id| !type_id.is_command()) {
            None => {
                let name = shown(&comparison.point);
                let why = format!("interlocks look at points that are told; '{name}' is a command");
                findings.add("interlock", &why);
            }
            Some(type_id) => {
                if let Some(Err(why)) = Kind::of(type_id).map(|kind| comparison.fits(kind)) {
                    findings.add("interlock", &format!("in the interlock {why}"));
                }
            }
        }
    }
}

fn unknown(name: &str, key: &str, known: &Known<'_>) -> String {
    let near = hint(name, known.keys().copied());
    format!("its {key} names '{}', and there is no such point{near}", shown(name))
}
