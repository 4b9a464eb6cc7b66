//! Nodes as users meet them: the program, its daemon and a real sshd.

use serde_json::{Value, json};

use crate::sshd::Sshd;
use crate::support::Site;

/// A daemon whose ssh reads this server's configuration, by which node1, node2, … are that server.
fn site(server: &Sshd) -> Site {
    let mut site = Site::new();
    let mut command = site.station();
    command.env("STATION_SSH_CONFIG", server.config());
    site.start_as(command, &[]);
    site
}

/// Registers node1 to node3, and `gone`, where nothing listens.
fn furnish(site: &Site) {
    site.ok(["node", "add", "node[1-3]", "--group", "lab"]);
    site.ok(["node", "add", "gone", "127.0.0.1", "--port", "1"]);
}

fn executions(job: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or("-").to_owned();
    let all = job["executions"].as_array().unwrap();
    let mut found: Vec<_> =
        all.iter().map(|one| (text(one, "node"), text(one, "status"))).collect();
    found.sort();
    found
}

#[test]
fn a_test_tells_who_can_be_reached_and_leaves_nothing() {
    let server = Sshd::start();
    let site = site(&server);
    furnish(&site);
    let good = site.ok(["node", "test", "@lab"]);
    let lines: Vec<&str> = good.lines().filter_map(|line| line.split(" in ").next()).collect();
    assert_eq!(lines, ["node1: reached", "node2: reached", "node3: reached"]);
    let output = site.run(["node", "test", "node1,gone", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["count"], &told["reachable"]), (&json!(2), &json!(1)), "{told}");
    let gone = &told["results"][0];
    assert_eq!((&gone["node"], &gone["reachable"]), (&json!("gone"), &json!(false)), "{told}");
    let reason = gone["error"].as_str().unwrap();
    assert!(reason.to_lowercase().contains("refused"), "{reason}");
    let listed = site.json(["node", "list", "--json"]);
    let marks: Vec<_> =
        listed["nodes"].as_array().unwrap().iter().map(|node| node["reachable"].clone()).collect();
    // What has always been reached needs no mark.
    assert_eq!(marks[0], json!(false), "{listed}");
    assert!(marks[1..].iter().all(|mark| *mark != json!(false)), "{listed}");
    assert!(listed["nodes"][0]["error"].as_str().is_some_and(|why| !why.is_empty()), "{listed}");
    assert_eq!(site.json(["list", "--json"])["count"], 0);
    assert_eq!(site.json(["history", "--json"])["count"], 0);
}

#[test]
fn a_job_runs_on_each_node_of_its_target() {
    let server = Sshd::start();
    let site = site(&server);
    furnish(&site);
    let words = ["at", "now", "--retries", "0", "--on", "@lab!node2,gone", "--json", "--"];
    let command = ["echo on $SSH_CONNECTION"];
    let output = site.station().args(words).args(command).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let job = site.wait_status("1", &["completed", "failed"]);
    assert_eq!(job["status"], "failed", "{job}");
    let expected = [("gone", "failed"), ("node1", "completed"), ("node3", "completed")];
    let expected = expected.map(|(node, status)| (node.to_owned(), status.to_owned()));
    assert_eq!(executions(&job), expected);
    for one in job["executions"].as_array().unwrap() {
        if one["status"] == "completed" {
            let printed = site.run(["logs", one["execution_id"].as_str().unwrap()]);
            let printed = String::from_utf8(printed.stdout).unwrap();
            let node = one["node"].as_str().unwrap();
            assert!(printed.starts_with(&format!("{node}: on 127.0.0.1 ")), "{printed}");
        }
    }
    let history = site.ok(["history", "1"]);
    assert!(history.contains("| gone "), "{history}");
}

#[test]
fn what_names_no_node_is_refused() {
    let mut site = Site::new();
    site.start();
    for (target, status, told) in [
        ("rack1", 3, "rack1"),
        ("@lab", 3, "@lab"),
        ("rack[5-1]", 2, "rack[5-1]"),
        ("rack[1", 2, "rack[1"),
        ("", 2, ""),
    ] {
        let output = site.run(["at", "now", "--on", target, "--", "true"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{target}: {said}");
        assert!(said.contains(told), "{target}: {said}");
    }
    assert_eq!(site.json(["list", "--json"])["count"], 0);
}

#[test]
fn nodes_outlive_the_daemon() {
    let mut site = Site::new();
    site.start();
    site.ok([
        "node",
        "add",
        "ap",
        "192.168.1.1",
        "--type",
        "ush",
        "--relay",
        "pc",
        "--group",
        "wifi",
    ]);
    let before = site.json(["node", "show", "ap", "--json"]);
    site.kill();
    assert_eq!(site.json(["node", "show", "ap", "--json"]), before, "without a daemon");
    site.start();
    assert_eq!(site.json(["node", "show", "ap", "--json"]), before);
    site.kill();
    let offline = site.run(["node", "test", "ap"]);
    assert_eq!(offline.status.code(), Some(4), "{offline:?}");
}
