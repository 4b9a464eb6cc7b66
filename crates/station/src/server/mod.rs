//! Serves the API: on the data directory's Unix socket, and on TCP where that is asked for.
//!
//! ```text
//! unix: the peer's uid says who asks ──────────────────────────┐
//! tcp ─▶ tls ─▶ watched (time limits) ─▶ access::Gate ─▶ Caller ┴▶ router ─▶ security headers
//! ```

mod body;
mod tcp;
mod tls;
mod unix;
mod watched;

pub use self::tcp::{Limits, TcpServer};
pub use self::unix::{Names, Server, connection};

/// Whether a path is the API's, whose answers no cache may keep.
fn is_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
