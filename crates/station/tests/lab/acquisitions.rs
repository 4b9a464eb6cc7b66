//! Acquisitions by hand.

use serde_json::{Value, json};

use crate::rig::Lab;

const SESSION: &str = "/api/acquisition/session";

fn create(lab: &Lab, more: Value) -> String {
    let mut body = json!({ "equipment_id": "psu", "channels": [1, 2], "sample_rate": 50 });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let told = lab.post(&format!("{SESSION}/create"), body);
    assert_eq!((&told["success"], &told["status"]), (&json!(true), &json!("idle")), "{told}");
    assert_eq!(told["session_id"], told["acquisition_id"]);
    told["acquisition_id"].as_str().unwrap().to_owned()
}

/// Follows it to its end; how it stands then.
fn end(lab: &Lab, id: &str) -> (usize, Value) {
    let events = lab.stream(&format!("{SESSION}/{id}/stream"));
    let taken = events.iter().filter(|(name, _)| name == "samples");
    let count = taken.map(|(_, batch)| batch["times"].as_array().unwrap().len()).sum();
    let (name, status) = events.last().unwrap();
    assert_eq!(name, "status");
    (count, status.clone())
}

#[test]
fn samples_are_taken_for_the_time_given_followed_exported_and_removed() {
    let lab = Lab::with_psu();
    let id = create(&lab, json!({ "duration": 0.5, "format": "csv" }));
    let told = lab.post(&format!("{SESSION}/{id}/start"), Value::Null);
    assert!(told["acquisition"]["started_at"].is_string(), "{told}");
    let (followed, status) = end(&lab, &id);
    assert_eq!((&status["state"], &status["error"]), (&json!("stopped"), &Value::Null), "{status}");
    let (samples, lost) = (status["samples"].as_u64().unwrap(), status["lost"].as_u64().unwrap());
    assert_eq!((samples + lost, samples > 0), (25, true), "{status}");
    assert!(followed <= usize::try_from(samples).unwrap());
    let data = lab.get(&format!("{SESSION}/{id}/data?num_samples=3"));
    let lengths = |data: &Value| data["values"][1].as_array().unwrap().len();
    assert_eq!((data["values"].as_array().unwrap().len(), lengths(&data)), (4, 3), "{data}");
    let file = lab.directory().join("acquisitions").join(status["file"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count() as u64, samples + 1);
    for format in ["json", "npy"] {
        let body = json!({ "session_id": id, "format": format });
        let told = lab.post("/api/acquisition/export", body);
        assert!(std::fs::metadata(told["file"].as_str().unwrap()).unwrap().len() > 0, "{told}");
    }
    let again = lab.refused("POST", &format!("{SESSION}/{id}/start"), Value::Null);
    assert_eq!((again.0, again.1.contains("it is stopped")), (409, true), "{again:?}");
    let listed = lab.get("/api/acquisition/sessions?equipment_id=psu");
    assert_eq!((&listed["count"], &listed["sessions"][0]), (&json!(1), &status));
    assert_eq!(lab.ask("DELETE", &format!("{SESSION}/{id}"), Value::Null).0, 200);
    assert_eq!(
        (lab.get("/api/acquisition/sessions")["count"].clone(), file.exists()),
        (json!(0), false)
    );
    assert_eq!(lab.refused("GET", &format!("{SESSION}/{id}/status"), Value::Null).0, 404);
}

#[test]
fn an_acquisition_without_an_end_is_paused_resumed_and_stopped() {
    let lab = Lab::with_psu();
    let id = create(&lab, json!({}));
    let post = |what: &str| lab.ask("POST", &format!("{SESSION}/{id}/{what}"), Value::Null);
    let idle = post("pause");
    assert_eq!(idle.0, 409, "{}", idle.1);
    assert_eq!(post("start").0, 200);
    // It holds its equipment, and is told of at once.
    assert_eq!(post("start").0, 409);
    let (status, told) = lab.ask("DELETE", &format!("{SESSION}/{id}"), Value::Null);
    assert_eq!((status, told["detail"].to_string().contains("stop it first")), (409, true));
    let busy = lab.command_refused("psu", "get_voltage");
    assert_eq!((busy.0, &busy.1["instrument_error"]), (409, &json!("busy")), "{}", busy.1);
    assert!(lab.get("/api/equipment/psu/status")["holder"].as_str().unwrap().contains("ann"));
    // Each answer tells what it has come to.
    for (what, becomes) in [("pause", "paused"), ("resume", "acquiring"), ("stop", "stopped")] {
        let (status, told) = post(what);
        assert_eq!((status, &told["status"]), (200, &json!(becomes)), "{what} {told}");
    }
    let (_, status) = end(&lab, &id);
    assert_eq!((&status["state"], &status["error"]), (&json!("stopped"), &Value::Null), "{status}");
    assert_eq!(post("stop").0, 409);
    // And gives it back.
    assert_eq!(lab.command("psu", "get_voltage", json!({}))["success"], true);
    // Whoever did that by hand stands in the trail, before it and behind it.
    for action in ["start", "pause", "resume", "stop"] {
        let path = format!("/api/audit?subject=equipment%20psu&action={action}_acquisition");
        let told = lab.get(&path);
        let kinds: Vec<_> = told["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| (&record["kind"], &record["detail"]["what"]["acquisition"]))
            .collect();
        let id = json!(id);
        assert_eq!(kinds, [(&json!("outcome"), &id), (&json!("intent"), &id)], "{action} {told}");
    }
}

#[test]
fn what_cannot_be_taken_is_refused_or_told_at_the_start() {
    let lab = Lab::with_psu();
    let path = format!("{SESSION}/create");
    for (body, status, says) in [
        (json!({}), 422, "equipment_id"),
        (json!({ "equipment_id": "nosuch" }), 404, "nosuch"),
        (json!({ "equipment_id": "psu", "sample_rate": 0 }), 422, "sample_rate"),
        (json!({ "equipment_id": "psu", "sample_rate": "fast" }), 422, "sample_rate"),
        (json!({ "equipment_id": "psu", "duration": -1 }), 422, "duration"),
        (json!({ "equipment_id": "psu", "channels": [0] }), 422, "channels"),
        (json!({ "equipment_id": "psu", "channels": ["1;*RST"] }), 422, "channels"),
        (json!({ "equipment_id": "psu", "format": "xls" }), 422, "format"),
        (json!({ "equipment_id": "psu", "duraton": 1 }), 400, "did you mean 'duration'?"),
        (json!({ "equipment_id": "psu", "verb": "get_nothing" }), 400, "get_nothing"),
        (json!({ "equipment_id": "psu", "verb": "scpi" }), 400, "reads nothing"),
        (json!({ "equipment_id": "psu", "sample_rate": 1e12 }), 400, "from 0.001 to 1000000"),
        (json!({ "equipment_id": "psu", "sample_rate": 1e-9 }), 400, "from 0.001 to 1000000"),
        (json!({ "equipment_id": "psu", "channels": ["CH1", "1"] }), 400, "named twice"),
    ] {
        let refused = lab.refused("POST", &path, body.clone());
        assert_eq!((refused.0, refused.1.contains(says)), (status, true), "{body} {refused:?}");
    }
    assert_eq!(lab.get("/api/acquisition/sessions")["count"], 0);
    // What stands in its file's way is found out when it begins.
    let id = create(&lab, json!({}));
    std::fs::create_dir_all(lab.directory().join("acquisitions").join(format!("{id}.csv")))
        .unwrap();
    let refused = lab.refused("POST", &format!("{SESSION}/{id}/start"), Value::Null);
    assert_eq!((refused.0, refused.1.contains(&id)), (409, true), "{refused:?}");
    assert_eq!(lab.get(&format!("{SESSION}/{id}/status"))["status"], "error");
    let count = lab.refused("GET", &format!("{SESSION}/{id}/data?num_samples=0"), Value::Null);
    assert_eq!(count.0, 422, "{count:?}");
}

impl Lab {
    /// Asks for a verb of equipment that somebody else holds.
    fn command_refused(&self, id: &str, verb: &str) -> (u16, Value) {
        self.ask("POST", &format!("/api/equipment/{id}/command"), json!({ "action": verb }))
    }
}
