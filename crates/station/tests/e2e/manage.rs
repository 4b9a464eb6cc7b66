//! Alarms, tokens, figures and pruning from the command line, against a real station.

use serde_json::json;

use crate::support::{Site, wait_for};

#[test]
fn an_alarm_is_raised_acknowledged_and_cleared() {
    let mut site = Site::new();
    site.start();
    site.ok(["at", "now", "--alarm", "--retries", "0", "--name", "bad", "--", "exit 3"]);
    let listed = wait_for("the alarm", || {
        let listed = site.json(["alarm", "list", "--json"]);
        (listed["count"] == 1).then_some(listed)
    });
    let event = &listed["events"][0];
    assert_eq!((&event["event_id"], &event["state"]), (&json!("1"), &json!("active")));
    assert!(site.ok(["alarm", "list"]).contains("Scheduled job 'bad' failed"));
    assert_eq!(site.ok(["alarm", "ack", "1", "--note", "seen"]), "alarm 1 acknowledged\n");
    let known = site.json(["alarm", "list", "--state", "acknowledged", "--json"]);
    assert_eq!(known["events"][0]["acknowledgment_note"], "seen");
    assert_eq!(site.ok(["alarm", "clear", "1"]), "alarm 1 cleared\n");
    assert_eq!(site.ok(["alarm", "list", "--state", "active"]), "No alarms found.\n");
    assert_eq!(site.run(["alarm", "clear", "1"]).status.code(), Some(4), "it is cleared already");
    assert_eq!(site.run(["alarm", "ack", "9"]).status.code(), Some(3));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let mut site = Site::new();
    site.start();
    let made = site.run(["token", "create", "--role", "operator", "--expires", "90d"]);
    assert!(made.status.success(), "{made:?}");
    let secret = String::from_utf8(made.stdout).unwrap();
    assert_eq!(
        (secret.len(), secret.starts_with("stm_")),
        (48, true),
        "the token and nothing else"
    );
    let listed = site.json(["token", "list", "--json"]);
    let token = &listed["tokens"][0];
    assert_eq!((&token["role"], &token["valid"]), (&json!("operator"), &json!(true)));
    assert!(!listed.to_string().contains(secret.trim()));
    let id = token["id"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&made.stderr).contains(id));
    assert_eq!(site.ok(["token", "revoke", id]), format!("token {id} revoked\n"));
    assert_eq!(site.json(["token", "list", "--json"])["tokens"][0]["valid"], false);
    assert_eq!(site.run(["token", "revoke", "nonesuch"]).status.code(), Some(3));
}

#[test]
fn figures_count_and_history_is_pruned() {
    let mut site = Site::new();
    site.start();
    site.ok(["exec", "--", "true"]);
    site.ok(["daily", "23:59", "--paused", "--", "true"]);
    site.ok(["monthly", "1", "12:00", "--name", "rent", "--", "true"]);
    let figures = site.json(["stats", "--json"]);
    assert_eq!((&figures["total_jobs"], &figures["disabled_jobs"]), (&json!(3), &json!(1)));
    assert_eq!(figures["upcoming_jobs"][0]["job_name"], "rent");
    let told = site.ok(["stats"]);
    assert!(told.contains("1 active, 1 paused, 1 ended") && told.contains("rent"), "{told}");
    assert_eq!(site.ok(["history", "prune"]), "0 executions deleted\n");
    assert_eq!(site.ok(["history", "prune", "--days", "0"]), "1 execution deleted\n");
    assert_eq!(site.ok(["history"]), "No executions found.\n");
}
