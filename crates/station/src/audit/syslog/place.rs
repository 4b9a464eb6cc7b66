//! Remembers up to where a receiver has the trail.
//!
//! ```text
//!  sent, acknowledged ──▶ in doubt ── 5 s and the connection is still there ──▶ settled ──▶ file
//!                            └── it is lost ──▶ sent again
//! ```

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use station_core::audit::{Head, from_hex, to_hex};
use tokio::time::Instant;

/// How long a connection has to stay for what was sent on it to be taken as received: a receiver that
/// is stopped loses what it has not read, and one that refuses a certificate says so afterwards.
pub(super) const DOUBT: Duration = Duration::from_secs(5);

/// Up to where the trail was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The last record.
    pub(super) head: Head,
    /// The record of the last checkpoint.
    pub(super) checkpoint: u64,
}

/// A place as its file has it.
#[derive(Serialize, Deserialize)]
struct Stored {
    to: String,
    seq: u64,
    hash: String,
    checkpoint: u64,
}

/// The file that a place is kept in. It is replaced whole and not synced: after a power cut it may
/// be an older one, or none, and then messages are sent twice, and none is left out.
#[derive(Clone, Debug)]
pub(super) struct PlaceFile {
    path: PathBuf,
    to: String,
}

impl PlaceFile {
    /// That of this receiver. Another receiver begins with the first record.
    pub(super) fn new(directory: &Path, to: String) -> Self {
        Self { path: directory.join("audit.syslog"), to }
    }

    /// What it says; the beginning of the trail when it says nothing, or is another receiver's.
    ///
    /// # Errors
    /// A sentence, when it cannot be read.
    pub(super) fn read(&self) -> Result<Place, String> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::default()),
            Err(error) => return Err(self.wrong("read", &error)),
        };
        let stored = serde_json::from_slice::<Stored>(&text).ok();
        let stored = stored.filter(|stored| stored.to == self.to);
        let place = stored.and_then(|stored| {
            let head = Head { seq: stored.seq, hash: from_hex(&stored.hash)? };
            Some(Place { head, checkpoint: stored.checkpoint })
        });
        Ok(place.unwrap_or_default())
    }

    /// Replaces it.
    ///
    /// # Errors
    /// A sentence, when it cannot be written; it is as it was then.
    pub(super) fn write(&self, place: &Place) -> Result<(), String> {
        let stored = Stored {
            to: self.to.clone(),
            seq: place.head.seq,
            hash: to_hex(&place.head.hash),
            checkpoint: place.checkpoint,
        };
        let text = serde_json::to_vec(&stored).map_err(|error| self.wrong("written", &error))?;
        let new = self.path.with_extension("syslog.new");
        let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.path));
        written.map_err(|error| self.wrong("written", &error))
    }

    fn wrong(&self, done: &str, error: &dyn std::fmt::Display) -> String {
        let path = self.path.display();
        format!(
            "{path}, which says how much of the audit trail syslog has, cannot be {done}: {error}"
        )
    }
}

/// What was sent: settled, or in doubt as long as its connection may yet turn out to be dead.
#[derive(Debug, Default)]
pub(super) struct Progress {
    settled: Place,
    doubtful: VecDeque<(Instant, Place)>,
}

impl Progress {
    /// That of a receiver which has the trail up to here.
    pub(super) fn new(settled: Place) -> Self {
        Self { settled, doubtful: VecDeque::new() }
    }

    /// Up to where everything was sent.
    pub(super) fn sent(&self) -> Place {
        self.doubtful.back().map_or(self.settled, |(_, place)| *place)
    }

    /// Up to where it is taken as received.
    pub(super) fn settled(&self) -> Place {
        self.settled
    }

    /// Everything up to here was sent now.
    pub(super) fn send(&mut self, now: Instant, place: Place) {
        self.doubtful.push_back((now, place));
    }

    /// Takes as received what has been in doubt for long enough; tells whether there was any.
    pub(super) fn settle(&mut self, now: Instant) -> bool {
        let before = self.settled;
        while let Some((at, place)) = self.doubtful.front().copied()
            && at + DOUBT <= now
        {
            self.settled = place;
            self.doubtful.pop_front();
        }
        self.settled != before
    }

    /// Takes all of it as received: the receiver has seen the end of the connection.
    pub(super) fn settle_all(&mut self) {
        self.settled = self.sent();
        self.doubtful.clear();
    }

    /// When something will have been in doubt for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.doubtful.front().map(|(at, _)| *at + DOUBT)
    }

    /// The connection is lost: what is in doubt is sent again.
    pub(super) fn lose(&mut self) {
        self.doubtful.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: u64) -> Place {
        let byte = u8::try_from(seq).unwrap();
        Place { head: Head { seq, hash: [byte; 32] }, checkpoint: seq / 2 }
    }

    #[test]
    fn what_is_in_doubt_is_sent_again() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut progress = Progress::new(place(1));
        assert_eq!((progress.sent(), progress.due()), (place(1), None));
        progress.send(after(0), place(5));
        progress.send(after(3), place(9));
        assert_eq!((progress.sent(), progress.due()), (place(9), Some(after(5))));
        assert!(!progress.settle(after(4)));
        assert!(progress.settle(after(5)));
        assert_eq!((progress.sent(), progress.settled()), (place(9), place(5)));
        progress.lose();
        assert_eq!((progress.sent(), progress.due()), (place(5), None));
        progress.send(after(6), place(7));
        progress.settle_all();
        assert_eq!((progress.settled(), progress.due()), (place(7), None));
    }

    #[test]
    fn a_place_comes_back_for_its_receiver_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = PlaceFile::new(dir.path(), "tcp://a:601".to_owned());
        assert_eq!(file.read(), Ok(Place::default()));
        file.write(&place(4)).unwrap();
        file.write(&place(8)).unwrap();
        assert_eq!(file.read(), Ok(place(8)));
        let other = PlaceFile::new(dir.path(), "tcp://b:601".to_owned());
        assert_eq!(other.read(), Ok(Place::default()));
        // What a power cut may leave.
        std::fs::write(&file.path, "").unwrap();
        assert_eq!(file.read(), Ok(Place::default()));
        std::fs::remove_file(&file.path).unwrap();
        std::fs::create_dir(&file.path).unwrap();
        assert!(file.read().unwrap_err().contains("cannot be read"));
        assert!(file.write(&place(1)).unwrap_err().contains("cannot be written"));
    }
}
