//! A bare group-commit writer: one thread, one SQLite file, every submission waits for its fsync.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::Result;

/// Bytes of a row, about what a job takes.
const ROW: usize = 700;

/// One row to write and who waits for it.
type Submission = (i64, Sender<()>);

/// The writer; it ends when the last of its clients has gone.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: Sender<Submission>,
    thread: JoinHandle<Result<u64>>,
}

/// A client of the writer, for one thread.
#[derive(Debug)]
pub(crate) struct Client {
    sender: Sender<Submission>,
    reply: Sender<()>,
    replies: Receiver<()>,
}

impl Writer {
    /// Opens the file as the station opens its own: WAL, `synchronous=FULL`.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA cache_size = -8192; CREATE TABLE jobs (id INTEGER PRIMARY KEY, due, body);
             CREATE INDEX due ON jobs (due);",
        )?;
        warm(&connection)?;
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || write(&connection, &receiver));
        Ok(Self { sender, thread })
    }

    /// A client for one thread.
    pub(crate) fn client(&self) -> Client {
        let (reply, replies) = channel();
        Client { sender: self.sender.clone(), reply, replies }
    }

    /// Waits for its end; how many transactions it took.
    pub(crate) fn close(self) -> Result<u64> {
        drop(self.sender);
        self.thread.join().map_err(|_| "the writer panicked")?
    }
}

impl Client {
    /// Writes one row and returns when it is on the disk.
    pub(crate) fn commit(&self, due: i64) -> Result<()> {
        self.sender.send((due, self.reply.clone())).map_err(|_| "the writer has gone")?;
        Ok(self.replies.recv()?)
    }
}

/// Lets the log grow to its full length once: a commit that lengthens the file costs a commit of
/// the file system's own journal besides, one that writes over old frames does not.
fn warm(connection: &Connection) -> Result<()> {
    let body = vec![b'x'; ROW];
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare("INSERT INTO jobs (due, body) VALUES (?1, ?2)")?;
    for due in 0..25_000 {
        insert.execute((due, &body))?;
    }
    connection.execute_batch("COMMIT; DELETE FROM jobs;")?;
    connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    Ok(())
}

fn write(connection: &Connection, receiver: &Receiver<Submission>) -> Result<u64> {
    let body = vec![b'x'; ROW];
    let mut insert = connection.prepare("INSERT INTO jobs (due, body) VALUES (?1, ?2)")?;
    let (mut waiting, mut rounds) = (Vec::new(), 0);
    while let Ok(first) = receiver.recv() {
        waiting.push(first);
        waiting.extend(receiver.try_iter());
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (due, _) in &waiting {
            insert.execute((due, &body))?;
        }
        connection.execute_batch("COMMIT")?;
        rounds += 1;
        for (_, reply) in waiting.drain(..) {
            if reply.send(()).is_err() {
                // Its client has gone and needs no answer.
            }
        }
    }
    Ok(rounds)
}
