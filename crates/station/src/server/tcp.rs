//! Serves the API on TCP: whoever passes the gate, within limits.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, ORIGIN};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rustix::time::{ClockId, clock_gettime};
use station_core::model::{Micros, Mono, Now};
use station_core::near::shown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::body::{Answer, Intake};
use super::watched::{Pulse, Watched};
use super::{is_api, tls};
use crate::access::{self, Caller, Claim, Denied, Gate, Head, Listen, Logins, Rejection, Tokens};
use crate::port::StoreError;

/// What is said to who comes when there is no room.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 48\r\n\r\n\
    {\"detail\":\"the station has no connection free\"}\n";

/// How much of the station's time and room a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// The bytes of a request's head.
    pub head_bytes: usize,
    /// For the handshake of TLS.
    pub handshake: Duration,
    /// For sending the head of a request, and for the first one from the start on.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
    /// Without a byte of the request's body.
    pub body_idle: Duration,
    /// For the request's body in all.
    pub body: Duration,
    /// Without taking a byte of an answer.
    pub write: Duration,
    /// The bytes of a request's body.
    pub max_body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head_bytes: 64 << 10,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body_idle: Duration::from_secs(30),
            body: Duration::from_secs(300),
            write: Duration::from_secs(60),
            max_body: 4 << 20,
        }
    }
}

/// Listening TCP sockets.
pub struct TcpServer {
    listeners: Vec<TcpListener>,
    acceptor: Option<TlsAcceptor>,
    gate: Gate,
    limits: Limits,
    logins: Logins,
}

impl TcpServer {
    /// Listens on all addresses; needs a tokio runtime.
    ///
    /// # Errors
    /// A sentence that says why it cannot, or must not, listen there.
    pub fn bind(listen: &Listen, limits: Limits) -> Result<Self, String> {
        listen.check()?;
        let acceptor = listen.tls.as_ref().map(tls::acceptor).transpose()?;
        let listeners: Result<_, _> = listen.addresses.iter().map(|at| bind(*at)).collect();
        Ok(Self {
            listeners: listeners?,
            acceptor,
            gate: Gate::new(listen.settings()),
            limits,
            logins: Logins::new(Box::new(drop)),
        })
    }

    /// Tells of who comes in.
    #[must_use]
    pub fn telling(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Where it listens: with the ports that the system chose, where 0 was asked for.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves until it is dropped; then open connections end with their present answers.
    pub async fn serve(self, router: Router, tokens: Tokens) {
        let Self { listeners, acceptor, gate, limits, logins } = self;
        let shared =
            Arc::new(Shared { gate, tokens, router, limits, acceptor, logins: Arc::new(logins) });
        let room = Arc::new(Semaphore::new(limits.connections));
        let (_stop, stopped) = watch::channel(());
        let mut loops = JoinSet::new();
        for listener in listeners {
            let (shared, room) = (Arc::clone(&shared), Arc::clone(&room));
            loops.spawn(accept(listener, shared, room, stopped.clone()));
        }
        while loops.join_next().await.is_some() {}
    }
}

fn bind(at: SocketAddr) -> Result<TcpListener, String> {
    let listening = || {
        let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(at)?;
        socket.listen(1024)
    };
    listening().map_err(|error| format!("cannot listen on {at}: {error}"))
}

struct Shared {
    gate: Gate,
    tokens: Tokens,
    router: Router,
    limits: Limits,
    acceptor: Option<TlsAcceptor>,
    logins: Arc<Logins>,
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    stopped: watch::Receiver<()>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                    if shared.acceptor.is_none() {
                        // Who cannot be told sees the connection end.
                        drop(stream.try_write(FULL));
                    }
                    continue;
                };
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                tokio::spawn(connection(
                    Arc::clone(&shared),
                    stream,
                    peer,
                    permit,
                    stopped.clone(),
                ));
            }
            Err(error) => {
                // Out of descriptors, most likely; it passes.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    stopped: watch::Receiver<()>,
) {
    // Without it answers wait for acknowledgements; a socket that refuses it works all the same.
    drop(stream.set_nodelay(true));
    let Some(acceptor) = &shared.acceptor else {
        return http(shared, stream, peer, permit, stopped).await;
    };
    match tokio::time::timeout(shared.limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => http(shared, stream, peer, permit, stopped).await,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a TLS handshake failed");
            shared.failed(peer, &format!("the TLS handshake failed: {error}"));
        }
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn http<IO>(
    shared: Arc<Shared>,
    stream: IO,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    mut stopped: watch::Receiver<()>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (limits, pulse) = (shared.limits, Arc::new(Pulse::default()));
    let stream = Watched::new(stream, Arc::clone(&pulse), limits, permit);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (shared, pulse) = (Arc::clone(&shared), Arc::clone(&pulse));
        async move { Ok::<_, Infallible>(shared.answer(request, peer, pulse).await) }
    });
    let serving = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        // The sender is never used, but dropped.
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

