//! Names, origins, tokens and anonymous callers.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use axum::routing::get;
use axum::{Extension, Router};
use station::access::{Caller, Listen, parse_host, parse_listen, parse_origin};
use station::server::{Limits, Server, TcpServer};
use station_core::audit::{Kind, Status};
use station_core::model::Role;

use super::support::{Answer, Site, local};

const BEARER: &str = "authorization: Bearer TOKEN";

#[test]
fn a_token_opens_and_its_role_is_known() {
    let site = Site::new(&local(), Limits::default());
    let answer = site.ask("GET /api", &[BEARER]);
    assert_eq!(answer.status, 200);
    assert!(answer.has("token ci is operator"), "{answer:?}");
    for header in [
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "referrer-policy: no-referrer",
        "content-security-policy: default-src 'none'; frame-ancestors 'none'",
        "cache-control: no-store",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(answer.has(header), "{header}: {answer:?}");
    }
    assert!(!answer.has("strict-transport-security"));

    let refused = site.ask("GET /api/admin", &[BEARER]);
    assert_eq!(refused.status, 403);
    assert!(refused.has("this needs the role admin, and token ci has the role operator"));
}

#[test]
fn without_a_good_token_nothing_is_answered() {
    let site = Site::new(&local(), Limits::default());
    for headers in [&[][..], &["authorization: Bearer hunter2"]] {
        let refused = site.ask("GET /api", headers);
        assert_eq!(refused.status, 401);
        assert!(refused.has("www-authenticate: Bearer"), "{refused:?}");
        assert!(refused.has("{\"detail\":\""), "{refused:?}");
        assert!(refused.has("x-content-type-options: nosniff"));
    }
    // Also of what is not there no more is told.
    assert_eq!(site.ask("GET /api/none", &[]).status, 401);
}

#[test]
fn the_trail_is_told_who_came_in_and_who_did_not() {
    let site = Site::new(&local(), Limits::default());
    for headers in [&[BEARER][..], &[BEARER], &[], &["authorization: Bearer hunter2"]] {
        site.ask("GET /api", headers);
    }
    site.revoke();
    site.ask("GET /api", &[BEARER]);
    let told = site.told.lock().unwrap();
    let shown: Vec<_> = told
        .iter()
        .map(|draft| {
            let by_port = draft.by.source.as_ref().is_some_and(|at| at.starts_with("127.0.0.1:"));
            (draft.subject.as_str(), draft.kind, draft.status, by_port)
        })
        .collect();
    // Who shows nothing has not tried to be anybody.
    assert_eq!(
        shown,
        [
            ("token ci", Kind::Login, Status::Confirmed, true),
            ("somebody", Kind::Login, Status::Failed, true),
            ("somebody", Kind::Login, Status::Failed, true),
        ]
    );
    assert!(told.iter().all(|draft| !format!("{draft:?}").contains(site.secret.reveal())));
}

#[test]
fn a_revoked_token_is_refused_at_the_next_request() {
    let site = Site::new(&local(), Limits::default());
    for _ in 0..2 {
        assert_eq!(site.ask("GET /api", &[BEARER]).status, 200);
    }
    site.revoke();
    let refused = site.ask("GET /api", &[BEARER]);
    assert_eq!(refused.status, 401);
    assert!(refused.has("the token is not known to this station"), "{refused:?}");
}

#[test]
fn after_ten_wrong_tokens_a_peer_is_told_to_wait() {
    let site = Site::new(&local(), Limits::default());
    let wrong = ["authorization: Bearer hunter2"];
    for _ in 0..10 {
        assert_eq!(site.ask("GET /api", &wrong).status, 401);
    }
    let refused = site.ask("GET /api", &wrong);
    assert_eq!(refused.status, 429);
    assert!(refused.has("retry-after: "), "{refused:?}");
    assert_eq!(site.ask("GET /api", &[BEARER]).status, 200);
}

