//! What must hold for every input, target by target. `crates/station/tests/corpora.rs` includes this
//! file and replays the committed corpora with it, so it uses nothing of cargo-fuzz.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::{Micros, Node, NodeSet};
use station_core::when::{
    Context, Resolved, WhenError, parse_duration, print, print_duration, resolve, resolve_touch,
};
use tokio::io::AsyncWriteExt as _;

#[path = "scpi.rs"]
pub mod scpi;

/// An hour before the clocks of Berlin go forward, and a moment within a minute.
const PRESENTS: [&str; 2] = ["2026-03-29T00:30:00Z", "2027-01-31T10:17:42.5Z"];

static ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    let named = ["Europe/Berlin", "America/St_Johns"];
    std::iter::once(TimeZone::UTC)
        .chain(named.iter().filter_map(|name| TimeZone::get(name).ok()))
        .collect()
});

/// A time expression gives an instant that is not past, printable and read back as the same, or an
/// error that points into the text.
pub fn time_expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse_duration(text) {
        Ok(span) => assert_eq!(parse_duration(&print_duration(span)), Ok(span), "{text:?}"),
        Err(error) => well_formed(&error, text),
    }
    for now in PRESENTS.iter().filter_map(|text| text.parse::<Timestamp>().ok()) {
        for zone in ZONES.iter() {
            for posix in [false, true] {
                let ctx = Context { now, zone, zones: jiff::tz::db(), posix };
                for read in [resolve(text, &ctx), resolve_touch(text, &ctx)] {
                    match read {
                        Ok(found) => resolved(text, &found, &ctx),
                        Err(error) => well_formed(&error, text),
                    }
                }
            }
        }
    }
}

/// A node set is an error with a sentence, or its own text again, and names that nodes may have.
pub fn node_set(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match NodeSet::parse(text) {
        Ok(set) => {
            assert_eq!(NodeSet::parse(set.text()).as_ref(), Ok(&set), "{text:?}");
            let names = set.literal().unwrap_or_default();
            assert!(names.iter().all(|name| Node::is_name(name)), "{text:?}: {names:?}");
            assert!(set.expand(&BTreeMap::<String, (Node, ())>::new()).is_err(), "{text:?}");
        }
        Err(error) => assert!(error.0.contains("set of nodes"), "{text:?}: {error}"),
    }
}

fn resolved(text: &str, found: &Resolved, ctx: &Context<'_>) {
    let resolution =
        if ctx.posix { SignedDuration::from_secs(60) } else { SignedDuration::from_micros(1) };
    assert!(ctx.now.duration_since(found.instant) < resolution, "{text:?} is past");
    let printed = print(found.instant, &found.zone);
    let anew = Context { now: Timestamp::UNIX_EPOCH, posix: false, ..*ctx };
    let again = resolve(&printed, &anew).map(|found| print(found.instant, &found.zone));
    assert_eq!(again, Ok(printed), "{text:?} is not read back");
}

fn well_formed(error: &WhenError, text: &str) {
    assert!(text.get(error.span()).is_some(), "{text:?}: the fault is outside the text");
    let shown = error.render(text);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
}

/// A create request is read, or refused with a status in the 400s.
pub fn http_create(data: &[u8]) {
    if let Err(status) = station::api::check_create(data, Micros(1_800_000_000_000_000)) {
        assert!((400..500).contains(&status), "status {status}");
    }
}

/// Whatever a station answers, the client neither panics nor makes up more than was sent.
pub fn http_client(data: &[u8]) {
    if let Ok((answer, _)) = station::client::check_answer(data) {
        assert!((200..600).contains(&answer.status));
        assert!(answer.body.len() <= data.len());
    }
}

/// Bytes on the socket of a station are answered without a panic and without a status in the 500s.
pub fn http_server(data: &[u8]) {
    match SERVED.as_ref() {
        Ok(served) => served.runtime.block_on(serve(served, data)),
        Err(error) => assert!(error.is_empty(), "no station to speak to: {error}"),
    }
}

struct Served {
    runtime: tokio::runtime::Runtime,
    router: axum::Router,
    _station: Station,
    _dir: tempfile::TempDir,
}

static ASKED: AtomicUsize = AtomicUsize::new(0);
static ANSWERED: AtomicUsize = AtomicUsize::new(0);

static SERVED: LazyLock<Result<Served, String>> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let inside = runtime.enter();
    // A station may close while it is written to; only a program with a Rust main ignores that.
    let pipe = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::pipe());
    drop(pipe.map_err(|error| error.to_string())?);
    let options = Options::new(dir.path().to_owned());
    let station = Station::open(&options, Mode::Offline).map_err(|error| error.to_string())?;
    drop(inside);
    let router = station.router();
    let router = router.layer(axum::middleware::from_fn(
        async |request: axum::extract::Request, next: axum::middleware::Next| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            let line = format!("{} {}", request.method(), request.uri());
            let response = next.run(request).await;
            ANSWERED.fetch_add(1, Ordering::SeqCst);
            if response.status().is_server_error() {
                // A panic in a task is caught there; the process has to end.
                eprintln!("{line} was answered with {}", response.status());
                std::process::abort();
            }
            response
        },
    ));
    Ok(Served { runtime, router, _station: station, _dir: dir })
});

async fn serve(served: &Served, data: &[u8]) {
    let Ok((mut ours, theirs)) = tokio::net::UnixStream::pair() else { return };
    let names = std::sync::Arc::default();
    let server = station::server::connection(theirs, served.router.clone(), names);
    let server = tokio::spawn(server);
    // What the station does not take any more it has refused already. A request whose body stays
    // incomplete is waited for a moment only.
    ours.write_all(data).await.ok();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if ANSWERED.load(Ordering::SeqCst) == ASKED.load(Ordering::SeqCst) {
            break;
        }
    }
    if let Ok(ours) = ours.into_std() {
        let mut answers = Vec::new();
        (&ours).take(1 << 20).read_to_end(&mut answers).ok();
        ours.shutdown(std::net::Shutdown::Both).ok();
    }
    assert!(
        tokio::time::timeout(Duration::from_secs(20), server).await.is_ok_and(|end| end.is_ok()),
        "the connection does not end"
    );
}
