//! Outstations as they are registered and changed; their points as files.

use serde_json::{Value, json};

use crate::rig::{POINTS, Rig, ann};

/// An address at which nobody answers: the port is free again as soon as this returns.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn register(rig: &Rig) -> Value {
    let body = json!({ "name": "SS1", "address": nobody(), "ca": 47 });
    let (status, told) = rig.post("/api/outstations", body);
    assert_eq!(status, 200, "{told}");
    told
}

#[test]
fn an_outstation_is_registered_changed_and_removed() {
    let rig = Rig::new();
    let told = register(&rig);
    assert_eq!(told["message"], "Outstation registered");
    assert_eq!(told["outstation"]["settings"]["t1"], 15_000);

    let change = json!({ "originator": 3, "settings": { "t3": 5000 }, "bind": "127.0.0.1" });
    let (status, told) = rig.ask(&ann(), "PATCH", "/api/outstations/SS1", change);
    assert_eq!(status, 200, "{told}");
    let (_, shown) = rig.get("/api/outstations/SS1");
    let one = &shown["outstation"];
    assert_eq!((&one["originator"], &one["bind"]), (&json!(3), &json!("127.0.0.1")));
    assert_eq!((&one["settings"]["t3"], &one["settings"]["t1"]), (&json!(5000), &json!(15_000)));
    let back = json!({ "settings": null, "bind": null });
    let (_, told) = rig.ask(&ann(), "PATCH", "/api/outstations/SS1", back);
    assert_eq!(told["outstation"]["settings"]["t3"], 20_000);
    assert_eq!(told["outstation"]["bind"], Value::Null);

    let (_, list) = rig.get("/api/outstations");
    assert_eq!((&list["count"], &list["outstations"][0]["name"]), (&json!(1), &json!("SS1")));
    assert_eq!(rig.ask(&ann(), "DELETE", "/api/outstations/SS1", Value::Null).0, 200);
    assert_eq!(rig.get("/api/outstations/SS1").0, 404);
    assert_eq!(rig.get("/api/outstations/SS1/status").0, 404);
}

#[test]
fn nodes_and_outstations_share_their_names() {
    let rig = Rig::new();
    register(&rig);
    let (status, told) = rig.post("/api/nodes", json!({ "name": "SS1" }));
    assert_eq!(status, 409, "{told}");
    assert_eq!(rig.post("/api/nodes", json!({ "name": "rack1" })).0, 200);
    let body = json!({ "name": "rack1", "address": nobody(), "ca": 1 });
    let (status, told) = rig.post("/api/outstations", body);
    assert_eq!(status, 409, "{told}");
    let again = json!({ "name": "SS1", "address": nobody(), "ca": 1 });
    assert_eq!(rig.post("/api/outstations", again).0, 409);
}

#[test]
fn what_cannot_be_an_outstation_is_refused_and_leaves_nothing() {
    let rig = Rig::new();
    let but = |field: &str, value: Value| {
        let mut body = json!({ "name": "SS1", "address": "127.0.0.1", "ca": 47 });
        body[field] = value;
        body
    };
    for (body, status, part) in [
        (but("ca", 0.into()), 422, "from 1 to 65534"),
        (but("ca", Value::Null), 422, "Field required"),
        (but("name", "a/b".into()), 400, "cannot be the name"),
        (but("adress", "x".into()), 400, "did you mean 'address'?"),
        (but("nickname", "x".into()), 400, "unknown field 'nickname'"),
        (but("address", "a b".into()), 400, "no address"),
        (but("address", Value::Null), 400, "not said where"),
        (but("endpoints", json!(["a", "b", "c"])), 400, "not both"),
        (but("settings", json!({ "t1": 0 })), 400, "settings.t1"),
        (but("tls", json!({ "authority": "ca.pem" })), 400, "tls"),
        (but("tls", json!({ "authorty": "/ca.pem" })), 400, "did you mean 'authority'?"),
        (but("points", json!([{ "name": "p", "ioa": 0, "type": "M_SP_NA_1" }])), 400, "'ioa' is"),
    ] {
        let (given, told) = rig.post("/api/outstations", body.clone());
        assert_eq!(given, status, "{body}: {told}");
        assert!(told["detail"].to_string().contains(part), "{body}: {told}");
    }
    assert_eq!(rig.get("/api/outstations").1["count"], 0);
}

