//! Called as at, atq, atrm or batch.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, created, job, refusal};

fn sent(args: &[&str], stdin: &str) -> (String, Value) {
    let fake = Fake::new(|_, _| created());
    let ran = Line::new(args).stdin(stdin).run(fake.path());
    assert_eq!((ran.status, ran.out.as_str()), (0, ""), "{}", ran.err);
    let mut body = fake.body();
    body["parameters"].as_object_mut().unwrap().remove("env");
    (ran.err, body)
}

#[test]
fn a_job_is_taken_as_at_does() {
    let (err, body) = sent(&["/usr/bin/at", "-q", "c", "now", "+", "5", "minutes"], "echo hi\n");
    assert_eq!(
        err,
        "warning: commands will be executed using /bin/sh\njob 42 at Sun Jan 31 10:22:42 2027\n"
    );
    let expected = json!({
        "schedule_type": "script", "trigger_type": "date", "when": "now + 5 minutes",
        "conflict_policy": "queue", "when_mode": "posix", "queue": "c", "retries": 0, "timeout_seconds": null,
        "misfire_grace_time": "forever", "name": "echo hi", "mail": {"to": "0", "when": "output"},
        "parameters": {
            "argv": ["/bin/sh"], "stdin": "echo hi\n", "cwd": "/srv/place", "umask": "027",
            "env_clear": true, "nice": 6,
        },
    });
    assert_eq!(body, expected);
}

#[test]
fn options_reach_the_station() {
    let (_, body) = sent(&["at", "-mt", "202701311022", "-u", "joe"], "x");
    assert_eq!((&body["when"], &body["when_mode"]), (&json!("202701311022"), &json!("touch")));
    assert_eq!(body["mail"], json!({"to": "joe", "when": "always"}));
    let (_, body) = sent(&["at", "-M", "-q", "B", "now"], "x");
    assert_eq!((&body["mail"], &body["condition"]), (&Value::Null, &json!({"load_below": 1.5})));
    let (_, body) = sent(&["batch"], "x");
    assert_eq!((&body["when"], &body["queue"]), (&json!("now"), &json!("b")));
    assert_eq!(body["condition"], json!({"load_below": 1.5}));
    let (_, body) = sent(&["at", "-b", "-qe"], "x");
    assert_eq!((&body["queue"], &body["parameters"]["nice"]), (&json!("E"), &json!(10)));
    let (err, body) = sent(&["at", "14:30", "--", "backup.sh"], "");
    assert_eq!(body["parameters"]["command"], "backup.sh");
    assert!(err.starts_with("job 42 at "), "{err}");
    let (err, _) = sent(&["at", "-v", "now"], "x");
    assert_eq!(err.lines().count(), 3, "{err}");
    let big = "x".repeat(1_000_000);
    let (_, body) = sent(&["at", "now"], &big);
    assert_eq!(body["parameters"]["stdin"].as_str().map(str::len), Some(1_000_000));
}

#[test]
fn a_terminal_is_prompted() {
    let fake = Fake::new(|_, _| created());
    let mut line = Line::new(&["at", "2027-01-31T10:22:00Z"]).stdin("echo a\necho b\n");
    line.terminal = true;
    let ran = line.run(fake.path());
    insta::assert_snapshot!(ran.screen());
    assert_eq!(fake.body()["parameters"]["stdin"], "echo a\necho b\n");
    let mut wrong = Line::new(&["at", "nwo"]);
    wrong.terminal = true;
    let ran = wrong.run(fake.path());
    assert_eq!(ran.status, 1);
    assert!(!ran.err.contains("at> "), "{}", ran.err);
}

#[test]
fn errors_end_with_status_1() {
    let fake = Fake::new(|_, _| refusal(404, "Job 7 not found"));
    let atrm = fake.run(&["atrm", "7", "8"]);
    assert_eq!((atrm.status, atrm.err.as_str()), (1, "Cannot find jobid 7\nCannot find jobid 8\n"));
    let print = fake.run(&["at", "-c", "7"]);
    assert_eq!((print.status, print.err.as_str()), (1, "at: Cannot find jobid 7\n"));
    for line in [&["at"][..], &["at", "-x", "now"], &["atrm"], &["atrm", "x"], &["at", "now"]] {
        let ran = fake.run(line);
        assert_eq!(ran.status, 1, "{line:?}");
        assert!(ran.err.starts_with("at"), "{line:?}: {}", ran.err);
    }
    let version = fake.run(&["atq", "-V"]);
    assert_eq!((version.status, version.out.as_str()), (0, ""));
}

#[test]
fn queues_are_listed_and_emptied() {
    let fake = Fake::new(|what, _| {
        if what.contains("/cancel") {
            return Reply::Json(
                200,
                json!({"execution_id": if what.contains("/2/") { json!("2.1") } else { json!(null) }}),
            );
        }
        let mut c = job("3", "pending", "x");
        c["queue"] = json!("c");
        let jobs = json!([job("1", "pending", "x"), job("2", "running", "x"), c]);
        Reply::Json(200, json!({"jobs": jobs, "next_cursor": null}))
    });
    let all = "1\tSun Jan 31 10:22:42 2027 a joe\n2\tSun Jan 31 10:22:42 2027 = joe\n3\tSun Jan 31 10:22:42 2027 c joe\n";
    assert_eq!(fake.run(&["atq"]).ok(), all);
    assert_eq!(fake.run(&["at", "-l"]).ok(), all);
    assert_eq!(fake.run(&["atq", "-q", "c", "-o", "%F"]).ok(), "3\t2027-01-31 c joe\n");
    assert_eq!(fake.run(&["at", "-l", "2"]).ok(), "2\tSun Jan 31 10:22:42 2027 = joe\n");
    assert_eq!(fake.run(&["atq", "-o", "%"]).status, 1);
    assert_eq!(fake.run(&["at", "-d", "1"]).ok(), "");
    assert_eq!(fake.run(&["at", "-r", "2"]).err, "Warning: deleting running job\n");
}

#[test]
fn at_allow_and_at_deny_are_honoured() {
    let fake = Fake::new(|_, _| created());
    let etc = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(etc.path().join(name), text).unwrap();
    put("passwd", "root:x:0:0::/:/bin/sh\njoe:x:1000:1000::/:/bin/sh\n");
    let status = |uid: u32| {
        let mut line = Line::new(&["at", "now"]).stdin("x");
        line.uid = uid;
        line.etc = PathBuf::from(etc.path());
        line.run(fake.path()).status
    };
    assert_eq!((status(0), status(1000)), (0, 1), "neither file: root only");
    put("at.deny", "");
    assert_eq!((status(0), status(1000), status(1001)), (0, 0, 0), "an empty at.deny lets all in");
    put("at.deny", "joe\n");
    assert_eq!((status(0), status(1000), status(1001)), (0, 1, 0));
    put("at.allow", "joe\n");
    assert_eq!((status(0), status(1000), status(1001)), (0, 0, 1), "at.allow goes first");
}

#[test]
fn without_a_daemon_at_says_so() {
    let fake = Fake::inside(|_, _| created());
    let ran = Line::new(&["at", "now"]).stdin("x").run(fake.path());
    assert_eq!(ran.status, 0);
    assert!(ran.err.ends_with("start one with `station serve`\n"), "{}", ran.err);
}
