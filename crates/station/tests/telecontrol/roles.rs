//! Who may do what with outstations.

use serde_json::{Value, json};
use station::access::Caller;
use station_core::model::{Principal, Role};

use crate::rig::{Rig, holder, user};

/// What there is, and the least role that it needs.
const PATHS: [(Role, &str, &str); 26] = {
    use Role::{Admin, Operator, Viewer};
    [
        (Viewer, "GET", "/api/outstations"),
        (Viewer, "GET", "/api/outstations/S"),
        (Viewer, "GET", "/api/outstations/S/points"),
        (Viewer, "GET", "/api/outstations/S/status"),
        (Viewer, "GET", "/api/outstations/S/values"),
        (Viewer, "GET", "/api/outstations/S/watch"),
        (Viewer, "GET", "/api/approvals"),
        (Viewer, "GET", "/api/approvals/1"),
        (Viewer, "GET", "/api/tags"),
        (Viewer, "GET", "/api/control"),
        (Operator, "POST", "/api/outstations/S/write"),
        (Operator, "POST", "/api/outstations/S/interrogate"),
        (Operator, "POST", "/api/outstations/S/counters"),
        (Operator, "POST", "/api/outstations/S/read"),
        (Operator, "POST", "/api/outstations/S/sync-clock"),
        (Operator, "POST", "/api/outstations/S/test"),
        (Operator, "POST", "/api/approvals/1/approve"),
        (Operator, "POST", "/api/approvals/1/reject"),
        (Operator, "PUT", "/api/outstations/S/points/p/tag"),
        (Operator, "DELETE", "/api/outstations/S/points/p/tag"),
        (Operator, "POST", "/api/control/stop"),
        (Operator, "POST", "/api/control/start"),
        (Admin, "POST", "/api/outstations"),
        (Admin, "PATCH", "/api/outstations/S"),
        (Admin, "DELETE", "/api/outstations/S"),
        (Admin, "PUT", "/api/outstations/S/points"),
    ]
};

#[test]
fn each_path_needs_its_role_and_no_more() {
    let rig = Rig::new();
    for (least, method, path) in PATHS {
        for role in Role::ALL {
            // Whoever may ask is told of the empty body, or that there is no such thing.
            let body = if method == "GET" { Value::Null } else { json!({}) };
            let (status, told) = rig.ask(&holder("1", "lab", role), method, path, body);
            assert_eq!(status == 403, role < least, "{} {method} {path}: {told}", role.name());
            assert!(status < 500, "{method} {path}: {told}");
        }
    }
}

#[test]
fn nobody_without_a_name_is_told_anything() {
    let rig = Rig::new();
    let anonymous = Caller {
        principal: Principal::Anonymous,
        role: Role::Admin,
        anonymous: true,
        source: None,
    };
    for (_, method, path) in PATHS {
        let body = if method == "GET" { Value::Null } else { json!({}) };
        let (status, told) = rig.ask(&anonymous, method, path, body);
        assert_eq!(status, 403, "{method} {path}: {told}");
    }
    // A user of this machine whose name is not known may stop control, not start it.
    let nameless = Caller::local(Principal::Unix { uid: 4242, name: None });
    let reason = json!({ "reason": "smoke" });
    assert_eq!(rig.ask(&nameless, "POST", "/api/control/stop", reason.clone()).0, 200);
    let (status, told) = rig.ask(&nameless, "POST", "/api/control/start", reason.clone());
    assert_eq!(status, 403, "{told}");
    assert_eq!(rig.ask(&user(1, "eve"), "POST", "/api/control/start", reason).0, 200);
}
