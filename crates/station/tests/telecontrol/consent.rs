//! Commands that take two persons.

use serde_json::{Value, json};
use station_core::model::Role;

use crate::peer::Peer;
use crate::rig::{Rig, ann, user};

#[test]
fn a_command_by_hand_is_sent_once_somebody_else_agreed() {
    let mut peer = Peer::strict();
    let rig = Rig::with(&peer.endpoint);
    let (root, eve) = (user(0, "root"), user(1001, "eve"));
    let body = json!({ "point": "busbar", "value": "on", "ticket": "W-7" });
    let write = || rig.post("/api/outstations/SS1/write", body.clone());

    let (status, told) = write();
    assert_eq!((status, &told["approval"]["state"]), (202, &json!("waiting")), "{told}");
    let id = told["approval"]["id"].as_str().unwrap().to_owned();
    assert_eq!(told["approval"]["previous"], "off", "{told}");
    // To ask again asks for nothing more.
    assert_eq!(write().1["approval"]["id"], json!(id));
    assert_eq!(rig.get("/api/approvals?state=waiting").1["count"], 1);

    // Neither who asked, nor a token of theirs, nor a user of the socket.
    let approve = format!("/api/approvals/{id}/approve");
    let hers = rig.token(&ann(), "spare", Role::Operator);
    for (by, reason) in
        [(ann(), "self_approval"), (hers, "self_approval"), (root, "approver_not_permitted")]
    {
        let (status, told) = rig.ask(&by, "POST", &approve, Value::Null);
        assert_eq!((status, told["reason"].as_str()), (403, Some(reason)), "{told}");
    }
    let shift = rig.token(&eve, "second", Role::Operator).from("192.0.2.9:50000".to_owned());
    let (status, told) = rig.ask(&shift, "POST", &approve, json!({ "note": "seen" }));
    assert_eq!((status, &told["report"]["class"]), (200, &json!("verified")), "{told}");
    assert_eq!(
        (&told["approval"]["state"], &told["approval"]["note"]),
        (&json!("approved"), &json!("seen"))
    );
    assert_eq!(peer.operated(), "4601 ON");
    let by = rig.get("/api/audit?action=write&kind=intent").1["records"][0]["by"].clone();
    assert_eq!(by["source"], "192.0.2.9:50000", "{by}");
    assert_eq!(by["approver"]["token"]["name"], "second", "{by}");

    // It is used; whoever wants more asks anew.
    let (status, told) = rig.ask(&shift, "POST", &approve, Value::Null);
    assert_eq!((status, &told["reason"]), (409, &json!("approval_invalid")), "{told}");
    let (status, told) = write();
    assert_eq!(status, 202, "{told}");
    let next = told["approval"]["id"].as_str().unwrap().to_owned();
    assert_ne!(next, id);
    let (status, told) = rig.ask(&eve, "POST", &format!("/api/approvals/{next}/reject"), json!({}));
    assert_eq!((status, &told["approval"]["state"]), (200, &json!("rejected")), "{told}");
    assert_eq!(rig.get(&format!("/api/approvals/{next}")).1["approval"]["decided_by"], "eve");
    assert_eq!(rig.get("/api/approvals/99").0, 404);
    let none = rig.ask(&shift, "POST", "/api/approvals/99/approve", Value::Null);
    assert_eq!((none.0, &none.1["reason"]), (404, &json!("unknown_approval")));
}

#[test]
fn what_was_asked_for_with_a_token_that_is_revoked_is_not_sent() {
    let peer = Peer::strict();
    let rig = Rig::with(&peer.endpoint);
    let (root, eve) = (user(0, "root"), user(1001, "eve"));
    let shift = rig.token(&root, "shift", Role::Operator);
    let body = json!({ "point": "busbar", "value": "on" });
    let (status, told) = rig.ask(&shift, "POST", "/api/outstations/SS1/write", body);
    assert_eq!(status, 202, "{told}");
    let id = told["approval"]["id"].as_str().unwrap().to_owned();
    let token = shift.token().unwrap();
    assert_eq!(rig.ask(&root, "DELETE", &format!("/api/tokens/{token}"), Value::Null).0, 200);
    let second = rig.token(&eve, "second", Role::Operator);
    let (status, told) =
        rig.ask(&second, "POST", &format!("/api/approvals/{id}/approve"), Value::Null);
    assert_eq!((status, &told["reason"]), (403, &json!("not_permitted")), "{told}");
    assert_eq!(told["approval"]["state"], "approved", "{told}");
}
