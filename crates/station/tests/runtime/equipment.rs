//! Jobs on equipment: what a link is given, what is told of its absence, what a crash makes safe.

use std::sync::Arc;

use station::port::{RunEnd, RunEvent};
use station_core::engine::{Change, Expect, Refusal, Reply, Request};
use station_core::model::{
    Action, End, Equipment, EquipmentKind, EquipmentSettings, Execution, ExecutionId,
    ExecutionStatus, Grace, Identity, InstrumentAction, Job, JobId, Micros, OutputSummary,
    Principal, Profile, ProfileSettings, Record, RecordKind, Target, Usage, Work,
};

use crate::samples::{created, execution, job, recorded, state};
use crate::{Site, WORKS};

const FIRST: ExecutionId = ExecutionId { job: JobId(1), n: 1 };

fn equipment(id: &str, resource: &str) -> Record {
    Record::Equipment(Box::new(Equipment {
        id: id.into(),
        resource: resource.into(),
        kind: EquipmentKind::PowerSupply,
        driver: None,
        identity: Identity::default(),
        nickname: None,
        settings: EquipmentSettings::default(),
        created_at: Micros(1),
        created_by: Principal::Anonymous,
    }))
}

fn kept(record: Record) -> Change {
    Change::RecordKept(Box::new(record))
}

fn profile(name: &str) -> Record {
    Record::Profile(Box::new(Profile {
        name: name.into(),
        description: String::new(),
        kind: EquipmentKind::PowerSupply,
        model: String::new(),
        settings: ProfileSettings::Calls(Vec::new()),
        commit: None,
        tags: Vec::new(),
        created_at: Micros(1),
        modified_at: Micros(1),
    }))
}

/// A state capture that is due at once, however late.
fn capture(equipment: &[&str], profile: Option<&str>) -> Job {
    let mut due = job(1, 5);
    let spec = Arc::make_mut(&mut due.spec);
    (spec.policies.grace, spec.policies.retries, spec.policies.alarm) = (Grace::Forever, 0, true);
    let profile = profile.map(str::to_owned);
    let work = Work::StateCapture;
    spec.action =
        Action::Instrument(Box::new(InstrumentAction { work, profile, on_release: Vec::new() }));
    spec.target = Target::Equipment(equipment.iter().map(|&id| id.to_owned()).collect());
    due
}

fn ended(site: &Site) -> Execution {
    let found = || site.reader.execution(FIRST).unwrap();
    site.until(1, |_| found().is_some_and(|execution| execution.status.is_final()));
    found().unwrap()
}

