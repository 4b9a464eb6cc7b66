//! The rule of two people.

use super::*;

/// Consent to switch `both` on, asked for by anna and given by the token of carol.
fn approval() -> Approval {
    Approval {
        id: "7".to_owned(),
        outstation: "SS1".to_owned(),
        write: World::new("both", "on").write,
        job: None,
        previous: None,
        requested_by: unix("anna"),
        requested_at: wall("2026-11-20T11:50:00Z"),
        expires_at: Some(wall("2026-11-20T12:00:00Z")),
        state: ApprovalState::Approved,
        decided_by: Some(by_token("t2", "carol")),
        decided_at: Some(wall("2026-11-20T11:59:00Z")),
        note: None,
    }
}

/// What makes the consent another.
type Change = fn(&mut Approval);

fn told(change: impl Fn(&mut Approval)) -> String {
    let mut world = World::new("both", "on");
    let mut approval = approval();
    change(&mut approval);
    world.approval = Some(approval);
    world.told()
}

#[test]
fn consent_is_for_just_this_command() {
    assert_eq!(told(|_| {}), "permitted");
    assert_eq!(told(|it| it.write.value = "1".to_owned()), "permitted", "it is the same value");
    let not_for_this = "approval_invalid: request 7 (SS1/both = on) is not for this command to SS1/both; ask for another if it is still wanted";
    assert_eq!(told(|it| it.write.select = true), not_for_this);
    assert_eq!(told(|it| it.requested_by = unix("eve")), not_for_this);
    assert_eq!(told(|it| it.job = Some(JobId(3))), not_for_this);
    for change in [
        |it: &mut Approval| it.write.value = "off".to_owned(),
        |it: &mut Approval| it.write.point = "breaker".to_owned(),
        |it: &mut Approval| it.outstation = "SS2".to_owned(),
    ] {
        assert!(told(change).starts_with("approval_invalid: "));
    }
}

#[test]
fn consent_has_to_be_given_in_time_by_somebody_else() {
    assert_eq!(
        World::new("both", "on").told(),
        "approval_needed: somebody else has to agree to each command to SS1/both, within 600 s: commanding it by hand makes the request, and they run 'station outstation approve' with its number"
    );
    let table: [(&str, Change); 9] = [
        ("approval_needed", |it| it.state = ApprovalState::Waiting),
        ("approval_invalid", |it| it.state = ApprovalState::Rejected),
        ("approval_invalid", |it| it.state = ApprovalState::Expired),
        ("approval_invalid", |it| it.decided_by = None),
        ("approval_invalid", |it| it.decided_at = None),
        ("self_approval", |it| it.decided_by = Some(unix("anna"))),
        ("self_approval", |it| it.decided_by = Some(by_token("t2", "anna"))),
        ("self_approval", |it| it.decided_by = Some(Principal::Unix { uid: 0, name: None })),
        ("approval_invalid", |it| it.decided_at = it.expires_at),
    ];
    for (word, change) in table {
        let told = told(change);
        assert!(told.starts_with(&format!("{word}: ")), "{word}: {told}");
    }
    assert!(
        told(|it| {
            it.decided_at = Some(wall("2026-11-20T11:49:59Z"));
        })
        .ends_with("was agreed to too long ago; ask for another if it is still wanted")
    );
}

#[test]
fn a_jobs_consent_holds_for_all_of_its_runs() {
    let mut world = World::new("both", "on");
    world.job = Some(JobId(3));
    world.now.wall = wall("2026-12-20T12:00:00Z");
    world.approval = Some(Approval { job: Some(JobId(3)), ..approval() });
    assert_eq!(world.told(), "permitted");
    world.job = Some(JobId(4));
    assert_eq!(world.check().unwrap_err().reason, Reason::ApprovalInvalid);
}

#[test]
fn a_point_for_which_one_is_enough_asks_for_no_consent() {
    let mut world = World::new("bits", "1");
    world.approval = Some(Approval { state: ApprovalState::Rejected, ..approval() });
    assert_eq!(world.told(), "permitted");
}

#[test]
fn only_tokens_of_other_people_can_agree() {
    let now = wall("2026-11-20T11:55:00Z");
    let issued = |id: &str, name: &str, created_by: Principal| Token {
        id: id.to_owned(),
        name: name.to_owned(),
        role: station_core::model::Role::Operator,
        hash: String::new(),
        created_at: wall("2026-01-01T00:00:00Z"),
        created_by,
        expires_at: None,
        revoked_at: None,
    };
    let judge = |asked: Principal, approver: &Principal, token: Option<&Token>| {
        let waiting = Approval {
            requested_by: asked,
            state: ApprovalState::Waiting,
            decided_by: None,
            decided_at: None,
            ..approval()
        };
        may_approve(&waiting, approver, token, now).err().map(|refusal| refusal.reason)
    };
    let root = || Principal::Unix { uid: 0, name: Some("root".to_owned()) };
    let carol = by_token("t2", "carol");
    let of_root = issued("t2", "carol", root());
    assert_eq!(judge(unix("anna"), &carol, Some(&of_root)), None);
    assert_eq!(judge(root(), &carol, Some(&of_root)), Some(Reason::SelfApproval), "they issued it");
    let of_anna = issued("t2", "carol", by_token("t9", "anna"));
    assert_eq!(judge(unix("anna"), &carol, Some(&of_anna)), Some(Reason::SelfApproval));
    assert_eq!(judge(carol.clone(), &carol, Some(&of_root)), Some(Reason::SelfApproval));
    let other = by_token("t5", "carol");
    assert_eq!(judge(other, &carol, Some(&of_root)), Some(Reason::SelfApproval), "of one name");
    assert_eq!(judge(unix("carol"), &carol, Some(&of_root)), Some(Reason::SelfApproval));
    let nobody = Some(Reason::ApproverNotPermitted);
    for approver in [root(), unix("bob"), Principal::Anonymous] {
        assert_eq!(judge(by_token("t1", "anna"), &approver, None), nobody, "{approver:?}");
        assert_eq!(judge(by_token("t1", "anna"), &approver, Some(&of_root)), nobody);
    }
    assert_eq!(judge(unix("anna"), &carol, None), nobody);
    let revoked = Token { revoked_at: Some(now), ..of_root.clone() };
    assert_eq!(judge(unix("anna"), &carol, Some(&revoked)), nobody);
    assert_eq!(judge(unix("anna"), &by_token("t3", "dan"), Some(&of_root)), nobody, "another's");

    let late = Approval { state: ApprovalState::Waiting, ..approval() };
    let refusal = may_approve(&late, &carol, Some(&of_root), wall("2026-11-20T12:00:00Z"));
    assert_eq!(
        refusal.unwrap_err().sentence,
        "request 7 (SS1/both = on) has expired; ask for another if it is still wanted"
    );
    let decided = may_approve(&approval(), &carol, Some(&of_root), now).unwrap_err();
    assert_eq!(decided.reason, Reason::ApprovalInvalid);
}
