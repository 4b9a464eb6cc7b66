//! What instruments are and do, by chance; and their records, as they are kept and found.

use std::time::Duration;

use serde_json::{Number, json};
use station::store::{Reader, RecordFilter};
use station_core::engine::Change;
use station_core::model::{
    Acquisition, AcquisitionPlan, AcquisitionState, Call, CommandLine, Equipment, EquipmentKind,
    EquipmentSettings, EquipmentState, EquipmentTest, ExecutionId, FileFormat, Identity,
    InstrumentAction, JobId, Micros, Principal, Profile, ProfileSettings, Record, RecordKind,
    Sequence, SequenceStep, StepKind, Wear, Work,
};

use crate::model::Model;
use crate::outstations;
use crate::samples::Chance;

const KINDS: [RecordKind; 9] = [
    RecordKind::Equipment,
    RecordKind::Profile,
    RecordKind::State,
    RecordKind::Acquisition,
    RecordKind::Wear,
    RecordKind::Outstation,
    RecordKind::Tag,
    RecordKind::Control,
    RecordKind::Approval,
];

fn volts(chance: &mut Chance) -> Number {
    chance.one_of(&[json!(2.5), json!(-3), json!(1e-9)].each_ref()).as_number().unwrap().clone()
}

fn call(chance: &mut Chance) -> Call {
    let value = volts(chance);
    Call {
        equipment: chance.once_in(2).then(|| "psu".into()),
        verb: "set_voltage".into(),
        parameters: [("voltage".into(), value.into()), ("channel".into(), json!("CH1"))].into(),
    }
}

fn plan(chance: &mut Chance) -> AcquisitionPlan {
    AcquisitionPlan {
        duration: chance.once_in(2).then(|| Duration::from_millis(1_500)),
        sample_rate: chance.once_in(2).then(|| volts(chance)),
        channels: vec!["CH1".into(), "CH2".into()],
        verb: chance.once_in(2).then(|| "get_voltage".into()),
        format: chance.one_of(&FileFormat::ALL),
        detached: chance.once_in(2),
    }
}

fn step(chance: &mut Chance, depth: u32) -> SequenceStep {
    let what = match chance.below(5) {
        0 if depth > 0 => StepKind::Loop {
            count: 3,
            every: Duration::from_secs(1),
            steps: vec![step(chance, depth - 1), step(chance, depth - 1)],
        },
        1 => StepKind::Command {
            on: "local".into(),
            command: CommandLine::Shell("true".into()),
            timeout: Duration::from_secs(9),
        },
        2 => StepKind::Ramp {
            call: call(chance),
            parameter: "voltage".into(),
            from: volts(chance),
            to: volts(chance),
            count: 5,
            every: Duration::from_millis(32),
        },
        3 => StepKind::Hold {
            call: call(chance),
            field: chance.once_in(2).then(|| "voltage".into()),
            above: chance.once_in(2).then(|| volts(chance)),
            below: None,
            timeout: Duration::from_secs(5),
        },
        _ => StepKind::Call(call(chance)),
    };
    SequenceStep { at: Duration::from_millis(16 * chance.below(9)), what }
}

/// Work of any kind.
pub(crate) fn random_instrument(chance: &mut Chance) -> InstrumentAction {
    let work = match chance.below(6) {
        0 => Work::Acquisition(plan(chance)),
        1 => Work::StateCapture,
        2 => Work::Measurement(call(chance)),
        3 => Work::Command(call(chance)),
        4 => {
            let tests = [EquipmentTest::Connection, EquipmentTest::SelfTest];
            Work::EquipmentTest { test: chance.one_of(&tests) }
        }
        _ => {
            let steps = (0..chance.below(4)).map(|_| step(chance, 2)).collect();
            Work::Sequence(Sequence { tick: Sequence::TICK, steps })
        }
    };
    let profile = chance.once_in(2).then(|| "fast".into());
    let on_release = if chance.once_in(2) { vec![call(chance)] } else { Vec::new() };
    InstrumentAction { work, profile, on_release }
}

/// A record is kept or removed; it need not be there.
pub(crate) fn random_record(chance: &mut Chance) -> Change {
    let kind = chance.one_of(&KINDS);
    let key = chance.one_of(&["psu", "dmm", "a1"]).to_owned();
    if chance.once_in(4) {
        let key = outstations::key_of(kind, &key).unwrap_or(key);
        return Change::RecordRemoved { kind, key };
    }
    Change::RecordKept(Box::new(record(chance, kind, key)))
}