#[test]
fn a_run_is_given_its_equipment_and_profile_and_its_result_is_kept() {
    let psu = equipment("psu", "TCPIP0::192.0.2.7::5025::SOCKET");
    let due = capture(&["psu"], Some("fast"));
    let changes = vec![kept(psu.clone()), kept(profile("fast")), created(due)];
    let site = Site::new(WORKS, changes);
    site.until(1, |site| !site.seen.lock().unwrap().operated.is_empty());
    let request = site.seen.lock().unwrap().operated[0].clone();
    assert_eq!((request.execution, request.attempt), (FIRST, 1));
    assert_eq!(request.action.work, Work::StateCapture);
    let given: Vec<_> =
        request.equipment.into_iter().map(|one| Record::Equipment(Box::new(one))).collect();
    assert_eq!(given, [psu]);
    assert_eq!(request.profile.map(|profile| profile.name).as_deref(), Some("fast"));
    let sink = site.seen.lock().unwrap().sink.clone().unwrap();
    let result = Some(r#"{"state_id":"s1"}"#.to_owned());
    let end = RunEnd {
        end: End::Done,
        error: None,
        result: result.clone(),
        usage: Usage::default(),
        output: OutputSummary::default(),
        chunks: Vec::new(),
        leaked: false,
        kill: None,
        unreachable: false,
    };
    sink.send(FIRST, RunEvent::Ended(end));
    let execution = ended(&site);
    assert_eq!((execution.status, execution.end), (ExecutionStatus::Completed, Some(End::Done)));
    assert_eq!(execution.result, result);
}

#[test]
fn what_is_not_registered_any_more_fails_the_run_in_a_sentence() {
    let psu = || kept(equipment("psu", "TCPIP0::192.0.2.7::INSTR"));
    for (changes, due, sentence) in [
        (vec![psu()], capture(&["dmm", "psu"], None), "equipment 'dmm' is not registered"),
        (vec![psu()], capture(&["psu"], Some("fast")), "profile 'fast' is not registered"),
    ] {
        let site = Site::new(WORKS, [changes, vec![created(due.clone())]].concat());
        let execution = ended(&site);
        assert_eq!(execution.status, ExecutionStatus::Failed);
        assert_eq!(execution.end, Some(End::NotStarted));
        assert_eq!(execution.error.as_deref(), Some(sentence));
        assert!(site.seen.lock().unwrap().operated.is_empty());
        let alarms = site.reader.alarms(&station::store::AlarmFilter::default()).unwrap();
        let named: Vec<_> = alarms.iter().map(|alarm| alarm.equipment_id.clone()).collect();
        assert_eq!(named, [Some(due.spec.target.equipment().join(","))]);
    }
}

/// What a killed daemon left: a run that held equipment, and what is registered.
fn left_behind(held: &[&str], registered: &[&str]) -> Site {
    let mut due = capture(held, None);
    due.state = state(ExecutionStatus::Running, None, 1);
    let mut left = execution(1, 1, ExecutionStatus::Running);
    (left.attempt, left.started) = (1, Some(Micros(5)));
    let mut changes: Vec<_> =
        registered.iter().map(|id| kept(equipment(id, "TCPIP0::192.0.2.7::INSTR"))).collect();
    changes.extend([created(due), recorded(left)]);
    Site::new(WORKS, changes)
}

#[test]
fn what_a_killed_daemon_left_in_use_is_made_safe() {
    for (held, registered, made_safe, what) in [
        (
            &["psu"] as &[&str],
            &["psu"] as &[&str],
            &["psu"] as &[&str],
            "the equipment was brought into its safe state",
        ),
        (
            &["psu"],
            &[],
            &[],
            "whether the equipment is in its safe state is not known: equipment 'psu' is not \
             registered",
        ),
        (
            &["dmm", "psu"],
            &["psu"],
            &["psu"],
            "whether the equipment is in its safe state is not known: equipment 'dmm' is not \
             registered",
        ),
    ] {
        let site = left_behind(held, registered);
        let execution = ended(&site);
        assert_eq!(execution.status, ExecutionStatus::Interrupted);
        let told = execution.error.unwrap();
        assert!(told.ends_with(&format!("when it came back, {what}")), "{told}");
        let seen = site.seen.lock().unwrap();
        let safe: Vec<_> =
            seen.made_safe.iter().flat_map(|run| &run.equipment).map(|one| &one.id).collect();
        assert_eq!(safe, made_safe);
        assert!(seen.survivors.is_empty() && seen.operated.is_empty());
    }
}

#[test]
fn of_two_that_register_the_same_at_once_one_is_refused() {
    let site = Site::new(WORKS, Vec::new());
    let keep = |expect, resource| {
        let record = Box::new(equipment("psu", resource));
        site.handle.request(Request::Keep { record, expect, there: false })
    };
    let (one, other) =
        site.block(async { tokio::join!(keep(Expect::New, "one"), keep(Expect::New, "other")) });
    let refused = || Reply::Refused(Refusal::RecordExists(RecordKind::Equipment, "psu".into()));
    assert_eq!((one.unwrap(), other.unwrap()), (Reply::RecordKept, refused()));
    let stored = || site.reader.record(RecordKind::Equipment, "psu").unwrap();
    assert_eq!(stored(), Some(equipment("psu", "one")));

    let remove = || {
        let (kind, key) = (RecordKind::Equipment, "psu".to_owned());
        site.handle.request(Request::Remove { kind, key, there: true })
    };
    // What the asker says is there does not count: the store is asked.
    let (removed, again, changed, either) = site.block(async {
        tokio::join!(remove(), remove(), keep(Expect::There, "two"), keep(Expect::Either, "three"))
    });
    let none = || Reply::Refused(Refusal::NoSuchRecord(RecordKind::Equipment, "psu".into()));
    assert_eq!((removed.unwrap(), again.unwrap()), (Reply::RecordKept, none()));
    assert_eq!((changed.unwrap(), either.unwrap()), (none(), Reply::RecordKept));
    assert_eq!(stored(), Some(equipment("psu", "three")));
}
