//! Sequences: checked and laid out here, run and scheduled by the station.

use serde_json::{Value, json};

use crate::support::{Fake, Line, Ran, Reply, created, execution, job, refusal};

const RAMP: &str = r#"
tick_ms = 20

[[step]]
at = "0s"
verb = "set_output"
parameters = { enabled = true }

[[step]]
at = "50ms"
verb = "set_voltage"
ramp = { parameter = "voltage", from = 0, to = 5, count = 3, every = "40ms" }

[[step]]
at = "1s"
equipment = "dmm"
verb = "get_voltage"

[[step]]
at = "1.5s"
run = "echo done"
timeout = "10s"

[[on_release]]
verb = "set_output"
parameters = { enabled = false }
"#;

fn nobody() -> Fake {
    Fake::new(|_, _| refusal(500, "nothing should be asked"))
}

fn with_text(fake: &Fake, text: &str, args: &[&str]) -> Ran {
    Line::new(&[&["station", "sequence"], args].concat()).stdin(text).run(fake.path())
}

#[test]
fn a_dry_run_tells_when_each_step_is_due() {
    let fake = nobody();
    let timeline = with_text(&fake, RAMP, &["run", "-", "--equipment", "psu", "--dry-run"]);
    let check = with_text(&fake, RAMP, &["check", "-", "--equipment", "psu"]);
    assert_eq!((timeline.status, check.status), (0, 0), "{timeline:?} {check:?}");
    insta::assert_snapshot!([timeline, check].map(|ran| ran.screen()).join("\n"));
    let args = ["run", "-", "--equipment", "psu", "--dry-run", "--json"];
    let told: Value = serde_json::from_str(&with_text(&fake, RAMP, &args).ok()).unwrap();
    assert_eq!((&told["steps"], &told["equipment"]), (&json!(6), &json!(["dmm", "psu"])));
    let ramp = &told["timeline"][1];
    assert_eq!((&ramp["at"], &ramp["asked"]), (&json!(0.06), &json!(0.05)));
    assert_eq!(fake.requests(), []);
}

#[test]
fn mistakes_in_a_file_are_told_with_their_lines() {
    let fake = nobody();
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent.toml");
    let mut screens = String::new();
    for (text, args) in [
        ("", &["check", "-"][..]),
        (
            "[[step]]\nat = \"0s\"\nvreb = \"clear\"\n\n[[step]]\nat = \"x\"\nverb = \"clear\"\n",
            &["run", "-"],
        ),
        ("[[step]\n", &["check", "-"]),
        (RAMP, &["check", "-"]),
        (
            "[[step]]\nat = 0\nequipment = \"psu\"\nverb = \"clear\"\n",
            &["run", "-", "--equipment", "x"],
        ),
        (RAMP, &["schedule", "-", "--equipment", "psu"]),
        (RAMP, &["schedule", "-", "--at", "noon", "--every", "1h"]),
    ] {
        let ran = with_text(&fake, text, args);
        assert_eq!(ran.status, 2, "{args:?} {ran:?}");
        screens.push_str(&ran.screen());
    }
    insta::assert_snapshot!(screens);
    let ran = with_text(&fake, "", &["check", absent.to_str().unwrap()]);
    assert!(ran.status == 2 && ran.err.contains("cannot be read"), "{ran:?}");
    assert_eq!(fake.requests(), []);
}

fn running(status: &'static str) -> impl Fn(&str, &Value) -> Reply + Send + Sync + 'static {
    move |what, _| match what {
        "POST /api/scheduler/jobs/create" => created(),
        _ if what.contains("/output?follow=") => {
            let time = "2027-01-31T09:22:42.000123Z";
            let sent = json!({"execution_id": "42.1", "attempt": 1, "stream": "stdout",
                "time": time, "text": "psu < OUTP ON\n"});
            let mut ended = execution("42.1", status);
            ended["error"] =
                json!(if status == "failed" { Some("step 2: psu: no answer") } else { None });
            ended["exit_code"] = Value::Null;
            ended["result"] = json!({
                "steps": 4, "planned": 6, "readings": [{"step": "3", "at": 1.0, "value": 5.0}],
                "jitter": {"p50_us": 40, "p99_us": 310, "max_us": 1250},
            });
            let end = json!({"execution_id": "42.1", "status": status, "execution": ended,
                "job": job("42", status, "x")});
            Reply::Events(vec![("output", sent), ("end", end)])
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_run_is_followed_and_tells_how_late_its_steps_were() {
    let args = ["run", "-", "--equipment", "psu", "--name", "soak", "--profile", "fast"];
    let good = Fake::new(running("completed"));
    let ran = with_text(&good, RAMP, &args);
    let body = good.body();
    assert_eq!(body["parameters"], json!({ "toml": RAMP }));
    for (field, value) in [
        ("schedule_type", json!("sequence")),
        ("name", json!("soak")),
        ("equipment_id", json!("psu")),
        ("profile_id", json!("fast")),
        ("when", json!("now")),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    let failed = with_text(&Fake::new(running("failed")), RAMP, &args);
    assert_eq!((ran.status, failed.status), (0, 1));
    insta::assert_snapshot!([ran, failed].map(|ran| ran.screen()).join("\n"));
    let json =
        with_text(&Fake::new(running("completed")), RAMP, &[&args[..], &["--json"]].concat());
    let events = json.ok();
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(last["execution"]["result"]["jitter"]["p99_us"], 310, "{events}");
}

#[test]
fn a_sequence_is_scheduled_like_any_job() {
    let order = |args: &[&str]| {
        let fake = Fake::new(|_, _| created());
        let ran =
            with_text(&fake, RAMP, &[&["schedule", "-", "--equipment", "psu"], args].concat());
        (fake.body(), ran)
    };
    let (once, ran) = order(&["--at", "noon tomorrow", "--tag", "soak", "--tz", "UTC"]);
    assert_eq!(ran.ok(), "job 42 at 2027-01-31 10:22:42 +01:00\n");
    assert_eq!(
        (&once["when"], &once["conflict_policy"]),
        (&json!("noon tomorrow"), &json!("queue"))
    );
    assert_eq!((&once["tags"], &once["timezone"]), (&json!(["soak"]), &json!("UTC")));
    let (often, ran) = order(&["--every", "6h", "--alarm", "--paused", "--json"]);
    assert_eq!(
        (&often["trigger_type"], &often["interval_seconds"]),
        (&json!("interval"), &json!(21600))
    );
    assert_eq!((&often["on_failure_alarm"], &often["enabled"]), (&json!(true), &json!(false)));
    assert!(ran.ok().contains("\"job_id\":\"42\""));
    let (cron, ran) = order(&["--cron", "0 3 * * *"]);
    assert_eq!((&cron["cron_expression"], ran.status), (&json!("0 3 * * *"), 0));
}