fn record(chance: &mut Chance, kind: RecordKind, key: String) -> Record {
    if let Some(record) = outstations::record(chance, kind, key.clone()) {
        return record;
    }
    let at = Micros(chance.below(5).cast_signed());
    let equipment = chance.one_of(&["psu", "dmm"]).to_owned();
    let execution = chance.once_in(2).then_some(ExecutionId { job: JobId(7), n: 2 });
    match kind {
        RecordKind::Equipment => Record::Equipment(Box::new(Equipment {
            id: key,
            resource: "TCPIP0::192.0.2.7::5025::SOCKET".into(),
            kind: chance.one_of(&EquipmentKind::ALL),
            driver: chance.once_in(2).then(|| "scpi-psu".into()),
            identity: Identity { model: "DP832".into(), ..Identity::default() },
            nickname: None,
            settings: EquipmentSettings {
                terminator: chance.once_in(2).then(|| "\r\n".into()),
                ..EquipmentSettings::default()
            },
            created_at: at,
            created_by: Principal::Anonymous,
        })),
        RecordKind::Profile => Record::Profile(Box::new(Profile {
            name: key,
            description: String::new(),
            kind: EquipmentKind::PowerSupply,
            model: String::new(),
            settings: if chance.once_in(2) {
                ProfileSettings::Calls(vec![call(chance)])
            } else {
                ProfileSettings::Named([("voltage".to_owned(), json!([1, 2.5]))].into())
            },
            commit: chance.once_in(2).then(|| call(chance)),
            tags: vec!["lab".into()],
            created_at: at,
            modified_at: at,
        })),
        RecordKind::State => Record::State(Box::new(EquipmentState {
            id: key,
            equipment,
            taken_at: at,
            execution,
            name: None,
            driver: "scpi-psu".into(),
            identity: Identity::default(),
            settings: [("voltage".to_owned(), json!(2.5)), ("mode".to_owned(), json!(null))].into(),
        })),
        RecordKind::Acquisition => Record::Acquisition(Box::new(Acquisition {
            id: key,
            equipment,
            execution,
            plan: plan(chance),
            state: chance.one_of(&[AcquisitionState::Acquiring, AcquisitionState::Stopped]),
            created_at: at,
            started_at: chance.once_in(2).then_some(at),
            ended_at: None,
            file: chance.once_in(2).then(|| "a1.csv".into()),
            samples: chance.below(1 << 50),
            lost: 3,
            achieved_rate: chance.once_in(2).then(|| volts(chance)),
            error: None,
        })),
        RecordKind::Wear => Record::Wear(Box::new(Wear { equipment: key, writes: vec![at] })),
        RecordKind::Outstation | RecordKind::Tag | RecordKind::Control | RecordKind::Approval => {
            unreachable!("made above")
        }
    }
}

/// Compares what the reader finds with what a search through everything finds.
pub(crate) fn assert_records(reader: &Reader, model: &Model) {
    for kind in KINDS {
        let kept = || model.records.values().filter(move |record| record.kind() == kind);
        for limit in [2, 100] {
            let filter = RecordFilter { kind, equipment: None, limit };
            let over = kept().count().saturating_sub(limit);
            let wanted: Vec<_> = kept().skip(over).cloned().collect();
            assert_eq!(reader.records(&filter).unwrap(), wanted);
            for id in ["psu", "dmm"] {
                let mut own: Vec<_> =
                    kept().filter(|record| record.of() == Some(id)).cloned().collect();
                own.sort_by_key(|record| std::cmp::Reverse(record.at()));
                own.truncate(limit);
                let filter = RecordFilter { equipment: Some(id.to_owned()), ..filter.clone() };
                assert_eq!(reader.records(&filter).unwrap(), own);
            }
        }
        for key in ["psu", "dmm", "a1"] {
            let key = outstations::key_of(kind, key).unwrap_or(key.to_owned());
            let wanted = model.records.get(&(kind, key.clone()));
            assert_eq!(reader.record(kind, &key).unwrap().as_ref(), wanted);
        }
    }
}
