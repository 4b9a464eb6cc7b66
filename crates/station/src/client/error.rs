//! Why a station could not be spoken to.

use std::io;
use std::path::PathBuf;

use super::Answer;

/// Why a station could not be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket, or the process behind it, belongs to somebody else.
    #[error("the socket {path} is not ours: it belongs to uid {owner}", path = path.display())]
    NotOurs {
        /// The socket.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// There is something, but it cannot be connected to.
    #[error("cannot connect to the station at {place}: {source}")]
    Connect {
        /// The socket or address.
        place: String,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("lost the connection to the station while {doing}: {source}")]
    Io {
        /// What was under way.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// What came could not be written down.
    #[error("the output cannot be written: {0}")]
    Written(io::Error),
    /// The station did not answer in time.
    #[error("the station has not answered for {seconds} s")]
    Timeout {
        /// The patience.
        seconds: u64,
    },
    /// What came back is not the station's language.
    #[error("what answers there does not speak the station's language: {0}")]
    Protocol(String),
    /// A stream was asked for and refused; the answer says why.
    #[error("the station refused (HTTP status {})", .0.status)]
    Refused(Answer),
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The place where the station should be makes no sense.
    #[error("{0}")]
    Place(String),
    /// This version cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// The store is held by a daemon that was not there a moment ago.
    #[error("the store in {path} is in use: {holder}", path = path.display())]
    Busy {
        /// The data directory.
        path: PathBuf,
        /// Who holds it, in words.
        holder: String,
    },
    /// The store cannot be opened or does not work.
    #[error("{0}")]
    Store(String),
}
