//! import and simulate: what is asked of the station, and the screens.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Fake, Line, Ran, Reply, refusal};

/// A station that knows some jobs already, takes what it is given and foresees everything.
fn station(known: Value) -> Fake {
    Fake::new(move |what, body| {
        if what.starts_with("GET /api/scheduler/jobs?tag=") {
            return Reply::Json(200, json!({"jobs": known, "next_cursor": null}));
        }
        if what.ends_with("/preview") {
            let fires = json!(["2027-01-31T10:22:00+01:00", "2027-02-01T10:22:00+01:00"]);
            return match body["cron_expression"].as_str() {
                Some("5 5 * * *") => refusal(400, "the station does not like fives"),
                Some(_) | None => Reply::Json(200, json!({"success": true, "fires": fires})),
            };
        }
        if what.starts_with("DELETE") {
            return Reply::Json(200, json!({"success": true}));
        }
        if body["name"] == "full" {
            return refusal(503, "the disk is full");
        }
        let next = "2027-01-31T10:22:00+01:00";
        Reply::Json(200, json!({"job_id": "42", "next_run": next, "note": null}))
    })
}

/// A directory with passwd of the user who runs the tests, whoever that is, and others.
fn etc(fake: &Fake) -> PathBuf {
    let uid = std::fs::metadata(fake.path()).unwrap().uid();
    let passwd = format!("joe:x:{uid}:100:Joe:/home/joe:/bin/sh\nann:x:4242:100::/home/ann:\n");
    std::fs::write(fake.path().join("passwd"), passwd).unwrap();
    fake.path().to_owned()
}

fn import(fake: &Fake, args: &[&str], crontab: &str) -> Ran {
    let mut line =
        Line::new(&[&["station", "import", "crontab", "-"], args].concat()).stdin(crontab);
    line.etc = etc(fake);
    line.uid = std::fs::metadata(fake.path()).unwrap().uid();
    line.run(fake.path())
}

fn calls(fake: &Fake, method: &str) -> Vec<String> {
    let calls = fake.requests().into_iter().map(|request| request.0);
    calls.filter(|call| call.starts_with(method)).collect()
}

const CRONTAB: &str = "\
PATH=/usr/local/bin:/usr/bin:/bin
*/5 * * * * rsync -a /srv/ backup:/srv/
@daily find /tmp -mtime +7 -delete
";

#[test]
fn a_crontab_is_created_line_by_line() {
    let fake = station(json!([]));
    let ran = import(&fake, &[], CRONTAB);
    insta::assert_snapshot!(ran.screen());
    let creates: Vec<Value> = fake
        .requests()
        .into_iter()
        .filter(|(what, _)| what.ends_with("/create"))
        .map(|(_, body)| body)
        .collect();
    assert_eq!(creates.len(), 2);
    assert_eq!(creates[0]["cron_expression"], "*/5 * * * *");
    assert_eq!(creates[0]["parameters"]["env"]["HOME"], "/home/joe");
    assert_eq!(creates[0]["mail"]["to"], "joe");
    assert_eq!(creates[0]["tags"][1], "crontab:joe");
    let previews = calls(&fake, "POST /api/scheduler/schedule/preview");
    assert_eq!(previews.len(), 2, "schedules are asked about before anything is created");
}

#[test]
fn a_dry_run_creates_nothing() {
    let fake = station(json!([]));
    let ran = import(&fake, &["--dry-run"], CRONTAB);
    insta::assert_snapshot!(ran.screen());
    let json = import(&fake, &["--dry-run", "--json", "--name", "mine"], CRONTAB).ok();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["dry_run"], &json["created"][0]["job_id"]), (&json!(true), &Value::Null));
    assert_eq!(calls(&fake, "POST /api/scheduler/jobs"), [""; 0]);
}

#[test]
fn nothing_is_imported_when_something_cannot_be() {
    let fake = station(json!([]));
    let bad = format!("{CRONTAB}@fortnightly start\n5 5 * * * echo five\n61 * * * * x\n");
    let ran = import(&fake, &[], &bad);
    assert_eq!(ran.status, 2);
    insta::assert_snapshot!(ran.screen());
    assert_eq!(calls(&fake, "POST /api/scheduler/jobs"), [""; 0]);
    let ran = import(&fake, &["--skip-refused"], &bad);
    assert_eq!(ran.status, 0);
    insta::assert_snapshot!(ran.screen());
    assert_eq!(calls(&fake, "POST /api/scheduler/jobs").len(), 2);
}

