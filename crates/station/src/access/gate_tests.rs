use super::super::secret::issue;
use super::*;
use axum::http::HeaderValue;
use station_core::model::{Micros, Mono};

const LOCAL: &str = "127.0.0.1";
const AWAY: &str = "192.0.2.7";
const NOW: Now = Now { wall: Micros(1_000), mono: Mono(0) };
const BEARER: (&str, &str) = ("authorization", "Bearer TOKEN");
const HERE: (&str, &str) = ("host", "localhost");

fn settings() -> Settings {
    Settings {
        hosts: vec![
            Host::Name("localhost".to_owned()),
            Host::Ip(LOCAL.parse().unwrap()),
            Host::Name("station.lab".to_owned()),
        ],
        origins: vec![Origin::parse("https://panel.lab").unwrap()],
        ..Settings::default()
    }
}

struct Tested {
    gate: Gate,
    secret: Secret,
    token: Arc<Token>,
}

impl Tested {
    fn new(settings: Settings) -> Self {
        let (secret, token) =
            issue("ci", Role::Operator, Principal::Anonymous, Micros(0), None).unwrap();
        Self { gate: Gate::new(settings), secret, token: Arc::new(token) }
    }

    /// What a request with these headers gets; `TOKEN` stands for the secret.
    fn ask(
        &self,
        request: &str,
        peer: &str,
        headers: &[(&str, &str)],
    ) -> Result<Caller, Rejection> {
        let (method, uri) = request.split_once(' ').unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = value.replace("TOKEN", self.secret.reveal());
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_str(&value).unwrap());
        }
        let head = Head {
            method: &method.parse().unwrap(),
            uri: &uri.replace("TOKEN", self.secret.reveal()).parse().unwrap(),
            headers: &map,
            peer: peer.parse().unwrap(),
        };
        let found = |hash: &str| (hash == self.token.hash).then(|| Arc::clone(&self.token));
        self.gate.judge(&head, NOW, |hash| Ok(found(hash)))
    }

    fn status(&self, request: &str, peer: &str, headers: &[(&str, &str)]) -> u16 {
        self.ask(request, peer, headers).map_or_else(|refused| refused.status.as_u16(), |_| 200)
    }
}

#[test]
fn names_the_station_does_not_have_are_refused() {
    let tested = Tested::new(settings());
    for (hosts, expected) in [
        (&["localhost"][..], 200),
        (&["LOCALHOST.:8470"], 200),
        (&["127.0.0.1:9"], 200),
        (&["station.lab"], 200),
        (&["evil.example"], 421),
        (&["localhost.evil.example"], 421),
        (&["127.0.0.2"], 421),
        (&["[::1]"], 421),
        (&[], 400),
        (&["localhost", "evil.example"], 400),
        (&["localhost:x"], 400),
        (&[""], 400),
        (&["me@localhost"], 400),
    ] {
        let mut headers = vec![BEARER];
        headers.extend(hosts.iter().map(|host| ("host", *host)));
        assert_eq!(tested.status("GET /api", AWAY, &headers), expected, "{hosts:?}");
    }
    assert_eq!(tested.status("GET http://localhost/api", AWAY, &[BEARER, HERE]), 200);
    assert_eq!(tested.status("GET http://evil.example/api", AWAY, &[BEARER, HERE]), 400);

    let any = Tested::new(Settings { any_address: true, ..settings() });
    assert_eq!(any.status("GET /api", AWAY, &[BEARER, ("host", "10.0.0.9:1")]), 200);
    assert_eq!(any.status("GET /api", AWAY, &[BEARER, ("host", "evil.example")]), 421);
}

