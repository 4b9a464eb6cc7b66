//! Tests of where a job runs: on this machine or on nodes, and what may be said of it there.

use std::sync::Arc;

use serde_json::json;
use station_core::model::{Action, NodeSet, Target};

use super::change_tests::{changed_from, job};
use super::tests::{accept, refuse, with, with_parameters};
use super::*;

fn nodes(text: &str) -> Target {
    Target::Nodes(NodeSet::parse(text).unwrap())
}

#[test]
fn a_job_runs_here_unless_nodes_are_named() {
    for (target, expected) in [
        (json!(null), Target::Local),
        (json!(""), Target::Local),
        (json!("local"), Target::Local),
        (json!("rack1,rack2"), nodes("rack1,rack2")),
    ] {
        let draft = accept(&with_parameters(&json!({ "command": "x", "target": target })));
        assert_eq!(draft.spec.target, expected);
    }
    let fans = accept(&with(&json!({ "fanout": 3 })));
    assert_eq!(fans.spec.policies.fanout, Some(3));
    assert_eq!(refuse(&with(&json!({ "fanout": 0 }))).0, 422);
    assert_eq!(refuse(&with_parameters(&json!({ "command": "x", "target": 7 }))).0, 422);
}

#[test]
fn what_only_this_machine_can_do_is_refused_on_nodes() {
    for (field, value) in [
        ("cwd", json!("/srv")),
        ("umask", json!("022")),
        ("nice", json!(5)),
        ("env_clear", json!(true)),
    ] {
        let mut parameters = json!({ "command": "x", "target": "rack1" });
        parameters[field] = value;
        let (status, body) = refuse(&with_parameters(&parameters));
        assert_eq!(status, 400, "{field}");
        let told = format!("parameters.{field} says how a command runs on this machine, not on");
        assert!(body["detail"].as_str().unwrap().starts_with(&told), "{body}");
    }
}

#[test]
fn a_variable_that_no_shell_can_set_is_refused_on_nodes() {
    for name in ["A B", "1A", "A-B", "é"] {
        let env = json!({ "GOOD_1": "1", name: "x" });
        let parameters = json!({ "command": "x", "target": "rack1", "env": env });
        let (status, body) = refuse(&with_parameters(&parameters));
        assert_eq!(status, 400, "{name}");
        let told = format!("parameters.env: '{name}' cannot be set on a node: ");
        assert!(body["detail"].as_str().unwrap().starts_with(&told), "{body}");
    }
}

#[test]
fn variables_go_to_nodes_without_the_stations_own() {
    let parameters = json!({ "command": "x", "target": "rack1", "env": { "A": "1" } });
    let context = accept(&with_parameters(&parameters)).context.unwrap().1;
    let env = Some(vec![(b"A".to_vec(), b"1".to_vec())]);
    assert_eq!(context, ShellContext { env, ..ShellContext::default() });
    let bare = with_parameters(&json!({ "command": "x", "target": "rack1" }));
    assert_eq!(accept(&bare).context, None);
}

#[test]
fn a_job_moves_and_leaves_its_surroundings_behind() {
    let here = job();
    let moved = changed_from(&here, &json!({ "parameters": { "target": "rack1" } })).unwrap();
    assert_eq!(moved.spec.target, nodes("rack1"));
    assert_eq!(moved.context, None);
    let Action::Command { command, stdin, context, .. } = &moved.spec.action else { panic!() };
    assert_eq!(command.summary(), "tar c /srv");
    assert_eq!((stdin.as_deref(), context), (Some(&b"in"[..]), &None));

    let there = Job { spec: Arc::new(moved.spec), ..here };
    let kept = changed_from(&there, &json!({ "parameters": { "command": "ls" } })).unwrap();
    assert_eq!(kept.spec.target, nodes("rack1"));
    let renamed = changed_from(&there, &json!({ "name": "new", "fanout": 2 })).unwrap();
    assert_eq!(renamed.spec.target, nodes("rack1"));
    assert_eq!(renamed.spec.policies.fanout, Some(2));
    for back in [json!("local"), json!(null)] {
        let back = changed_from(&there, &json!({ "parameters": { "target": back } })).unwrap();
        assert_eq!((back.spec.target, back.context), (Target::Local, None));
    }
}
