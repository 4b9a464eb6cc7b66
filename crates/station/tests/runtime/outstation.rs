//! Jobs on outstations: what a link is given along with a command, and what a crash leaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use station::runtime::wall_now;
use station_core::engine::{Change, Expect, Request};
use station_core::model::{
    Action, Control, ExecutionId, ExecutionStatus, Grace, Job, JobId, Micros, Outstation,
    OutstationSettings, Principal, Record, RecordKind, Role, Tag, Target, Token, Write,
};

use crate::samples::{created, execution, job, recorded, state};
use crate::{FAILS, Site, WORKS};

const FIRST: ExecutionId = ExecutionId { job: JobId(1), n: 1 };

fn kept(record: Record) -> Change {
    Change::RecordKept(Box::new(record))
}

fn outstation(name: &str) -> Outstation {
    Outstation {
        name: name.into(),
        endpoints: vec!["192.0.2.9:2404".into()],
        bind: None,
        ca: 7,
        tls: None,
        settings: OutstationSettings::default(),
        points: Vec::new(),
        created_at: Micros(1),
        created_by: Principal::Anonymous,
        modified_at: Micros(1),
    }
}

fn write(value: &str) -> Write {
    Write {
        point: "breaker-7".into(),
        value: value.into(),
        select: false,
        reason: Some("inspection".into()),
        ticket: None,
    }
}

fn tag(outstation: &str) -> Record {
    Record::Tag(Tag {
        outstation: outstation.into(),
        point: "breaker-7".into(),
        reason: "people at work".into(),
        by: Principal::Anonymous,
        at: Micros(1),
    })
}

/// A command that is due now.
fn command() -> Job {
    let mut due = job(1, wall_now().0);
    let spec = Arc::make_mut(&mut due.spec);
    spec.action = Action::Outstation(Box::new(Control::Write(write("on"))));
    spec.target = Target::Outstation("SS1".into());
    spec.policies.grace = Grace::Within(Duration::from_secs(59));
    due
}

#[test]
fn a_command_is_given_on_behalf_of_whoever_made_its_job() {
    let due = command();
    let (planned, by) = (due.state.next_due.unwrap(), due.spec.created_by.clone());
    let changes = vec![kept(Record::Outstation(Box::new(outstation("SS1")))), created(due)];
    let site = Site::new(WORKS, changes);
    site.until(1, |site| !site.seen.lock().unwrap().commanded.is_empty());
    let request = site.seen.lock().unwrap().commanded[0].clone();
    assert_eq!(request.execution, FIRST);
    assert_eq!(request.control, Control::Write(write("on")));
    assert_eq!((request.outstation.as_str(), request.by), ("SS1", by));
    assert_eq!(request.expires.wall, planned.plus(Duration::from_secs(59)));
}

#[test]
fn a_token_that_does_not_count_any_more_commands_nothing() {
    let valid = Token {
        id: "7".into(),
        name: "scada".into(),
        role: Role::Operator,
        hash: "00".repeat(32),
        created_at: Micros(1),
        created_by: Principal::Anonymous,
        expires_at: None,
        revoked_at: None,
    };
    let revoked = Token { revoked_at: Some(Micros(2)), ..valid.clone() };
    let expired = Token { expires_at: Some(Micros(2)), ..valid.clone() };
    let by = Principal::Token { id: "7".into(), name: "scada".into() };
    for (token, wrong) in [
        (Some(valid), None),
        (Some(revoked), Some("was revoked")),
        (Some(expired), Some("has expired")),
        (None, Some("is not there any more")),
    ] {
        let mut due = command();
        Arc::make_mut(&mut due.spec).created_by = by.clone();
        let mut changes = vec![kept(Record::Outstation(Box::new(outstation("SS1"))))];
        changes.extend(token.map(|token| Change::TokenRecorded(Box::new(token))));
        changes.push(created(due));
        let site = Site::new(WORKS, changes);
        let Some(wrong) = wrong else {
            site.until(1, |site| !site.seen.lock().unwrap().commanded.is_empty());
            continue;
        };
        site.until(1, |site| site.status(1, 1) == Some(ExecutionStatus::Failed));
        let error = site.reader.execution(FIRST).unwrap().unwrap().error.unwrap();
        assert!(
            error.starts_with("not sent to SS1: token 'scada', which made the job, "),
            "{error}"
        );
        assert!(error.contains(wrong), "{error}");
        assert_eq!(site.seen.lock().unwrap().commanded.len(), 0);
    }
}

#[test]
fn links_know_of_records_before_whoever_asked_for_them_hears_of_it() {
    let site = Site::new(WORKS, Vec::new());
    let keep =
        |record| Request::Keep { record: Box::new(record), expect: Expect::Either, there: false };
    let remove =
        Request::Remove { kind: RecordKind::Tag, key: "SS1/breaker-7".into(), there: false };
    let seen = || site.seen.lock().unwrap().records.clone();
    site.block(site.handle.request(keep(tag("SS1")))).unwrap();
    assert_eq!(seen(), ["SS1/breaker-7"]);
    // What is not durable is not so.
    site.mood.store(FAILS, Ordering::SeqCst);
    site.block(site.handle.request(remove.clone())).unwrap_err();
    assert_eq!(seen().len(), 1);
    site.mood.store(WORKS, Ordering::SeqCst);
    while site.block(site.handle.request(remove.clone())).is_err() {}
    assert_eq!(seen(), ["SS1/breaker-7", "-SS1/breaker-7"]);
}

#[test]
fn a_killed_daemons_command_is_interrupted_and_nobody_looks_for_it() {
    let mut held = command();
    held.state = state(ExecutionStatus::Running, None, 1);
    let mut run = execution(1, 1, ExecutionStatus::Running);
    (run.attempt, run.planned) = (1, wall_now());
    let registered = kept(Record::Outstation(Box::new(outstation("SS1"))));
    let site = Site::new(WORKS, vec![registered, created(held), recorded(run)]);
    let found = || site.reader.execution(FIRST).unwrap().unwrap();
    site.until(1, |_| found().status.is_final());
    assert_eq!(found().status, ExecutionStatus::Interrupted);
    let error = found().error.unwrap();
    assert!(error.contains("whether SS1 had carried it out"), "{error}");
    let seen = site.seen.lock().unwrap();
    assert!(seen.survivors.is_empty() && seen.commanded.is_empty() && seen.made_safe.is_empty());
}
