//! The points of the simulator: a small substation, measurements by the thousand, and points with faults.
//!
//! | address | what there is |
//! | --- | --- |
//! | 1001 to 1009 | positions and signals: two breakers, disconnector, earth switch, tap changer … |
//! | 2001 to 2009 | measurements, and what the set points are set to |
//! | 3001, 3002 | counters |
//! | 4001 to 4010 | commands, each with its feedback among those above |
//! | 9001, 9101, 9201 and on | commands with faults: direct, after a selection, of the selection itself |
//! | 19001, 19101, 19201 and on | their feedback |
//! | 20001 and on | more measurements |
//!
//! Interrogations of a group have the positions and signals in group 1, the measurements in group 2, the
//! bit strings in group 3. The groups of counters have each fourth counter, in the order of addresses.

use serde_json::Number;
use station_core::model::{Point, PointCommand};
use station_wire::iec104::codec::{DoublePoint, Value};

use super::fault::PointFault;

/// The addresses of points with faults: the command, executed directly; executed after a good selection;
/// selected. The fault is that of the same number in [`PointFault::ALL`].
const DIRECT: u32 = 9001;
const EXECUTED: u32 = 9101;
const SELECTED: u32 = 9201;
/// How far from such a command its feedback is.
const FEEDBACK: u32 = 10_000;
/// Where the additional measurements begin.
const MEASUREMENTS: u32 = 20_001;

/// What is watched: address, name, type, unit, what it is.
#[rustfmt::skip]
const WATCHED: [(u32, &str, &str, &str, &str); 20] = [
    (1001, "breaker-1-state", "M_DP_NA_1", "", "position of the breaker of feeder 1"),
    (1002, "breaker-2-state", "M_DP_NA_1", "", "position of the breaker of feeder 2"),
    (1003, "disconnector-1-state", "M_DP_NA_1", "", "position of the disconnector of feeder 1"),
    (1004, "earth-switch-1-state", "M_DP_NA_1", "", "position of the earth switch of feeder 1"),
    (1005, "tap-position", "M_ST_NA_1", "", "position of the transformer's tap changer"),
    (1006, "remote-mode", "M_SP_NA_1", "", "on: the substation may be commanded from afar"),
    (1007, "battery-alarm", "M_SP_NA_1", "", "the battery's voltage is low"),
    (1008, "reclosing-state", "M_SP_NA_1", "", "automatic reclosing is switched on"),
    (1009, "outputs-state", "M_BO_NA_1", "", "the auxiliary outputs"),
    (2001, "bus-voltage", "M_ME_NC_1", "kV", "voltage of the busbar"),
    (2002, "feeder-1-current", "M_ME_NC_1", "A", "current of feeder 1"),
    (2003, "active-power", "M_ME_NC_1", "MW", "power through the transformer"),
    (2004, "frequency", "M_ME_NC_1", "Hz", "frequency of the busbar"),
    (2005, "oil-temperature", "M_ME_NB_1", "°C", "temperature of the transformer's oil"),
    (2006, "load-factor", "M_ME_NA_1", "", "load of the transformer, 1 for its rated power"),
    (2007, "voltage-target-state", "M_ME_NC_1", "kV", "the voltage that is regulated for"),
    (2008, "power-limit-state", "M_ME_NB_1", "%", "the limit of what is fed in"),
    (2009, "power-factor-state", "M_ME_NA_1", "", "the power factor that is regulated for"),
    (3001, "energy-delivered", "M_IT_NA_1", "kWh", "energy delivered"),
    (3002, "energy-received", "M_IT_NA_1", "kWh", "energy received"),
];

/// What is commanded: address, name, type, feedback, whether it is selected, range, what must hold.
type Row = (u32, &'static str, &'static str, &'static str, bool, Option<[i8; 2]>, &'static str);
#[rustfmt::skip]
const COMMANDED: [Row; 10] = [
    (4001, "breaker-1", "C_DC_NA_1", "breaker-1-state", true, None, ""),
    (4002, "breaker-2", "C_DC_NA_1", "breaker-2-state", true, None, ""),
    (4003, "disconnector-1", "C_DC_NA_1", "disconnector-1-state", true, None, "breaker-1-state == off"),
    (4004, "earth-switch-1", "C_DC_NA_1", "earth-switch-1-state", true, None, "disconnector-1-state == off"),
    (4005, "tap-changer", "C_RC_NA_1", "tap-position", false, None, ""),
    (4006, "reclosing", "C_SC_NA_1", "reclosing-state", false, None, ""),
    (4007, "voltage-target", "C_SE_NC_1", "voltage-target-state", false, Some([100, 120]), ""),
    (4008, "power-limit", "C_SE_NB_1", "power-limit-state", false, Some([0, 100]), ""),
    (4009, "power-factor", "C_SE_NA_1", "power-factor-state", false, Some([-1, 1]), ""),
    (4010, "outputs", "C_BO_NA_1", "outputs-state", false, None, ""),
];

/// The built-in substation.
#[must_use]
pub fn built_in() -> Vec<Point> {
    let shown = WATCHED.iter().map(|(ioa, name, kind, unit, description)| {
        let unit = (!unit.is_empty()).then(|| (*unit).to_owned());
        Point { unit, ..watched(*ioa, name, kind, description) }
    });
    let commanded =
        COMMANDED.iter().map(|(ioa, name, kind, feedback, select, range, interlock)| {
            let rules = PointCommand {
                range: range.map(|limits| limits.map(Number::from)),
                interlock: (!interlock.is_empty()).then(|| (*interlock).to_owned()),
                ..commanded_by_all(feedback, *select)
            };
            Point { command: Some(rules), ..watched(*ioa, name, kind, "") }
        });
    shown.chain(commanded).collect()
}

