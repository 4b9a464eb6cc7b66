//! Records as they are kept and removed: what they are to the desk, at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use station_core::model::{Micros, Outstation, Record, RecordKind};

use crate::cache::Cache;
use crate::points::PointTable;

use super::events::Notes;
use super::line::Line;
use super::{Connect, Outstations, Post, Shared, lock};

impl Outstations {
    /// A record was kept: sessions are opened or opened anew, tags and the switch count from now on, for
    /// what is under way as well.
    pub fn kept(&self, record: &Record) {
        match record {
            Record::Outstation(outstation) => self.register(outstation),
            Record::Tag(tag) => self.shared.rules_mut().tag(tag.clone()),
            Record::Control(switch) => self.shared.rules_mut().switch = Some(switch.clone()),
            Record::Approval(approval) => self.shared.rules_mut().keep((**approval).clone()),
            Record::Equipment(_)
            | Record::Profile(_)
            | Record::State(_)
            | Record::Acquisition(_)
            | Record::Wear(_) => {}
        }
    }

    /// A record was removed: its session is closed, its tag counts no more.
    pub fn removed(&self, kind: RecordKind, key: &str) {
        match kind {
            RecordKind::Outstation => {
                let post = self.shared.posts_mut().remove(key);
                if let Some(session) = post.and_then(|post| post.line.take()) {
                    self.shared.runtime.spawn(async move { session.close().await });
                }
            }
            RecordKind::Tag => self.shared.rules_mut().untag(key),
            RecordKind::Control => self.shared.rules_mut().switch = None,
            RecordKind::Approval => self.shared.rules_mut().forget(key),
            RecordKind::Equipment
            | RecordKind::Profile
            | RecordKind::State
            | RecordKind::Acquisition
            | RecordKind::Wear => {}
        }
    }

    /// Takes over the records that there are at a start, and which points were commanded when within
    /// the last hour: outstation, point, instant.
    pub fn restore(&self, records: Vec<Record>, recent: Vec<(String, String, Micros)>) {
        let mut sent: BTreeMap<(String, String), Vec<Micros>> = BTreeMap::new();
        for (outstation, point, at) in recent {
            sent.entry((outstation, point)).or_default().push(at);
        }
        let now = self.shared.now();
        for ((outstation, point), at) in sent {
            lock(&self.shared.ledger(&outstation).rates).restore(&point, &at, now);
        }
        // Tags and the switch first: nothing is commanded before they count.
        let (outstations, rules): (Vec<Record>, Vec<Record>) =
            records.into_iter().partition(|record| record.kind() == RecordKind::Outstation);
        for record in rules.iter().chain(&outstations) {
            self.kept(record);
        }
        self.shared.rules_mut().begin();
    }

    fn register(&self, outstation: &Outstation) {
        let shared = &self.shared;
        let name = &outstation.name;
        let old = shared.post(name);
        if old.as_ref().is_some_and(|old| *old.outstation == *outstation) {
            return;
        }
        let table = PointTable::new(outstation).map(Arc::new).map_err(|error| error.to_string());
        let outstation = Arc::new(outstation.clone());
        let kept = old.as_ref().filter(|old| old.serves(&outstation));
        let line = match kept {
            Some(old) => Arc::clone(&old.line),
            None => new_line(shared, name, table.as_deref().ok()),
        };
        let is_new = kept.is_none();
        let post = Arc::new(Post { outstation, table, line });
        shared.posts_mut().insert(name.clone(), Arc::clone(&post));
        if !is_new {
            return;
        }
        let session = old.and_then(|old| old.line.take());
        if session.is_none() && shared.options.connect == Connect::Always {
            post.line.open(&post.outstation, shared);
        } else if let Some(session) = session {
            // Many outstations take one connection at a time.
            let shared = Arc::clone(shared);
            self.shared.runtime.spawn(async move {
                session.close().await;
                let posts = shared.posts();
                let current = posts.get(&post.outstation.name);
                let is_current =
                    current.is_some_and(|current| Arc::ptr_eq(&current.line, &post.line));
                if is_current && shared.options.connect == Connect::Always {
                    post.line.open(&post.outstation, &shared);
                }
            });
        }
    }
}

fn new_line(shared: &Shared, name: &str, table: Option<&PointTable>) -> Arc<Line> {
    let cache = match table {
        Some(table) => Cache::new(table.watched(), Cache::OTHERS),
        None => Cache::new([], Cache::OTHERS),
    };
    let told = (Arc::clone(&shared.trail), Arc::clone(&shared.repeats));
    let ledger = shared.ledger(name);
    let notes = Notes::new(name.to_owned(), told, Arc::clone(&ledger), shared.options.clock);
    Arc::new(Line::new(cache, ledger, notes))
}
