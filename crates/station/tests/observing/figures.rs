//! History, statistics, running jobs, filters, pruning, why, and metrics.

use serde_json::json;
use station_core::model::ExecutionStatus;

use super::site::Site;

#[test]
fn figures_follow_what_has_happened() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    let good = site.job("echo fine", json!({}));
    assert_eq!(site.ended(&mut events), ExecutionStatus::Completed);
    let bad = site.job("echo no >&2; exit 3", json!({ "retries": 0 }));
    assert_eq!(site.ended(&mut events), ExecutionStatus::Failed);
    let daily = site.post(
        "/api/scheduler/jobs/create",
        json!({
            "name": "later", "schedule_type": "script", "trigger_type": "daily",
            "time_of_day": "03:00", "parameters": { "command": "true" },
        }),
    );
    let daily = daily["job_id"].as_str().unwrap().to_owned();

    let history = &site.get(&format!("/api/scheduler/jobs/{good}/history"))["history"];
    assert_eq!(history["job_name"], "sample");
    assert_eq!(history["total_executions"], 1);
    assert_eq!(history["successful"], 1);
    assert_eq!(history["failed"], 0);
    assert_eq!(history["last_status"], "completed");
    assert!(history["average_duration"].as_f64().unwrap() < 60.0);
    assert!(history["last_execution"].is_string());
    assert!(history["next_run"].is_null());
    let none = &site.get(&format!("/api/scheduler/jobs/{daily}/history"))["history"];
    assert_eq!(none["total_executions"], 0);
    assert!(none["average_duration"].is_null());
    assert!(none["next_run"].is_string());
    assert_eq!(site.ask("GET", "/api/scheduler/jobs/99/history", None).0, 404);

    let statistics = &site.get("/api/scheduler/statistics")["statistics"];
    assert_eq!(statistics["total_jobs"], 3);
    assert_eq!(statistics["active_jobs"], 1);
    assert_eq!(statistics["ended_jobs"], 2);
    assert_eq!(statistics["by_type"], json!({ "script": 3 }));
    assert_eq!(statistics["upcoming_jobs"][0]["job_id"], daily);
    assert_eq!(statistics["upcoming_jobs"].as_array().unwrap().len(), 1);

    let failed = site.get("/api/scheduler/executions?status=failed&cause=scheduled");
    assert_eq!(failed["count"], 1);
    let execution = &failed["executions"][0];
    assert_eq!(execution["job_id"], bad);
    assert_eq!(execution["trigger_info"]["type"], "date");
    assert_eq!(execution["trigger_info"]["cause"], "scheduled");
    assert_eq!(execution["trigger_info"]["firings"], 1);
    assert_eq!(execution["trigger_info"]["attempt"], 1);
    assert_eq!(site.get("/api/scheduler/executions?cause=manual")["count"], 0);
    let (status, wrong) = site.ask("GET", "/api/scheduler/executions?cause=luck", None);
    assert_eq!((status, &wrong["detail"][0]["type"]), (422, &json!("enum")));
    assert_eq!(site.get(&format!("/api/scheduler/executions?job_id={good}"))["count"], 1);
    let shown = site.get(&format!("/api/scheduler/executions/{good}.1"));
    assert_eq!(shown["execution"]["output"], "fine\n");
    assert_eq!(shown["execution"]["result"], json!({ "exit_code": 0 }));
    assert_eq!(site.get("/api/scheduler/running")["running_jobs"], json!([]));
}

#[test]
fn running_jobs_are_named() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    let job = site.job("sleep 600", json!({}));
    while !matches!(
        site.block(events.recv()).unwrap().what,
        station::runtime::Happening::Started(_)
    ) {}
    let running = site.get("/api/scheduler/running");
    assert_eq!(running["running_jobs"], json!([job]));
    let answer = site.get(&format!("/api/scheduler/jobs/{job}/why"));
    assert!(answer["answer"].as_str().unwrap().contains("is running"), "{answer}");
    assert_eq!(answer["ledger"]["ran"], 1);
}

#[test]
fn history_is_pruned_on_request() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    let job = site.job("true", json!({}));
    site.ended(&mut events);
    let kept = site.post("/api/scheduler/history/prune", json!({ "days": 1 }));
    assert_eq!(kept["deleted"], 0);
    let gone = site.post("/api/scheduler/history/prune", json!({ "days": 0 }));
    assert_eq!(gone, json!({ "success": true, "deleted": 1 }));
    assert_eq!(site.get("/api/scheduler/executions")["count"], 0);
    let answer = site.get(&format!("/api/scheduler/jobs/{job}/why"));
    assert_eq!(answer["ledger"]["removed"], 1);
    assert_eq!(answer["ledger"]["planned"], 1);
    assert_eq!(site.ask("POST", "/api/scheduler/history/prune", Some(json!({}))).0, 422);
}

