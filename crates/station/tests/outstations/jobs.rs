//! Jobs that command an outstation: done, too late, forbidden, taken back.

use std::os::unix::fs::PermissionsExt as _;

use station::runtime::wall_now;
use station_core::audit::{Kind, Status};
use station_core::engine::{Change, Reply, Request};
use station_core::model::{ExecutionStatus, JobId, Micros, Record, RecordKind, Tag};

use crate::peer::Peer;
use crate::rig::{Rig, ann, job, outstation, switch, tag};

/// A station that has these changes in its store when it starts.
fn prepared(dir: &std::path::Path, changes: &[Change]) -> Rig {
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    let (mut store, _) = station::store::open(&dir.join("station.db")).unwrap();
    store.apply(changes).unwrap();
    store.commit().unwrap();
    drop(store);
    Rig::open(dir, |_| ())
}

#[test]
fn a_command_at_a_date_is_carried_out_verified_and_told_of() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::with(&peer, dir.path());
    let job = rig.schedule("c4501", "on");
    let execution = rig.ended(job);
    assert_eq!(execution.status, ExecutionStatus::Completed, "{execution:?}");
    assert_eq!(execution.error, None);
    assert_eq!(peer.operated(), "4501 ON");
    let result: serde_json::Value = serde_json::from_str(&execution.result.unwrap()).unwrap();
    assert_eq!((&result["class"], &result["point"]), (&"verified".into(), &"c4501".into()));
    assert_eq!(
        (&result["previous"]["value"], &result["new"]["value"]),
        (&"off".into(), &"on".into())
    );
    let output = rig.output(job);
    assert!(output.starts_with("SS1/c4501 verified: off → on, feedback on; "), "{output}");
    // The run, and within it the command, each with its intent first.
    let trail = rig.trail("write");
    let kinds: Vec<Kind> = trail.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Outcome]);
    for entry in &trail {
        assert_eq!(entry.by.principal, Some(ann()));
        assert_eq!(entry.by.execution, Some(execution.id));
        assert_eq!(entry.by.reason.as_deref(), Some("inspection"));
        assert_eq!(Some(entry.correlation.as_str()), result["correlation"].as_str());
    }
    assert_eq!(trail[1].status, Status::Confirmed);
}

#[test]
fn what_is_too_late_is_missed_and_nothing_is_sent() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let late = job(Micros(wall_now().0 - 30_000_000), "c4501", "on");
    let registered = Change::RecordKept(Box::new(outstation(&peer)));
    let rig = prepared(dir.path(), &[registered, Change::JobCreated(Box::new(late))]);
    assert_eq!(rig.ended(JobId(1)).status, ExecutionStatus::Missed);
    rig.reached();
    assert_eq!(rig.trail("write"), []);
    // The first that the outstation does is what is asked for now.
    assert_eq!(rig.command("c4501", "off").unwrap().class, "verified");
    assert_eq!(peer.operated(), "4501 OFF");
}

#[test]
fn what_is_stopped_or_tagged_is_not_commanded_by_jobs() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::with(&peer, dir.path());
    let refused = |reason: &str| {
        let job = rig.schedule("c4501", "on");
        let execution = rig.ended(job);
        assert_eq!(execution.status, ExecutionStatus::Failed);
        let result: serde_json::Value = serde_json::from_str(&execution.result.unwrap()).unwrap();
        assert_eq!((&result["class"], &result["reason"]), (&"not_sent".into(), &reason.into()));
        let error = execution.error.unwrap();
        assert!(rig.output(job).contains(&error), "{error}");
        error
    };
    rig.keep(switch(true));
    // As soon as it is heard of, it counts.
    assert_eq!(rig.command("c4501", "on").unwrap_err().reason, "control_stopped");
    let error = refused("control_stopped");
    assert!(error.contains("storm"), "{error}");
    rig.keep(switch(false));
    rig.keep(tag("c4501"));
    let error = refused("tagged");
    assert!(error.contains("people at work"), "{error}");
    let key = Tag::key("SS1", "c4501");
    let untag = Request::Remove { kind: RecordKind::Tag, key, there: false };
    assert_eq!(rig.request(untag), Reply::RecordKept);
    assert_eq!(rig.ended(rig.schedule("c4501", "off")).status, ExecutionStatus::Completed);
    assert_eq!(peer.operated(), "4501 OFF");
    let kinds: Vec<Kind> = rig.trail("write").iter().map(|entry| entry.kind).collect();
    // Of the same person, point and reason within a minute the first is written, and then their number.
    let refusals = [Kind::Refused; 2];
    assert_eq!(kinds, [&refusals[..], &[Kind::Intent, Kind::Outcome]].concat());
}

#[test]
fn what_forbids_counts_again_after_a_restart() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::with(&peer, dir.path());
    rig.keep(tag("c4501"));
    drop(rig);
    let rig = Rig::open(dir.path(), |_| ());
    rig.reached();
    assert_eq!(rig.command("c4501", "on").unwrap_err().reason, "tagged");
}

#[test]
fn an_outstation_that_is_not_there_is_not_commanded() {
    let dir = tempfile::tempdir().unwrap();
    let rig = prepared(dir.path(), &[Change::JobCreated(Box::new(job(wall_now(), "c4501", "on")))]);
    let execution = rig.ended(JobId(1));
    assert_eq!(execution.status, ExecutionStatus::Failed);
    let error = execution.error.unwrap();
    assert!(error.contains("outstation 'SS1' is not registered"), "{error}");
}

#[test]
fn a_removed_outstation_is_left_alone() {
    let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::with(&peer, dir.path());
    let key = "SS1".to_owned();
    let remove = Request::Remove { kind: RecordKind::Outstation, key, there: false };
    assert_eq!(rig.request(remove), Reply::RecordKept);
    assert_eq!(rig.command("c4501", "on").unwrap_err().reason, "unknown_outstation");
    let mut other = outstation(&peer);
    if let Record::Outstation(other) = &mut other {
        other.name = "SS2".to_owned();
    }
    rig.keep(other);
    let error = rig.command("c4501", "on").unwrap_err().sentence;
    assert!(error.contains("did you mean 'SS2'?"), "{error}");
}

#[test]
fn a_command_that_is_cancelled_after_it_was_sent_has_its_outcome_in_the_trail() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::with(&peer, dir.path());
    // It operates, and never says so.
    let job = rig.schedule("c9013", "on");
    assert_eq!(peer.operated(), "9013 ON");
    assert_eq!(
        rig.request(Request::Cancel { job, row: None }),
        Reply::Ending(rig.until(job, |_| true).id)
    );
    let execution = rig.ended(job);
    assert_eq!(execution.status, ExecutionStatus::Cancelled);
    let error = execution.error.unwrap();
    assert!(error.contains("it will stand in the audit trail"), "{error}");
    // The end of the station ends the wait for it.
    rig.stop();
    let last = rig.trail("write").pop().unwrap();
    assert_eq!((last.kind, last.status), (Kind::Outcome, Status::Failed));
    assert_eq!(last.telecontrol.unwrap().class.as_deref(), Some("unknown"));
    let closed = rig.station.handle.reader().audit_head().unwrap();
    assert_eq!(rig.station.handle.tail().head(), closed);
}
