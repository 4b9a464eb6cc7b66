//! Opening: a store's file is looked at before SQLite touches it, then created, migrated or refused.
//!
//! ```text
//! no file, empty file, empty database ──► create 0600, schema 1..KNOWN
//! ours, schema ≤ KNOWN                ──► migrate what is missing, each step one transaction
//! ours, schema > KNOWN                ──► Newer
//! anything else                       ──► Foreign, Damaged or ReadOnly; nothing is written
//! ```

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use station_core::model::Micros;

use super::fault::{Fault, Place, told};
use crate::port::{StoreError, StoreErrorKind};

/// Marks our files: "StM1".
pub(super) const APPLICATION_ID: i32 = 0x5374_4d31;

/// The schema's steps; a new one is appended, none is ever edited.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_recurring.sql"),
    include_str!("migrations/0003_nodes.sql"),
    include_str!("migrations/0004_instruments.sql"),
    include_str!("migrations/0005_audit.sql"),
];

/// The schema this program knows.
pub(super) fn known_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// How long a connection waits for another one's lock before it says `Busy`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the writer's connection.
pub(super) fn writer(place: &Place) -> Result<Connection, Fault> {
    inspect(place)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(place.path(), flags)?;
    common(&conn)?;
    refuse_foreign(place, &conn)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(told_of(
            place,
            StoreErrorKind::Io,
            "lies on a file system without shared memory (a network share?); choose a local \
             directory with --data-dir",
        ));
    }
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA cache_size = -8192;",
    )?;
    conn.query_row("PRAGMA journal_size_limit = 33554432", [], |_| Ok(()))?;
    migrate(place, &mut conn)?;
    Ok(conn)
}

/// Opens a connection that only reads.
pub(super) fn reader(place: &Place) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(place.path(), flags)?;
    common(&conn)?;
    conn.execute_batch("PRAGMA cache_size = -1024;")?;
    Ok(conn)
}

fn common(conn: &Connection) -> Result<(), Fault> {
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;")?;
    Ok(())
}

/// Makes sure there is a file only its owner can read, and that SQLite may be let at it.
fn inspect(place: &Place) -> Result<(), Fault> {
    let path = place.path();
    // Closing a file drops every lock this process has on it, SQLite's too; so the file is opened
    // here only because a store is opened once, before anything else has it open.
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create(place),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return Err(Fault::Told(place.foreign("it is a directory")));
        }
        Err(error) => return Err(Fault::Disk(error)),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Fault::Told(place.foreign("it is not a regular file")));
    }
    let wal = std::fs::metadata(place.beside("-wal")).map_or(0, |wal| wal.len());
    let mut header = Vec::new();
    file.by_ref().take(100).read_to_end(&mut header)?;
    if let Some(error) = objection(place, &header, metadata.len(), wal) {
        return Err(Fault::Told(error));
    }
    if metadata.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn create(place: &Place) -> Result<(), Fault> {
    let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(place.path())
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(told_of(
                place,
                StoreErrorKind::Io,
                "cannot be created: its directory does not exist; create that first",
            ));
        }
        Err(error) => return Err(Fault::Disk(error)),
    };
    // The umask may have taken bits away that the owner needs.
    file.set_permissions(Permissions::from_mode(0o600))?;
    File::open(place.directory())?.sync_all()?;
    Ok(())
}

/// What the file's first 100 bytes and its size say against it.
fn objection(place: &Place, header: &[u8], length: u64, wal: u64) -> Option<StoreError> {
    if length == 0 {
        // SQLite would delete the log of an empty file, and with it what is only there.
        return (wal > 0).then(|| place.damaged(&"it is empty, though its -wal file is not"));
    }
    let ours = number(header, 68) == Some(APPLICATION_ID.cast_unsigned());
    if !header.starts_with(b"SQLite format 3\0") {
        return Some(if ours {
            place.damaged(&"its first bytes are overwritten")
        } else {
            place.foreign("it is not an SQLite file")
        });
    }
    let (Some(version), Some(pages)) = (number(header, 60), number(header, 28)) else {
        return Some(place.damaged(&"it is cut off in its first 100 bytes"));
    };
    if !ours {
        let marked = number(header, 68).is_some_and(|id| id != 0);
        return marked.then(|| place.foreign("it is another program's SQLite file"));
    }
    if version > known_version() {
        return Some(newer(place, version));
    }
    let size = match number(header, 14).map(|word| word & 0xffff) {
        Some(1) => 65536,
        Some(size) => u64::from(size),
        None => 0,
    };
    let wanted = u64::from(pages).saturating_mul(size);
    (wal == 0 && length < wanted)
        .then(|| place.damaged(&format!("it is cut off: {length} of {wanted} bytes are there")))
}

fn number(header: &[u8], at: usize) -> Option<u32> {
    let bytes = header.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Refuses what only SQLite can tell: tables of others in a file without a mark, a newer schema.
pub(super) fn refuse_foreign(place: &Place, conn: &Connection) -> Result<(), Fault> {
    let (id, version, tables): (i32, u32, i64) = conn.query_row(
        "SELECT (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if id == 0 && tables == 0 {
        return Ok(());
    }
    if id != APPLICATION_ID {
        return Err(Fault::Told(place.foreign("it is another program's SQLite file")));
    }
    if version > known_version() {
        return Err(Fault::Told(newer(place, version)));
    }
    Ok(())
}

fn newer(place: &Place, version: u32) -> StoreError {
    let known = known_version();
    place.error(
        StoreErrorKind::Newer,
        format!(
            "was written by a newer station (schema {version}; this one knows {known}); start that \
             one, or choose another directory with --data-dir"
        ),
    )
}

/// Brings the schema to the version this program knows; each step whole or not at all.
fn migrate(place: &Place, conn: &mut Connection) -> Result<(), Fault> {
    let version_of = |conn: &Connection| -> Result<u32, rusqlite::Error> {
        conn.query_row("PRAGMA user_version", [], |row| row.get(0))
    };
    if version_of(conn)? == known_version() {
        return Ok(());
    }
    let round = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version_of(&round)?;
    for (version, step) in (1_u32..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        round.execute_batch(step)?;
        round.execute_batch(&format!("PRAGMA user_version = {version}"))?;
    }
    if found == 0 {
        round.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
        let now = Micros::from(jiff::Timestamp::now());
        round.execute(
            "INSERT INTO meta (key, value) VALUES
               ('store_id', lower(hex(randomblob(16)))), ('created_at', ?1), ('output_bytes', 0)",
            [now.0],
        )?;
    }
    round.commit()?;
    // A store acknowledges nothing before its own name is on disk.
    File::open(place.directory())?.sync_all()?;
    Ok(())
}

fn told_of(place: &Place, kind: StoreErrorKind, rest: &str) -> Fault {
    told(kind, place.error(kind, rest).message)
}
