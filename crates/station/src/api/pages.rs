//! Keeps pages of jobs as they were written, for as long as they would be written the same.
//!
//! A page depends on the store (its generation tells whether anything was committed since), on why
//! the station starts nothing, and on the clock: a job that becomes due is shown to wait.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use station_core::model::Micros;

/// The most pages that are kept.
const MOST: usize = 64;

/// The most bytes of pages that are kept.
const MOST_BYTES: usize = 16 << 20;

/// The longest query whose page is kept.
const LONGEST_QUERY: usize = 1024;

/// Pages by their query.
#[derive(Debug, Default)]
pub(super) struct Pages {
    kept: Mutex<BTreeMap<String, Page>>,
}

#[derive(Debug)]
struct Page {
    generation: u64,
    held: Option<&'static str>,
    from: Micros,
    until: Option<Micros>,
    body: Bytes,
}

impl Pages {
    /// The page of a query, if it would be written the same now.
    pub(super) fn find(
        &self,
        query: &str,
        generation: u64,
        held: Option<&'static str>,
        now: Micros,
    ) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let page = kept.get(query)?;
        let holds = page.generation == generation
            && page.held == held
            && page.from <= now
            && page.until.is_none_or(|until| now < until);
        holds.then(|| page.body.clone())
    }

    /// Keeps the page of a query, written at an instant and true until another.
    pub(super) fn keep(
        &self,
        query: String,
        generation: u64,
        held: Option<&'static str>,
        (from, until): (Micros, Option<Micros>),
        body: Bytes,
    ) {
        if query.len() > LONGEST_QUERY || body.len() > MOST_BYTES {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&query);
        let fits = |kept: &BTreeMap<String, Page>| {
            let bytes: usize = kept.values().map(|page| page.body.len()).sum();
            kept.len() < MOST && bytes.saturating_add(body.len()) <= MOST_BYTES
        };
        if !fits(&kept) {
            kept.retain(|_, page| page.generation == generation);
        }
        if !fits(&kept) {
            kept.clear();
        }
        kept.insert(query, Page { generation, held, from, until, body });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn a_page_holds_until_anything_it_shows_changes() {
        let pages = Pages::default();
        let (from, until) = (Micros(100), Some(Micros(200)));
        pages.keep("limit=1".to_owned(), 7, None, (from, until), body("a"));
        for (query, generation, held, now, found) in [
            ("limit=1", 7, None, 100, true),
            ("limit=1", 7, None, 199, true),
            ("limit=1", 7, None, 200, false),
            ("limit=1", 7, None, 99, false),
            ("limit=1", 8, None, 150, false),
            ("limit=1", 7, Some("held"), 150, false),
            ("limit=2", 7, None, 150, false),
        ] {
            let page = pages.find(query, generation, held, Micros(now));
            assert_eq!(page, found.then(|| body("a")), "{query} {generation} {held:?} {now}");
        }
        pages.keep("limit=1".to_owned(), 8, None, (from, None), body("b"));
        assert_eq!(pages.find("limit=1", 8, None, Micros(i64::MAX)), Some(body("b")));
    }

    #[test]
    fn few_pages_are_kept() {
        let pages = Pages::default();
        let keep = |n: usize, generation, body| {
            pages.keep(n.to_string(), generation, None, (Micros(0), None), body);
        };
        for n in 0..1000 {
            keep(n, n as u64 / 500, body("x"));
            assert!(pages.kept.lock().unwrap().len() <= MOST);
        }
        assert!(pages.find("999", 1, None, Micros(0)).is_some());
        let large = Bytes::from(vec![0; MOST_BYTES / 2]);
        for n in 0..5 {
            keep(n, 2, large.clone());
            let bytes: usize = pages.kept.lock().unwrap().values().map(|p| p.body.len()).sum();
            assert!(bytes <= MOST_BYTES, "{bytes}");
        }
        pages.keep("q".repeat(5000), 2, None, (Micros(0), None), body("x"));
        assert_eq!(pages.find(&"q".repeat(5000), 2, None, Micros(0)), None);
    }
}
