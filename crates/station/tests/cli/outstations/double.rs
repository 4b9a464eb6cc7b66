//! A station with outstations, as a protocol double.

use serde_json::{Value, json};

use crate::support::{Fake, Reply, refusal};

pub(super) const POINTS: &str = "\
[[point]]
name = \"breaker-7-position\"
ioa = 1007
type = \"M_DP_NA_1\"

[[point]]
name = \"breaker-7\"
ioa = 5007
type = \"C_DC_NA_1\"
description = \"Circuit breaker of feeder 7\"
[point.command]
feedback = \"breaker-7-position\"
select = true
per_hour = 6
may = [\"user:anna\"]
approval = 600
interlock = \"breaker-7-position == on\"
";

pub(super) fn points() -> Value {
    json!([
        { "name": "breaker-7-position", "ioa": 1007, "type": "M_DP_NA_1" },
        {
            "name": "breaker-7", "ioa": 5007, "type": "C_DC_NA_1",
            "description": "Circuit breaker of feeder 7",
            "command": {
                "feedback": "breaker-7-position", "select": true, "qualifier": 0, "range": null,
                "termination": "optional", "per_hour": 6, "may": ["user:anna"], "hours": [],
                "approval": 600, "interlock": "breaker-7-position == on",
            },
        },
    ])
}

pub(super) fn outstation() -> Value {
    json!({
        "name": "SS1", "endpoints": ["127.0.0.1:2404", "127.0.0.1:2405"], "bind": null, "ca": 47,
        "originator": 3,
        "tls": { "authority": "/srv/ca.pem", "certificate": "/srv/us.pem", "key": "/srv/us.key" },
        "settings": {
            "t0": 30000, "t1": 15000, "t2": 10000, "t3": 20000, "k": 12, "w": 8, "originator": 3,
            "first_sequence_one": true, "time_tagged": false, "zone": "Europe/Berlin",
            "clock_every": 3_600_000, "interrogate_every": 0, "select_timeout": 5000,
            "execute_timeout": 10000, "term_timeout": 60000, "select_window": 10000,
            "feedback_timeout": 1500, "expiry": 10000, "parallel": 1, "fresh": 60000,
        },
        "points": 2, "commandable": 1, "created_at": "2027-01-31T09:17:42.25+00:00",
        "created_by": "joe", "modified_at": "2027-01-31T09:18:42+00:00",
    })
}

fn status(link: &str) -> Value {
    let mut status = json!({
        "outstation": "SS1", "link": link, "since": "2027-01-31T09:17:42+00:00",
        "endpoints": [
            { "endpoint": "127.0.0.1:2404", "state": "active" },
            { "endpoint": "127.0.0.1:2405", "state": "standby" },
        ],
        "points": 2, "known": 1, "in_flight": 1,
        "interrogated": {
            "at": "2027-01-31T09:17:43+00:00", "class": "complete", "sentence": "it is complete",
            "values": 20,
        },
        "clock_set": {
            "at": "2027-01-31T09:17:43+00:00", "class": "refused", "sentence": "SS1 refuses it",
            "values": 0,
        },
        "counters": {
            "frames_received": 12, "frames_sent": 8, "octets_received": 2048, "octets_sent": 80,
            "asdus_ignored": 1, "connections": 2, "values_dropped": 0,
        },
        "tagged": [tag()], "control_stopped": true,
    });
    match link {
        "up" => {
            status["connection"] = json!({
                "id": "SS1-1", "local": "127.0.0.1:40000", "peer": "127.0.0.1:2404",
                "since": "2027-01-31T09:17:42+00:00",
            });
        }
        _ => status["why"] = json!("nobody answers at 127.0.0.1:2404\u{1b}[2J"),
    }
    status
}

pub(super) fn down() -> Value {
    let mut status = status("down");
    status["outstation"] = json!("SS2");
    status
}

fn tag() -> Value {
    json!({
        "outstation": "SS1", "point": "breaker-7", "reason": "men at work\u{1b}[2J", "by": "anna",
        "at": "2027-01-31T09:22:42+00:00",
    })
}

pub(super) fn values() -> Value {
    json!({ "outstation": "SS1", "count": 3, "values": [
        {
            "point": "breaker-7-position", "ca": 47, "ioa": 1007, "type": "M_DP_NA_1", "value": "on",
            "raw": "02", "source": "spontaneous", "tagged": "2027-01-31 10:22:41.998",
            "received_at": "2027-01-31T09:22:42.004+00:00", "age_ms": 2500,
        },
        {
            "ca": 47, "ioa": 2001, "type": "M_ME_TF_1", "unit": "kV", "value": "12.5",
            "quality": ["NT", "SB"], "source": "interrogation", "doubt": "the outstation says it is old",
            "received_at": "2027-01-31T09:22:42.005+00:00", "age_ms": 2499,
        },
        { "point": "earth-switch", "ca": 47, "ioa": 1008, "type": "M_SP_NA_1", "value": null, "source": "none" },
    ] })
}

pub(super) fn approval(state: &str) -> Value {
    json!({
        "id": "3", "outstation": "SS1", "point": "breaker-7", "value": "off", "select": true,
        "reason": "work on feeder 7", "ticket": "W-4711", "job_id": null, "previous": "on",
        "requested_by": "joe", "requested_at": "2027-01-31T09:22:42+00:00",
        "expires_at": "2027-01-31T09:32:42+00:00", "state": state, "decided_by": null,
        "decided_at": null, "note": null,
    })
}

fn report(class: &str, status: &str, sentence: &str) -> Value {
    json!({
        "outstation": "SS1", "point": "breaker-7", "command": "write", "class": class,
        "status": status, "reason": "feedback", "sentence": sentence,
        "previous": { "value": "on", "raw": "02", "source": "spontaneous", "age_ms": 2500 },
        "new": { "value": "off", "raw": "01" },
        "feedback": { "value": "off", "raw": "01", "source": "return", "age_ms": 12 },
        "grade": "high", "correlation": "c-12", "local": "127.0.0.1:40000",
        "peer": "127.0.0.1:2404", "started_at": "2027-01-31T09:22:42+00:00",
        "ended_at": "2027-01-31T09:22:42.1+00:00",
    })
}

fn asked(command: &str, class: &str, values: Value) -> Value {
    let confirmed = if class == "complete" { "confirmed" } else { "failed" };
    json!({
        "outstation": "SS1", "command": command, "class": class, "status": confirmed,
        "reason": class, "sentence": "SS1 says so", "values": values, "correlation": "c-13",
    })
}

/// How the point takes a command.
fn written(body: &Value) -> Reply {
    let refused = |status, reason: &str, detail: &str| {
        Reply::Json(status, json!({ "detail": detail, "reason": reason, "correlation": "c-11" }))
    };
    match (body["point"].as_str().unwrap(), body["value"].as_str().unwrap()) {
        ("breaker-7", "off") if body["dry_run"] == true => {
            let mut told = report("not_sent", "", "it would be sent; nothing was");
            let fields = told.as_object_mut().unwrap();
            fields.retain(|name, _| {
                !["status", "grade", "correlation", "feedback"].contains(&name.as_str())
            });
            fields.insert("dry_run".to_owned(), json!(true));
            fields.insert("octets".to_owned(), json!(["2e0106002f00", "2e0106002f01"]));
            Reply::Json(200, told)
        }
        ("breaker-7", "off") => {
            Reply::Json(200, report("verified", "confirmed", "breaker-7-position shows off"))
        }
        ("breaker-7", "on") => {
            let mut told =
                report("unknown", "failed", "the link was lost\u{1b}[2J before it was confirmed");
            told["unrecorded"] = json!("the disk is full");
            Reply::Json(200, told)
        }
        ("breaker-7", _) => refused(422, "bad_value", "SS1/breaker-7 takes on or off"),
        ("two", _) => Reply::Json(
            202,
            json!({ "success": true, "message": "request 3", "approval": approval("waiting") }),
        ),
        ("tagged", _) => refused(409, "tagged", "SS1/tagged is tagged by anna"),
        ("cut-off", _) => refused(409, "link_down", "there is no link to SS1"),
        ("others", _) => refused(403, "not_permitted", "joe may not command SS1/others"),
        ("audited", _) => refused(503, "unrecorded", "it could not be recorded"),
        _ => refused(404, "unknown_point", "SS1 has no point 'nosuch'"),
    }
}

/// A station with one outstation.
pub(super) fn furnished() -> Fake {
    Fake::new(|what, body| match what {
        "GET /api/outstations" => {
            let mut second = outstation();
            second["name"] = json!("SS2");
            second["tls"] = Value::Null;
            Reply::Json(200, json!({ "count": 2, "outstations": [outstation(), second] }))
        }
        "GET /api/outstations/SS1" | "PATCH /api/outstations/SS1" | "POST /api/outstations" => {
            let mut told = outstation();
            if body["endpoints"].is_array() && body["points"].is_null() {
                told["points"] = json!(0);
            }
            Reply::Json(200, json!({ "success": true, "outstation": told }))
        }
        "DELETE /api/outstations/SS1" => Reply::Json(200, json!({ "success": true })),
        "GET /api/outstations/SS1/status" => Reply::Json(200, status("up")),
        "GET /api/outstations/SS2/status" => Reply::Json(200, down()),
        "GET /api/outstations/SS1/points" => {
            Reply::Json(200, json!({ "outstation": "SS1", "count": 2, "points": points() }))
        }
        "PUT /api/outstations/SS1/points" => {
            Reply::Json(200, json!({ "success": true, "outstation": "SS1", "count": 2 }))
        }
        "GET /api/outstations/SS1/values" => Reply::Json(200, values()),
        "GET /api/outstations/SS1/values?point=nosuch" => {
            Reply::Json(200, json!({ "outstation": "SS1", "count": 0, "values": [] }))
        }
        "POST /api/outstations/SS1/write" => written(body),
        "POST /api/outstations/SS1/interrogate" => {
            Reply::Json(200, asked("interrogate", "complete", json!(20)))
        }
        "POST /api/outstations/SS1/counters" => {
            Reply::Json(200, asked("counters", "incomplete", json!(1)))
        }
        "POST /api/outstations/SS1/read" => {
            let mut told = asked("read", "complete", Value::Null);
            told["point"] = body["point"].clone();
            told["feedback"] = values()["values"][1].clone();
            Reply::Json(200, told)
        }
        "POST /api/outstations/SS1/sync-clock" => {
            let mut told = asked("sync_clock", "complete", Value::Null);
            told["clock"] = json!("2027-01-31 10:22:40.125");
            Reply::Json(200, told)
        }
        "POST /api/outstations/SS1/test" => {
            Reply::Json(200, asked("test", "unanswered", Value::Null))
        }
        "GET /api/approvals?state=waiting" => {
            Reply::Json(200, json!({ "count": 1, "approvals": [approval("waiting")] }))
        }
        "GET /api/approvals?state=expired" => {
            Reply::Json(200, json!({ "count": 0, "approvals": [] }))
        }
        "POST /api/approvals/3/approve" => Reply::Json(
            200,
            json!({
                "success": true, "message": "agreed", "approval": approval("approved"),
                "report": report("verified", "confirmed", "breaker-7-position shows off"),
            }),
        ),
        "POST /api/approvals/4/approve" => Reply::Json(
            200,
            json!({ "success": true, "approval": approval("approved"), "report": null }),
        ),
        "POST /api/approvals/5/approve" => Reply::Json(
            403,
            json!({ "detail": "joe asked for it, and cannot agree to it", "reason": "self_approval" }),
        ),
        "POST /api/approvals/3/reject" => {
            Reply::Json(200, json!({ "success": true, "approval": approval("rejected") }))
        }
        "GET /api/tags" | "GET /api/tags?outstation=SS1" => {
            Reply::Json(200, json!({ "count": 1, "tags": [tag()] }))
        }
        "GET /api/tags?outstation=SS2" => Reply::Json(200, json!({ "count": 0, "tags": [] })),
        "PUT /api/outstations/SS1/points/breaker-7/tag" => {
            Reply::Json(200, json!({ "success": true, "tag": tag() }))
        }
        "DELETE /api/outstations/SS1/points/breaker-7/tag" => {
            Reply::Json(200, json!({ "success": true }))
        }
        "GET /api/control" => {
            Reply::Json(200, json!({ "stopped": false, "reason": null, "by": null, "at": null }))
        }
        "POST /api/control/stop" => Reply::Json(
            200,
            json!({
                "stopped": true, "reason": body["reason"], "by": "anna",
                "at": "2027-01-31T09:22:42+00:00",
            }),
        ),
        "POST /api/control/start" => Reply::Json(
            200,
            json!({
                "stopped": false, "reason": body["reason"], "by": "anna",
                "at": "2027-01-31T09:22:42+00:00",
            }),
        ),
        _ => refusal(404, "outstation 'nosuch' is not registered"),
    })
}
