//! `station node`, and jobs on nodes: what is asked of the station, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, created, execution, job, refusal};

fn node(name: &str, more: Value) -> Value {
    let mut node = json!({
        "name": name, "address": name, "user": null, "port": null, "type": "ssh", "relay": null,
        "groups": [], "guard": true, "host_keys": "config", "limit": null, "reachable": null,
        "since": null, "error": null, "created_at": "2027-01-31T09:17:42.25+00:00",
        "created_by": "joe",
    });
    node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    node
}

/// A station with three nodes: one reached, one not, one never tried.
fn furnished() -> Fake {
    let nodes = json!([
        node("ap", json!({ "type": "ush", "relay": "pc7", "address": "192.168.1.1" })),
        node(
            "rack1",
            json!({
                "groups": ["lab", "rack"], "user": "root", "port": 2222, "reachable": true,
                "since": "2027-01-31T09:22:42+00:00", "limit": 2, "host_keys": "accept_new",
            })
        ),
        node(
            "rack2",
            json!({
                "groups": ["rack"], "guard": false, "reachable": false,
                "since": "2027-01-31T09:22:42+00:00", "error": "connection refused\u{1b}[2J",
            })
        ),
    ]);
    Fake::new(move |what, _| match what {
        "GET /api/nodes" | "GET /api/nodes?nodes=rack%5B1-2%5D%2C%40lab" => {
            Reply::Json(200, json!({ "count": 3, "nodes": nodes }))
        }
        "GET /api/nodes/rack1" => Reply::Json(200, json!({ "node": nodes[1] })),
        "GET /api/nodes/rack2" => Reply::Json(200, json!({ "node": nodes[2] })),
        "POST /api/nodes" => {
            Reply::Json(200, json!({ "message": "2 nodes registered", "nodes": [] }))
        }
        what if what.starts_with("PATCH ") => {
            Reply::Json(200, json!({ "message": "2 nodes changed", "nodes": [] }))
        }
        "DELETE /api/nodes/%40lab" => Reply::Json(200, json!({ "message": "1 node removed" })),
        _ => refusal(404, "node 'rack9' is not registered"),
    })
}

#[test]
fn nodes_are_listed_and_shown() {
    let fake = furnished();
    let lines = [
        &["station", "node", "list"][..],
        &["station", "node", "show", "rack1"],
        &["station", "node", "show", "rack2"],
        &["station", "node", "show", "rack9"],
        &["station", "node", "groups"],
        &["station", "node", "groups", "--json"],
        &["station", "node", "remove", "@lab"],
        &["station", "node", "rm", "rack9"],
    ];
    let screens: Vec<String> = lines.iter().map(|line| fake.run(line).screen()).collect();
    insta::assert_snapshot!(screens.join("\n"));
    let nobody = Fake::new(|_, _| Reply::Json(200, json!({ "count": 0, "nodes": [] })));
    assert_eq!(nobody.run(&["station", "node", "list"]).ok(), "No nodes found.\n");
    assert_eq!(nobody.run(&["station", "node", "groups"]).ok(), "No groups found.\n");
    let json: Value =
        serde_json::from_str(&nobody.run(&["station", "node", "list", "--json"]).ok()).unwrap();
    assert_eq!(json, json!({ "count": 0, "nodes": [] }));
}