#[test]
fn pages_of_other_origins_are_refused() {
    let tested = Tested::new(settings());
    for (method, headers, expected) in [
        ("POST", &[("origin", "http://localhost:8470")][..], 200),
        ("POST", &[("origin", "https://panel.lab")], 200),
        ("POST", &[("origin", "https://localhost:8470")], 403),
        ("POST", &[("origin", "http://localhost")], 403),
        ("POST", &[("origin", "http://127.0.0.1:8470")], 403),
        ("POST", &[("origin", "http://evil.example")], 403),
        ("GET", &[("origin", "http://evil.example")], 403),
        ("POST", &[("origin", "null")], 403),
        ("POST", &[("origin", "http://localhost:8470"), ("origin", "http://x")], 403),
        ("POST", &[("sec-fetch-site", "cross-site")], 403),
        ("DELETE", &[("sec-fetch-site", "same-site")], 403),
        ("POST", &[("sec-fetch-site", "same-origin")], 200),
        ("POST", &[("sec-fetch-site", "none")], 200),
        ("GET", &[("sec-fetch-site", "cross-site")], 200),
        ("GET", &[("sec-fetch-site", "cross-site"), ("upgrade", "websocket")], 403),
        ("POST", &[], 200),
    ] {
        let mut all = vec![BEARER, ("host", "localhost:8470")];
        all.extend(headers);
        let got = tested.status(&format!("{method} /api"), AWAY, &all);
        assert_eq!(got, expected, "{method} {headers:?}");
    }
    let tls = Tested::new(Settings { tls: true, ..settings() });
    let ask = |origin| tls.status("POST /api", AWAY, &[BEARER, HERE, ("origin", origin)]);
    assert_eq!(ask("https://localhost"), 200);
    assert_eq!(ask("https://localhost:443"), 200);
    assert_eq!(ask("http://localhost"), 403);
}

#[test]
fn a_listed_page_may_ask_what_it_may_ask() {
    let tested = Tested::new(settings());
    let method = ("access-control-request-method", "POST");
    let ask = |origin| tested.status("OPTIONS /api", AWAY, &[HERE, ("origin", origin), method]);
    assert_eq!(ask("https://panel.lab"), 200);
    assert_eq!(ask("https://evil.example"), 403);
    // No browser asks that of a page's own origin.
    assert_eq!(ask("http://localhost"), 401);
}

#[test]
fn tokens_are_told_apart() {
    let wrong = format!("Bearer {}", Secret::new().unwrap().reveal());
    let missing = "a token is needed: send 'Authorization: Bearer TOKEN'";
    let form = "the Authorization header is not of the form 'Bearer TOKEN'";
    let malformed = "the token is malformed: one of this station is stm_ and 43 characters";
    for (request, headers, expected) in [
        ("GET /api", &[BEARER][..], None),
        ("GET /api", &[("authorization", "bearer  TOKEN ")], None),
        ("GET /ws?access_token=TOKEN", &[], None),
        ("GET /api/events?since=4&access_token=TOKEN", &[], None),
        ("GET /api", &[], Some(missing)),
        ("GET /api?access_token=TOKEN", &[], Some(missing)),
        ("GET /wsx?access_token=TOKEN", &[], Some(missing)),
        ("GET /api", &[("authorization", "Basic eDp5")], Some(form)),
        ("GET /api", &[("authorization", "TOKEN")], Some(form)),
        ("GET /api", &[("authorization", "")], Some(form)),
        ("GET /api", &[("authorization", "Bearer")], Some(form)),
        ("GET /api", &[("authorization", "Bearer hunter2")], Some(malformed)),
        ("GET /api", &[("authorization", "Bearer TOKENx")], Some(malformed)),
        ("GET /ws?access_token=", &[], Some(malformed)),
        ("GET /ws", &[BEARER, BEARER], Some("the request has several Authorization headers")),
        ("GET /api", &[("authorization", &wrong)], Some("the token is not known to this station")),
    ] {
        // A gate each, since wrong ones are counted.
        let tested = Tested::new(settings());
        let mut all = vec![HERE];
        all.extend(headers);
        let got = tested.ask(request, AWAY, &all);
        match expected {
            None => assert_eq!(got.unwrap().role, Role::Operator, "{request} {headers:?}"),
            Some(detail) => {
                let refused = got.unwrap_err();
                assert_eq!(refused.status.as_u16(), 401, "{request} {headers:?}");
                assert_eq!(refused.detail, detail, "{request} {headers:?}");
            }
        }
    }
}