#[test]
fn why_answers_in_sentences() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    let failing = site.job("exit 3", json!({ "retries": 0 }));
    site.ended(&mut events);
    let said = |path: String| site.get(&path)["answer"].as_str().unwrap().to_owned();
    let failed = said(format!("/api/scheduler/jobs/{failing}/why"));
    assert!(failed.starts_with(&format!("Execution {failing}.1, planned for ")), "{failed}");
    assert!(failed.contains(" and failed at "), "{failed}");
    assert!(failed.contains("It was to fire once"), "{failed}");
    let recurring = json!({
        "name": "weekdays", "schedule_type": "script", "trigger_type": "cron",
        "cron_expression": "0 9 * * 1-5", "timezone": "Europe/Berlin",
        "start_date": "2099-06-01T00:00:00", "end_date": "2099-12-31T00:00:00",
        "exclude": ["2099-06-10"], "parameters": { "command": "true" },
    });
    let created = site.post("/api/scheduler/jobs/create", recurring);
    let job = created["job_id"].as_str().unwrap().to_owned();
    let why = |at: &str| said(format!("/api/scheduler/jobs/{job}/why?at={at}"));
    let table = [
        ("1999-01-01T09:00:00", "the job did not exist"),
        ("2099-05-29T09:00:00", "lies outside its window, which begins at 2099-06-01T00:00:00"),
        ("2100-01-04T09:00:00", "lies outside its window, which ended at 2099-12-31T00:00:00"),
        ("2099-06-10T09:00:00", "is excluded from the schedule. It fires at 2099-06-11T09:00:00"),
        ("2099-06-13T09:00:00", "The schedule does not fire at 2099-06-13T09:00:00"),
        ("2099-06-11T09:00:00", "has not come yet; the schedule fires then."),
    ];
    for (at, part) in table {
        let answer = why(at);
        assert!(answer.contains(part), "{at}: {answer}");
    }
    let next = said(format!("/api/scheduler/jobs/{job}/why"));
    assert!(next.starts_with("The job has not run yet. It fires next at 2099-06-01T09"), "{next}");
    site.post(&format!("/api/scheduler/jobs/{job}/pause"), json!({}));
    let paused = said(format!("/api/scheduler/jobs/{job}/why"));
    assert!(paused.contains("The job is paused"), "{paused}");
    assert_eq!(site.ask("GET", "/api/scheduler/jobs/99/why", None).0, 404);
    let wrong = format!("/api/scheduler/jobs/{job}/why?at=yesterday");
    assert_eq!(site.ask("GET", &wrong, None).0, 422);
}

#[test]
fn metrics_count_what_happens() {
    let site = Site::new();
    let mut events = site.station.handle.listen().unwrap();
    site.job("exit 1", json!({ "retries": 0 }));
    site.ended(&mut events);
    site.get("/health");
    assert_eq!(site.ask("GET", "/nowhere/at/all", None).0, 404);
    let text = site.block(async {
        use tower::ServiceExt;
        let request = axum::http::Request::get("/metrics").body(axum::body::Body::empty()).unwrap();
        let router = station::exporter::router(site.station.handle.clone());
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], station::metrics::CONTENT_TYPE);
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
    });
    let text = String::from_utf8(text.to_vec()).unwrap();
    for line in [
        "station_jobs{state=\"done\"} 1",
        "station_executions_total{status=\"failed\"} 1",
        "station_executions_total{status=\"completed\"} 0",
        "station_due_lateness_seconds_count 1",
        "station_store_works 1",
        "station_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 1",
        "station_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn a_job_that_is_deleted_with_its_history_takes_no_output_of_others_along() {
    let site = Site::with("[limits]\noutput_bytes = 100000\n");
    let mut events = site.station.handle.listen().unwrap();
    let mut run = || {
        let job = site.job("head -c 60000 /dev/zero | tr '\\0' x", json!({}));
        assert_eq!(site.ended(&mut events), ExecutionStatus::Completed);
        job
    };
    for _ in 0..3 {
        // What is gone does not count any more.
        let job = run();
        let path = format!("/api/scheduler/jobs/{job}?history=delete");
        assert_eq!(site.ask("DELETE", &path, None).0, 200);
    }
    let job = run();
    site.job("true", json!({}));
    assert_eq!(site.ended(&mut events), ExecutionStatus::Completed);
    let kept = site.get(&format!("/api/scheduler/executions/{job}.1"));
    assert_eq!(kept["execution"]["output"].as_str().unwrap().len(), 60_000);
    assert_eq!(site.get("/api/scheduler/executions")["count"], 2);
}