impl Shared {
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        pulse: Arc<Pulse>,
    ) -> Response<Answer> {
        pulse.asked();
        let api = is_api(request.uri().path());
        let origin = request.headers().get(ORIGIN);
        let origin = origin.filter(|_| self.gate.listed_origin(request.headers())).cloned();
        let limits = self.limits;
        let mut response = match self.enter(&mut request, peer).await {
            Ok(Some(caller)) => {
                request.extensions_mut().insert(caller.principal.clone());
                request.extensions_mut().insert(caller.clone());
                let what = format!("{} {}", request.method(), shown(request.uri().path()));
                let request = request.map(|body| {
                    Intake::new(body, Arc::clone(&pulse), limits.body_idle, limits.body)
                });
                let Ok(response) = self.router.clone().oneshot(request).await;
                if let Some(Denied(why)) = response.extensions().get() {
                    let denied = self.logins.denied(&caller, peer.ip(), (what, why), now().mono);
                    self.count_later(denied, peer);
                }
                response
            }
            Ok(None) => access::preflight(),
            Err(rejection) => {
                drop(Intake::new(
                    request.into_body(),
                    Arc::clone(&pulse),
                    limits.body_idle,
                    limits.body,
                ));
                rejection.into_response()
            }
        };
        access::dress(response.headers_mut(), api, self.gate.tls());
        if let Some(origin) = origin {
            access::allow_origin(response.headers_mut(), origin);
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            pulse.upgraded();
        }
        response.map(|body| Answer::new(body, pulse))
    }

    /// Who asks; `None` for a browser that asks what it may ask.
    async fn enter(
        &self,
        request: &mut Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Option<Caller>, Rejection> {
        let now = now();
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let head = Head { method, uri, headers, peer: peer.ip() };
        let claim = self.gate.screen(&head, now).inspect_err(|rejection| {
            // Who has shown nothing has not tried to be anybody.
            if rejection.status == StatusCode::UNAUTHORIZED && headers.contains_key(AUTHORIZATION) {
                self.failed(peer, &rejection.detail);
            }
        })?;
        let caller = match claim {
            Claim::Preflight => return Ok(None),
            Claim::Anonymous(role) => access::anonymous(role),
            Claim::Token(hash) => self
                .holder(peer.ip(), hash, now)
                .await
                .inspect_err(|rejection| self.failed(peer, &rejection.detail))?,
        };
        let caller = caller.from(peer.to_string());
        self.logins.entered(&caller, peer.ip(), now.mono);
        if content_length(request.headers()) > self.limits.max_body {
            return Err(Rejection::too_large(self.limits.max_body));
        }
        // Nothing later needs it, so nothing later can log it.
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(uri) = access::without_secret(request.uri()) {
            *request.uri_mut() = uri;
        }
        Ok(Some(caller))
    }

    /// Tells of somebody who was not let in.
    fn failed(&self, peer: SocketAddr, why: &str) {
        let after = self.logins.refused(peer.to_string(), peer.ip(), why, now().mono);
        self.count_later(after, peer);
    }

    /// Has those counted who come too often to be told of.
    fn count_later(&self, after: Option<Duration>, peer: SocketAddr) {
        if let Some(after) = after {
            let logins = Arc::clone(&self.logins);
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                logins.count(peer.ip());
            });
        }
    }

    async fn holder(&self, peer: IpAddr, hash: String, now: Now) -> Result<Caller, Rejection> {
        if let Some(token) = self.tokens.remembered(&hash) {
            return self.gate.admit(peer, Some(&token), now);
        }
        let tokens = self.tokens.clone();
        let found = tokio::task::spawn_blocking(move || tokens.find(&hash)).await;
        let found = found.unwrap_or_else(|error| Err(StoreError::io(error.to_string())));
        let token = found.map_err(|error| access::unreadable(&error))?;
        self.gate.admit(peer, token.as_deref(), now)
    }
}

/// What a request says of its body's length; 0 when it says nothing, and the body is then counted
/// as it is read.
fn content_length(headers: &HeaderMap) -> u64 {
    let text = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn now() -> Now {
    let micros = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1000)
    };
    let mono = u64::try_from(micros(ClockId::Monotonic)).unwrap_or(0);
    Now { wall: Micros(micros(ClockId::Realtime)), mono: Mono(mono) }
}