#[test]
fn expired_and_revoked_tokens_let_nobody_in() {
    let unknown = "the token is not known to this station";
    for (expires_at, revoked_at, expected) in [
        (None, None, None),
        (Some(Micros(1_001)), None, None),
        (Some(Micros(1_000)), None, Some("the token has expired")),
        (None, Some(Micros(1)), Some(unknown)),
        (Some(Micros(1)), Some(Micros(1)), Some(unknown)),
    ] {
        let mut tested = Tested::new(settings());
        tested.token = Arc::new(Token { expires_at, revoked_at, ..(*tested.token).clone() });
        let got = tested.ask("GET /api", AWAY, &[BEARER, HERE]);
        assert_eq!(got.err().map(|refused| refused.detail).as_deref(), expected);
    }
}

#[test]
fn without_a_token_only_this_machine_gets_in_and_never_as_admin() {
    assert_eq!(Tested::new(settings()).status("GET /api", LOCAL, &[HERE]), 401);
    for (allowed, role) in [
        (Role::Viewer, Role::Viewer),
        (Role::Operator, Role::Operator),
        (Role::Admin, Role::Operator),
    ] {
        let open = Tested::new(Settings { anonymous: Some(allowed), ..settings() });
        let caller = open.ask("POST /api", LOCAL, &[HERE]).unwrap();
        assert_eq!((caller.role, caller.anonymous), (role, true));
        assert_eq!(caller.principal, Principal::Anonymous);
        for (peer, header, expected) in [
            ("::ffff:127.0.0.1", ("accept", "*/*"), 200),
            ("::1", ("accept", "*/*"), 200),
            (AWAY, ("accept", "*/*"), 401),
            // Through a proxy on this machine anybody could come.
            (LOCAL, ("x-forwarded-for", AWAY), 401),
            (LOCAL, ("via", "1.1 proxy"), 401),
            // A wrong token is not the same as none.
            (LOCAL, ("authorization", "Bearer x"), 401),
            (LOCAL, ("origin", "http://evil.example"), 403),
        ] {
            assert_eq!(open.status("POST /api", peer, &[HERE, header]), expected, "{header:?}");
        }
        assert!(!open.ask("GET /api", LOCAL, &[HERE, BEARER]).unwrap().anonymous);
    }
}

#[test]
fn open_paths_need_no_token() {
    let tested = Tested::new(Settings { open_paths: &["/", "/assets/"], ..settings() });
    for (request, expected) in [
        ("GET /", 200),
        ("HEAD /assets/app.js", 200),
        ("POST /assets/app.js", 401),
        ("GET /assets", 401),
        ("GET /api", 401),
    ] {
        assert_eq!(tested.status(request, AWAY, &[HERE]), expected, "{request}");
    }
    assert_eq!(tested.ask("GET /", AWAY, &[HERE]).unwrap().role, Role::Viewer);
}

#[test]
fn wrong_tokens_are_counted_and_good_ones_pass_all_the_same() {
    let tested = Tested::new(settings());
    let wrong = [HERE, ("authorization", "Bearer x")];
    for _ in 0..10 {
        assert_eq!(tested.status("GET /api", AWAY, &wrong), 401);
    }
    let refused = tested.ask("GET /api", AWAY, &wrong).unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.retry_after), (429, Some(7)));
    assert_eq!(tested.status("GET /api", LOCAL, &wrong), 401);
    assert_eq!(tested.status("GET /api", AWAY, &[HERE, BEARER]), 200);
    // To show none is no try to guess one.
    assert_eq!(tested.status("GET /api", AWAY, &[HERE]), 401);
}

#[test]
fn who_asks_too_often_waits() {
    let tested = Tested::new(Settings { rate: Some(Rate::per_second(2)), ..settings() });
    for expected in [200, 200, 200, 200, 429] {
        assert_eq!(tested.status("GET /api", AWAY, &[HERE, BEARER]), expected);
    }
    assert_eq!(tested.status("GET /api", LOCAL, &[HERE, BEARER]), 200);
}

#[test]
fn tokens_are_taken_out_of_targets() {
    for (given, left) in [
        ("/ws?access_token=x", Some("/ws")),
        ("/ws?a=1&access_token=x&b=2", Some("/ws?a=1&b=2")),
        ("/ws?a=1", None),
        ("/ws", None),
    ] {
        let left = left.map(|left| left.parse::<Uri>().unwrap());
        assert_eq!(without_secret(&given.parse().unwrap()), left, "{given}");
    }
}
