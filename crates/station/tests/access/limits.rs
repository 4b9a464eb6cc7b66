//! Callers who are slow, large or many.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use station::access::{Listen, Rate};
use station::server::Limits;

use super::support::{Answer, Site, local, short};

/// Waits; what is tested is that time passes.
#[expect(clippy::disallowed_methods, reason = "what is tested is what passes with time")]
pub(super) fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

const BEARER: &str = "authorization: Bearer TOKEN";

/// How long the server keeps a connection on which this was sent.
fn kept(site: &Site, sent: &[u8]) -> Duration {
    let mut stream = site.connect();
    stream.write_all(sent).unwrap();
    let started = Instant::now();
    let mut rest = Vec::new();
    // However it ends.
    drop(stream.read_to_end(&mut rest));
    started.elapsed()
}

fn about(span: Duration, milliseconds: u64) {
    let expected = Duration::from_millis(milliseconds);
    assert!(span > expected.mul_f64(0.8) && span < expected.mul_f64(2.5), "{span:?} {expected:?}");
}

#[test]
fn who_does_not_send_a_head_is_cut() {
    let site = Site::new(&local(), short());
    about(kept(&site, b""), 300);
    about(kept(&site, b"GET /api HTTP/1.1\r\nhost: "), 300);
    // A byte now and then does not help.
    let mut stream = site.connect();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if stream.write_all(b"a").is_err() {
            break;
        }
        wait(50);
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let site = Site::new(&local(), short());
    let head = site.head("GET /api", &[BEARER]).replace(": close", ": keep-alive");
    about(kept(&site, head.as_bytes()), 900);
    // And the next head on it has to come in time as well.
    let mut stream = site.connect();
    let mut bytes = [0_u8; 4096];
    for _ in 0..3 {
        stream.write_all(head.as_bytes()).unwrap();
        assert!(stream.read(&mut bytes).unwrap() > 0);
        wait(400);
    }
    stream.write_all(b"GET /api HT").unwrap();
    let started = Instant::now();
    assert_eq!(stream.read(&mut bytes).unwrap_or(0), 0);
    about(started.elapsed(), 300);
}

#[test]
fn an_answer_may_take_its_time() {
    let site = Site::new(&local(), short());
    let answer = site.ask("GET /api/slow", &[BEARER]);
    assert!(answer.text.ends_with("\r\n\r\ndone"), "{answer:?}");
}

#[test]
fn a_large_body_is_refused_and_the_refusal_arrives() {
    let site = Site::new(&local(), Limits::default());
    let body = vec![b'x'; 10 << 20];
    let told = site.head("POST /api/count", &[BEARER, "content-length: 10485760"]);
    let chunked = site.head("POST /api/count", &[BEARER, "transfer-encoding: chunked"]);
    for (head, framed) in [(told, body.clone()), (chunked, [b"a00000\r\n", &body[..]].concat())] {
        let mut stream = site.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&framed).unwrap();
        let answer = Answer::read(&mut stream);
        assert_eq!(answer.status, 413, "{answer:?}");
    }
    let fits = site.head("POST /api/count", &[BEARER, "content-length: 4194304"]);
    let mut stream = site.connect();
    stream.write_all(fits.as_bytes()).unwrap();
    stream.write_all(&body[..4 << 20]).unwrap();
    assert!(Answer::read(&mut stream).text.ends_with("4194304"));
    // Whoever may not come in is told so, whatever is sent.
    let unknown = site.head("POST /api/count", &["content-length: 10485760"]);
    let mut stream = site.connect();
    stream.write_all(unknown.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 401);
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let site = Site::new(&local(), short());
    let head = site.head("POST /api/count", &[BEARER, "content-length: 1000"]);
    let mut stream = site.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"xyz").unwrap();
    let started = Instant::now();
    let mut bytes = [0_u8; 4096];
    let n = stream.read(&mut bytes).unwrap();
    about(started.elapsed(), 400);
    let text = String::from_utf8_lossy(&bytes[..n]).into_owned();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");

    // A byte now and then helps for a while.
    let mut stream = site.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let started = Instant::now();
    let mut trickling = stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        while started.elapsed() < Duration::from_secs(8) && trickling.write_all(b"a").is_ok() {
            wait(100);
        }
    });
    let n = stream.read(&mut bytes).unwrap();
    about(started.elapsed(), 1_500);
    assert!(n > 0);
    drop(stream.shutdown(Shutdown::Both));
    trickle.join().unwrap();
}

#[test]
fn who_does_not_take_the_answer_is_cut() {
    let site = Site::new(&local(), short());
    let mut stream = site.connect();
    stream.write_all(site.head("GET /api/much", &[BEARER]).as_bytes()).unwrap();
    wait(2_000);
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest));
    assert!(rest.len() < 64 << 20, "{}", rest.len());
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let site = Site::new(&local(), Limits::default());
    let line = format!("x: {}", "y".repeat(70_000));
    let mut stream = site.connect();
    stream.write_all(site.head("GET /api", &[BEARER, &line]).as_bytes()).unwrap();
    let mut bytes = [0_u8; 4096];
    let n = stream.read(&mut bytes).unwrap();
    assert!(bytes[..n].starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&bytes[..n]));
}

#[test]
fn there_is_room_for_so_many_connections() {
    let site = Site::new(&local(), Limits { connections: 3, ..Limits::default() });
    let held: Vec<_> = (0..3).map(|_| site.connect()).collect();
    wait(100);
    let full = Answer::read(&mut site.connect());
    assert_eq!(full.status, 503, "{full:?}");
    assert!(full.text.ends_with("\r\n\r\n{\"detail\":\"the station has no connection free\"}\n"));
    let length = full.text.split("\r\n\r\n").nth(1).unwrap().len();
    assert!(full.has(&format!("content-length: {length}\r\n")), "{length}");
    drop(held);
    wait(100);
    assert_eq!(site.ask("GET /api", &[BEARER]).status, 200);
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    let listen = Listen { rate: Some(Rate { per_second: 0.1, burst: 3.0 }), ..local() };
    let site = Site::new(&listen, Limits::default());
    for expected in [200, 200, 200, 429] {
        assert_eq!(site.ask("GET /api", &[BEARER]).status, expected);
    }
}

#[test]
fn a_request_on_its_way_is_answered_when_the_server_ends() {
    let mut site = Site::new(&local(), short());
    let mut stream = site.connect();
    stream.write_all(site.head("GET /api/slow", &[BEARER]).as_bytes()).unwrap();
    wait(100);
    site.stop();
    // The kernel may take a moment to see that nobody listens any more.
    for _ in 0..500 {
        if std::net::TcpStream::connect(site.address).is_err() {
            break;
        }
        wait(10);
    }
    assert!(std::net::TcpStream::connect(site.address).is_err());
    assert_eq!(Answer::read(&mut stream).status, 200);
}
