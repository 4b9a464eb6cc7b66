//! Walks through all firings in order of time and counts them.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};

use super::lanes::Lanes;
use super::{Candidate, Forecast, Group, JobForecast, Question};
use crate::model::Micros;

const MINUTE: i64 = 60_000_000;

/// The next firing of each group: the soonest on top, by place among equals.
type Queue = BinaryHeap<Reverse<(Micros, usize)>>;

/// What is counted on the way.
struct Count<'a> {
    candidates: &'a [Candidate],
    jobs: Vec<JobForecast>,
    lanes: Lanes<'a>,
    /// Firings of each minute, from the first minute on.
    minutes: Vec<u32>,
    first_minute: i64,
    firings: u64,
}

/// Walks from the first firing to the end of the span, or to the most firings asked for.
pub(super) fn walk(candidates: &[Candidate], groups: &[Group], question: &Question) -> Forecast {
    let mut count = Count::new(candidates, question);
    let mut until = question.to;
    let mut queue: Queue = BinaryHeap::with_capacity(groups.len());
    let before = Micros(question.from.0.saturating_sub(1));
    for (place, group) in groups.iter().enumerate() {
        if let Some(at) = group.schedule.next(before).filter(|at| *at < question.to) {
            queue.push(Reverse((at, place)));
        }
    }
    while let Some(mut top) = queue.peek_mut() {
        let Reverse((at, place)) = *top;
        if count.firings >= question.most_firings {
            until = at;
            break;
        }
        let Some(group) = groups.get(place) else { break };
        let goes_on = count.fire(group, at);
        let next = group.schedule.next(at).filter(|next| goes_on && *next < question.to);
        match next {
            Some(next) => *top = Reverse((next, place)),
            None => drop(PeekMut::pop(top)),
        }
    }
    count.finish(until, question.top)
}

impl<'a> Count<'a> {
    fn new(candidates: &'a [Candidate], question: &Question) -> Self {
        let jobs = candidates
            .iter()
            .map(|candidate| JobForecast {
                job: candidate.job,
                name: candidate.name.clone(),
                firings: 0,
                first: None,
                last: None,
            })
            .collect();
        Self {
            candidates,
            jobs,
            lanes: Lanes::new(candidates),
            minutes: Vec::new(),
            first_minute: question.from.0.div_euclid(MINUTE),
            firings: 0,
        }
    }

    /// Counts a firing of each member that has runs left; whether any will have one after it.
    fn fire(&mut self, group: &Group, at: Micros) -> bool {
        let minute = at.0.div_euclid(MINUTE);
        let mut fired: u32 = 0;
        let mut goes_on = false;
        for member in &group.members {
            let (Some(candidate), Some(job)) =
                (self.candidates.get(*member), self.jobs.get_mut(*member))
            else {
                continue;
            };
            let left = candidate.runs_left.map_or(u64::MAX, u64::from);
            if job.firings >= left {
                continue;
            }
            job.firings += 1;
            job.first = job.first.or(Some(at));
            job.last = Some(at);
            goes_on |= job.firings < left;
            fired = fired.saturating_add(1);
            self.lanes.pass(*member, at, minute, candidate.duration);
        }
        self.firings += u64::from(fired);
        let place = usize::try_from(minute.saturating_sub(self.first_minute)).unwrap_or(usize::MAX);
        if place >= self.minutes.len() && place < usize::MAX {
            self.minutes.resize(place + 1, 0);
        }
        if let Some(load) = self.minutes.get_mut(place) {
            *load = load.saturating_add(fired);
        }
        goes_on
    }

    fn finish(self, until: Micros, top: usize) -> Forecast {
        let minute_of = |place: usize| {
            let minute = self.first_minute.saturating_add(i64::try_from(place).unwrap_or(i64::MAX));
            Micros(minute.saturating_mul(MINUTE))
        };
        let mut load: BTreeMap<u32, u64> = BTreeMap::new();
        for firings in &self.minutes {
            *load.entry(*firings).or_default() += 1;
        }
        // Minutes after the last firing are quiet ones too.
        let all =
            until.0.saturating_sub(1).div_euclid(MINUTE).saturating_sub(self.first_minute) + 1;
        let seen = u64::try_from(self.minutes.len()).unwrap_or(u64::MAX);
        let quiet = u64::try_from(all).unwrap_or(0).saturating_sub(seen);
        if quiet > 0 {
            *load.entry(0).or_default() += quiet;
        }
        Forecast {
            until,
            firings: self.firings,
            busiest: busiest(&self.minutes, top)
                .into_iter()
                .map(|(place, firings)| (minute_of(place), firings))
                .collect(),
            load,
            lanes: self.lanes.finish(self.candidates, top),
            jobs: self.jobs,
            clock_changes: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// The places of the minutes with the most firings, the most first, the earlier of equals first.
fn busiest(minutes: &[u32], top: usize) -> Vec<(usize, u32)> {
    // What stays is small, so a heap whose least is on top keeps it in one pass.
    let mut kept: BinaryHeap<Reverse<(u32, Reverse<usize>)>> = BinaryHeap::with_capacity(top + 1);
    for (place, firings) in minutes.iter().enumerate().filter(|(_, firings)| **firings > 0) {
        let least = kept.peek().map_or(0, |Reverse((least, _))| *least);
        if kept.len() < top || *firings > least {
            kept.push(Reverse((*firings, Reverse(place))));
            if kept.len() > top {
                kept.pop();
            }
        }
    }
    let mut kept: Vec<_> =
        kept.into_iter().map(|Reverse((firings, Reverse(place)))| (place, firings)).collect();
    kept.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    kept
}