/// More measurements, so many of them, each half of its number at first.
#[must_use]
pub fn measurements(count: u32) -> Vec<Point> {
    let one = |n| watched(MEASUREMENTS - 1 + n, &format!("measurement-{n}"), "M_ME_NC_1", "");
    (1..=count).map(one).collect()
}

/// The points with faults: `fault-NAME` is commanded directly, `fault-NAME-sbo` once it was selected, and
/// with `fault-NAME-selection` it is the selection that fails, for those faults that selections can have.
#[must_use]
pub fn fault_points() -> Vec<Point> {
    let mut points = Vec::new();
    for (n, fault) in (0..).zip(PointFault::ALL) {
        let name = fault.name();
        let mut add = |ioa: u32, name: String, select: bool| {
            let feedback = format!("{name}-state");
            points.push(watched(ioa + FEEDBACK, &feedback, "M_SP_NA_1", ""));
            let command = Some(commanded_by_all(&feedback, select));
            points.push(Point { command, ..watched(ioa, &name, "C_SC_NA_1", fault.meaning()) });
        };
        add(DIRECT + n, format!("fault-{name}"), false);
        add(EXECUTED + n, format!("fault-{name}-sbo"), true);
        if fault.strikes_selections() {
            add(SELECTED + n, format!("fault-{name}-selection"), true);
        }
    }
    points
}

/// The fault of an execution, and that of a selection, at the point of that address.
pub(super) fn faults_at(ioa: u32) -> (Option<PointFault>, Option<PointFault>) {
    let fault = |first: u32| {
        let n = usize::try_from(ioa.checked_sub(first)?).ok()?;
        PointFault::ALL.get(n).copied()
    };
    (fault(DIRECT).or_else(|| fault(EXECUTED)), fault(SELECTED))
}

/// What a point of ours shows at first; `None`: whatever its type begins with.
pub(super) fn first(ioa: u32) -> Option<Value> {
    let counter = |value| Value::Counter {
        value,
        sequence: 0,
        carry: false,
        adjusted: false,
        invalid: false,
    };
    Some(match ioa {
        1001 | 1003 => Value::Double(DoublePoint::On),
        1005 => Value::Step { value: 5, transient: false },
        1006 | 1008 => Value::Single(true),
        2001 => Value::Float(110.4),
        2002 => Value::Float(231.5),
        2003 => Value::Float(42.0),
        2004 => Value::Float(50.0),
        2005 => Value::Scaled(61),
        2006 => Value::Normalized(14_000),
        2007 => Value::Float(110.0),
        2008 => Value::Scaled(100),
        2009 => Value::Normalized(i16::MAX),
        3001 => counter(120_345),
        3002 => counter(8_120),
        _ => return None,
    })
}

/// What an additional measurement shows at first.
pub(super) fn first_measurement(ioa: u32) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "addresses have 24 bits, as many as an f32 holds"
    )]
    let number = (ioa - ioa.min(MEASUREMENTS - 1)) as f32;
    Value::Float(number / 2.0)
}

fn watched(ioa: u32, name: &str, kind: &str, description: &str) -> Point {
    Point {
        name: name.to_owned(),
        ioa,
        kind: kind.to_owned(),
        ca: None,
        description: description.to_owned(),
        unit: None,
        command: None,
    }
}

fn commanded_by_all(feedback: &str, select: bool) -> PointCommand {
    let (feedback, may) = (Some(feedback.to_owned()), vec!["*".to_owned()]);
    PointCommand { feedback, select, may, ..PointCommand::default() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::points::Format;

    #[test]
    fn every_name_and_address_is_there_once_and_every_feedback_exists() {
        let mut points = built_in();
        points.extend(fault_points());
        points.extend(measurements(3));
        let names: BTreeSet<&str> = points.iter().map(|point| point.name.as_str()).collect();
        let addresses: BTreeSet<u32> = points.iter().map(|point| point.ioa).collect();
        assert_eq!((names.len(), addresses.len()), (points.len(), points.len()));
        for command in points.iter().filter_map(|point| point.command.as_ref()) {
            assert!(names.contains(command.feedback.as_deref().unwrap()));
        }
    }

    #[test]
    fn its_points_can_be_registered_as_they_are_written() {
        let mut points = built_in();
        points.extend(fault_points());
        points.extend(measurements(2));
        let read = crate::points::read(&crate::points::write(&points), Format::Toml);
        assert_eq!(read, Ok(points));
    }

    #[test]
    fn faults_are_at_the_addresses_they_are_said_to_be_at() {
        assert_eq!(faults_at(9001), (Some(PointFault::Refuse), None));
        assert_eq!(faults_at(9111), (Some(PointFault::WrongOriginator), None));
        assert_eq!(faults_at(9201), (None, Some(PointFault::Refuse)));
        assert_eq!(faults_at(9012), (None, None));
        assert_eq!(faults_at(4001), (None, None));
        assert_eq!(first_measurement(20_003), Value::Float(1.5));
    }
}