#[test]
fn what_is_there_already_is_left_alone() {
    let fake = station(json!([]));
    import(&fake, &[], CRONTAB);
    let tags = fake
        .requests()
        .iter()
        .find_map(|(what, body)| what.ends_with("/create").then(|| body["tags"].clone()));
    let again = station(json!([{"job_id": "12", "status": "pending", "tags": tags}]));
    let ran = import(&again, &[], CRONTAB);
    insta::assert_snapshot!(ran.screen());
    assert_eq!(calls(&again, "POST /api/scheduler/jobs").len(), 1);
}

#[test]
fn when_the_station_refuses_one_the_others_go_again() {
    let fake = station(json!([]));
    let ran = import(&fake, &[], "@daily first\n@daily full\n@daily third\n");
    assert_eq!(ran.status, 5);
    insta::assert_snapshot!(ran.screen());
    assert_eq!(calls(&fake, "DELETE"), ["DELETE /api/scheduler/jobs/42?history=delete"]);
}

#[test]
fn no_line_runs_as_another_user() {
    let fake = station(json!([]));
    let uid = std::fs::metadata(fake.path()).unwrap().uid();
    let system = "@daily joe true\n@daily ann true\n@daily bob true\n";
    let ran = import(&fake, &["--system", "--skip-refused"], system);
    assert_eq!(ran.status, 0, "{}", ran.screen());
    assert!(ran.err.contains("line 3: @daily true: its user 'bob' is not known"), "{}", ran.err);
    let bodies: Vec<_> = fake.requests().into_iter().map(|request| request.1).collect();
    let argv = |body: &Value| body["parameters"]["argv"].clone();
    let argvs: Vec<_> = bodies.iter().map(argv).filter(|argv| !argv.is_null()).collect();
    assert_eq!(argvs[0], json!(["/bin/sh", "-c", "true"]));
    if uid == 0 {
        // The station is root's, so it becomes the user.
        assert_eq!(argvs[1][1], "--reuid=4242");
    } else {
        assert_eq!(argvs.len(), 1);
        assert!(ran.err.contains("starts nothing as another user"), "{}", ran.err);
    }
    // A crontab that is said to be somebody's is so in all its lines.
    let ran = import(&fake, &["--user", "bob"], "@daily true\n");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("its user 'bob' is not known"), "{}", ran.err);
}

#[test]
fn sources_that_make_no_sense_are_refused() {
    let fake = station(json!([]));
    for (args, word) in [
        (&["import"][..], "Usage"),
        (&["import", "crontab"], "FILE"),
        (&["import", "crontab", "/nonexistent/crontab"], "cannot be read"),
        (&["import", "crontab", "-", "--tz", "Mars/Olympus"], "not a time zone"),
        (&["import", "crontab", "-", "--system", "--user", "joe"], "cannot be used with"),
        (&["import", "at-station", "/nonexistent/jobs.db"], "cannot be read"),
        (&["import", "lablink", "/"], "is a directory"),
        (&["simulate"], "Usage"),
        (&["simulate", "schedule", "--from", "nwo"], "nwo"),
        (&["simulate", "schedule", "--top", "0"], "1..=1000"),
    ] {
        let ran = fake.run(&[&["station"], args].concat());
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.screen());
        assert!(ran.err.contains(word), "{args:?}: {}", ran.screen());
    }
    assert_eq!(fake.requests(), []);
}

