//! Tells what went wrong with instruments as answers of the API.

use station_instrument::{Error, ErrorKind};

use super::error::ApiError;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Invalid => Self::Bad(error.message),
            // The instrument, or whoever holds it, is in no state for what was asked.
            ErrorKind::Refused
            | ErrorKind::Busy
            | ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Lost
            | ErrorKind::Reply
            | ErrorKind::Instrument
            | ErrorKind::Identity
            | ErrorKind::Local
            | ErrorKind::Stopped => Self::Conflict(error.message),
        }
    }
}
