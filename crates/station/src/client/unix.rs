//! Reaches the daemon over the Unix socket in its data directory.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::ClientError;
use super::connection::{PATIENCE, Peer};
use super::reconnecting::{Connector, Reconnecting};

/// The longest path a socket address holds.
const MAX_SOCKET_PATH: usize = 107;

/// A connection to the daemon's socket, or to a station in this process.
pub type UnixTransport = Reconnecting<UnixStream>;

impl UnixTransport {
    /// Connects to the socket, which must be ours; `None` when no daemon listens there.
    pub fn connect(path: &Path) -> Result<Option<Self>, ClientError> {
        let Some(stream) = connect(path)? else { return Ok(None) };
        let path = path.to_owned();
        let connect = Box::new(move || {
            connect(&path)?.ok_or_else(|| ClientError::Connect {
                place: path.display().to_string(),
                source: io::Error::from(io::ErrorKind::ConnectionRefused),
            })
        });
        Ok(Some(Self::new(peer(), stream, connect)))
    }

    /// Speaks over the streams that `make` gives.
    ///
    /// # Errors
    /// When the first cannot be made.
    pub fn over(
        mut make: impl FnMut() -> io::Result<UnixStream> + Send + 'static,
    ) -> Result<Self, ClientError> {
        let mut connect: Connector<UnixStream> = Box::new(move || {
            make().map_err(|source| ClientError::Connect { place: "this process".into(), source })
        });
        let stream = connect()?;
        Ok(Self::new(peer(), stream, connect))
    }
}

fn peer() -> Peer {
    Peer { host: "localhost".to_owned(), ..Peer::default() }
}

/// Connects and checks that socket and daemon are ours (root's tools may use anybody's).
fn connect(path: &Path) -> Result<Option<UnixStream>, ClientError> {
    let failed = |source| ClientError::Connect { place: path.display().to_string(), source };
    let me = rustix::process::geteuid().as_raw();
    let ours = |owner: u32| {
        if me == 0 || owner == me {
            Ok(())
        } else {
            Err(ClientError::NotOurs { path: path.to_owned(), owner })
        }
    };
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => ours(metadata.uid())?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    }
    let stream = match connect_any_length(path) {
        Ok(stream) => stream,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let peer = rustix::net::sockopt::socket_peercred(&stream).map_err(|e| failed(e.into()))?;
    ours(peer.uid.as_raw())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    Ok(Some(stream))
}

/// A socket address holds 107 bytes only: a longer path is entered through its open directory.
fn connect_any_length(path: &Path) -> io::Result<UnixStream> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if path.as_os_str().len() > MAX_SOCKET_PATH => {
            let directory = File::open(parent)?;
            let short = format!("/proc/self/fd/{}", directory.as_raw_fd());
            UnixStream::connect(Path::new(&short).join(name))
        }
        _ => UnixStream::connect(path),
    }
}