#[test]
fn the_report_of_a_simulation() {
    let simulation = json!({
        "from": "2027-01-01T00:00:00+00:00", "to": "2028-01-01T00:00:00+00:00",
        "until": "2027-06-01T00:00:00+00:00", "complete": false, "firings": 12, "paused_jobs": 1,
        "jobs": [
            {"job_id": "1", "name": "a", "firings": 2, "first": "2027-01-01T00:00:00+00:00",
             "last": "2027-01-02T00:00:00+00:00"},
            {"job_id": "2", "name": "b\u{1b}[2J", "firings": 10,
             "first": "2027-01-01T00:00:00+00:00", "last": "2027-03-01T00:00:00+00:00"},
            {"job_id": "3", "name": "never", "firings": 0, "first": null, "last": null},
        ],
        "busiest_minutes": [{"minute": "2027-01-01T00:00:00+00:00", "firings": 2}],
        "load": [{"firings": 0, "minutes": 1000}, {"firings": 1, "minutes": 5},
                 {"firings": 2, "minutes": 3}, {"firings": 3, "minutes": 1}],
        "shared": [
            {"name": "local", "jobs": 3, "firings": 12, "collisions": 4,
             "first_collision": "2027-01-01T00:00:00+00:00",
             "pairs": [{"job_id": "1", "with": "2", "times": 3},
                       {"job_id": "1", "with": "1", "times": 1}]},
            {"name": "psu_1", "jobs": 1, "firings": 1, "collisions": 0, "first_collision": null,
             "pairs": []},
        ],
        "clock_changes": [
            {"at": "2027-03-28T01:00:00+00:00", "timezone": "Europe/Berlin", "offset_before": "+01",
             "offset_after": "+02", "skipped": 4, "moved": 1, "doubled": 0,
             "jobs": [{"job_id": "1", "name": "a", "skipped": 4, "moved": 0, "doubled": 0},
                      {"job_id": "2", "name": "b", "skipped": 0, "moved": 1, "doubled": 0},
                      {"job_id": "3", "name": "c", "skipped": 0, "moved": 0, "doubled": 1}]},
            {"at": "2027-10-31T01:00:00+00:00", "timezone": "Europe/Berlin", "offset_before": "+02",
             "offset_after": "+01", "skipped": 0, "moved": 0, "doubled": 0, "jobs": []},
        ],
        "unforeseen": [{"job_id": "9", "reason": "no such zone"}],
    });
    let answer = json!({"success": true, "simulation": simulation});
    let fake = Fake::new(move |_, _| Reply::Json(200, answer.clone()));
    let args = ["station", "simulate", "schedule", "--from", "2027-01-01T00:00:00Z", "--top", "2"];
    insta::assert_snapshot!(fake.run(&args).screen());
    let expected = "GET /api/scheduler/simulate?top=2&from=2027-01-01T00%3A00%3A00Z";
    assert_eq!(calls(&fake, "GET"), [expected]);
    // A date alone counts whole, at either end.
    let days = ["--json", "--from", "2027-03-27", "--to", "2027-03-30"];
    fake.run(&[&["station", "simulate", "schedule"][..], &days].concat()).ok();
    let expected = "GET /api/scheduler/simulate?top=10&from=2027-03-26T23%3A00%3A00Z\
                    &to=2027-03-30T22%3A59%3A59.999999Z";
    assert!(calls(&fake, expected).len() == 1, "{:?}", calls(&fake, "GET"));
    let json = fake.run(&["station", "simulate", "schedule", "--json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["firings"], 12);
}

#[test]
fn lablinks_jobs_with_equipment_come_where_it_is_registered() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scheduler.db");
    let store = rusqlite::Connection::open(&file).unwrap();
    store
        .execute_batch(
            "CREATE TABLE scheduled_jobs (job_id, name, schedule_type, equipment_id, profile_id,
                                          trigger_type, interval_hours, parameters);
             INSERT INTO scheduled_jobs VALUES
                 ('1', 'here', 'measurement', 'psu_1', NULL, 'interval', 1,
                  '{\"command\": \"get_voltage\"}'),
                 ('2', 'unknown verb', 'command', 'psu_1', NULL, 'interval', 1,
                  '{\"command\": \"jump\"}'),
                 ('3', 'elsewhere', 'state_capture', 'psu_2', NULL, 'interval', 1, NULL),
                 ('4', 'other profile', 'state_capture', 'psu_1', 'fast', 'interval', 1, NULL)",
        )
        .unwrap();
    drop(store);
    let fake = Fake::new(|what, body| match what {
        "GET /api/equipment/list" => Reply::Json(200, json!([{"id": "psu_1"}, {"id": "dmm"}])),
        "GET /api/profiles/list" => {
            Reply::Json(200, json!({"profiles": [{"name": "safe"}], "count": 1}))
        }
        _ if what.starts_with("GET /api/scheduler/jobs?tag=") => {
            Reply::Json(200, json!({"jobs": [], "next_cursor": null}))
        }
        _ if what.ends_with("/preview") => Reply::Json(200, json!({"success": true, "fires": []})),
        _ if body["parameters"]["command"] == "jump" => refusal(400, "psu_1: no verb 'jump'"),
        _ => Reply::Json(200, json!({"job_id": "42", "next_run": null, "note": null})),
    });
    let path = file.to_str().unwrap();
    let ran = fake.run(&["station", "import", "lablink", path, "--skip-refused", "--tz", "UTC"]);
    assert_eq!(ran.status, 0, "{}", ran.screen());
    insta::assert_snapshot!(ran.screen());
    let all = fake.run(&["station", "import", "lablink", path, "--tz", "UTC"]);
    assert_eq!(all.status, 2, "{}", all.screen());
    assert!(all.err.contains("job 3: elsewhere: it works on the equipment 'psu_2'"), "{}", all.err);
}
