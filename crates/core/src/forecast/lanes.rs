//! Lanes: what jobs share, and who comes into whose way there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Candidate;
use crate::model::{JobId, Micros};

/// So many pairs are told apart in a lane; collisions of further ones are counted only as such.
const MOST_PAIRS: usize = 10_000;

/// A lane's part of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneForecast {
    /// The conflict key, equipment or target.
    pub name: String,
    /// How many jobs share it.
    pub jobs: usize,
    /// How often they fire.
    pub firings: u64,
    /// How many of these firings come while another one's run should still be under way, judged by
    /// its average duration, or in the same minute as another job's.
    pub collisions: u64,
    /// When the first does.
    pub first: Option<Micros>,
    /// The pairs of jobs that collide most often, the most often first.
    pub pairs: Vec<Pair>,
}

/// Two jobs that collide, or one whose runs take longer than the time between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The job that is there.
    pub holder: JobId,
    /// The job that comes.
    pub comer: JobId,
    /// How often.
    pub times: u64,
}

/// A lane while firings pass.
struct Lane {
    jobs: usize,
    firings: u64,
    collisions: u64,
    first: Option<Micros>,
    /// Who is expected to be under way for longest, and until when.
    busy: Option<(usize, Micros)>,
    /// Who came last, and in which minute.
    last: Option<(usize, i64)>,
    pairs: BTreeMap<(usize, usize), u64>,
}

/// All lanes while firings pass.
pub(super) struct Lanes<'a> {
    lanes: Vec<(&'a str, Lane)>,
    /// The lanes of each candidate.
    of: Vec<Vec<usize>>,
}

impl<'a> Lanes<'a> {
    pub(super) fn new(candidates: &'a [Candidate]) -> Self {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut lanes: Vec<(&str, Lane)> = Vec::new();
        let mut of = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let place_of = |name: &'a String| {
                let place = *places.entry(name).or_insert_with(|| {
                    lanes.push((name, Lane::new()));
                    lanes.len() - 1
                });
                if let Some((_, lane)) = lanes.get_mut(place) {
                    lane.jobs += 1;
                }
                place
            };
            of.push(candidate.lanes.iter().map(place_of).collect());
        }
        Self { lanes, of }
    }

    /// A firing passes. Firings come in order of time.
    pub(super) fn pass(&mut self, candidate: usize, at: Micros, minute: i64, duration: Duration) {
        for place in self.of.get(candidate).into_iter().flatten() {
            if let Some((_, lane)) = self.lanes.get_mut(*place) {
                lane.pass(candidate, at, minute, duration);
            }
        }
    }

    /// What was counted, the most collisions first.
    pub(super) fn finish(self, candidates: &[Candidate], top: usize) -> Vec<LaneForecast> {
        let mut told: Vec<LaneForecast> = self
            .lanes
            .into_iter()
            .map(|(name, lane)| LaneForecast {
                name: name.to_owned(),
                jobs: lane.jobs,
                firings: lane.firings,
                collisions: lane.collisions,
                first: lane.first,
                pairs: pairs(lane.pairs, candidates, top),
            })
            .collect();
        told.sort_by(|a, b| b.collisions.cmp(&a.collisions).then_with(|| a.name.cmp(&b.name)));
        told
    }
}

impl Lane {
    fn new() -> Self {
        Self {
            jobs: 0,
            firings: 0,
            collisions: 0,
            first: None,
            busy: None,
            last: None,
            pairs: BTreeMap::new(),
        }
    }

    fn pass(&mut self, comer: usize, at: Micros, minute: i64, duration: Duration) {
        self.firings += 1;
        let busy = self.busy.filter(|(_, until)| at < *until).map(|(holder, _)| holder);
        // A job that fires several times a minute is not in its own way by that alone.
        let near = self.last.filter(|(last, then)| *then == minute && *last != comer);
        if let Some(holder) = busy.or(near.map(|(last, _)| last)) {
            self.collisions += 1;
            self.first = self.first.or(Some(at));
            let pair = (holder, comer);
            if self.pairs.len() < MOST_PAIRS || self.pairs.contains_key(&pair) {
                *self.pairs.entry(pair).or_default() += 1;
            }
        }
        let end = at.plus(duration);
        if self.busy.is_none_or(|(_, until)| end >= until) {
            self.busy = Some((comer, end));
        }
        self.last = Some((comer, minute));
    }
}

fn pairs(counted: BTreeMap<(usize, usize), u64>, of: &[Candidate], top: usize) -> Vec<Pair> {
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let job = |index: usize| of.get(index).map(|candidate| candidate.job);
    counted
        .into_iter()
        .take(top)
        .filter_map(|((holder, comer), times)| {
            Some(Pair { holder: job(holder)?, comer: job(comer)?, times })
        })
        .collect()
}