#[test]
fn points_are_kept_as_toml_and_as_json() {
    let rig = Rig::new();
    register(&rig);
    let path = "/api/outstations/SS1/points";
    let (status, _, told) = rig.send(&ann(), "PUT", path, &[], POINTS);
    assert_eq!(status, 200, "{told:?}");
    let (_, shown) = rig.get(path);
    assert_eq!((&shown["count"], &shown["points"][0]["name"]), (&json!(6), &json!("breaker-7")));
    assert_eq!(rig.get("/api/outstations/SS1").1["outstation"]["commandable"], 3);

    // What is shown can be kept, in both forms.
    let toml = [("accept", "application/toml")];
    let (_, kind, text) = rig.send(&ann(), "GET", path, &toml, "");
    assert_eq!(kind, "application/toml");
    let said = [("content-type", "application/toml")];
    assert_eq!(rig.send(&ann(), "PUT", path, &said, text).0, 200);
    assert_eq!(rig.get(path).1, shown);
    assert_eq!(rig.ask(&ann(), "PUT", path, json!({ "points": shown["points"] })).0, 200);
    assert_eq!(rig.ask(&ann(), "PUT", path, shown["points"].clone()).0, 200);
    assert_eq!(rig.get(path).1, shown);

    // Each fault has its line; nothing is kept.
    let bad = POINTS.replace("ioa = 4501", "ioa = -1").replace("user:ann", "ann");
    let (status, _, told) = rig.send(&ann(), "PUT", path, &said, bad);
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(status, 400, "{told}");
    assert_eq!(told["faults"][0]["line"], 4, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("point 'breaker-7'"), "{told}");
    assert_eq!(rig.get(path).1, shown);
}

#[test]
fn tags_and_the_switch_are_kept() {
    let rig = Rig::new();
    register(&rig);
    assert_eq!(rig.send(&ann(), "PUT", "/api/outstations/SS1/points", &[], POINTS).0, 200);
    let path = "/api/outstations/SS1/points/breaker-7/tag";
    assert_eq!(rig.ask(&ann(), "DELETE", path, Value::Null).0, 404);
    assert_eq!(rig.ask(&ann(), "PUT", path, json!({})).0, 422);
    let (status, told) = rig.ask(&ann(), "PUT", path, json!({ "reason": "work on the bay" }));
    assert_eq!((status, &told["tag"]["by"]), (200, &json!("ann")));
    let other = "/api/outstations/SS1/points/breaker-8/tag";
    let (status, told) = rig.ask(&ann(), "PUT", other, json!({ "reason": "r" }));
    assert_eq!(status, 404);
    assert!(told["detail"].as_str().unwrap().contains("did you mean 'breaker-7"), "{told}");
    // A tag at what is only shown would keep nobody from the breaker.
    let watched = "/api/outstations/SS1/points/breaker-7-state/tag";
    let (status, told) = rig.ask(&ann(), "PUT", watched, json!({ "reason": "r" }));
    assert_eq!(status, 400, "{told}");
    assert!(
        told["detail"].as_str().unwrap().contains("'breaker-7' has it as its feedback"),
        "{told}"
    );
    assert_eq!(rig.get("/api/tags?outstation=SS1").1["tags"][0]["reason"], "work on the bay");
    assert_eq!(rig.get("/api/tags?outstation=SS2").1["count"], 0);
    let (_, status) = rig.get("/api/outstations/SS1/status");
    assert_eq!(
        (&status["tagged"][0]["point"], &status["control_stopped"]),
        (&json!("breaker-7"), &json!(false))
    );
    assert_eq!(rig.ask(&ann(), "DELETE", path, Value::Null).0, 200);
    assert_eq!(rig.get("/api/tags").1["count"], 0);

    assert_eq!(rig.get("/api/control").1["by"], Value::Null);
    let (_, told) = rig.post("/api/control/stop", json!({ "reason": "storm" }));
    assert_eq!((&told["stopped"], &told["reason"]), (&json!(true), &json!("storm")));
    assert_eq!(rig.get("/api/outstations/SS1/status").1["control_stopped"], true);
    rig.post("/api/control/start", json!({ "reason": "over" }));
    let (_, switch) = rig.get("/api/control");
    assert_eq!((&switch["stopped"], &switch["by"]), (&json!(false), &json!("ann")));
}
