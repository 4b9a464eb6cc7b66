//! Looks at outstations and their points.

use station_core::near::shown;

use crate::cache::Reading;
use crate::points::{Entry, PointTable};
use crate::session::{Connection, Status, Totals};

use super::previous::nothing;
use super::view::{ConnectionView, CountersView, EndpointView, StatusView, ValueView};
use super::{Outstations, Post, Refused, lock};
use station_core::model::Now;

impl Outstations {
    /// How an outstation stands; `None`: there is none of that name.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<StatusView> {
        let post = self.shared.post(name)?;
        let standing = post.line.notes.standing();
        let session = post.line.session();
        let status = session.as_ref().map(crate::session::Session::status);
        let totals = session.as_ref().map(crate::session::Session::totals).unwrap_or_default();
        let (up, why) = match &status {
            Some(status) => (status.up.as_deref(), status.why.clone()),
            None => (None, standing.fault.clone()),
        };
        let link = match (&status, up) {
            (None, _) => "off",
            (Some(_), Some(_)) => "up",
            (Some(_), None) => "down",
        };
        let table = post.table.as_ref();
        let (known, values_dropped) = {
            let cache = lock(&post.line.cache);
            let watched = table.ok().into_iter().flat_map(|table| table.watched());
            let current = watched
                .filter_map(|(ca, ioa)| cache.get(ca, ioa))
                .filter(|reading| reading.stale.is_none());
            (current.count(), cache.dropped())
        };
        let endpoint = |endpoint: &String| EndpointView {
            endpoint: endpoint.clone(),
            state: state(endpoint, status.as_ref()),
        };
        Some(StatusView {
            outstation: name.to_owned(),
            link,
            since: standing.since,
            why: why.filter(|_| up.is_none()),
            endpoints: post.outstation.endpoints.iter().map(endpoint).collect(),
            connection: up.map(connection),
            fault: table.err().cloned(),
            points: post.outstation.points.len(),
            known,
            in_flight: post.line.ledger.in_flight(),
            interrogated: standing.interrogated,
            clock_set: standing.clock_set,
            restarted_at: standing.restarted_at,
            counters: counters(totals, values_dropped),
        })
    }

    /// The watched points of an outstation with their values, in the order of its file; `None`: there is
    /// no outstation of that name.
    #[must_use]
    pub fn values(&self, name: &str) -> Option<Vec<ValueView>> {
        let post = self.shared.post(name)?;
        let Ok(table) = &post.table else { return Some(Vec::new()) };
        let now = self.shared.now();
        let cache = lock(&post.line.cache);
        let watched = table.entries().iter().filter(|entry| !entry.type_id.is_command());
        Some(watched.map(|entry| view(entry, cache.get(entry.ca, entry.ioa), now)).collect())
    }

    /// What a point shows; of one that is commanded, what its feedback shows.
    ///
    /// # Errors
    /// There is no such point, or it shows nothing.
    pub fn value(&self, name: &str, point: &str) -> Result<ValueView, Refused> {
        let post = self.shared.post(name).ok_or_else(|| self.shared.no_outstation(name))?;
        let entry = post.watched(point)?;
        let now = self.shared.now();
        let reading = lock(&post.line.cache).get(entry.ca, entry.ioa);
        let mut view = view(entry, reading, now);
        if entry.name != point {
            view.feedback = view.point.replace(point.to_owned());
        }
        Ok(view)
    }
}

impl Post {
    /// The point that shows a point: itself, or its feedback.
    pub(super) fn watched(&self, point: &str) -> Result<&Entry, Refused> {
        let table = self.table.as_ref().map_err(|why| self.has_no_points(why))?;
        let Some(entry) = table.get(point) else { return Err(no_point(table, point)) };
        if !entry.type_id.is_command() {
            return Ok(entry);
        }
        let rule = entry.rule.as_deref();
        let feedback = rule.and_then(|rule| table.get(rule.written.feedback.as_deref()?));
        feedback.ok_or_else(|| {
            let sentence = format!(
                "{}/{point} is only commanded: it has no 'feedback' that shows anything",
                table.outstation
            );
            Refused::new("not_watched", sentence)
        })
    }
}

fn no_point(table: &PointTable, point: &str) -> Refused {
    let near = table.nearest(point).map(|near| format!(" (did you mean '{near}'?)"));
    let sentence =
        format!("{} has no point '{}'{}", table.outstation, shown(point), near.unwrap_or_default());
    Refused::new(crate::permit::Reason::UnknownPoint.name(), sentence)
}

pub(super) fn view(entry: &Entry, reading: Option<Reading>, now: Now) -> ValueView {
    ValueView {
        point: Some(entry.name.clone()),
        ca: entry.ca,
        ioa: entry.ioa,
        type_id: entry.type_id.name(),
        unit: entry.unit.clone(),
        feedback: None,
        doubt: match &reading {
            None => Some("the outstation never told it"),
            Some(reading) => reading.trusted().err(),
        },
        sample: reading.map_or_else(nothing, |reading| reading.sample(now)),
    }
}

fn state(endpoint: &str, status: Option<&Status>) -> &'static str {
    let is_at =
        |connection: Option<&Connection>| connection.is_some_and(|at| at.endpoint == endpoint);
    match status {
        Some(status) if is_at(status.up.as_deref()) => "active",
        Some(status) if is_at(status.standby.as_deref()) => "standby",
        Some(_) | None => "down",
    }
}

fn connection(connection: &Connection) -> ConnectionView {
    ConnectionView {
        id: connection.id.clone(),
        local: connection.local.to_string(),
        peer: connection.peer.to_string(),
        tls: connection.tls.clone(),
        since: connection.since,
    }
}

fn counters(totals: Totals, values_dropped: u64) -> CountersView {
    CountersView {
        frames_received: totals.frames_received,
        frames_sent: totals.frames_sent,
        octets_received: totals.octets_received,
        octets_sent: totals.octets_sent,
        asdus_ignored: totals.asdus_ignored,
        connections: totals.connections,
        values_dropped,
    }
}
