//! Says who the station is and how it is doing.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use station_core::model::Principal;

use super::caller::Asker;
use super::error::ApiError;
use super::openapi::{answers, refusals};
use super::respond;
use station_instrument::bench::Bench;

use crate::runtime::{Handle, Mode, Status};

/// Says who answers.
#[utoipa::path(
    get, path = "/api",
    tag = "station", operation_id = "about",
    responses(
        (status = 200, description = "Who answers", body = answers::About),
        refusals::Usual,
    ),
)]
pub(super) async fn about(
    State(handle): State<Handle>,
    asker: Result<Asker, ApiError>,
) -> Response {
    // Whether this client had to show who it is.
    let named = asker.is_ok_and(|asker| *asker.principal() != Principal::Anonymous);
    let status = handle.status();
    respond::ok(&json!({
        "name": "Stationmaster",
        "version": env!("CARGO_PKG_VERSION"),
        "hostname": hostname(),
        "status": if status.draining { "stopping" } else { "running" },
        "security_enabled": named,
    }))
}

/// Says how the station is doing.
#[utoipa::path(
    get, path = "/health",
    tag = "station", operation_id = "health",
    responses(
        (status = 200, description = "How it is doing", body = answers::Health),
        refusals::Usual,
    ),
)]
pub(super) async fn health(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
) -> Response {
    respond::ok(&report(&handle.status(), bench.connected()))
}

fn report(status: &Status, connected: usize) -> serde_json::Value {
    let well = status.store_trouble.is_none() && !status.clock_held;
    json!({
        "status": if well { "healthy" } else { "degraded" },
        "connected_devices": connected,
        "mode": match status.mode {
            Mode::Daemon => "daemon",
            Mode::Embedded => "embedded",
            Mode::Offline => "offline",
        },
        "pid": status.pid,
        "version": env!("CARGO_PKG_VERSION"),
        "data_dir": status.data_dir.to_string_lossy(),
        "clock": if status.clock_held { "held" } else { "ok" },
        "running": status.running,
        "store": status.store_trouble.as_deref().unwrap_or("ok"),
        "draining": status.draining,
    })
}

/// The machine's name, as the kernel tells it.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_makes_it_degraded() {
        let mut status = Status {
            mode: Mode::Daemon,
            pid: 7,
            data_dir: "/x".into(),
            clock_held: false,
            running: 2,
            store_trouble: None,
            draining: false,
        };
        assert_eq!(
            report(&status, 3),
            json!({
                "status": "healthy", "connected_devices": 3, "mode": "daemon", "pid": 7,
                "version": env!("CARGO_PKG_VERSION"), "data_dir": "/x", "clock": "ok",
                "running": 2, "store": "ok", "draining": false,
            })
        );
        status.store_trouble = Some("no space left".to_owned());
        assert_eq!(report(&status, 3)["status"], "degraded");
        assert_eq!(report(&status, 3)["store"], "no space left");
        status.store_trouble = None;
        status.clock_held = true;
        assert_eq!(report(&status, 3)["status"], "degraded");
        assert_eq!(report(&status, 3)["clock"], "held");
    }
}
