//! Exports of the audit trail, and what verifying the trail and its exports finds.
#![cfg(test)]

mod by_hand;
mod capture;
mod lines;
mod routes;
mod verify;

use std::path::Path;

use station::audit::{Export, Format, Key};
use station::port::Store;
use station::store::{AuditFilter, Reader, SqliteStore};
use station_core::audit::{
    Actor, Clock, Draft, Entry, Frame, FrameDirection, Head, Kind, Stamp, Status, Telecontrol,
};
use station_core::model::{Micros, Principal};

/// A second of the trail's times.
const SECOND: i64 = 1_000_000;

/// A trail in a directory of its own, with the key that signs it.
struct Trail {
    dir: tempfile::TempDir,
    store: SqliteStore,
    reader: Reader,
    key: Key,
}

impl Trail {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
        let key = Key::of(dir.path()).unwrap();
        Self { dir, store, reader, key }
    }

    /// So many records: every third a command to an outstation; a checkpoint behind every fourth.
    fn filled(count: i64) -> Self {
        let mut trail = Self::new();
        for n in 1..=count {
            trail.put(if n % 3 == 0 { command(n, told(&[])) } else { plain(n) });
            if n % 4 == 0 {
                trail.sign();
            }
        }
        trail
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn put(&mut self, entry: Entry) {
        self.store.append(vec![entry]).unwrap();
        self.store.commit().unwrap();
    }

    fn head(&self) -> Head {
        self.reader.audit_head().unwrap()
    }

    fn sign(&mut self) {
        let head = self.head();
        let at = Micros(i64::try_from(head.seq).unwrap() * SECOND);
        self.store.keep_checkpoint(&self.key.sign(&head, at)).unwrap();
        self.store.commit().unwrap();
    }

    fn export(&self, filter: AuditFilter, format: Format) -> Vec<u8> {
        let mut export = Export::new(self.reader.clone(), filter, format);
        let mut out = Vec::new();
        while let Some(octets) = export.portion().unwrap() {
            out.extend(octets);
        }
        out
    }
}

fn stamped(n: i64, draft: Draft) -> Entry {
    draft.stamped(Stamp {
        at: Micros(n * SECOND),
        local: format!("1970-01-01T01:00:{:02}.000000+01:00", n % 60),
        mono_ns: 7,
        clock: Clock { synchronised: true, error_us: None },
        correlation: format!("c{n}"),
    })
}

fn plain(n: i64) -> Entry {
    let ann = Principal::Unix { uid: 1000, name: Some("ann".to_owned()) };
    stamped(n, Draft::done(Actor::of(ann), format!("job {n}"), "create").with("name", "a \"b\" é"))
}

/// A command that ended at a second.
fn command(n: i64, told: Telecontrol) -> Entry {
    let draft = Draft {
        kind: Kind::Outcome,
        status: Status::Confirmed,
        telecontrol: Some(Box::new(told)),
        ..Draft::done(Actor::station(), "outstation SS1/breaker-7", "write")
    };
    stamped(n, draft)
}

/// A command over the first connection, with these of its frames: number, sent, time, octets.
fn told(frames: &[(u64, bool, i64, &str)]) -> Telecontrol {
    let frame = |(n, sent, t_ns, hex): &(u64, bool, i64, &str)| Frame {
        n: *n,
        dir: if *sent { FrameDirection::Sent } else { FrameDirection::Received },
        t_ns: *t_ns,
        hex: (*hex).to_owned(),
    };
    Telecontrol {
        outstation: "SS1".to_owned(),
        point: Some("breaker-7".to_owned()),
        ca: 47,
        ioa: 4501,
        local: Some("10.0.0.5:50123".to_owned()),
        peer: Some("10.0.0.9:2404".to_owned()),
        connection: Some("c1".to_owned()),
        class: Some("verified".to_owned()),
        frames: frames.iter().map(frame).collect(),
        ..Telecontrol::default()
    }
}
