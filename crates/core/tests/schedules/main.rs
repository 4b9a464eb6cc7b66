//! Seeded worlds of recurring jobs: the engine against a naive reference, in virtual time.
//!
//! `STATION_WORLDS=n` runs about n worlds; `STATION_WORLD_SEED=n` runs that one alone and tells all.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test names the cases it is about, and its numbers are small"
)]

#[cfg(test)]
mod bounded;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod effects;
#[cfg(test)]
#[path = "../worlds/link.rs"]
mod link;
#[cfg(test)]
#[path = "../worlds/random.rs"]
mod random;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tally;
#[cfg(test)]
mod told;
#[cfg(test)]
mod world;
#[cfg(test)]
mod year;

#[cfg(test)]
mod tests {
    use super::tally::Tally;
    use super::world::World;

    const PARTS: u64 = 4;

    /// Tells the seed when a world panics.
    struct Seed(u64);

    impl Drop for Seed {
        fn drop(&mut self) {
            if std::thread::panicking() {
                #[expect(clippy::print_stderr, reason = "the seed must be seen")]
                {
                    eprintln!(
                        "world {0} failed; to see it: STATION_WORLD_SEED={0} cargo test \
                         -p station-core --test schedules one",
                        self.0
                    );
                }
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test is told what to run")]
    fn told(name: &str) -> Option<u64> {
        std::env::var(name).ok().map(|text| text.parse().expect(name))
    }

    fn live(seed: u64, trace: bool) -> Tally {
        let guard = Seed(seed);
        let mut world = World::new(seed, trace);
        world.live();
        drop(guard);
        world.tally
    }

    fn part(part: u64) {
        if told("STATION_WORLD_SEED").is_some() {
            return;
        }
        let worlds = told("STATION_WORLDS").unwrap_or(3_000);
        let mut tally = Tally::default();
        for seed in (part..worlds).step_by(usize::try_from(PARTS).unwrap()) {
            tally.add(&live(seed, false));
        }
        if worlds >= 1_000 {
            tally.check();
        }
        if told("STATION_WORLDS").is_some() {
            #[expect(clippy::print_stderr, reason = "asked for")]
            {
                eprintln!("{tally:?}");
            }
        }
    }

    #[test]
    fn one() {
        if let Some(seed) = told("STATION_WORLD_SEED") {
            live(seed, true);
        }
    }

    #[test]
    fn worlds_0() {
        part(0);
    }

    #[test]
    fn worlds_1() {
        part(1);
    }

    #[test]
    fn worlds_2() {
        part(2);
    }

    #[test]
    fn worlds_3() {
        part(3);
    }
}