#[test]
fn what_is_given_of_a_node_is_asked_for() {
    for (line, expected) in [
        (&["add", "web1"][..], json!({ "name": "web1" })),
        (
            &["add", "rack[1-2]", "{}.lab", "--group", "a", "--group", "b", "--limit", "3"],
            json!({ "name": "rack[1-2]", "address": "{}.lab", "groups": ["a", "b"], "limit": 3 }),
        ),
        (
            &[
                "add",
                "ap",
                "10.0.0.1",
                "--user",
                "root",
                "--port",
                "22",
                "--type",
                "ush",
                "--relay",
                "pc",
                "--no-guard",
                "--host-key",
                "accept-new",
            ],
            json!({
                "name": "ap", "address": "10.0.0.1", "user": "root", "port": 22, "type": "ush",
                "relay": "pc", "guard": false, "host_keys": "accept_new",
            }),
        ),
        (
            &[
                "edit",
                "rack1",
                "--group",
                "a",
                "--ungroup",
                "b",
                "--user",
                "none",
                "--port",
                "none",
                "--limit",
                "2",
                "--address",
                "{}.x",
                "--guard",
                "--relay",
                "none",
            ],
            json!({
                "add_groups": ["a"], "remove_groups": ["b"], "user": null, "port": null,
                "limit": 2, "address": "{}.x", "guard": true, "relay": null,
            }),
        ),
    ] {
        let fake = furnished();
        let told = fake.run(&[&["station", "node"], line].concat()).ok();
        assert!(told.starts_with("2 nodes "), "{told}");
        assert_eq!(fake.body(), expected, "{line:?}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let fake = Fake::new(|_, _| refusal(500, "nothing should be asked"));
    for line in [
        &["add"][..],
        &["add", "x", "--type", "telnet"],
        &["add", "x", "--port", "0"],
        &["add", "x", "--port", "65536"],
        &["add", "x", "--limit", "0"],
        &["add", "x", "--host-key", "ask"],
        &["edit", "x"],
        &["edit", "x", "--guard", "--no-guard"],
        &["edit", "x", "--limit", "many"],
        &["test"],
        &["remove"],
        &["import", "ssh_config", "/nonexistent/config"],
    ] {
        let ran = fake.run(&[&["station", "node"], line].concat());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{line:?}: {ran:?}");
        assert!(!ran.err.is_empty(), "{line:?}");
    }
    for line in [
        &["at", "now", "--fanout", "0", "--", "x"][..],
        &["every", "5m", "--fanout", "all", "--", "x"],
    ] {
        assert_eq!(fake.run(&[&["station"], line].concat()).status, 2, "{line:?}");
    }
    assert!(fake.requests().is_empty());
}

#[test]
fn a_test_tells_how_it_went_on_each() {
    let result = |node: &str, ok: bool, error: Value| {
        json!({
            "node": node, "reachable": ok, "ok": ok, "duration_seconds": 0.0312, "error": error,
            "status": if ok { "completed" } else { "failed" },
        })
    };
    let all = json!([
        result("rack1", true, Value::Null),
        result("rack2", false, json!("it could not be reached: connection refused")),
    ]);
    let fake = Fake::new(move |what, _| {
        let all = all.as_array().unwrap();
        let some = if what.contains("rack1/") { &all[..1] } else { &all[..] };
        Reply::Json(200, json!({ "count": some.len(), "reachable": 1, "results": some }))
    });
    let good = fake.run(&["station", "node", "test", "rack1"]);
    assert_eq!(good.ok(), "rack1: reached in 31 ms\n");
    insta::assert_snapshot!(fake.run(&["station", "node", "test", "rack[1-2]"]).screen());
    let json = fake.run(&["station", "node", "test", "@lab", "--json"]);
    assert_eq!((json.status, json.err.as_str()), (1, ""));
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["results"][1]["node"], "rack2");
    assert_eq!(fake.requests()[1].0, "POST /api/nodes/rack%5B1-2%5D/test");
}

/// A home with this ssh_config.
fn home(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".ssh")).unwrap();
    fs::write(home.path().join(".ssh/config"), config).unwrap();
    home
}

#[test]
fn an_ssh_config_is_imported_whole_or_not_at_all() {
    let home = home("Host web rack1 *.lab\n  User x\nMatch user joe\nHost ::1 db\n");
    let path = home.path().to_str().unwrap();
    // HOME stands first in the environment of these tests, and the first of a name counts.
    let run = |fake: &Fake, more: &[&str]| {
        let words = ["station", "node", "import", "ssh_config"];
        let file = format!("{path}/.ssh/config");
        let line = Line::new(&[&words[..], &[&file], more].concat()).run(fake.path());
        line.screen().replace(path, "HOME")
    };
    let fake = furnished();
    let refused = run(&fake, &[]);
    assert!(fake.requests().is_empty(), "{refused}");
    let dry = run(&fake, &["--skip-refused", "--dry-run"]);
    assert!(fake.requests().iter().all(|(what, _)| what.starts_with("GET ")), "{dry}");
    let done = run(&fake, &["--skip-refused", "--group", "lab"]);
    let json = run(&fake, &["--skip-refused", "--dry-run", "--json"]);
    insta::assert_snapshot!([refused, dry, done, json].join("\n"));
    let expected = json!({ "nodes": [
        { "name": "web", "groups": ["lab"] }, { "name": "db", "groups": ["lab"] },
    ] });
    assert_eq!(fake.body(), expected);
}