#[test]
fn other_names_and_other_origins_are_refused() {
    let listen = Listen {
        hosts: vec![parse_host("station.lab").unwrap()],
        origins: vec![parse_origin("https://panel.lab").unwrap()],
        ..local()
    };
    let site = Site::new(&listen, Limits::default());
    let own = format!("origin: http://{}", site.address);
    for (header, expected) in [
        ("host: evil.example", 421),
        ("host: station.lab", 200),
        (&own, 200),
        ("origin: http://evil.example", 403),
        ("sec-fetch-site: cross-site", 403),
    ] {
        let answer = site.ask("POST /api", &[BEARER, header]);
        assert_eq!(answer.status, expected, "{header}");
        assert!(!answer.has("access-control-allow-origin"));
    }
    let listed = site.ask("POST /api", &[BEARER, "origin: https://panel.lab"]);
    assert!(listed.has("access-control-allow-origin: https://panel.lab"), "{listed:?}");
    let asked = ["origin: https://panel.lab", "access-control-request-method: POST"];
    let preflight = site.ask("OPTIONS /api", &asked);
    assert_eq!(preflight.status, 204);
    assert!(preflight.has("access-control-allow-headers: authorization"), "{preflight:?}");
}

#[test]
fn a_token_in_the_query_goes_no_further() {
    let site = Site::new(&local(), Limits::default());
    let target = format!("GET /api/events?since=4&access_token={}", site.secret.reveal());
    let answer = site.ask(&target, &[]);
    assert!(answer.text.ends_with("\r\n\r\n/api/events?since=4"), "{answer:?}");
}

#[test]
fn this_machines_callers_may_come_without_a_token_where_that_is_allowed() {
    let site = Site::new(&Listen { anonymous: Some(Role::Operator), ..local() }, Limits::default());
    assert!(site.ask("POST /api", &[]).has("anonymous is operator"));
    let refused = site.ask("GET /api/admin", &[]);
    assert_eq!(refused.status, 403);
    assert!(refused.has("this needs a token also where"), "{refused:?}");
    assert_eq!(site.ask("POST /api", &["origin: http://evil.example"]).status, 403);
    assert_eq!(site.ask("GET /api", &["host: evil.example"]).status, 421);
    assert_eq!(site.ask("GET /api", &["x-forwarded-for: 192.0.2.1"]).status, 401);

    let open = Listen {
        addresses: vec![parse_listen("0.0.0.0:0").unwrap()],
        anonymous: Some(Role::Viewer),
        insecure_plain_text: true,
        ..Listen::default()
    };
    let refused = TcpServer::bind(&open, Limits::default()).err().unwrap();
    assert!(refused.starts_with("--allow-anonymous is for this machine's own"), "{refused}");
}

#[test]
fn a_port_in_use_is_named() {
    let site = Site::new(&local(), Limits::default());
    let listen = Listen { addresses: vec![site.address], ..Listen::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let refused = TcpServer::bind(&listen, Limits::default()).err().unwrap();
    assert!(refused.contains(&format!("cannot listen on {}", site.address)), "{refused}");
}

#[test]
fn the_unix_socket_trusts_its_peer_as_an_admin() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let inside = runtime.enter();
    let router = Router::new().route(
        "/api",
        get(async |Extension(caller): Extension<Caller>| {
            format!("{} {}", caller.role.name(), caller.anonymous)
        }),
    );
    runtime.spawn(Server::bind(&path).unwrap().serve(router));
    drop(inside);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /api HTTP/1.1\r\nhost: station\r\nconnection: close\r\n\r\n").unwrap();
    let answer = Answer::read(&mut stream);
    assert!(answer.text.ends_with("\r\n\r\nadmin false"), "{answer:?}");
    assert!(answer.has("cache-control: no-store"));
}

#[test]
fn a_web_socket_outlives_the_limits_of_requests() {
    let site = Site::new(&local(), super::support::short());
    let mut stream = site.connect();
    let target = format!("GET /ws?access_token={}", site.secret.reveal());
    let head = site.head(&target, &["upgrade: websocket"]).replace(": close", ": upgrade");
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = [0_u8; 4096];
    let n = stream.read(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes[..n]);
    assert!(text.starts_with("HTTP/1.1 101"), "{text}");
    // Longer than the limits on heads and on idle connections.
    super::limits::wait(1_300);
    stream.write_all(b"still there?").unwrap();
    let n = stream.read(&mut bytes).unwrap();
    assert_eq!(&bytes[..n], b"still there?");
}
