//! A server over a small router of its own, and a client that sends what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router};
use station::access::{Caller, Listen, Logins, Rejection, Secret, Tokens, issue, parse_listen};
use station::server::{Limits, TcpServer};
use station_core::audit::Draft;
use station_core::model::{Micros, Principal, Role, Token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server for one test; it ends with the value.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    /// An operator's.
    pub(crate) secret: Secret,
    /// What the audit trail was told of.
    pub(crate) told: Arc<Mutex<Vec<Draft>>>,
    stored: Arc<Mutex<Token>>,
    changes: Arc<AtomicU64>,
    serving: Option<tokio::task::JoinHandle<()>>,
    runtime: tokio::runtime::Runtime,
}

/// Limits that a test can wait for.
pub(crate) fn short() -> Limits {
    Limits {
        connections: 8,
        handshake: Duration::from_millis(300),
        head: Duration::from_millis(300),
        idle: Duration::from_millis(900),
        body_idle: Duration::from_millis(400),
        body: Duration::from_millis(1_500),
        write: Duration::from_millis(500),
        ..Limits::default()
    }
}

pub(crate) fn local() -> Listen {
    Listen { addresses: vec![parse_listen("127.0.0.1:0").unwrap()], ..Listen::default() }
}

impl Site {
    pub(crate) fn new(listen: &Listen, limits: Limits) -> Self {
        let (secret, token) =
            issue("ci", Role::Operator, Principal::Anonymous, Micros(0), None).unwrap();
        let stored = Arc::new(Mutex::new(token));
        let changes = Arc::new(AtomicU64::new(0));
        let (row, number) = (Arc::clone(&stored), Arc::clone(&changes));
        let tokens = Tokens::new(
            Arc::new(move |hash| {
                let token = row.lock().unwrap().clone();
                Ok((token.hash == hash).then_some(token))
            }),
            Arc::new(move || number.load(Ordering::Acquire)),
        );
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let inside = runtime.enter();
        let told = Arc::new(Mutex::new(Vec::new()));
        let journal = Arc::clone(&told);
        let logins = Logins::new(Box::new(move |draft| journal.lock().unwrap().push(draft)));
        let server = TcpServer::bind(listen, limits).unwrap().telling(logins);
        let address = server.addresses()[0];
        let serving = Some(tokio::spawn(server.serve(router(), tokens)));
        drop(inside);
        Self { address, secret, told, stored, changes, serving, runtime }
    }

    pub(crate) fn revoke(&self) {
        self.stored.lock().unwrap().revoked_at = Some(Micros(1));
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Ends the server as the daemon does.
    pub(crate) fn stop(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.abort();
        drop(self.runtime.block_on(serving));
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// What is answered to a request line with these headers, `Host` and `Connection: close` besides.
    pub(crate) fn ask(&self, request: &str, headers: &[&str]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(self.head(request, headers).as_bytes()).unwrap();
        Answer::read(&mut stream)
    }

    pub(crate) fn head(&self, request: &str, headers: &[&str]) -> String {
        let mut lines = vec![format!("{request} HTTP/1.1"), "connection: close".to_owned()];
        if !headers.iter().any(|line| line.starts_with("host:")) {
            lines.push(format!("host: {}", self.address));
        }
        lines.extend(headers.iter().map(|line| line.replace("TOKEN", self.secret.reveal())));
        format!("{}\r\n\r\n", lines.join("\r\n"))
    }
}

/// An answer as it came, to the end of the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Self { status, text }
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.text.contains(part)
    }
}

fn router() -> Router {
    Router::new()
        .route("/api", get(whoami).post(whoami))
        .route("/api/count", post(async |body: String| body.len().to_string()))
        .route("/api/admin", get(async |caller: Extension<Caller>| admin(&caller)))
        .route("/api/slow", get(slow))
        .route("/api/events", get(async |uri: axum::http::Uri| uri.to_string()))
        .route("/api/much", get(async || vec![b'x'; 64 << 20]))
        .route("/ws", get(echo))
        .layer(DefaultBodyLimit::max(4 << 20))
}

async fn whoami(
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Principal>,
) -> String {
    assert_eq!(caller.principal, who);
    format!("{} is {}", who.label(), caller.role.name())
}

fn admin(caller: &Caller) -> Result<&'static str, Rejection> {
    caller.require_named("this").and_then(|()| caller.require(Role::Admin)).map(|()| "welcome")
}

/// An answer that takes longer than any limit in [`short`] on waiting for the peer.
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    "done"
}

/// An upgraded connection that sends back what comes.
async fn echo(mut request: axum::extract::Request) -> axum::response::Response {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = hyper_util::rt::TokioIo::new(upgrading.await.unwrap());
        let mut bytes = [0_u8; 100];
        while let Ok(n @ 1..) = stream.read(&mut bytes).await {
            stream.write_all(&bytes[..n]).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    axum::http::Response::builder()
        .status(101)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .body(axum::body::Body::empty())
        .unwrap()
}
