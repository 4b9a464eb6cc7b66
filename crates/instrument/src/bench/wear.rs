//! Wear: whether non-volatile memory may be written once more, and if not, when it may.

use std::time::Duration;

use station_core::model::Micros;

/// The time within which writes are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(3600);

/// Writing is refused for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent {
    /// How many writes the last hour had.
    pub(super) count: u32,
    /// From when on it is possible; `None`: never within this budget.
    pub(super) possible_at: Option<Micros>,
}

/// The writes of the last hour, the oldest first. What a clock that was set back shows as later than
/// now counts as of now.
pub(super) fn recent(writes: &[Micros], now: Micros) -> Vec<Micros> {
    let mut recent: Vec<Micros> =
        writes.iter().map(|at| (*at).min(now)).filter(|at| now.since(*at) < WINDOW).collect();
    recent.sort_unstable();
    recent
}

/// The writes of the last hour with `more` of now added to them, if the budget allows.
pub(super) fn reserve(
    writes: &[Micros],
    now: Micros,
    more: u32,
    budget: u32,
) -> Result<Vec<Micros>, Spent> {
    let mut recent = recent(writes, now);
    let count = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    let wanted = count.saturating_add(more);
    if wanted <= budget {
        recent.extend(std::iter::repeat_n(now, usize::try_from(more).unwrap_or(0)));
        return Ok(recent);
    }
    // So many of the oldest have to be an hour old.
    let over = usize::try_from(wanted.saturating_sub(budget)).unwrap_or(usize::MAX);
    let last = recent.get(over.saturating_sub(1)).copied();
    Err(Spent { count, possible_at: last.filter(|_| more <= budget).map(|at| at.plus(WINDOW)) })
}

/// An instant for people, RFC 3339 in UTC, rounded up to a whole second.
pub(super) fn rounded_up(at: Micros) -> Micros {
    const SECOND: i64 = 1_000_000;
    let part = at.0.rem_euclid(SECOND);
    if part == 0 { at } else { Micros(at.0.saturating_add(SECOND.saturating_sub(part))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3600 * SECOND;

    fn at(seconds: i64) -> Micros {
        Micros(seconds * SECOND)
    }

    #[test]
    fn a_write_is_added_while_the_budget_lasts() {
        let now = at(10_000);
        let writes = [at(5000), at(9000), at(9500)];
        assert_eq!(reserve(&writes, now, 1, 3), Ok(vec![at(9000), at(9500), now]));
        let spent = Spent { count: 2, possible_at: Some(at(9000 + 3600)) };
        assert_eq!(reserve(&writes, now, 1, 2), Err(spent));
        let spent = Spent { count: 2, possible_at: Some(at(9500 + 3600)) };
        assert_eq!(reserve(&writes, now, 2, 2), Err(spent));
        assert_eq!(reserve(&writes, now, 1, 0), Err(Spent { count: 2, possible_at: None }));
        assert_eq!(reserve(&[], now, 0, 0), Ok(Vec::new()));
    }

    #[test]
    fn an_hour_later_it_is_possible_and_not_before() {
        let writes = [at(100), at(200)];
        let Err(Spent { possible_at: Some(possible), .. }) = reserve(&writes, at(300), 1, 2) else {
            panic!("the budget is spent");
        };
        assert!(reserve(&writes, Micros(possible.0 - 1), 1, 2).is_err());
        assert!(reserve(&writes, possible, 1, 2).is_ok());
    }

    #[test]
    fn a_clock_set_back_does_not_lock_the_memory_for_longer_than_an_hour() {
        let ahead = [at(1_000_000), at(1_000_001)];
        assert_eq!(recent(&ahead, at(500)), [at(500), at(500)]);
    }

    #[test]
    fn instants_for_people_are_not_too_early() {
        assert_eq!(rounded_up(Micros(1)), at(1));
        assert_eq!(rounded_up(at(7)), at(7));
        assert_eq!(rounded_up(at(7)).to_string(), "1970-01-01T00:00:07Z");
        assert_eq!(rounded_up(Micros(i64::MAX)), Micros(i64::MAX));
    }

    proptest! {
        #[test]
        fn no_hour_ever_has_more_writes_than_the_budget(
            budget in 1_u32..6,
            gaps in proptest::collection::vec(0_i64..HOUR, 1..60),
        ) {
            let (mut now, mut kept, mut all) = (0, Vec::new(), Vec::<i64>::new());
            for gap in gaps {
                now += gap;
                if let Ok(next) = reserve(&kept, Micros(now), 1, budget) {
                    kept = next;
                    all.push(now);
                }
            }
            for start in &all {
                let within = all.iter().filter(|at| **at >= *start && **at < start + HOUR).count();
                prop_assert!(within <= budget as usize);
            }
        }
    }
}
