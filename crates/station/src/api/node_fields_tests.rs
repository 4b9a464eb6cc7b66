//! Tests of what is read of nodes.

use serde_json::json;

use super::*;

fn run(body: &serde_json::Value) -> Result<Vec<Node>, ApiError> {
    created(body.to_string().as_bytes(), &Principal::Anonymous, Micros(7))
}

fn pairs(nodes: &[Node]) -> Vec<(&str, &str)> {
    nodes.iter().map(|node| (node.name.as_str(), node.address.as_str())).collect()
}

#[test]
fn a_name_is_enough() {
    let nodes = run(&json!({ "name": "rack1", "user": null })).unwrap();
    let expected = Node {
        name: "rack1".to_owned(),
        address: "rack1".to_owned(),
        ..blank(&Principal::Anonymous, Micros(7))
    };
    assert_eq!(nodes, [expected]);
}

#[test]
fn everything_can_be_said() {
    let nodes = run(&json!({
        "name": "ap", "address": "192.168.1.1", "user": "root", "port": "2222", "type": "ush",
        "relay": "pc7", "groups": ["wifi", "lab", "wifi"], "guard": false,
        "host_keys": "accept_new", "limit": 3,
    }));
    let expected = Node {
        name: "ap".to_owned(),
        address: "192.168.1.1".to_owned(),
        user: Some("root".to_owned()),
        port: Some(2222),
        kind: NodeKind::Ush,
        relay: Some("pc7".to_owned()),
        groups: vec!["lab".to_owned(), "wifi".to_owned()],
        guard: false,
        host_keys: HostKeys::AcceptNew,
        limit: Some(3),
        ..blank(&Principal::Anonymous, Micros(7))
    };
    assert_eq!(nodes.unwrap(), [expected]);
}

#[test]
fn sets_have_addresses_of_their_own() {
    for (address, expected) in [
        (json!(null), [("rack9", "rack9"), ("rack10", "rack10")]),
        (json!("{}.lab"), [("rack9", "rack9.lab"), ("rack10", "rack10.lab")]),
        (json!("10.0.0.[19-20]"), [("rack9", "10.0.0.19"), ("rack10", "10.0.0.20")]),
        (json!("gate"), [("rack9", "gate"), ("rack10", "gate")]),
    ] {
        let nodes = run(&json!({ "name": "rack[9-10]", "address": address })).unwrap();
        assert_eq!(pairs(&nodes), expected, "{address}");
    }
    let list = run(&json!({ "nodes": [{ "name": "a" }, { "name": "r[1-2]", "groups": ["g"] }] }));
    assert_eq!(pairs(&list.unwrap()), [("a", "a"), ("r1", "r1"), ("r2", "r2")]);
}

#[test]
fn what_is_wrong_is_told() {
    let name = |more: serde_json::Value| {
        let mut body = json!({ "name": "a" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, status, said) in [
        (json!({}), 422, "Field required"),
        (json!({ "name": "local" }), 422, "local"),
        (json!({ "name": "-x" }), 422, "-x"),
        (json!({ "name": "@lab" }), 422, "group"),
        (json!({ "nodes": [] }), 422, "must not be empty"),
        (json!({ "nodes": ["a"] }), 422, "valid dictionary"),
        (json!({ "nodes": "a" }), 422, "valid list"),
        (json!({ "nodes": [{ "name": "a" }], "user": "x" }), 400, "unknown field 'user'"),
        (json!({ "nodes": [{ "name": "a" }, { "name": "a" }] }), 400, "'a' is named twice"),
        (name(json!({ "adress": "x" })), 400, "did you mean 'address'?"),
        (name(json!({ "colour": "x" })), 400, "unknown field 'colour': known are name, address"),
        (name(json!({ "address": "-oProxyCommand=x" })), 422, "ssh would take it for an option"),
        (name(json!({ "address": "a b" })), 422, "spaces"),
        (name(json!({ "address": "a\u{7}" })), 422, "control characters"),
        (name(json!({ "address": "" })), 422, "must not be empty"),
        (name(json!({ "address": "$(x)" })), 422, "special to shells"),
        (name(json!({ "address": "10.0.0.[1-2]" })), 422, "stands for 2 addresses and 1 nodes"),
        (name(json!({ "user": "-lx" })), 422, "ssh would take it for an option"),
        (name(json!({ "relay": "a;b" })), 422, "special to shells"),
        (name(json!({ "port": 0 })), 422, "from 1 to 65535"),
        (name(json!({ "port": 65536 })), 422, "from 1 to 65535"),
        (name(json!({ "type": "telnet" })), 422, "'ssh' or 'ush'"),
        (name(json!({ "host_keys": "ask" })), 422, "'config', 'accept_new' or 'strict'"),
        (name(json!({ "groups": ["a b"] })), 422, "'a b' is no name of a group"),
        (name(json!({ "groups": "lab" })), 422, "valid list"),
        (name(json!({ "limit": 0 })), 422, "from 1 to 1000"),
        (json!([]), 422, "valid dictionary"),
    ] {
        let error = run(&body).unwrap_err();
        assert_eq!(error.status().as_u16(), status, "{body}: {}", error.body());
        assert!(error.body().to_string().contains(said), "{body}: {}", error.body());
    }
}

#[test]
fn a_change_touches_what_it_names() {
    let node = Node {
        name: "rack1".to_owned(),
        address: "10.0.0.1".to_owned(),
        user: Some("root".to_owned()),
        groups: vec!["a".to_owned(), "b".to_owned()],
        guard: false,
        limit: Some(2),
        ..blank(&Principal::Anonymous, Micros(7))
    };
    let change = |body: serde_json::Value| {
        let mut changed = node.clone();
        super::changed(body.to_string().as_bytes()).and_then(|it| it.apply(&mut changed))?;
        Ok::<_, ApiError>(changed)
    };
    let groups = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    let nulls = json!({ "address": null, "user": null, "guard": null, "limit": null });
    let expected = Node {
        name: "rack1".to_owned(),
        address: "rack1".to_owned(),
        groups: groups(&["a", "b"]),
        ..blank(&Principal::Anonymous, Micros(7))
    };
    assert_eq!(change(nulls), Ok(expected));
    let moved = json!({ "add_groups": ["c", "a"], "remove_groups": ["b"] });
    assert_eq!(change(moved), Ok(Node { groups: groups(&["a", "c"]), ..node.clone() }));
    let replaced = json!({ "groups": ["z"], "add_groups": ["y"] });
    assert_eq!(change(replaced), Ok(Node { groups: groups(&["y", "z"]), ..node.clone() }));
    let elsewhere = json!({ "address": "{}.lab" });
    assert_eq!(change(elsewhere), Ok(Node { address: "rack1.lab".to_owned(), ..node.clone() }));
    for (body, said) in [
        (json!({}), "nothing to change"),
        (json!({ "name": "x" }), "unknown field 'name'"),
        (json!({ "address": "-x" }), "ssh would take it for an option"),
        (json!({ "address": "a[1-2]" }), "special to shells"),
    ] {
        let error = change(body).unwrap_err();
        assert!(error.body().to_string().contains(said), "{}", error.body());
    }
}
