//! Stores: what a store URL names, opened; each kind is a module here and a scheme in [`named`].

mod audit;
mod figures;
mod query;
mod sqlite;

use std::path::{Path, PathBuf};

pub use audit::{AuditFilter, AuditRecord, Unread};
pub use figures::{Accounted, AlarmFilter, AlarmStatistics, History, Ledger, Statistics, Upcoming};
pub use query::{
    Counts, ExecutionFilter, Firing, FiringOutput, JobFilter, JobOrder, NodeRun, Page,
    RecordFilter, StoredOutput,
};
pub use sqlite::{Reader, SqliteStore};

use crate::port::{Store, StoreError, StoreErrorKind};

/// The file that a store URL names: `sqlite:PATH`, or a plain path.
///
/// # Errors
/// When the scheme is not known, or no file is named.
pub fn named(url: &str) -> Result<PathBuf, StoreError> {
    let path = match url.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some(("postgres" | "postgresql", _)) => {
            return Err(refused(
                "PostgreSQL stores are not supported yet; use sqlite:PATH, or leave --store out",
            ));
        }
        Some((scheme, rest)) if rest.starts_with("//") => {
            return Err(refused(&format!(
                "'{scheme}' is not a kind of store; use sqlite:PATH, or leave --store out"
            )));
        }
        Some(_) | None => url,
    };
    if path.is_empty() {
        return Err(refused("the store URL names no file; use sqlite:PATH"));
    }
    Ok(PathBuf::from(path))
}

/// Opens the store in a file.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path) -> Result<(Box<dyn Store>, Reader), StoreError> {
    let (store, reader) = SqliteStore::open(path)?;
    Ok((Box::new(store), reader))
}

/// A reader of the store in a file, beside whoever writes it. Nothing is opened before it is asked.
#[must_use]
pub fn reader(path: &Path) -> Reader {
    Reader::of(path)
}

fn refused(message: &str) -> StoreError {
    StoreError { kind: StoreErrorKind::Invalid, message: message.to_owned() }
}
