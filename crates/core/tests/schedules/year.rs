//! A simulated year of every kind of trigger in three zones whose clocks change, with downtime,
//! crashes, clock steps and runs of some seconds, read afterwards as a ledger.

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use station_core::engine::{
        ClockTrust, Config, Effect, EndReport, Engine, Input, Outcome, Reply, Request,
    };
    use station_core::model::{
        Action, Bounds, Cause, CommandLine, Conflict, DateTrigger, End, ExecutionId,
        ExecutionStatus, Grace, IntervalTrigger, JobId, JobSpec, Micros, Mono, Now, OutputSummary,
        Policies, Principal, Remains, Target, Trigger, Usage,
    };

    use crate::calendar::{PATTERNS, Plan, ZONES};
    use crate::random::Random;
    use crate::store::Store;
    use crate::world::start;

    const DAY: Duration = Duration::from_secs(86_400);
    const SECOND: i64 = 1_000_000;
    const ALWAYS: Duration = Duration::from_secs(20 * 86_400);

    struct Year {
        random: Random,
        config: Config,
        store: Store,
        engine: Engine,
        now: Now,
        ends: BTreeMap<(Mono, ExecutionId), ()>,
        lost: Vec<ExecutionId>,
    }

    impl Year {
        fn new() -> Self {
            let config = Config { max_running: 60, retention: None, ..Config::default() };
            let begin: jiff::Timestamp = "2026-09-15T00:00:07Z".parse().unwrap();
            let now = Now { wall: Micros::from(begin), mono: Mono(0) };
            let store = Store::default();
            let (engine, _) = start(&config, &store, now, ClockTrust::Trusted, 1);
            let (random, ends, lost) = (Random::new(1), BTreeMap::new(), Vec::new());
            Self { random, config, store, engine, now, ends, lost }
        }

        fn take(&mut self, mut outcome: Outcome) -> Option<Reply> {
            for change in &outcome.changes {
                self.store.apply(change);
            }
            self.engine.committed();
            for effect in std::mem::take(&mut outcome.effects) {
                match effect {
                    Effect::Start { execution, .. } => {
                        let at = self.now.mono.plus(self.random.millis(500, 9_000));
                        self.ends.insert((at, execution), ());
                    }
                    Effect::Load { from, limit } => {
                        let (jobs, more) = self.store.due_from(from, limit);
                        self.hand(Input::Loaded { jobs, more });
                    }
                    Effect::LoadPlanned { after, limit, .. } => {
                        let (jobs, more) = self.store.recurring_from(after, limit);
                        self.hand(Input::Planned { jobs, more });
                    }
                    Effect::EndSurvivors { runs, .. } => {
                        self.lost.extend(runs.into_iter().map(|(id, _)| id));
                    }
                    Effect::Note(_) | Effect::Stop { .. } => {}
                    other => panic!("not in this year: {other:?}"),
                }
            }
            outcome.reply
        }

        fn hand(&mut self, input: Input) -> Option<Reply> {
            let outcome = self.engine.handle(self.now, input);
            self.take(outcome)
        }

        fn create(&mut self, trigger: Trigger, coalesce: bool) {
            let policies = Policies {
                grace: Grace::Within(Duration::from_secs(3_600)),
                conflict: Conflict::Queue,
                queue_limit: u32::MAX,
                coalesce,
                ..Policies::default()
            };
            let spec = Box::new(spec(trigger, policies));
            let request = Request::Create { spec, context: None, immediate: false, paused: false };
            let reply = self.hand(Input::Request(request));
            assert!(matches!(reply, Some(Reply::Created(_))), "{reply:?}");
        }

        /// Jumps from deadline to deadline for so long.
        fn live(&mut self, span: Duration) {
            let until = self.now.mono.plus(span);
            loop {
                let lost = std::mem::take(&mut self.lost);
                if !lost.is_empty() {
                    let runs = lost.into_iter().map(|id| (id, Remains::Nothing)).collect();
                    self.hand(Input::SurvivorsEnded { runs });
                }
                while let Some((&(at, id), ())) = self.ends.first_key_value()
                    && at <= self.now.mono
                {
                    self.ends.pop_first();
                    self.hand(ended(id));
                }
                let deadline = self.engine.deadline();
                let wall = deadline.wall.map(|at| self.now.mono.plus(at.since(self.now.wall)));
                let end = self.ends.first_key_value().map(|((at, _), ())| *at);
                let next = [deadline.mono, wall, end].into_iter().flatten().min().unwrap_or(until);
                let step = next.min(until).since(self.now.mono);
                self.pass(step);
                if next > until || self.now.mono >= until {
                    return;
                }
                self.hand(Input::Tick);
            }
        }

        fn pass(&mut self, span: Duration) {
            self.now.wall = self.now.wall.plus(span);
            self.now.mono = self.now.mono.plus(span);
        }

        fn crash(&mut self, down: Duration) {
            self.ends.clear();
            self.lost.clear();
            self.pass(down);
            let (config, store) = (&self.config, &self.store);
            let (engine, outcome) = start(config, store, self.now, ClockTrust::Trusted, 2);
            self.engine = engine;
            self.take(outcome);
        }

        fn step(&mut self, seconds: i64) {
            self.now.wall = Micros(self.now.wall.0 + seconds * SECOND);
            self.hand(Input::Tick);
        }

        /// All of a job's firings in the order they were accounted for: the first and the last of
        /// each row, how many, and whether they were missed.
        fn rows(&self, job: JobId) -> Vec<(Micros, Micros, u32, bool)> {
            let scheduled =
                self.store.executions_of(job).filter(|row| row.cause == Cause::Scheduled);
            let row = |row: &station_core::model::Execution| {
                let missed = row.status == ExecutionStatus::Missed;
                (row.first_planned.unwrap_or(row.planned), row.planned, row.firings, missed)
            };
            scheduled.map(row).collect()
        }
    }

    fn ended(execution: ExecutionId) -> Input {
        let report = EndReport {
            kill: None,
            unreachable: false,
            result: None,
            end: End::Exit(0),
            error: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
            chunks: Vec::new(),
        };
        Input::Ended { execution, report: Box::new(report) }
    }

    pub(crate) fn spec(trigger: Trigger, policies: Policies) -> JobSpec {
        let command = CommandLine::Shell("true".into());
        JobSpec {
            name: "job".into(),
            description: None,
            action: Action::Command { command, context: None, stdin: None, sudo: false },
            target: Target::Local,
            trigger,
            bounds: Bounds::default(),
            policies,
            tags: Vec::new(),
            queue: None,
            mail: None,
            created_at: Micros(0),
            created_by: Principal::Anonymous,
        }
    }

    /// A year without anything set back: the rows of each job are the calendar, span by span.
    #[test]
    fn a_year() {
        let mut year = Year::new();
        let begin = year.now.wall;
        for zone in 0..ZONES.len() {
            // Every five minutes in one zone is enough.
            for pattern in 1 + usize::from(zone > 0)..PATTERNS.len() {
                year.create(Plan::calendar(zone, pattern).1, (zone + pattern) % 2 == 0);
            }
        }
        let zone = ZONES[0].to_owned();
        for (hours, first) in [(7, begin.plus(DAY)), (49, begin)] {
            let every = Duration::from_secs(hours * 3600);
            let zone = zone.clone();
            year.create(Trigger::Interval(IntervalTrigger { every, first, zone }), true);
        }
        let at = begin.plus(100 * DAY);
        year.create(Trigger::Date(DateTrigger { at, zone, intent: None }), true);
        // Minutes and days of downtime, steps of the clock by seconds and by hours.
        let mut downs = 0;
        while year.now.wall < begin.plus(365 * DAY) {
            let span = year.random.millis(600_000, ALWAYS.as_millis() as u64);
            year.live(span);
            downs += 1;
            match downs % 4 {
                0 => year.step(5_400),
                1 => year.crash(Duration::from_secs(40)),
                2 => year.crash(Duration::from_secs(7_000)),
                _ => year.crash(3 * DAY),
            }
        }
        year.live(Duration::from_secs(30));
        let (mut missed, mut combined, mut firings) = (0, 0, 0);
        for job in year.store.jobs.values() {
            let plan = Plan::of(&job.spec.trigger);
            let mut at = Micros(begin.0 - 1);
            let mut planned = 0;
            for (first, last, count, was_missed) in year.rows(job.id) {
                at = plan.next(at, &job.spec.bounds).unwrap();
                assert_eq!(first, at, "the first of a row of {job:?}");
                for _ in 1..count {
                    at = plan.next(at, &job.spec.bounds).unwrap();
                }
                assert_eq!(last, at, "the last of a row of {job:?}");
                planned += u64::from(count);
                missed += u64::from(was_missed);
                combined += u64::from(count > 1 && !was_missed);
            }
            assert_eq!(job.state.planned, planned, "{job:?}");
            assert_eq!(job.state.next_due, plan.next(at, &job.spec.bounds), "{job:?}");
            assert!(job.state.next_due.is_none_or(|due| due > year.now.wall), "{job:?}");
            firings += planned;
        }
        assert!(missed > 100 && combined > 5 && firings > 80_000, "{missed} {combined} {firings}");
    }

    /// The clock is set back again and again: fixed times never come twice, unless by hours.
    #[test]
    fn a_month_of_a_clock_set_back() {
        let mut year = Year::new();
        for zone in 0..ZONES.len() {
            for pattern in 0..PATTERNS.len() {
                year.create(Plan::calendar(zone, pattern).1, false);
            }
        }
        for _ in 0..60 {
            let span = year.random.millis(3_600_000, 86_400_000);
            year.live(span);
            year.step(-1_800);
        }
        year.live(Duration::from_secs(2_000));
        let mut repeated = 0;
        for job in year.store.jobs.values() {
            let plan = Plan::of(&job.spec.trigger);
            let mut planned: Vec<_> = year.rows(job.id).into_iter().map(|row| row.1).collect();
            let all = planned.len();
            planned.sort_unstable();
            planned.dedup();
            repeated += all - planned.len();
            assert!(all == planned.len() || plan.follows_clock(), "fixed, but repeated: {job:?}");
            for pair in planned.windows(2) {
                assert_eq!(plan.next(pair[0], &job.spec.bounds), Some(pair[1]), "{job:?}");
            }
            assert_eq!(job.state.planned, all as u64, "{job:?}");
        }
        assert!(repeated > 1_000, "{repeated} repeated");
    }
}
