//! Tables of ill-formed fields, each with the sort and place of the fault it is told.

use serde_json::json;

use super::{refuse, with, with_parameters};

#[test]
fn ill_formed_fields_are_named_with_their_type() {
    let long = "x".repeat(201);
    let table = [
        (json!({ "name": "" }), "value_error", "name"),
        (json!({ "name": " " }), "value_error", "name"),
        (json!({ "name": "a\u{1b}[2J" }), "value_error", "name"),
        (json!({ "name": long }), "value_error", "name"),
        (json!({ "name": 5 }), "string_type", "name"),
        (json!({ "description": "\u{0}" }), "value_error", "description"),
        (json!({ "schedule_type": "<absent>" }), "missing", "schedule_type"),
        (json!({ "schedule_type": "shell" }), "enum", "schedule_type"),
        (json!({ "schedule_type": 1 }), "enum", "schedule_type"),
        (json!({ "trigger_type": "<absent>" }), "missing", "trigger_type"),
        (json!({ "trigger_type": "hourly" }), "enum", "trigger_type"),
        (json!({ "run_date": "<absent>" }), "missing", "run_date"),
        (json!({ "run_date": null }), "missing", "run_date"),
        (json!({ "run_date": 1_700_000_000 }), "string_type", "run_date"),
        (json!({ "run_date": "tomorrow" }), "datetime_parsing", "run_date"),
        (json!({ "parameters": "<absent>" }), "missing", "parameters"),
        (json!({ "parameters": "echo" }), "dict_type", "parameters"),
        (json!({ "retries": "x" }), "int_parsing", "retries"),
        (json!({ "retries": 1.5 }), "int_from_float", "retries"),
        (json!({ "retries": -1 }), "value_error", "retries"),
        (json!({ "retries": 1001 }), "value_error", "retries"),
        (json!({ "retries": 1e300 }), "value_error", "retries"),
        (json!({ "retries": u64::MAX }), "value_error", "retries"),
        (json!({ "retries": true }), "int_type", "retries"),
        (json!({ "retries": [] }), "int_type", "retries"),
        (json!({ "retry_delay_seconds": -0.5 }), "value_error", "retry_delay_seconds"),
        (json!({ "timeout_seconds": 0 }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": -1 }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": 1e-9 }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": 315_360_001 }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": 1e300 }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": u64::MAX }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": "NaN" }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": "inf" }), "value_error", "timeout_seconds"),
        (json!({ "timeout_seconds": "1h" }), "int_parsing", "timeout_seconds"),
        (json!({ "timeout_seconds": {} }), "int_type", "timeout_seconds"),
        (json!({ "idle_timeout_seconds": 0 }), "value_error", "idle_timeout_seconds"),
        (json!({ "misfire_grace_time": -1 }), "value_error", "misfire_grace_time"),
        (json!({ "misfire_grace_time": "always" }), "int_parsing", "misfire_grace_time"),
        (json!({ "on_interrupted": "retry" }), "enum", "on_interrupted"),
        (json!({ "condition": 1.5 }), "dict_type", "condition"),
        (json!({ "condition": {} }), "missing", "condition"),
        (json!({ "condition": { "load_below": 0 } }), "value_error", "condition"),
        (json!({ "condition": { "load_below": -2 } }), "value_error", "condition"),
        (json!({ "condition": { "load_below": 1e300 } }), "value_error", "condition"),
        (json!({ "queue": "ab" }), "value_error", "queue"),
        (json!({ "queue": "ä" }), "value_error", "queue"),
        (json!({ "queue": "" }), "value_error", "queue"),
        (json!({ "queue": 1 }), "string_type", "queue"),
        (json!({ "mail": "ann" }), "dict_type", "mail"),
        (json!({ "mail": { "when": "always" } }), "missing", "mail"),
        (json!({ "mail": { "to": "-oQ/tmp" } }), "value_error", "mail"),
        (json!({ "mail": { "to": "a b" } }), "value_error", "mail"),
        (json!({ "mail": { "to": "ann", "when": "never" } }), "enum", "mail"),
        (json!({ "tags": "a" }), "list_type", "tags"),
        (json!({ "tags": [1] }), "string_type", "tags"),
        (json!({ "tags": [""] }), "value_error", "tags"),
        (json!({ "tags": ["x".repeat(101)] }), "value_error", "tags"),
        (json!({ "tags": vec!["x"; 65] }), "value_error", "tags"),
        (json!({ "enabled": "maybe" }), "bool_parsing", "enabled"),
        (json!({ "enabled": 2 }), "bool_parsing", "enabled"),
        (json!({ "enabled": [] }), "bool_type", "enabled"),
        (json!({ "coalesce": "perhaps" }), "bool_parsing", "coalesce"),
        (json!({ "on_failure_alarm": 7 }), "bool_parsing", "on_failure_alarm"),
        (json!({ "max_instances": 0 }), "value_error", "max_instances"),
        (json!({ "max_instances": -1 }), "value_error", "max_instances"),
        (json!({ "max_instances": 1e300 }), "value_error", "max_instances"),
        (json!({ "max_instances": u64::MAX }), "value_error", "max_instances"),
        (json!({ "max_instances": "NaN" }), "int_parsing", "max_instances"),
        (json!({ "max_executions": 0 }), "value_error", "max_executions"),
        (json!({ "max_executions": -5 }), "value_error", "max_executions"),
        (json!({ "max_executions": 4_294_967_296_u64 }), "value_error", "max_executions"),
        (json!({ "queue_limit": -1 }), "value_error", "queue_limit"),
        (json!({ "conflict_key": " " }), "value_error", "conflict_key"),
        (json!({ "jitter_seconds": -1 }), "value_error", "jitter_seconds"),
        (json!({ "jitter_seconds": "NaN" }), "value_error", "jitter_seconds"),
        (json!({ "interval_seconds": "abc" }), "int_parsing", "interval_seconds"),
        (json!({ "interval_minutes": 1.5 }), "int_from_float", "interval_minutes"),
        (json!({ "day_of_week": 7 }), "value_error", "day_of_week"),
        (json!({ "day_of_week": "monday" }), "int_parsing", "day_of_week"),
        (json!({ "day_of_month": 0 }), "value_error", "day_of_month"),
        (json!({ "day_of_month": 32 }), "value_error", "day_of_month"),
        (json!({ "time_of_day": "25:00" }), "value_error", "time_of_day"),
        (json!({ "time_of_day": 900 }), "string_type", "time_of_day"),
        (json!({ "dst_gap": "run" }), "enum", "dst_gap"),
        (json!({ "dst_overlap": true }), "enum", "dst_overlap"),
        (json!({ "start_date": "soon" }), "datetime_parsing", "start_date"),
        (json!({ "end_date": 5 }), "string_type", "end_date"),
        (json!({ "exclude": 5 }), "list_type", "exclude"),
        (json!({ "exclude": [5] }), "string_type", "exclude"),
        (json!({ "exclude": ["2027-12-24", "christmas"] }), "value_error", "exclude"),
        (json!({ "exclude": "2027-12-24\n2027-13-01" }), "value_error", "exclude"),
        (json!({ "exclude": ["2027-12-24\n2027-12-25"] }), "value_error", "exclude"),
        (json!({ "equipment_id": 7 }), "string_type", "equipment_id"),
        (json!({ "cron_expression": 7 }), "string_type", "cron_expression"),
        (json!({ "conflict_policy": "wait" }), "enum", "conflict_policy"),
        (json!({ "when_mode": "unix" }), "enum", "when_mode"),
    ];
    for (changes, kind, field) in table {
        let (status, body) = refuse(&with(&changes));
        let fault = &body["detail"][0];
        assert_eq!((status, &fault["type"]), (422, &json!(kind)), "{changes}: {body}");
        assert_eq!(fault["loc"][0], "body");
        assert_eq!(fault["loc"][1], field, "{changes}");
        assert_eq!(body["detail"].as_array().unwrap().len(), 1, "{changes}: {body}");
    }
}

