//! The jobs of the HTTP API through the router: created, listed, changed, paused, run, deleted.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a fault"
)]

mod changes;
mod instruments;
mod roles;
#[path = "../router/mod.rs"]
mod router;

use axum::body::Bytes;
use router::Site;
use serde_json::{Value, json};

const JOBS: &str = "/api/scheduler/jobs";

fn daily() -> Value {
    json!({
        "name": "daily", "schedule_type": "script", "trigger_type": "daily",
        "time_of_day": "03:00", "timezone": "Europe/Berlin", "tags": ["a"],
        "parameters": { "command": "true", "cwd": "/", "env": { "A": "1" } },
    })
}

fn with(body: &Value, changes: &Value) -> Value {
    let mut body = body.clone();
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

fn create(site: &Site, body: &Value) -> String {
    let (status, told) = site.ask("POST", "/api/scheduler/jobs/create", body);
    assert_eq!(status, 200, "{told}");
    told["job_id"].as_str().unwrap().to_owned()
}

fn job(site: &Site, id: &str) -> Value {
    let (status, told) = site.get(&format!("{JOBS}/{id}"));
    assert_eq!((status, &told["success"]), (200, &json!(true)), "{told}");
    told["job"].clone()
}

fn listed(site: &Site, query: &str) -> Vec<String> {
    let (status, told) = site.get(&format!("{JOBS}{query}"));
    assert_eq!(status, 200, "{told}");
    let jobs = told["jobs"].as_array().unwrap();
    assert_eq!(told["count"], jobs.len());
    jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect()
}

fn done(message: &str) -> (u16, Value) {
    (200, json!({ "success": true, "message": message }))
}

fn missing(id: &str) -> (u16, Value) {
    (404, json!({ "detail": format!("Job {id} not found") }))
}

#[test]
fn a_job_is_paused_resumed_and_deleted() {
    let site = Site::new();
    let id = create(&site, &daily());
    let path = |end: &str| format!("{JOBS}/{id}{end}");
    let post = |end: &str| site.ask("POST", &path(end), &Value::Null);
    let next = job(&site, &id)["next_run"].clone();
    assert!(next.is_string());
    for _ in 0..2 {
        assert_eq!(post("/pause"), done("Job paused"));
        let paused = job(&site, &id);
        assert_eq!((&paused["enabled"], &paused["next_run"]), (&json!(false), &Value::Null));
        assert_eq!(listed(&site, "?enabled=true"), [""; 0]);
        assert_eq!(listed(&site, "?enabled=false"), [id.as_str()]);
    }
    // What a paused job would do can still be asked.
    let (_, fires) = site.get(&path("/fires?n=1"));
    assert_eq!(fires["fires"], json!([next]));
    for _ in 0..2 {
        assert_eq!(post("/resume"), done("Job resumed"));
        assert_eq!(job(&site, &id)["next_run"], next);
    }
    assert_eq!(listed(&site, "?enabled=true"), [id.as_str()]);
    assert_eq!(site.ask("DELETE", &path(""), &Value::Null), done("Job deleted successfully"));
    assert_eq!(listed(&site, ""), [""; 0]);
    for (method, end) in [
        ("GET", ""),
        ("GET", "/fires"),
        ("GET", "/explain"),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/run"),
        ("POST", "/cancel"),
    ] {
        let body = if method == "PUT" { daily() } else { json!({}) };
        assert_eq!(site.ask(method, &path(end), &body), missing(&id), "{method} {end}");
    }
    assert_eq!(site.get(&format!("{JOBS}/x")).1, json!({ "detail": "Job 'x' not found" }));
}

#[test]
fn a_job_created_paused_fires_not_but_runs_when_told() {
    let site = Site::new();
    let body = with(&daily(), &json!({ "enabled": false }));
    let (_, told) = site.ask("POST", "/api/scheduler/jobs/create", &body);
    assert_eq!((&told["next_run"], &told["job"]["enabled"]), (&Value::Null, &json!(false)));
    let id = told["job_id"].as_str().unwrap();
    let (status, told) = site.ask("POST", &format!("{JOBS}/{id}/run"), &Value::Null);
    assert_eq!((status, &told["message"]), (200, &json!("Job triggered")), "{told}");
    assert_eq!(told["execution_id"], format!("{id}.1"));
    assert_eq!(job(&site, id)["enabled"], false);
    let path = format!("{JOBS}/{id}?history=keep");
    assert_eq!(site.ask("DELETE", &path, &Value::Null), done("Job deleted successfully"));
    let (status, told) = site.get(&format!("/api/scheduler/executions/{id}.1"));
    assert_eq!((status, &told["execution"]["job_id"]), (200, &json!(id)), "{told}");
}

#[test]
fn the_history_goes_with_the_job_when_asked() {
    let site = Site::new();
    let id = create(&site, &with(&daily(), &json!({ "enabled": false })));
    let path = format!("{JOBS}/{id}");
    let (status, told) = site.ask("DELETE", &format!("{path}?history=all"), &Value::Null);
    assert_eq!((status, &told["detail"][0]["loc"]), (422, &json!(["query", "history"])));
    let gone = site.ask("DELETE", &format!("{path}?history=delete"), &Value::Null);
    assert_eq!(gone, done("Job deleted successfully"));
    assert_eq!(site.get(&path), missing(&id));
    // Its number is not given again.
    assert_ne!(create(&site, &daily()), id);
}

#[test]
fn a_refused_request_leaves_nothing_behind() {
    let site = Site::new();
    let id = create(&site, &daily());
    let before = job(&site, &id);
    let path = format!("{JOBS}/{id}");
    let large = json!({ "description": "x".repeat(10 << 20) });
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    for (changes, expected) in [
        (json!({ "nmae": "x" }), 400),
        (json!({ "timezone": "Europe/Berln" }), 400),
        (json!({ "start_date": "2029-01-01", "end_date": "2028-01-01" }), 400),
        (
            json!({ "trigger_type": "cron", "time_of_day": null, "cron_expression": "0 0 30 2 *" }),
            400,
        ),
        (json!({ "equipment_id": "psu" }), 400),
        (json!({ "retries": -1 }), 422),
        (json!({ "time_of_day": null }), 422),
        (large, 413),
    ] {
        for (method, path) in [("PATCH", path.as_str()), ("POST", "/api/scheduler/jobs/create")] {
            let body = if method == "POST" { with(&daily(), &changes) } else { changes.clone() };
            let (status, told) = site.ask(method, path, &body);
            assert_eq!(status, expected, "{method} {told}");
            assert!(!told["detail"].is_null(), "{told}");
        }
    }
    for (body, expected) in [
        (deep(100_000), 422),
        (format!("{{\"parameters\":{}}}", deep(100_000)), 422),
        ("{\"retries\":NaN}".to_owned(), 422),
        (String::new(), 422),
    ] {
        for (method, path) in [
            ("PATCH", path.as_str()),
            ("PUT", path.as_str()),
            ("POST", "/api/scheduler/jobs/create"),
            ("POST", "/api/scheduler/schedule/preview"),
        ] {
            let body = Bytes::from(body.clone());
            let (status, told) = site.ask_as(&router::local(), method, path, body);
            assert_eq!(status, expected, "{method} {path} {told}");
            assert_eq!(told["detail"][0]["loc"][0], "body");
        }
    }
    assert_eq!(listed(&site, ""), [id.as_str()]);
    assert_eq!(job(&site, &id), before);
}

#[test]
fn lists_are_filtered_and_paged_and_never_stale() {
    let site = Site::new();
    let mut ids = Vec::new();
    for n in 0..5 {
        let tags = if n % 2 == 0 { json!(["even"]) } else { json!([]) };
        let body = with(&daily(), &json!({ "tags": tags, "enabled": n != 3 }));
        assert_eq!(listed(&site, "?order=id"), ids);
        ids.push(create(&site, &body));
    }
    assert_eq!(listed(&site, "?order=id"), ids);
    assert_eq!(listed(&site, "?order=id&tag=even"), [&*ids[0], &ids[2], &ids[4]]);
    assert_eq!(listed(&site, "?enabled=false"), [ids[3].as_str()]);
    assert_eq!(listed(&site, "?enabled=true&tag=even&order=id&limit=1"), [ids[0].as_str()]);
    let mut seen = Vec::new();
    let mut query = "?order=id&limit=2".to_owned();
    loop {
        let (_, page) = site.get(&format!("{JOBS}{query}"));
        seen.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?order=id&limit=2&cursor={cursor}");
    }
    assert_eq!(json!(seen), json!(ids));
    for (query, field) in [("?enabled=maybe", "enabled"), ("?limit=0", "limit")] {
        let (status, told) = site.get(&format!("{JOBS}{query}"));
        assert_eq!((status, &told["detail"][0]["loc"][1]), (422, &json!(field)), "{told}");
    }
}

#[test]
fn schedules_are_explained() {
    let site = Site::new();
    let body = with(&daily(), &json!({ "time_of_day": "02:30", "max_executions": 3 }));
    let id = create(&site, &body);
    let from = "from=2027-03-27T00:00:00%2B01:00";
    let fires = json!([
        "2027-03-27T02:30:00.000000+01:00",
        "2027-03-28T03:00:00.000000+02:00",
        "2027-03-29T02:30:00.000000+02:00",
    ]);
    let (_, told) = site.get(&format!("{JOBS}/{id}/fires?{from}"));
    assert_eq!(told, json!({ "success": true, "fires": fires }));
    // An offset's + that was not escaped is understood all the same.
    let (_, told) = site.get(&format!("{JOBS}/{id}/fires?n=1&from=2027-03-27T00:00:00+01:00"));
    assert_eq!(told["fires"], json!([fires[0]]));
    for (method, path) in [
        ("GET", format!("{JOBS}/{id}/explain?{from}&n=2")),
        ("POST", format!("/api/scheduler/schedule/preview?{from}&n=2")),
    ] {
        let (status, told) = site.ask(method, &path, &body);
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["fires"], json!([fires[0], fires[1]]));
        assert!(told["description"].as_str().unwrap().contains("02:30"), "{told}");
        let changes = told["clock_changes"].as_array().unwrap();
        assert!(changes[0].as_str().unwrap().contains("2027-03-28"), "{told}");
        assert_eq!(changes.len(), 2);
    }
    for (query, field) in [("n=0", "n"), ("n=1001", "n"), ("from=soon", "from")] {
        let (status, told) = site.get(&format!("{JOBS}/{id}/fires?{query}"));
        assert_eq!((status, &told["detail"][0]["loc"]), (422, &json!(["query", field])), "{told}");
    }
    let path = format!("{JOBS}/{id}/cancel");
    assert_eq!(site.ask("POST", &path, &Value::Null).0, 200);
    assert_eq!(site.get(&format!("{JOBS}/{id}/fires")).1["fires"], json!([]));
}
