//! Jobs on outstations: what a link is given along with a command, and what a crash leaves.

use std::sync::Arc;
use std::time::Duration;

use station::runtime::wall_now;
use station_core::engine::Change;
use station_core::model::{
    Action, Approval, ApprovalState, Control, ControlSwitch, ExecutionId, ExecutionStatus, Grace,
    Job, JobId, Micros, Outstation, OutstationSettings, Principal, Record, Tag, Target, Write,
};

use crate::samples::{created, execution, job, recorded, state};
use crate::{Site, WORKS};

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

fn approval(id: &str, job: i64, value: &str) -> Record {
    Record::Approval(Box::new(Approval {
        id: id.into(),
        outstation: "SS1".into(),
        write: write(value),
        job: Some(JobId(job)),
        previous: None,
        requested_by: Principal::Anonymous,
        requested_at: Micros(1),
        expires_at: None,
        state: ApprovalState::Approved,
        decided_by: Some(Principal::Unix { uid: 1000, name: Some("eva".into()) }),
        decided_at: Some(Micros(2)),
        note: None,
    }))
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
fn a_command_is_given_what_permits_or_forbids_it() {
    let due = command();
    let (planned, by) = (due.state.next_due.unwrap(), due.spec.created_by.clone());
    let switch =
        ControlSwitch { stopped: true, reason: None, by: Principal::Anonymous, at: Micros(1) };
    let changes = vec![
        kept(Record::Outstation(Box::new(outstation("SS1")))),
        kept(tag("SS1")),
        kept(tag("SS2")),
        kept(Record::Control(switch.clone())),
        // For another value, and for another job.
        kept(approval("1", 1, "off")),
        kept(approval("2", 1, "on")),
        kept(approval("3", 2, "on")),
        created(due),
    ];
    let site = Site::new(WORKS, changes);
    site.until(1, |site| !site.seen.lock().unwrap().commanded.is_empty());
    let request = site.seen.lock().unwrap().commanded[0].clone();
    assert_eq!((request.execution, request.attempt), (FIRST, 1));
    assert_eq!(request.control, Control::Write(write("on")));
    assert_eq!(request.outstation, outstation("SS1"));
    let tags: Vec<_> = request.tags.into_iter().map(Record::Tag).collect();
    assert_eq!(tags, [tag("SS1")]);
    assert_eq!(request.switch, Some(switch));
    let approval = request.approval.unwrap();
    assert_eq!(approval.id, "2");
    assert_eq!(request.expires.wall, planned.plus(Duration::from_secs(59)));
    assert_eq!((request.by.principal, request.by.execution), (Some(by), Some(FIRST)));
    assert_eq!(request.by.approver, approval.decided_by);
    assert_eq!(request.by.reason.as_deref(), Some("inspection"));
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
