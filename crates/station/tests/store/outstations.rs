//! What outstations are and what is done with them, by chance; and their records.

use serde_json::Number;
use station::port::Store;
use station::store::{AlarmFilter, SqliteStore};
use station_core::engine::Change;
use station_core::model::{
    Alarm, AlarmState, Approval, ApprovalState, Control, ControlSwitch, JobId, Micros, Outstation,
    OutstationSettings, OutstationTls, Point, PointCommand, Principal, Record, RecordKind, Tag,
    Termination, Write,
};

use crate::recurring::alarm;
use crate::samples::Chance;

/// The key of a record of such a kind, made from a name; `None`: it is of another kind.
pub(crate) fn key_of(kind: RecordKind, name: &str) -> Option<String> {
    match kind {
        RecordKind::Outstation | RecordKind::Approval => Some(name.to_owned()),
        RecordKind::Tag => Some(Tag::key(name, "breaker-7")),
        RecordKind::Control => Some(ControlSwitch::KEY.to_owned()),
        RecordKind::Equipment
        | RecordKind::Profile
        | RecordKind::State
        | RecordKind::Acquisition
        | RecordKind::Wear => None,
    }
}

fn write(chance: &mut Chance) -> Write {
    Write {
        point: chance.one_of(&["breaker-7", "tap-2"]).to_owned(),
        value: chance.one_of(&["on", "12.5"]).to_owned(),
        select: chance.once_in(2),
        reason: chance.once_in(2).then(|| "inspection".to_owned()),
        ticket: None,
    }
}

/// What a job does with an outstation.
pub(crate) fn random_control(chance: &mut Chance) -> Control {
    match chance.below(6) {
        0 => Control::Interrogate { group: chance.once_in(2).then_some(3) },
        1 => Control::Counters { group: None },
        2 => Control::Read { point: "bus-voltage".to_owned() },
        3 => Control::SyncClock,
        4 => Control::Test,
        _ => Control::Write(write(chance)),
    }
}

fn point(chance: &mut Chance) -> Point {
    let command = PointCommand {
        feedback: Some("breaker-7-position".to_owned()),
        range: chance.once_in(2).then(|| [Number::from(-3), Number::from(12)]),
        termination: chance.one_of(&[
            Termination::Required,
            Termination::Optional,
            Termination::None,
        ]),
        per_hour: chance.once_in(2).then_some(6),
        may: vec!["user:eva".to_owned()],
        approval: chance.once_in(2).then_some(900),
        ..PointCommand::default()
    };
    Point {
        name: "breaker-7".to_owned(),
        ioa: 5_003,
        kind: "C_SC_NA_1".to_owned(),
        ca: chance.once_in(2).then_some(9),
        description: String::new(),
        unit: None,
        command: chance.once_in(2).then_some(command),
    }
}

/// A record of such a kind; `name`: of the outstation, or of the approval.
pub(crate) fn record(chance: &mut Chance, kind: RecordKind, name: String) -> Option<Record> {
    let at = Micros(chance.below(5).cast_signed());
    let by = Principal::Anonymous;
    Some(match kind {
        RecordKind::Outstation => Record::Outstation(Box::new(Outstation {
            name,
            endpoints: vec!["192.0.2.9:2404".to_owned()],
            bind: None,
            ca: 7,
            tls: chance.once_in(2).then(|| OutstationTls {
                authority: "/etc/ca.pem".to_owned(),
                certificate: "/etc/own.pem".to_owned(),
                key: "/etc/own.key".to_owned(),
                server_name: None,
                pins: Vec::new(),
                revoked: None,
            }),
            settings: OutstationSettings {
                parallel: u32::try_from(1 + chance.below(3)).unwrap(),
                ..OutstationSettings::default()
            },
            points: vec![point(chance)],
            created_at: at,
            created_by: by,
            modified_at: at,
        })),
        RecordKind::Tag => Record::Tag(Tag {
            outstation: name,
            point: "breaker-7".to_owned(),
            reason: "people at work".to_owned(),
            by,
            at,
        }),
        RecordKind::Control => Record::Control(ControlSwitch {
            stopped: chance.once_in(2),
            reason: chance.once_in(2).then(|| "storm".to_owned()),
            by,
            at,
        }),
        RecordKind::Approval => Record::Approval(Box::new(Approval {
            id: name,
            outstation: chance.one_of(&["psu", "dmm"]).to_owned(),
            write: write(chance),
            job: chance.once_in(2).then_some(JobId(7)),
            previous: None,
            requested_by: by,
            requested_at: at,
            expires_at: chance.once_in(2).then_some(Micros(900)),
            state: chance.one_of(&[ApprovalState::Waiting, ApprovalState::Approved]),
            decided_by: None,
            decided_at: None,
            note: None,
        })),
        RecordKind::Equipment
        | RecordKind::Profile
        | RecordKind::State
        | RecordKind::Acquisition
        | RecordKind::Wear => return None,
    })
}

#[test]
fn a_start_learns_which_outstations_there_are_and_how_much_each_takes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    assert_eq!(store.snapshot(1).unwrap().outstations, []);
    for (name, parallel) in [("SS2", 3), ("SS1", 1)] {
        let mut chance = Chance(7);
        let kind = RecordKind::Outstation;
        let Some(Record::Outstation(mut one)) = record(&mut chance, kind, name.to_owned()) else {
            panic!("it is one");
        };
        one.settings.parallel = parallel;
        store.apply(&[Change::RecordKept(Box::new(Record::Outstation(one)))]).unwrap();
    }
    store.commit().unwrap();
    let all = [("SS1".to_owned(), 1), ("SS2".to_owned(), 3)];
    assert_eq!(store.snapshot(1).unwrap().outstations, all);
}

#[test]
fn the_stations_own_alarm_is_of_no_job() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    let topic = Some("outstation.SS1.link".to_owned());
    let own = Alarm { job: None, topic, execution: None, ..alarm(1, 1, AlarmState::Active) };
    let of_job = alarm(2, 1, AlarmState::Active);
    for one in [&own, &of_job] {
        store.apply(&[Change::AlarmRecorded(Box::new(one.clone()))]).unwrap();
    }
    store.commit().unwrap();
    assert_eq!(store.snapshot(1).unwrap().alarms, [own.clone(), of_job.clone()]);
    let about = AlarmFilter { job: Some(JobId(1)), ..AlarmFilter::default() };
    assert_eq!(reader.alarms(&about).unwrap(), std::slice::from_ref(&of_job));
    assert_eq!(reader.alarms(&AlarmFilter::default()).unwrap(), [of_job, own]);
}
