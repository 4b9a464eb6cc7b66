//! What cannot be recorded is not commanded.

use station_core::model::ExecutionStatus;

use crate::peer::Peer;
use crate::rig::{Rig, outstation};

#[test]
fn without_room_for_the_trail_nothing_is_commanded() {
    let (dir, mut peer) = (tempfile::tempdir().unwrap(), Peer::strict());
    let rig = Rig::open(dir.path(), |options| options.keep_free = u64::MAX);
    rig.keep(outstation(&peer));
    rig.reached();
    let execution = rig.ended(rig.schedule("c4501", "on"));
    assert_eq!(execution.status, ExecutionStatus::Failed);
    let error = execution.error.unwrap();
    assert!(error.contains("keep_free_bytes"), "{error}");
    assert_eq!(rig.trail("write").len(), 0);
    assert!(rig.alarm("audit").message.contains("keep_free_bytes"));
    drop(rig);
    let rig = Rig::open(dir.path(), |_| ());
    rig.reached();
    assert_eq!(rig.command("c4501", "off").unwrap().class, "verified");
    assert_eq!(peer.operated(), "4501 OFF");
}
