//! A station that is killed between a command and its outcome: what is known of it when it is back.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use station::store::{AuditFilter, Reader};
use station_core::audit::{Kind, Status};
use station_core::model::{ExecutionStatus, JobId};

use crate::peer::Peer;
use crate::rig::{Rig, outstation};

/// The directory of a station that is to be killed, for the child.
const PLACE: &str = "STATION_TEST_PLACE";

#[test]
#[ignore = "started by another test, which kills it"]
fn child_waits_for_an_outcome() {
    let Some(dir) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let rig = Rig::open(&dir, |_| ());
    rig.reached();
    rig.ended(rig.schedule("c9013", "on"));
    panic!("it has ended, though nobody has answered");
}

#[test]
fn a_killed_station_knows_that_it_does_not_know_and_sends_nothing_again() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::open(dir.path(), |_| ());
    rig.keep(outstation(&peer));
    drop(rig);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "crash::child_waits_for_an_outcome"])
        .env(PLACE, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // It operates, and never says so.
    assert_eq!(peer.operated(), "9013 ON");
    child.kill().unwrap();
    child.wait().unwrap();
    let intents = written(&Reader::of(&dir.path().join("station.db")));
    assert_eq!(intents, [(Kind::Intent, Status::Pending)]);

    let rig = Rig::open(dir.path(), |_| ());
    let execution = rig.ended(JobId(1));
    assert_eq!(execution.status, ExecutionStatus::Interrupted);
    let alarm = rig.alarm("audit_unfinished");
    assert!(alarm.message.contains("write outstation SS1/c9013"), "{}", alarm.message);
    let trail = rig.trail("write");
    assert_eq!(trail.len(), 2);
    assert_eq!(trail[0].correlation, trail[1].correlation);
    assert_eq!((trail[1].kind, trail[1].status), (Kind::Outcome, Status::Failed));
    assert_eq!(trail[1].detail["class"], "unknown");
    // The next that the outstation does is what is asked for now.
    rig.reached();
    assert_eq!(rig.command("c4501", "off").unwrap().class, "verified");
    assert_eq!(peer.operated(), "4501 OFF");
}

/// What the trail says of writes, the oldest first.
fn written(reader: &Reader) -> Vec<(Kind, Status)> {
    let filter = AuditFilter { action: Some("write".to_owned()), ..AuditFilter::default() };
    let found = reader.audit(&filter).unwrap().items;
    let entries = found.iter().rev().map(|record| record.entry().unwrap());
    entries.map(|entry| (entry.kind, entry.status)).collect()
}
