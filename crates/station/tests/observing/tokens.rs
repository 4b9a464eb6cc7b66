//! Tokens over the API.

use serde_json::json;
use station_core::model::Principal;

use super::site::Site;

#[test]
fn tokens_are_made_listed_and_revoked() {
    let site = Site::new();
    let wish = json!({ "name": "ci", "role": "operator", "expires_in_seconds": 3600 });
    let made = site.post("/api/tokens", wish);
    let secret = made["token"].as_str().unwrap();
    let id = made["id"].as_str().unwrap();
    assert!(secret.starts_with("stm_"), "{secret}");
    assert_eq!(made["role"], "operator");
    let hash = station::access::hash(secret);
    let stored = site.station.handle.reader().token_by_hash(&hash).unwrap().unwrap();
    assert!(stored.is_valid(site.station.handle.now()));
    let list = site.get("/api/tokens");
    assert_eq!(list["count"], 1);
    assert_eq!(list["tokens"][0]["valid"], true);
    assert_eq!(list["tokens"][0]["created_by"], "ann");
    let text = list.to_string();
    assert!(!text.contains(secret) && !text.contains(&hash), "{text}");
    assert_eq!(site.ask("DELETE", &format!("/api/tokens/{id}"), None).0, 200);
    assert_eq!(site.ask("DELETE", &format!("/api/tokens/{id}"), None).0, 200);
    let stored = site.station.handle.reader().token_by_hash(&hash).unwrap().unwrap();
    assert!(!stored.is_valid(site.station.handle.now()));
    assert_eq!(site.get("/api/tokens")["tokens"][0]["valid"], false);
    assert_eq!(site.ask("DELETE", "/api/tokens/none", None).0, 404);
    assert_eq!(site.ask("POST", "/api/tokens", Some(json!({ "name": "ci" }))).0, 422);
}

#[test]
fn streams_end_when_their_token_does() {
    let site = Site::new();
    let job = site.job("sleep 1000", json!({}));
    for path in ["/api/events".to_owned(), format!("/api/scheduler/jobs/{job}/output?follow=true")]
    {
        for end in ["revoked", "expired"] {
            let span = if end == "expired" { 0.3 } else { 3600.0 };
            let wish = json!({ "name": "ci", "role": "viewer", "expires_in_seconds": span });
            let id = site.post("/api/tokens", wish)["id"].as_str().unwrap().to_owned();
            let holder = Principal::Token { id: id.clone(), name: "ci".to_owned() };
            let body = site.stream_as(holder, &path);
            if end == "revoked" {
                // Another one's end is no end.
                let other = json!({ "name": "other", "role": "viewer" });
                let other = site.post("/api/tokens", other)["id"].as_str().unwrap().to_owned();
                assert_eq!(site.ask("DELETE", &format!("/api/tokens/{other}"), None).0, 200);
                assert_eq!(site.ask("DELETE", &format!("/api/tokens/{id}"), None).0, 200);
            }
            // It comes to its end.
            site.block(axum::body::to_bytes(body, usize::MAX)).unwrap();
        }
    }
    assert_eq!(site.ask("POST", &format!("/api/scheduler/jobs/{job}/cancel"), None).0, 200);
}

#[test]
fn tokens_are_no_business_of_anonymous_callers() {
    let site = Site::new();
    let wish = json!({ "name": "ci", "role": "admin" });
    for (method, path, body) in [
        ("GET", "/api/tokens", None),
        ("POST", "/api/tokens", Some(wish)),
        ("DELETE", "/api/tokens/x", None),
    ] {
        let (status, body) = site.ask_as(Principal::Anonymous, method, path, body);
        assert_eq!(status, 403, "{method} {path}: {body}");
    }
    assert_eq!(site.get("/api/tokens")["count"], 0);
}

#[test]
fn a_client_can_tell_whether_it_had_to_say_who_it_is() {
    let site = Site::new();
    let seen_by = |principal| site.ask_as(principal, "GET", "/api", None).1;
    let named = seen_by(Principal::Unix { uid: 0, name: None });
    assert_eq!(named["security_enabled"], true);
    assert_eq!(named["status"], "running");
    assert_eq!(seen_by(Principal::Anonymous)["security_enabled"], false);
}