#[test]
fn ill_formed_parameters_are_named_with_their_place() {
    let big = "x".repeat(131_072);
    let table = [
        (json!({}), "missing", "command"),
        (json!({ "command": null }), "missing", "command"),
        (json!({ "command": "" }), "value_error", "command"),
        (json!({ "command": " \n" }), "value_error", "command"),
        (json!({ "command": "a\u{0}" }), "value_error", "command"),
        (json!({ "command": big }), "value_error", "command"),
        (json!({ "command": ["ls"] }), "string_type", "command"),
        (json!({ "argv": "ls" }), "list_type", "argv"),
        (json!({ "argv": [] }), "value_error", "argv"),
        (json!({ "argv": [""] }), "value_error", "argv"),
        (json!({ "argv": ["ls", 1] }), "string_type", "argv"),
        (json!({ "argv": ["ls", "\u{0}"] }), "value_error", "argv"),
        (json!({ "command": "x", "cwd": "here" }), "value_error", "cwd"),
        (json!({ "command": "x", "cwd": "/a\u{0}" }), "value_error", "cwd"),
        (json!({ "command": "x", "cwd": { "hex": "2f0" } }), "value_error", "cwd"),
        (json!({ "command": "x", "cwd": { "hex": "+f" } }), "value_error", "cwd"),
        (json!({ "command": "x", "cwd": { "base64": "" } }), "string_type", "cwd"),
        (json!({ "command": "x", "cwd": 1 }), "string_type", "cwd"),
        (json!({ "command": "x", "umask": "1000" }), "value_error", "umask"),
        (json!({ "command": "x", "umask": "+22" }), "value_error", "umask"),
        (json!({ "command": "x", "umask": "8" }), "value_error", "umask"),
        (json!({ "command": "x", "umask": 18 }), "string_type", "umask"),
        (json!({ "command": "x", "env": [] }), "dict_type", "env"),
        (json!({ "command": "x", "env": { "": "1" } }), "value_error", "env"),
        (json!({ "command": "x", "env": { "A=B": "1" } }), "value_error", "env"),
        (json!({ "command": "x", "env": { "A": "\u{0}" } }), "value_error", "env"),
        (json!({ "command": "x", "env": { "A": 1 } }), "string_type", "env"),
        (json!({ "command": "x", "env": { "A": null } }), "string_type", "env"),
        (json!({ "command": "x", "env_clear": "perhaps" }), "bool_parsing", "env_clear"),
        (json!({ "command": "x", "stdin": 1 }), "string_type", "stdin"),
        (json!({ "command": "x", "nice": 20 }), "value_error", "nice"),
        (json!({ "command": "x", "nice": -1 }), "value_error", "nice"),
        (json!({ "command": "x", "timeout": 0 }), "value_error", "timeout"),
    ];
    for (parameters, kind, field) in table {
        let (status, body) = refuse(&with_parameters(&parameters));
        let fault = &body["detail"][0];
        assert_eq!((status, &fault["type"]), (422, &json!(kind)), "{parameters}: {body}");
        assert_eq!(fault["loc"][1], "parameters");
        assert_eq!(fault["loc"][2], field, "{parameters}");
        assert_eq!(body["detail"].as_array().unwrap().len(), 1, "{parameters}: {body}");
    }
}
