//! The registry of nodes over the API: what it keeps, what it refuses, and for whom it is.

use serde_json::{Value, json};
use station::access::Caller;
use station_core::model::{Principal, Role};

use super::site::Site;

fn names(answer: &Value) -> Vec<&str> {
    let nodes = answer["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap()).collect()
}

/// A station that knows ap, pi, and rack1 to rack3, the racks in the group lab.
fn furnished() -> Site {
    let site = Site::new();
    let racks = json!({ "name": "rack[1-3]", "address": "{}.lab", "groups": ["lab"] });
    site.post("/api/nodes", racks);
    let two =
        json!([{ "name": "pi", "user": "joe" }, { "name": "ap", "type": "ush", "relay": "pc" }]);
    site.post("/api/nodes", json!({ "nodes": two }));
    site
}

#[test]
fn nodes_are_registered_listed_and_shown() {
    let site = furnished();
    assert_eq!(names(&site.get("/api/nodes")), ["ap", "pi", "rack1", "rack2", "rack3"]);
    assert_eq!(names(&site.get("/api/nodes?nodes=rack1,rack3")), ["rack1", "rack3"]);
    assert_eq!(names(&site.get("/api/nodes?nodes=@lab")), ["rack1", "rack2", "rack3"]);
    let mut node = site.get("/api/nodes/rack2")["node"].take();
    let created_at = node["created_at"].take();
    assert!(created_at.as_str().unwrap().contains('T'), "{created_at}");
    let expected = json!({
        "name": "rack2", "address": "rack2.lab", "user": null, "port": null, "type": "ssh",
        "relay": null, "groups": ["lab"], "guard": true, "host_keys": "config", "limit": null,
        "reachable": null, "since": null, "error": null, "created_at": null, "created_by": "ann",
    });
    assert_eq!(node, expected);
    let told = site.post("/api/nodes", json!({ "name": "one" }));
    assert_eq!((&told["message"], &told["count"]), (&json!("1 node registered"), &json!(1)));
}

#[test]
fn several_are_registered_or_none() {
    let site = furnished();
    let some = json!({ "name": "rack[3-5]" });
    let (status, body) = site.ask("POST", "/api/nodes", Some(some));
    assert_eq!((status, &body["detail"]), (409, &json!("node 'rack3' is registered already")));
    assert_eq!(site.get("/api/nodes")["count"], 5);
}

#[test]
fn several_are_changed_or_none() {
    let site = furnished();
    let moved = json!({ "add_groups": ["new"], "remove_groups": ["lab"], "user": "root" });
    let (status, told) = site.ask("PATCH", "/api/nodes/rack1,rack2", Some(moved));
    assert_eq!((status, &told["message"]), (200, &json!("2 nodes changed")), "{told}");
    assert_eq!(names(&site.get("/api/nodes?nodes=@lab")), ["rack3"]);
    assert_eq!(names(&site.get("/api/nodes?nodes=@new")), ["rack1", "rack2"]);
    let node = site.get("/api/nodes/rack1")["node"].take();
    assert_eq!((&node["user"], &node["address"]), (&json!("root"), &json!("rack1.lab")));
    assert_eq!(node["created_by"], "ann");
    let (status, body) =
        site.ask("PATCH", "/api/nodes/rack3,rack9", Some(json!({ "user": "nobody" })));
    assert_eq!(status, 404, "{body}");
    assert!(body["detail"].as_str().unwrap().contains("rack9"), "{body}");
    assert_eq!(site.get("/api/nodes/rack3")["node"]["user"], Value::Null);
}

#[test]
fn changes_at_once_all_count() {
    let site = furnished();
    let groups: Vec<String> = (0..20).map(|n| format!("g{n:02}")).collect();
    std::thread::scope(|scope| {
        for group in &groups {
            let site = &site;
            scope.spawn(move || {
                let body = json!({ "add_groups": [group] });
                assert_eq!(site.ask("PATCH", "/api/nodes/pi", Some(body)).0, 200);
            });
        }
    });
    assert_eq!(site.get("/api/nodes/pi")["node"]["groups"], json!(groups));
}

#[test]
fn several_are_removed_or_none() {
    let site = furnished();
    let (status, body) = site.ask("DELETE", "/api/nodes/rack1,rack9", None);
    assert_eq!(status, 404, "{body}");
    assert_eq!(site.get("/api/nodes")["count"], 5);
    let (status, told) = site.ask("DELETE", "/api/nodes/@lab", None);
    let gone = json!({
        "success": true, "message": "3 nodes removed", "count": 3,
        "nodes": ["rack1", "rack2", "rack3"],
    });
    assert_eq!((status, told), (200, gone));
    assert_eq!(names(&site.get("/api/nodes")), ["ap", "pi"]);
    let (status, body) = site.ask("GET", "/api/nodes/rack1", None);
    let told = json!({ "detail": "node 'rack1' is not registered" });
    assert_eq!((status, body), (404, told));
}

#[test]
fn nodes_are_no_business_of_anonymous_callers() {
    let site = furnished();
    for (method, path, body) in everything() {
        let (status, answer) = site.ask_as(Principal::Anonymous, method, path, body);
        assert_eq!(status, 403, "{method} {path}: {answer}");
        assert!(!answer.to_string().contains("rack1"), "{answer}");
    }
    assert_eq!(site.get("/api/nodes")["count"], 5);
}

#[test]
fn looking_trying_and_changing_need_roles() {
    let site = furnished();
    for (role, may) in [(Role::Viewer, 2), (Role::Operator, 3)] {
        for (index, (method, path, body)) in everything().into_iter().enumerate() {
            let principal = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
            // The test itself would wait for a node that is not there.
            let path = if path.ends_with("/test") { "/api/nodes/none/test" } else { path };
            let caller = Caller { principal, role, anonymous: false, source: None };
            let (status, answer) = site.ask_with(caller, method, path, body);
            assert_eq!(status != 403, index < may, "{role:?} {method} {path}: {answer}");
        }
    }
    assert_eq!(site.get("/api/nodes")["count"], 5);
}

/// Every route, what the least role may do first.
fn everything() -> [(&'static str, &'static str, Option<Value>); 6] {
    [
        ("GET", "/api/nodes", None),
        ("GET", "/api/nodes/rack1", None),
        ("POST", "/api/nodes/rack1/test", None),
        ("POST", "/api/nodes", Some(json!({ "name": "x" }))),
        ("PATCH", "/api/nodes/rack1", Some(json!({ "user": "x" }))),
        ("DELETE", "/api/nodes/rack1", None),
    ]
}

#[test]
fn jobs_tell_their_target_and_fan_out() {
    let site = furnished();
    let body = json!({
        "schedule_type": "script", "when": "tomorrow noon", "fanout": 2,
        "parameters": { "command": "true", "target": "@lab" },
    });
    let told = site.post("/api/scheduler/jobs/create", body);
    let job = &told["job"];
    assert_eq!((&job["target"], &job["fanout"]), (&json!("@lab"), &json!(2)));
    assert_eq!(job["parameters"]["target"], "@lab");
    let path = format!("/api/scheduler/jobs/{}", told["job_id"].as_str().unwrap());
    let change = json!({ "fanout": null, "parameters": { "target": "rack1,pi" } });
    let (status, told) = site.ask("PATCH", &path, Some(change));
    assert_eq!(status, 200, "{told}");
    let job = &told["job"];
    assert_eq!((&job["target"], &job["fanout"]), (&json!("rack1,pi"), &Value::Null));
    assert_eq!(job["command"], "true");
}
