//! Health: how much of what was lately done with an instrument went well.

use std::collections::VecDeque;

use station_core::model::Micros;

/// How many operations the score looks at.
const RECENT: usize = 20;

/// How many errors are kept.
const ERRORS: usize = 10;

/// What went well and wrong lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    recent: VecDeque<bool>,
    errors: VecDeque<(Micros, String)>,
}

impl Health {
    /// Something went well.
    pub(super) fn good(&mut self) {
        self.add(true);
    }

    /// Something went wrong.
    pub(super) fn bad(&mut self, at: Micros, message: &str) {
        self.add(false);
        self.errors.truncate(ERRORS.saturating_sub(1));
        self.errors.push_front((at, message.to_owned()));
    }

    /// How much of it went well, in percent; 100 when nothing was done yet.
    pub(super) fn score(&self) -> u8 {
        let good = self.recent.iter().filter(|good| **good).count();
        let percent = good.saturating_mul(100).checked_div(self.recent.len()).unwrap_or(100);
        u8::try_from(percent).unwrap_or(100)
    }

    /// The last errors, the newest first.
    pub(super) fn errors(&self) -> Vec<(Micros, String)> {
        self.errors.iter().cloned().collect()
    }

    fn add(&mut self, good: bool) {
        self.recent.truncate(RECENT.saturating_sub(1));
        self.recent.push_front(good);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_share_of_the_last_twenty() {
        let mut health = Health::default();
        assert_eq!(health.score(), 100);
        health.bad(Micros(1), "a");
        assert_eq!(health.score(), 0);
        (0..19).for_each(|_| health.good());
        assert_eq!(health.score(), 95);
        health.good();
        assert_eq!(health.score(), 100);
        (0..11).for_each(|n| health.bad(Micros(n), &n.to_string()));
        assert_eq!(health.errors().len(), 10);
        assert_eq!(health.errors().first(), Some(&(Micros(10), "10".to_owned())));
    }
}
