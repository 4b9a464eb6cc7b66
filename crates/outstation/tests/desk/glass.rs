//! Breaking the glass: a command without the consent it needs, by those who may, told loudly.

use station_core::audit::Kind;
use station_core::model::{ControlSwitch, JobId, Micros, Record};
use station_outstation::desk::ControlRequest;

use crate::peer::Peer;
use crate::rig::{Rig, ended, operator, outstation, request, singles, with, write};

async fn rig() -> (Peer, Rig) {
    let peer = Peer::strict(&[]).await;
    let points = with(singles([4501]), 4501, |command| command.approval = Some(60));
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    (peer, rig)
}

fn wish(may: bool, why: &str) -> ControlRequest {
    ControlRequest {
        break_glass: Some(why.to_owned()),
        may_break_glass: may,
        ..request(write(4501, "on"))
    }
}

#[tokio::test]
async fn those_who_may_command_without_consent_and_everybody_hears_of_it() {
    let (mut peer, rig) = rig().await;
    let mut dry = wish(true, "line on fire");
    dry.dry_run = true;
    assert!(rig.desk.control(dry).await.unwrap().dry_run);
    assert!(rig.book.alarms.lock().unwrap().is_empty(), "nothing was commanded");
    let report = rig.desk.control(wish(true, "line on fire")).await.unwrap();
    assert_eq!(report.class, "verified");
    assert_eq!(peer.operated().await, "4501 ON");
    let intent = rig.book.all(Kind::Intent).remove(0);
    assert_eq!(intent.detail["break_glass"], "line on fire");
    assert_eq!(intent.by.approver, None);
    let alarms = rig.book.alarms.lock().unwrap();
    let told = "break_glass: ana commands outstation SS1/c4501 without the consent it needs: line on \
                fire (audit trail: c1)";
    assert_eq!(*alarms, [told]);
}

#[tokio::test]
async fn nobody_else_does_and_nothing_else_is_permitted_by_it() {
    let (_peer, rig) = rig().await;
    for (may, why) in [(false, "line on fire"), (true, " ")] {
        let refused = rig.desk.control(wish(may, why)).await;
        assert_eq!(ended(&refused), ("not_sent", "not_permitted"));
    }
    let mut of_job = wish(true, "line on fire");
    of_job.job = Some(JobId(7));
    assert_eq!(ended(&rig.desk.control(of_job).await), ("not_sent", "not_permitted"));
    let refused = rig.book.all(Kind::Refused).remove(0);
    assert_eq!(refused.detail["break_glass"], "line on fire");
    let stopped = ControlSwitch { stopped: true, reason: None, by: operator(), at: Micros(0) };
    rig.desk.kept(&Record::Control(stopped));
    let refused = rig.desk.control(wish(true, "line on fire")).await;
    assert_eq!(ended(&refused), ("not_sent", "control_stopped"));
    assert!(rig.book.alarms.lock().unwrap().is_empty());
}
