//! Who may do what.

use axum::body::Bytes;
use serde_json::json;
use station::access::Caller;
use station_core::model::{Principal, Role};

use crate::router::{self, Site};
use crate::{JOBS, create, daily, job, listed};

/// What changes something of a job, or shows what may be secret.
fn changes(id: &str) -> Vec<(&'static str, String)> {
    let one = format!("{JOBS}/{id}");
    vec![
        ("GET", format!("{one}?environment=true")),
        ("POST", "/api/scheduler/jobs/create".to_owned()),
        ("PUT", one.clone()),
        ("PATCH", one.clone()),
        ("DELETE", one.clone()),
        ("POST", format!("{one}/pause")),
        ("POST", format!("{one}/resume")),
        ("POST", format!("{one}/run")),
        ("POST", format!("{one}/cancel")),
        ("POST", format!("/api/scheduler/executions/{id}.1/cancel")),
    ]
}

#[test]
fn who_may_only_look_or_has_no_name_changes_nothing() {
    let site = Site::new();
    let id = create(&site, &daily());
    let token = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
    let one = format!("{JOBS}/{id}");
    for (caller, told) in [
        (
            Caller { principal: token, role: Role::Viewer, anonymous: false, source: None },
            "this needs the role operator, and token lab has the role viewer",
        ),
        (
            Caller {
                principal: Principal::Anonymous,
                role: Role::Operator,
                anonymous: true,
                source: None,
            },
            "a script job needs a token also where callers without one are let in; \
             `station token create` makes one",
        ),
    ] {
        let ask = |method: &str, path: &str| {
            site.ask_as(&caller, method, path, Bytes::from(daily().to_string()))
        };
        for path in [JOBS, &one, &format!("{one}/fires"), &format!("{one}/explain")] {
            assert_eq!(ask("GET", path).0, 200, "{path}");
        }
        assert_eq!(ask("POST", "/api/scheduler/schedule/preview").0, 200);
        for (method, path) in changes(&id) {
            let refused = (403, json!({ "detail": told }));
            assert_eq!(ask(method, &path), refused, "{method} {path}");
        }
    }
    assert_eq!((job(&site, &id)["status"].clone(), listed(&site, "").len()), (json!("pending"), 1));
}

#[test]
fn the_holder_of_a_token_is_who_created_the_job() {
    let site = Site::new();
    let principal = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
    let caller = Caller { principal, role: Role::Operator, anonymous: false, source: None };
    let body = || Bytes::from(daily().to_string());
    let (_, told) = site.ask_as(&caller, "POST", "/api/scheduler/jobs/create", body());
    assert_eq!(told["job"]["created_by"], "token lab", "{told}");
    // Whoever changes it later.
    let path = format!("{JOBS}/{}", told["job_id"].as_str().unwrap());
    let (_, told) = site.ask_as(&router::local(), "PUT", &path, body());
    assert_eq!(told["job"]["created_by"], "token lab", "{told}");
}
