//! What is told over and over, such as refusals of one thing or a link that flaps: the first are recorded at
//! once, the others counted, and written as one when their minute is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use station_core::audit::Draft;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::lock;
use super::trail::Trail;

/// The span within which what repeats itself is counted.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// The same for what the station does by itself, and nobody waits for.
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// How many different things are counted each for itself.
const MOST: usize = 1024;

/// What repeats itself: the same by the same for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) why: &'static str,
}

/// How often something may be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// How many are recorded at once.
    pub(super) at_once: u32,
    /// Within what time further ones are counted.
    pub(super) within: Duration,
}

/// One thing within its span.
#[derive(Debug)]
struct Span {
    until: Instant,
    told: u32,
    /// Those that were counted only, and the last of them.
    more: u64,
    last: Option<Draft>,
    /// What the first of them is called in the trail.
    correlation: Option<String>,
}

/// Counts what repeats itself, on its way to the trail.
pub(super) struct Repeats {
    trail: Arc<dyn Trail>,
    /// Where the ends of spans are waited for; `None`: what was counted waits for the next of its kind.
    runtime: Option<Handle>,
    spans: Mutex<HashMap<Key, Span>>,
}

impl Repeats {
    pub(super) fn new(trail: Arc<dyn Trail>, runtime: Option<Handle>) -> Arc<Self> {
        Arc::new(Self { trail, runtime, spans: Mutex::default() })
    }

    /// Records a draft, or counts it. What it is recorded under is handed back: its own correlation, or
    /// that of the first of its kind.
    pub(super) fn tell(
        self: &Arc<Self>,
        key: Key,
        measure: Measure,
        draft: Draft,
    ) -> Option<String> {
        let now = Instant::now();
        let mut spans = lock(&self.spans);
        let key = self.fold(&mut spans, key, now);
        let mut drafts = Vec::new();
        if spans.get(&key).is_some_and(|span| span.until <= now) {
            drafts.extend(spans.remove(&key).and_then(Span::end));
        }
        let span = spans.entry(key.clone()).or_insert_with(|| Span {
            until: now + measure.within,
            told: 0,
            more: 0,
            last: None,
            correlation: draft.correlation.clone(),
        });
        let mut correlation = span.correlation.clone();
        let mut ends = None;
        if span.told < measure.at_once {
            span.told += 1;
            correlation.clone_from(&draft.correlation);
            drafts.push(draft);
        } else {
            span.more = span.more.saturating_add(1);
            span.last = Some(draft);
            ends = (span.more == 1).then_some(span.until);
        }
        drop(spans);
        if !drafts.is_empty() {
            self.trail.record_later(drafts);
        }
        if let (Some(until), Some(runtime)) = (ends, &self.runtime) {
            let repeats = Arc::downgrade(self);
            runtime.spawn(async move {
                tokio::time::sleep_until(until).await;
                if let Some(repeats) = repeats.upgrade() {
                    repeats.end(&key, until);
                }
            });
        }
        correlation
    }

    /// Writes all that was counted.
    pub(super) fn flush(&self) {
        let ended: Vec<Span> = lock(&self.spans).drain().map(|(_, span)| span).collect();
        let drafts: Vec<Draft> = ended.into_iter().filter_map(Span::end).collect();
        if !drafts.is_empty() {
            self.trail.record_later(drafts);
        }
    }

    fn end(&self, key: &Key, until: Instant) {
        let mut spans = lock(&self.spans);
        // Another may have begun since.
        let ended = if spans.get(key).is_some_and(|span| span.until == until) {
            spans.remove(key)
        } else {
            None
        };
        drop(spans);
        if let Some(draft) = ended.and_then(Span::end) {
            self.trail.record_later(vec![draft]);
        }
    }

    /// Where too many different things are told, what they are about counts no more.
    fn fold(&self, spans: &mut HashMap<Key, Span>, key: Key, now: Instant) -> Key {
        if spans.len() >= MOST && !spans.contains_key(&key) {
            spans.retain(|_, span| span.until > now || span.more > 0);
            if spans.len() >= MOST {
                return Key { what: String::new(), ..key };
            }
        }
        key
    }
}

impl Span {
    /// What was counted, as one.
    fn end(self) -> Option<Draft> {
        let mut draft = self.last?;
        if self.correlation.is_some() {
            draft.correlation = self.correlation;
        }
        Some(draft.with("repeated", self.more))
    }
}

#[cfg(test)]
#[path = "repeats_tests.rs"]
mod tests;
