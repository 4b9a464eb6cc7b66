//! Who may do what with equipment.

use serde_json::{Value, json};
use station::access::Caller;
use station_core::model::{Principal, Role};

use crate::rig::{Lab, token};

/// What there is, and the least role that it needs.
fn paths() -> Vec<(Role, &'static str, &'static str)> {
    use Role::{Admin, Operator, Viewer};
    vec![
        (Viewer, "GET", "/api/equipment/list"),
        (Viewer, "GET", "/api/equipment/psu"),
        (Viewer, "GET", "/api/equipment/psu/status"),
        (Operator, "GET", "/api/equipment/psu/readings"),
        (Operator, "POST", "/api/equipment/psu/command"),
        (Operator, "POST", "/api/equipment/psu/test"),
        (Operator, "POST", "/api/equipment/disconnect/psu"),
        (Admin, "POST", "/api/equipment/connect"),
        (Admin, "PATCH", "/api/equipment/psu"),
        (Admin, "DELETE", "/api/equipment/psu"),
        (Admin, "POST", "/api/equipment/psu/identify"),
        (Admin, "POST", "/api/equipment/discover"),
        (Viewer, "GET", "/api/profiles/list"),
        (Viewer, "GET", "/api/profiles/p"),
        (Operator, "POST", "/api/profiles/create"),
        (Operator, "PUT", "/api/profiles/p"),
        (Operator, "DELETE", "/api/profiles/p"),
        (Operator, "POST", "/api/profiles/p/apply/psu"),
        (Viewer, "GET", "/api/state/list/psu"),
        (Viewer, "GET", "/api/state/s"),
        (Viewer, "POST", "/api/state/compare"),
        (Operator, "POST", "/api/state/capture"),
        (Operator, "POST", "/api/state/restore"),
        (Operator, "DELETE", "/api/state/s"),
        (Viewer, "GET", "/api/acquisition/sessions"),
        (Viewer, "GET", "/api/acquisition/session/a/status"),
        (Viewer, "GET", "/api/acquisition/session/a/data"),
        (Viewer, "GET", "/api/acquisition/session/a/stream"),
        (Operator, "POST", "/api/acquisition/session/create"),
        (Operator, "POST", "/api/acquisition/session/a/start"),
        (Operator, "POST", "/api/acquisition/session/a/stop"),
        (Operator, "POST", "/api/acquisition/session/a/pause"),
        (Operator, "POST", "/api/acquisition/session/a/resume"),
        (Operator, "POST", "/api/acquisition/export"),
        (Operator, "DELETE", "/api/acquisition/session/a"),
    ]
}

#[test]
fn each_path_needs_its_role_and_no_more() {
    let lab = Lab::new();
    for (least, method, path) in paths() {
        for role in Role::ALL {
            // Whoever may ask is told of the empty body, or that there is no such thing.
            let body = if method == "GET" { Value::Null } else { json!({}) };
            if role >= least && path.ends_with("discover") {
                continue;
            }
            let (status, told) = lab.ask_as(&token(role), method, path, body);
            assert_eq!(status == 403, role < least, "{role:?} {method} {path}: {status} {told}");
        }
    }
}

#[test]
fn who_has_no_name_sees_nothing_of_equipment() {
    let lab = Lab::new();
    let nobody = Caller {
        principal: Principal::Anonymous,
        role: Role::Operator,
        anonymous: true,
        source: None,
    };
    for (_, method, path) in paths() {
        let (status, told) = lab.ask_as(&nobody, method, path, json!({}));
        assert_eq!(status, 403, "{method} {path}: {told}");
        assert!(told["detail"].as_str().unwrap().contains("needs a token"), "{told}");
    }
}
