//! Every example of LabLink's guide, as a client would send it.
//!
//! `lablink/guide.json` has a row for each: the example as it stands in the guide (its comments left
//! out), what completes a fragment, what comes of it, and when it fires after a fixed instant.
//! Rows marked `instrument work` are of the equipment and the profiles that are registered here.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a fault"
)]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod router;

mod lablink;

use jiff::ToSpan;
use lablink::{Row, instant, instants, renewed, rows};
use router::Site;
use serde_json::{Value, json};
use station_core::model::EquipmentKind;

/// The present of the fixed instants; the guide's dates still lie ahead.
const NOW: &str = "2025-10-31T12:00:00Z";

#[test]
fn the_guide_has_no_example_that_is_not_here() {
    assert_eq!(rows().len(), 31);
}

#[test]
fn every_example_fires_when_it_says() {
    let site = Site::new();
    for Row { at, body, fires, .. } in rows() {
        let path = format!("/api/scheduler/schedule/preview?from={NOW}&n={}", fires.len());
        let (status, told) = site.ask("POST", &path, &body);
        assert_eq!(status, 200, "{at}: {told}");
        assert_eq!(instants(&told["fires"]), fires, "{at}");
        assert!(told["description"].as_str().unwrap().contains("Europe/Berlin"), "{at}: {told}");
    }
}

/// A station with all equipment and profiles that the guide names; `sensor_1` is a multimeter.
fn lab() -> Site {
    let site = Site::new();
    for (id, kind) in [
        ("power_supply_1", EquipmentKind::PowerSupply),
        ("oscilloscope_1", EquipmentKind::Oscilloscope),
        ("scope_1", EquipmentKind::Oscilloscope),
        ("multimeter_1", EquipmentKind::Multimeter),
        ("sensor_1", EquipmentKind::Multimeter),
        ("load_1", EquipmentKind::ElectronicLoad),
    ] {
        site.register(id, kind);
    }
    site.make_profile("high_resolution_profile", EquipmentKind::Oscilloscope);
    site.make_profile("high_res_1GS", EquipmentKind::Oscilloscope);
    site.make_profile("profile_name", EquipmentKind::PowerSupply);
    site
}

#[test]
fn every_example_becomes_a_job() {
    let site = lab();
    for Row { at, body, .. } in rows() {
        let body = renewed(&body);
        let (status, told) = site.ask("POST", "/api/scheduler/jobs/create", &body);
        assert_eq!(status, 200, "{at}: {told}");
        check_job(&site, &at, &body, &told);
        check_sent_again(&site, &at, told["job_id"].as_str().unwrap());
    }
    let (_, list) = site.get("/api/scheduler/jobs");
    assert_eq!(list["count"], 31);
}

#[test]
fn without_its_equipment_no_example_becomes_a_job() {
    let site = Site::new();
    for Row { at, body, answer, .. } in rows() {
        let (status, told) = site.ask("POST", "/api/scheduler/jobs/create", &renewed(&body));
        if answer == "runs" {
            assert_eq!(status, 200, "{at}: {told}");
            continue;
        }
        let id = body["equipment_id"].as_str().unwrap();
        let missing = json!({ "detail": format!("equipment '{id}' is not registered") });
        assert_eq!((status, told), (400, missing), "{at}");
    }
    // What was refused has left nothing behind.
    let (_, list) = site.get("/api/scheduler/jobs");
    assert_eq!(list["count"], rows().iter().filter(|row| row.answer == "runs").count());
}

/// A job can be sent as it was shown, and is the same then.
fn check_sent_again(site: &Site, at: &str, id: &str) {
    let path = format!("/api/scheduler/jobs/{id}");
    let job = || site.get(&path).1["job"].clone();
    let before = job();
    let (status, told) = site.ask("PUT", &path, &before);
    assert_eq!(status, 200, "{at}: {told}");
    let mut after = job();
    // An interval that begins anew is counted from now.
    if before["trigger_type"] == "interval" {
        for field in ["next_run", "planned_time"] {
            after[field] = before[field].clone();
        }
    }
    // What was asked for is now what was shown.
    if before["trigger_type"] == "date" {
        after["expression"] = before["expression"].clone();
    }
    assert_eq!(after, before, "{at}");
}

fn check_job(site: &Site, at: &str, body: &Value, told: &Value) {
    assert_eq!(told["success"], true);
    assert_eq!(told["message"], "Job created successfully");
    let id = told["job_id"].as_str().unwrap();
    let (_, shown) = site.get(&format!("/api/scheduler/jobs/{id}"));
    let job = &shown["job"];
    let is_instant = |field: &str| field.ends_with("_date");
    for (field, value) in body.as_object().unwrap() {
        match field.as_str() {
            "parameters" => {
                for (name, value) in value.as_object().unwrap() {
                    assert_eq!(&job[field][name], value, "{at}: {name}");
                }
            }
            "time_of_day" => {
                let given = value.as_str().unwrap();
                assert!(job[field].as_str().unwrap().starts_with(given), "{at}: {job}");
            }
            field if is_instant(field) => {
                let given: jiff::civil::DateTime = value.as_str().unwrap().parse().unwrap();
                let given = given.in_tz("Europe/Berlin").unwrap().timestamp();
                assert_eq!(instant(&job[field]), given, "{at}: {field}");
            }
            field => assert_eq!(&job[field], value, "{at}: {field}"),
        }
    }
    // It fires when the same schedule would that is looked at from its creation on.
    let from = job["created_at"].as_str().unwrap().replace('+', "%2B");
    let path = format!("/api/scheduler/schedule/preview?from={from}&n=1");
    let (status, preview) = site.ask("POST", &path, body);
    assert_eq!(status, 200, "{at}: {preview}");
    let (next, expected) = (instant(&told["next_run"]), instant(&preview["fires"][0]));
    assert!(next - 5.seconds() <= expected && expected <= next + 5.seconds(), "{at}: {told}");
    assert_eq!(told["next_run"], job["next_run"]);
    let (_, fires) = site.get(&format!("/api/scheduler/jobs/{id}/fires?n=1"));
    assert_eq!(fires, json!({ "success": true, "fires": [job["next_run"]] }), "{at}");
}
