//! Tells what went wrong with instruments as answers of the API.

use station_instrument::{Error, ErrorKind};

use super::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Instrument(error)
    }
}

/// The name of a kind of trouble on the wire.
pub(super) fn name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "invalid",
        ErrorKind::Refused => "refused",
        ErrorKind::Busy => "busy",
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Lost => "lost",
        ErrorKind::Reply => "reply",
        ErrorKind::Instrument => "instrument",
        ErrorKind::Identity => "identity",
        ErrorKind::Local => "local",
        ErrorKind::Stopped => "stopped",
    }
}
