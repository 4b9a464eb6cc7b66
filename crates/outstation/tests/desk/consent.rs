//! Two people: who may agree to what, and for how often that is good.

use station_core::audit::{Actor, Kind};
use station_core::model::{Approval, JobId, Micros, Principal, Record, RecordKind, Role, Token};

use crate::peer::Peer;
use crate::rig::{Rig, ended, operator, outstation, request, singles, with, write};

fn token(name: &str, created_by: Principal) -> (Principal, Token) {
    let token = Token {
        id: format!("t-{name}"),
        name: name.to_owned(),
        role: Role::Operator,
        hash: String::new(),
        created_at: Micros(0),
        created_by,
        expires_at: None,
        revoked_at: None,
    };
    (Principal::Token { id: token.id.clone(), name: token.name.clone() }, token)
}

/// Somebody who comes in from elsewhere.
fn here(by: &Principal) -> Actor {
    Actor { source: Some("192.0.2.7:50000".to_owned()), ..Actor::of(by.clone()) }
}

#[tokio::test]
async fn two_people_command_once() {
    let mut peer = Peer::strict(&[]).await;
    let points = with(singles([4501]), 4501, |command| command.approval = Some(60));
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let refused = rig.write(4501, "on").await.unwrap_err();
    assert!(refused.needs_approval(), "{refused}");
    let mut asked: Approval = *refused.proposal.unwrap();
    assert_eq!((asked.previous.as_deref(), &asked.requested_by), (Some("off"), &operator()));
    asked.id = rig.desk.next_approval();
    rig.desk.kept(&Record::Approval(Box::new(asked.clone())));
    assert_eq!(rig.desk.approvals(), [asked.clone()]);
    let wish = || {
        let mut wish = request(write(4501, "on"));
        wish.approval = Some(asked.id.clone());
        wish
    };
    let waiting = rig.desk.control(wish()).await.unwrap_err();
    assert!(waiting.needs_approval() && waiting.proposal.is_none());

    let root = Principal::Unix { uid: 0, name: Some("root".to_owned()) };
    let (own, own_token) = token("bea", operator());
    for (by, token) in [(&operator(), None), (&root, None), (&own, Some(&own_token))] {
        let refused = rig.desk.decide(&asked.id, &here(by), token, true, None).unwrap_err();
        assert!(["self_approval", "approver_not_permitted"].contains(&refused.reason), "{refused}");
    }
    let refused = rig.book.all(Kind::Refused);
    assert_eq!(refused.len(), 4, "a command, once, and three consents");
    assert_eq!(refused[3].by.source.as_deref(), Some("192.0.2.7:50000"), "from where");
    let (other, other_token) = token("bea", root);
    let agreed = rig.desk.decide(&asked.id, &here(&other), Some(&other_token), true, None).unwrap();
    rig.desk.kept(&Record::Approval(Box::new(agreed)));

    let mut another = wish();
    if let station_core::model::Control::Write(write) = &mut another.control {
        write.value = "off".to_owned();
    }
    assert_eq!(ended(&rig.desk.control(another).await), ("not_sent", "approval_invalid"));
    let report = rig.desk.control(wish()).await.unwrap();
    assert_eq!(report.class, "verified");
    assert_eq!(peer.operated().await, "4501 ON");
    let outcome = rig.book.all(Kind::Outcome).remove(0);
    assert_eq!(outcome.by.approver, Some(other));
    let again = rig.desk.control(wish()).await;
    assert_eq!(ended(&again), ("not_sent", "approval_invalid"), "it is good for one");
    let late = rig.desk.decide(&asked.id, &here(&operator()), None, false, None).unwrap_err();
    assert_eq!(late.reason, "approval_invalid", "it is decided");
}

#[tokio::test]
async fn consent_to_a_job_is_good_for_all_its_runs_and_for_no_other_command() {
    let mut peer = Peer::strict(&[]).await;
    let points = with(singles([4501]), 4501, |command| command.approval = Some(60));
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let wish = |value| {
        let mut wish = request(write(4501, value));
        wish.job = Some(JobId(7));
        wish
    };
    let refused = rig.desk.control(wish("on")).await.unwrap_err();
    let mut asked = *refused.proposal.unwrap();
    assert_eq!((asked.job, asked.expires_at), (Some(JobId(7)), None));
    asked.id = rig.desk.next_approval();
    rig.desk.kept(&Record::Approval(Box::new(asked.clone())));
    let (other, other_token) =
        token("bea", Principal::Unix { uid: 0, name: Some("root".to_owned()) });
    let agreed = rig.desk.decide(&asked.id, &here(&other), Some(&other_token), true, None).unwrap();
    rig.desk.kept(&Record::Approval(Box::new(agreed)));
    for _ in 0..2 {
        assert_eq!(ended(&rig.desk.control(wish("on")).await), ("verified", "feedback"));
        assert_eq!(peer.operated().await, "4501 ON");
    }
    assert_eq!(ended(&rig.desk.control(wish("off")).await), ("not_sent", "approval_invalid"));
    let mut of_another = wish("on");
    of_another.job = Some(JobId(8));
    assert!(rig.desk.control(of_another).await.unwrap_err().needs_approval());
    rig.desk.removed(RecordKind::Approval, &asked.id);
    assert!(rig.desk.control(wish("on")).await.unwrap_err().needs_approval());
}
