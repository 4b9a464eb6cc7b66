//! Opens the SQLite stores of other programs for reading, and reads rows by column names.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use super::ImportError;

/// How long another program may hold the file locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store of another program.
pub(super) struct Foreign {
    connection: Connection,
    shown: String,
}

impl Foreign {
    /// Opens a store for reading only.
    pub(super) fn open(file: &Path) -> Result<Self, ImportError> {
        let shown = file.display().to_string();
        // SQLite's own words for these two tell less.
        let metadata = std::fs::metadata(file)
            .map_err(|error| ImportError(format!("the file {shown} cannot be read: {error}")))?;
        if metadata.is_dir() {
            return Err(ImportError(format!(
                "{shown} is a directory: name the database file in it"
            )));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(file, flags).map_err(|error| fault(&shown, &error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| fault(&shown, &error))?;
        Ok(Self { connection, shown })
    }

    /// Checks that a table is there with these columns; all its columns.
    pub(super) fn columns(
        &self,
        what: &str,
        table: &str,
        needed: &[&str],
    ) -> Result<BTreeSet<String>, ImportError> {
        let read = || -> rusqlite::Result<BTreeSet<String>> {
            let mut statement =
                self.connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
            let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
            names.collect()
        };
        let columns = read().map_err(|error| fault(&self.shown, &error))?;
        let shown = &self.shown;
        if columns.is_empty() {
            let text = format!("{shown} is not {what}: it has no table '{table}'");
            return Err(ImportError(text));
        }
        match needed.iter().find(|column| !columns.contains(**column)) {
            None => Ok(columns),
            Some(column) => Err(ImportError(format!(
                "{shown} is not {what}: its table '{table}' has no column '{column}'"
            ))),
        }
    }

    /// Reads all rows of a query.
    pub(super) fn rows<T>(
        &self,
        query: &str,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ImportError> {
        let all = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare(query)?;
            statement.query_map([], |row| read(row))?.collect()
        };
        let mut all = all;
        all().map_err(|error| fault(&self.shown, &error))
    }
}

/// A cell as text, whatever its type; `None` when it is null or empty.
pub(super) fn text(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<String>> {
    let text = match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    };
    Ok(text.filter(|text| !text.is_empty()))
}

fn fault(shown: &str, error: &rusqlite::Error) -> ImportError {
    ImportError(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => format!("{shown} is not an SQLite database"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "{shown} is being written by another program: stop that one first, so that no job runs \
             in both"
        ),
        Some(_) | None => format!("{shown} cannot be read: {error}"),
    })
}
