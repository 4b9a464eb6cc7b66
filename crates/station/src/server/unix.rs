//! Serves the API on the data directory's Unix socket; the peer's uid says who asks, as an admin.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::TokioIo;
use station_core::model::Principal;
use tokio::net::{UnixListener, UnixStream};
use tower::ServiceExt;

use super::is_api;
use crate::access::{self, Caller};

/// The longest path a Unix socket can have (`sun_path` less the final NUL).
const LONGEST: usize = 107;

/// A listening socket; its file is removed when the value is dropped.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Listens on `path`, replacing what a killed daemon left there. The caller holds the lock.
    ///
    /// # Errors
    /// A sentence that says why it cannot listen there.
    pub fn bind(path: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("cannot listen on {}: {why}", path.display());
        if path.as_os_str().len() > LONGEST {
            return Err(wrong(format!("the path is longer than {LONGEST} bytes")));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(wrong(error.to_string()));
            }
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(|error| wrong(error.to_string()))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Serves until it is dropped.
    pub async fn serve(self, router: Router) {
        let names = Arc::new(Names::default());
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(connection(stream, router.clone(), Arc::clone(&names)));
                }
                Err(error) => {
                    // Out of descriptors, most likely; it passes.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A leftover is replaced at the next start.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Serves one connection, if its peer is this daemon's own user or root.
pub async fn connection(stream: UnixStream, router: Router, names: Arc<Names>) {
    let Ok(peer) = stream.peer_cred() else { return };
    let own = rustix::process::geteuid().as_raw();
    if peer.uid() != own && peer.uid() != 0 {
        tracing::warn!(uid = peer.uid(), "refused a connection of another user");
        return;
    }
    let source = peer.pid().map_or_else(|| "unix".to_owned(), |pid| format!("unix:{pid}"));
    let caller = Caller::local(names.principal(peer.uid())).from(source);
    let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        let api = is_api(request.uri().path());
        request.extensions_mut().insert(caller.principal.clone());
        request.extensions_mut().insert(caller.clone());
        let answering = router.clone().oneshot(request);
        async move {
            answering.await.map(|mut response| {
                access::dress(response.headers_mut(), api, false);
                response
            })
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// User names by uid, as `/etc/passwd` has them.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<BTreeMap<u32, Principal>>,
}

impl Names {
    /// The principal of a uid.
    #[must_use]
    pub fn principal(&self, uid: u32) -> Principal {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let principal =
            known.entry(uid).or_insert_with(|| Principal::Unix { uid, name: name_of(uid) });
        principal.clone()
    }
}

fn name_of(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?.parse::<u32>().ok()?;
        (id == uid).then(|| name.to_owned())
    })
}
