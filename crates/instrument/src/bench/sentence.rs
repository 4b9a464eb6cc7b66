//! Sentences for people about equipment.

use station_core::model::Identity;

use crate::Error;

/// An error that names its equipment.
pub(crate) fn of(id: &str, error: Error) -> Error {
    let name = format!("equipment '{id}'");
    if error.message.starts_with(&name) {
        return error;
    }
    Error::new(error.kind, format!("{name}: {}", error.message))
}

/// An answer to `*IDN?` for people.
pub(super) fn identity(identity: &Identity) -> String {
    format!("'{identity}'")
}

/// Several things that went wrong, as one.
pub(super) fn also(first: Error, more: &Error) -> Error {
    Error::new(first.kind, format!("{}; besides, {}", first.message, more.message))
}
