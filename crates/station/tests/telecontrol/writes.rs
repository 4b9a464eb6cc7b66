//! Commands and questions by hand, to an outstation that carries them out.

use serde_json::json;

use crate::peer::Peer;
use crate::rig::{Rig, ann, user};

#[test]
fn a_command_is_verified_and_what_stands_in_its_way_is_told() {
    let mut peer = Peer::strict();
    let rig = Rig::with(&peer.endpoint);
    let write = |body| rig.post("/api/outstations/SS1/write", body);

    let (status, told) = write(json!({ "point": "breaker-7", "value": "on", "dry_run": true }));
    assert_eq!((status, &told["dry_run"]), (200, &json!(true)), "{told}");
    assert!(told["octets"][0].is_string() && told["status"].is_null(), "{told}");

    let (status, told) = write(json!({ "point": "level", "value": 5, "reason": "test" }));
    assert_eq!((status, &told["class"]), (200, &json!("verified")), "{told}");
    assert_eq!(peer.operated().split(' ').next(), Some("5001"));

    let (status, told) = write(json!({ "point": "breaker-7", "value": true }));
    assert_eq!(
        (status, &told["class"], &told["status"]),
        (200, &json!("verified"), &json!("confirmed"))
    );
    assert_eq!(told["previous"]["value"], "off", "{told}");
    assert!(told["started_at"].as_str().unwrap().contains('T'), "{told}");
    assert!(told["correlation"].is_string() && told["peer"] == json!(peer.endpoint), "{told}");
    assert_eq!(peer.operated(), "4501 ON");

    let (_, shown) = rig.get("/api/outstations/SS1/values?point=breaker-7,level-state");
    assert_eq!(
        (&shown["count"], &shown["values"][0]["value"]),
        (&json!(2), &json!("on")),
        "{shown}"
    );
    assert_eq!(shown["values"][0]["feedback"], "breaker-7-state");
    assert_eq!(shown["values"][1]["unit"], "kV");

    for (body, status, reason) in [
        (json!({ "point": "level", "value": 5 }), 409, "interlock"),
        (json!({ "point": "level", "value": 50 }), 422, "out_of_range"),
        (json!({ "point": "level", "value": "NaN" }), 422, "bad_value"),
        (json!({ "point": "breaker-8", "value": "on" }), 404, "unknown_point"),
        (json!({ "point": "level-state", "value": 1 }), 422, "not_commandable"),
    ] {
        let (given, told) = write(body.clone());
        assert_eq!((given, told["reason"].as_str()), (status, Some(reason)), "{body}: {told}");
        assert!(told["correlation"].is_string(), "{told}");
    }
    let eve = user(1001, "eve");
    let body = json!({ "point": "level", "value": 1 });
    let (status, told) = rig.ask(&eve, "POST", "/api/outstations/SS1/write", body);
    assert_eq!((status, &told["reason"]), (403, &json!("not_permitted")), "{told}");

    rig.post("/api/control/stop", json!({ "reason": "storm" }));
    let off = json!({ "point": "breaker-7", "value": "off" });
    assert_eq!(write(off.clone()).1["reason"], "control_stopped");
    rig.post("/api/control/start", json!({ "reason": "over" }));
    let tag = "/api/outstations/SS1/points/breaker-7/tag";
    rig.ask(&ann(), "PUT", tag, json!({ "reason": "work" }));
    assert_eq!(write(off.clone()).1["reason"], "tagged");
    rig.ask(&ann(), "DELETE", tag, serde_json::Value::Null);
    assert_eq!(write(off).1["class"], "verified");
    // Nothing that was refused reached it.
    assert_eq!(peer.operated(), "4501 OFF");
}

#[test]
fn malformed_commands_are_told_their_faults() {
    let rig = Rig::new();
    for (body, status, part) in [
        (json!({}), 422, "Field required"),
        (json!({ "point": "p", "value": [] }), 422, "must be a text"),
        (json!({ "point": "p", "value": "" }), 422, "must not be empty"),
        (json!({ "point": "p", "value": 1, "expiry": 60 }), 422, "less than 60 seconds"),
        (json!({ "point": "p", "value": 1, "selekt": true }), 400, "did you mean 'select'?"),
        (json!({ "point": "p", "value": 1 }), 404, "there is no outstation 'SS9'"),
    ] {
        let (given, told) = rig.post("/api/outstations/SS9/write", body.clone());
        assert_eq!(given, status, "{body}: {told}");
        assert!(told["detail"].to_string().contains(part), "{body}: {told}");
    }
}

#[test]
fn questions_are_answered() {
    let peer = Peer::strict();
    let rig = Rig::with(&peer.endpoint);
    let ask = |what: &str, body| rig.post(&format!("/api/outstations/SS1/{what}"), body);
    for (what, body, class) in [
        ("interrogate", json!({}), "complete"),
        ("interrogate", json!({ "group": 2 }), "refused"),
        ("counters", serde_json::Value::Null, "complete"),
        ("read", json!({ "point": "level-state" }), "complete"),
        ("test", serde_json::Value::Null, "complete"),
    ] {
        let (status, told) = ask(what, body);
        assert_eq!((status, told["class"].as_str()), (200, Some(class)), "{what}: {told}");
    }
    // A clock that nobody keeps right sets no other.
    let (status, told) = ask("sync-clock", serde_json::Value::Null);
    if station::runtime::clock_is_synchronised() {
        assert_eq!((status, &told["class"]), (200, &json!("complete")), "{told}");
    } else {
        assert_eq!((status, &told["reason"]), (409, &json!("clock_unsynchronised")), "{told}");
    }
    assert_eq!(ask("interrogate", json!({ "group": 17 })).0, 422);
    assert_eq!(ask("read", json!({ "point": "nothing" })).0, 404);

    let first = rig.first_of("/api/outstations/SS1/watch?point=breaker-7");
    assert!(first.starts_with("event: values\ndata: {"), "{first}");
    assert!(first.contains("\"feedback\":\"breaker-7-state\""), "{first}");
    assert!(!first.contains("level-state"), "{first}");
}
