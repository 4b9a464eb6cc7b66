//! Serves the metrics over HTTP, on a listener of their own that offers nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use station_core::model::{ExecutionStatus, Micros};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::metrics::{self, Gauges};
use crate::port::StoreError;
use crate::runtime::Handle;
use crate::store::ExecutionFilter;

/// How many connections are served at once; a further one waits.
const CONNECTIONS: usize = 16;
/// How long the head of a request may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// No more waiting executions than this are counted.
const WAITING: usize = 1000;
/// How long the listener rests when the system gives no more connections.
const REST: Duration = Duration::from_millis(100);

/// Listens and serves until aborted; needs a tokio runtime.
///
/// # Errors
/// A sentence that says why the address cannot be listened on.
pub fn start(at: SocketAddr, handle: Handle) -> Result<JoinHandle<()>, String> {
    let wrong = |error: std::io::Error| format!("cannot serve metrics on {at}: {error}");
    let listener = std::net::TcpListener::bind(at).map_err(wrong)?;
    listener.set_nonblocking(true).map_err(wrong)?;
    let listener = TcpListener::from_std(listener).map_err(wrong)?;
    let at = listener.local_addr().map_err(wrong)?;
    tracing::info!("metrics are served on http://{at}/metrics");
    Ok(tokio::spawn(serve(listener, router(handle))))
}

/// The one path there is.
pub fn router(handle: Handle) -> Router {
    Router::new().route("/metrics", get(show)).with_state(handle)
}

async fn serve(listener: TcpListener, router: Router) {
    let turns = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    connection(stream, router).await;
                    drop(turn);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection for metrics");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection for metrics ended early");
    }
}

async fn show(State(handle): State<Handle>) -> Response {
    let rendered = tokio::task::spawn_blocking(move || {
        gauges(&handle).map(|gauges| metrics::render(handle.metrics(), &gauges))
    });
    match rendered.await {
        Ok(Ok(text)) => {
            let mut response = Response::new(Body::from(text));
            let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Looks at everything that is not counted as it happens.
fn gauges(handle: &Handle) -> Result<Gauges, StoreError> {
    let (reader, status) = (handle.reader(), handle.status());
    let now: Micros = handle.now();
    let jobs = reader.statistics(now, now, 0)?;
    let counts = reader.counts()?;
    let waiting = ExecutionFilter {
        statuses: vec![ExecutionStatus::Pending],
        limit: WAITING,
        ..ExecutionFilter::default()
    };
    let waiting = reader.executions(&waiting)?.items.len();
    let alarms = reader.alarm_statistics()?;
    Ok(Gauges {
        jobs_active: jobs.active_jobs,
        jobs_paused: jobs.disabled_jobs,
        jobs_done: jobs.ended_jobs,
        running: u64::try_from(status.running).unwrap_or(u64::MAX),
        waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        store_bytes: counts.file_bytes,
        output_bytes: counts.output_bytes,
        alarms: alarms.by_state,
        open_alarms: alarms.open_by_severity,
        notices_owed: alarms.notices_owed,
        store_works: status.store_trouble.is_none(),
        clock_held: status.clock_held,
    })
}
