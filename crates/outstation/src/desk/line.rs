//! The session with an outstation, opened and closed as it is registered, and what it leaves behind.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::Outstation;
use tokio::sync::mpsc;

use crate::cache::Cache;
use crate::session::Session;

use super::events::{Notes, listen};
use super::ledger::Ledger;
use super::{Connect, Options, Post, Shared, lock};

/// The way to an outstation: its session, if there is one, and what is known through it.
pub(super) struct Line {
    pub(super) cache: Arc<Mutex<Cache>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) notes: Arc<Notes>,
    session: Mutex<Option<Session>>,
}

impl Line {
    pub(super) fn new(cache: Cache, ledger: Arc<Ledger>, notes: Notes) -> Self {
        Self {
            cache: Arc::new(Mutex::new(cache)),
            ledger,
            notes: Arc::new(notes),
            session: Mutex::default(),
        }
    }

    /// The session, if there is one.
    pub(super) fn session(&self) -> Option<Session> {
        lock(&self.session).clone()
    }

    /// Takes the session out, to be closed.
    pub(super) fn take(&self) -> Option<Session> {
        lock(&self.session).take()
    }

    /// Opens the session, unless there is one. Why it cannot be is told by the outstation's status.
    pub(super) fn open(&self, outstation: &Outstation, shared: &Arc<Shared>) -> Option<Session> {
        let mut place = lock(&self.session);
        if place.is_some() {
            return place.clone();
        }
        let _entered = shared.runtime.enter();
        let (tell, events) = mpsc::unbounded_channel();
        let opened = zone(outstation, &shared.options).and_then(|zone| {
            let cache = Arc::clone(&self.cache);
            Session::open(outstation, zone, shared.options.clock, cache, tell)
        });
        match opened {
            Ok(session) => {
                let notes = Arc::clone(&self.notes);
                shared.runtime.spawn(listen(notes, events, Arc::downgrade(shared)));
                *place = Some(session.clone());
                Some(session)
            }
            Err(why) => {
                self.notes.cannot_open(&why);
                None
            }
        }
    }

    /// The session for a request: as it is, or opened for it and waited for, up to `limit`.
    pub(super) async fn reach(
        &self,
        outstation: &Outstation,
        shared: &Arc<Shared>,
        limit: Duration,
    ) -> Option<Session> {
        if shared.options.connect == Connect::Always {
            return self.session();
        }
        let session = self.open(outstation, shared)?;
        let mut interrogated = self.notes.interrogated();
        let ready = async {
            let status = session.until(|status| status.up.is_some() || status.why.is_some()).await;
            if status.up.is_some() {
                // An error means that the session is over, which shows anyway.
                interrogated.wait_for(|ended| *ended).await.ok();
            }
        };
        // What is not there in time is judged as it is.
        tokio::time::timeout(limit, ready).await.ok();
        Some(session)
    }
}

/// The zone that an outstation's clock shows.
pub(super) fn zone(outstation: &Outstation, options: &Options) -> Result<TimeZone, String> {
    match &outstation.settings.zone {
        None => Ok(TimeZone::UTC),
        Some(name) => (options.zones)(name),
    }
}

/// The common addresses behind a connection.
pub(super) fn stations(outstation: &Outstation) -> BTreeSet<u16> {
    let points = outstation.points.iter().filter_map(|point| point.ca);
    points.chain([outstation.ca]).collect()
}

impl Post {
    /// Whether the session of this one is as good for another.
    pub(super) fn serves(&self, other: &Outstation) -> bool {
        let mine = &*self.outstation;
        mine.endpoints == other.endpoints
            && mine.bind == other.bind
            && mine.ca == other.ca
            && mine.tls == other.tls
            && mine.settings == other.settings
            && stations(mine) == stations(other)
    }
}