#[test]
fn what_is_there_already_is_not_imported_again() {
    let home = home("Host rack1 ap\n");
    let fake = furnished();
    let mut line = Line::new(&["station", "node", "import", "ssh-config"]);
    line.env = vec![("HOME".into(), home.path().into())];
    let told = line.run(fake.path()).ok();
    assert!(told.starts_with("0 nodes registered from "), "{told}");
    assert!(told.ends_with("2 nodes are registered already\n"), "{told}");
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn jobs_name_their_targets_and_leave_the_surroundings_here() {
    for words in [
        &["at", "now", "--on", "rack1", "--fanout", "4", "--", "uptime"][..],
        &["daily", "02:30", "--on", "rack1", "--fanout", "4", "--", "uptime"],
    ] {
        let fake = Fake::new(|_, _| created());
        fake.run(&[&["station"], words].concat());
        let body = fake.body();
        assert_eq!(body["parameters"], json!({ "command": "uptime", "target": "rack1" }));
        assert_eq!(body["fanout"], 4);
    }
    let fake = Fake::new(|_, _| created());
    fake.run(&["station", "at", "now", "--on", "local", "--", "uptime"]).ok();
    let body = fake.body();
    assert_eq!(body["parameters"]["cwd"], "/srv/place");
    assert_eq!(body["parameters"]["target"], "local");
    let fake = Fake::new(|_, _| refusal(404, "node 'mars' is not registered"));
    let unknown = fake.run(&["station", "at", "now", "--on", "mars", "--", "x"]);
    assert_eq!(
        unknown.screen(),
        "status 3\n--- stdout\n--- stderr\nstation: node 'mars' is not registered\n"
    );
}

#[test]
fn an_edited_job_goes_where_it_is_sent() {
    for (target, line, expected) in [
        ("local", &["--on", "rack1"][..], json!({ "parameters": { "target": "rack1" } })),
        ("rack1", &["--on", "local", "--fanout", "none"], {
            json!({ "parameters": { "target": "local" }, "fanout": null })
        }),
        // A job on nodes stays there with a new command, and nothing of this machine goes along.
        ("rack1", &["--", "df"], {
            json!({ "parameters": { "command": "df", "target": "rack1" } })
        }),
    ] {
        let fake = Fake::new(move |_, _| {
            let mut job = job("42", "pending", "uptime");
            job["target"] = json!(target);
            Reply::Json(200, json!({ "job": job, "next_run": "2027-01-31T10:22:42+01:00" }))
        });
        fake.run(&[&["station", "edit", "42"], line].concat()).ok();
        assert_eq!(fake.body(), expected, "{line:?}");
    }
    let fake = Fake::new(|_, _| {
        Reply::Json(200, json!({ "job": job("42", "pending", "uptime"), "next_run": "2027" }))
    });
    fake.run(&["station", "edit", "42", "--", "df"]).ok();
    assert_eq!(fake.body()["parameters"]["cwd"], "/srv/place");
}

#[test]
fn lists_and_pages_tell_nodes() {
    let fake = Fake::new(|what, _| {
        let mut there = job("42", "completed", "uptime");
        there["target"] = json!("rack[1-2]");
        there["fanout"] = json!(1);
        let mut first = execution("42.1", "completed");
        first["node"] = json!("rack1");
        let mut second = execution("42.2", "failed");
        second["node"] = json!("rack2");
        second["kill"] = json!("kill-failed");
        second["error"] = json!("timed out after 2 s");
        let executions = json!([second, first]);
        if what.contains("/executions/") {
            Reply::Json(200, json!({ "execution": executions[0] }))
        } else if what.contains("/executions?") {
            Reply::Json(200, json!({ "executions": executions, "next_cursor": null }))
        } else if what.contains("/jobs?") {
            let jobs = json!([job("1", "pending", "echo"), there]);
            Reply::Json(200, json!({ "jobs": jobs, "next_cursor": null }))
        } else {
            there["executions"] = executions;
            Reply::Json(200, json!({ "job": there }))
        }
    });
    let lines = [
        &["station", "list"][..],
        &["station", "show", "42"],
        &["station", "show", "42.2"],
        &["station", "history"],
    ];
    let screens: Vec<String> = lines.iter().map(|line| fake.run(line).ok()).collect();
    insta::assert_snapshot!(screens.join("\n=====\n"));
}
