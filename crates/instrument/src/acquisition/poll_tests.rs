use std::sync::Arc;

use serde_json::{Number, json};
use station_core::model::{Acquisition, AcquisitionPlan, Call, FileFormat, Micros};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::*;
use crate::acquisition::SampleBatch;
use crate::acquisition::grid::Grid;
use crate::acquisition::live::LiveAcquisition;
use crate::acquisition::writer::Writer;
use crate::hands::Hands;
use crate::stop::Stopper;

/// An instrument in virtual time: counts its readings, and takes so long for each.
#[derive(Default)]
struct Fake {
    takes: Duration,
    read: u32,
    /// Which reading takes how long instead.
    held_up: Option<(u32, Duration)>,
    /// What goes wrong from which reading on, and until which.
    fails: Option<(std::ops::Range<u32>, ErrorKind)>,
}

impl Hands for Fake {
    type Ready = Call;

    fn id(&self) -> &str {
        "fake"
    }

    fn ready(&self, call: &Call) -> Result<Call, Error> {
        Ok(call.clone())
    }

    fn sent_at(&self) -> Option<Duration> {
        None
    }

    async fn call(&mut self, call: &Call) -> Result<Value, Error> {
        self.read(call).await
    }

    async fn read(&mut self, call: &Call) -> Result<Value, Error> {
        self.read += 1;
        let held_up = self.held_up.filter(|(reading, _)| *reading == self.read);
        tokio::time::sleep(held_up.map_or(self.takes, |(_, time)| time)).await;
        if let Some((when, kind)) = &self.fails
            && when.contains(&self.read)
        {
            return Err(Error::new(*kind, "it is silent"));
        }
        match call.parameters.get("channel") {
            Some(channel) if channel == &json!(2) => Ok(json!({ "value": null })),
            _ => Ok(json!({ "value": self.read, "unit": "V" })),
        }
    }
}

struct Bed {
    fake: Fake,
    rate: &'static str,
    duration: Option<u64>,
    channels: u32,
    buffer: usize,
}

impl Default for Bed {
    fn default() -> Self {
        let fake = Fake::default();
        Self { fake, rate: "10", duration: Some(1000), channels: 1, buffer: 100_000 }
    }
}

struct Ran {
    result: Result<(), Error>,
    batches: Receiver<Arc<SampleBatch>>,
    live: LiveAcquisition,
    took: u128,
}

impl Ran {
    fn times(&mut self) -> Vec<f64> {
        let mut times = Vec::new();
        while let Ok(batch) = self.batches.try_recv() {
            assert_eq!(batch.first, times.len() as u64);
            times.extend_from_slice(&batch.times);
        }
        times
    }

    /// Samples, lost ones, and the rate.
    fn told(&self) -> (u64, u64, f64) {
        let told = self.live.snapshot();
        let rate = told.achieved_rate.as_ref().and_then(Number::as_f64).unwrap_or(f64::NAN);
        (told.samples, told.lost, rate)
    }
}

impl Bed {
    /// Runs it, while somebody else does this with it.
    async fn run_with<F: Future<Output = ()>>(
        mut self,
        other: impl FnOnce(LiveAcquisition, Stopper) -> F,
    ) -> Ran {
        let origin = Instant::now();
        let rate: Number = serde_json::from_str(self.rate).expect("is a number");
        let polled = Polled {
            calls: (1..=self.channels)
                .map(|channel| Call {
                    equipment: None,
                    verb: "read".to_owned(),
                    parameters: [("channel".to_owned(), json!(channel))].into(),
                })
                .collect(),
            outcomes: vec!["value".to_owned()],
            grid: Grid::new(&rate).expect("is a rate"),
            duration: self.duration.map(Duration::from_millis),
        };
        let columns: Vec<String> = (1..=self.channels).map(|n| format!("CH{n}")).collect();
        let live = LiveAcquisition::new(acquisition());
        live.name_columns(&columns);
        let (writer, batches) = Writer::piped(self.buffer);
        let (stopper, stop) = Stop::new();
        let mut outlet = Outlet::new(&live, writer, columns);
        let sampler = Sampler {
            hands: &mut self.fake,
            polled: &polled,
            outlet: &mut outlet,
            timer: Timer::Virtual(origin),
            stop: &stop,
        };
        let others = other(live.clone(), stopper);
        let result = tokio::select! {
            result = sampler.run() => result,
            () = async { others.await; std::future::pending::<()>().await } => unreachable!("never ends"),
        };
        let took = origin.elapsed().as_millis();
        drop(outlet.end());
        Ran { result, batches, live, took }
    }

    async fn run(self) -> Ran {
        self.run_with(|_, stopper| async move {
            // Kept, so that nobody stops it.
            std::future::pending::<()>().await;
            drop(stopper);
        })
        .await
    }
}

fn acquisition() -> Acquisition {
    let plan = AcquisitionPlan {
        duration: None,
        sample_rate: None,
        channels: Vec::new(),
        verb: None,
        format: FileFormat::Csv,
        detached: false,
    };
    Acquisition::new("a".to_owned(), "fake".to_owned(), None, plan, Micros(0))
}

fn sleep(millis: u64) -> tokio::time::Sleep {
    tokio::time::sleep(Duration::from_millis(millis))
}

#[tokio::test(start_paused = true)]
async fn samples_are_taken_at_the_lines_of_the_grid() {
    let mut ran = Bed::default().run().await;
    assert!(ran.result.is_ok());
    assert_eq!(ran.times(), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    assert_eq!((ran.told(), ran.took), ((10, 0, 10.0), 1000), "it lasts as long as it should");
    assert_eq!(ran.live.latest(1).values, [[10.0]]);
}

#[tokio::test(start_paused = true)]
async fn many_samples_take_bounded_room_and_do_not_drift() {
    let bed = Bed { rate: "1000", duration: Some(50_000), channels: 2, ..Bed::default() };
    let ran = bed.run().await;
    assert_eq!((ran.told(), ran.took), ((50_000, 0, 1000.0), 50_000));
    let latest = ran.live.latest(usize::MAX);
    assert!(latest.len() < 20_000 && latest.times.last() == Some(&49.999));
    assert!(latest.values[1].iter().all(|value| value.is_nan()), "null is no datum");
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_cannot_be_reached_is_counted_and_not_faked() {
    let fake = Fake { takes: Duration::from_millis(25), ..Fake::default() };
    let bed = Bed { fake, rate: "100", duration: Some(1000), ..Bed::default() };
    let mut ran = bed.run().await;
    // A reading takes two and a half periods: 40 in a second, and ten more in the quarter of a second
    // by which the last may be late.
    let (samples, lost, rate) = ran.told();
    assert_eq!((samples, lost, ran.took), (50, 50, 1250));
    assert!((40.0..41.0).contains(&rate), "{rate}");
    let times = ran.times();
    assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 0.025).abs() < 1e-9), "real times");
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_honest_before_anything_is_lost() {
    let fake = Fake { takes: Duration::from_millis(25), ..Fake::default() };
    let bed = Bed { fake, rate: "100", duration: Some(1000), ..Bed::default() };
    let looking = |live: LiveAcquisition, stopper| async move {
        sleep(201).await;
        let told = live.snapshot();
        let rate = told.achieved_rate.as_ref().and_then(Number::as_f64).expect("is told");
        assert_eq!(told.lost, 0, "what is behind may be taken still");
        assert!((35.0..50.0).contains(&rate), "{rate}");
        std::future::pending::<()>().await;
        drop::<Stopper>(stopper);
    };
    bed.run_with(looking).await;
}

#[tokio::test(start_paused = true)]
async fn who_was_held_up_takes_what_is_overdue_with_the_times_it_was_taken_at() {
    let held_up = |millis| {
        let held_up = Some((11, Duration::from_millis(millis)));
        let fake = Fake { takes: Duration::from_millis(1), held_up, ..Fake::default() };
        Bed { fake, rate: "100", duration: Some(1000), ..Bed::default() }
    };
    let mut ran = held_up(97).run().await;
    assert_eq!(ran.told(), (100, 0, 100.0));
    let times = ran.times();
    assert_eq!(&times[9..14], [0.09, 0.1, 0.197, 0.198, 0.199], "in a burst, after its tenth");
    assert_eq!((times[20], times[21], times[99]), (0.206, 0.21, 0.99), "and on the grid again");

    // 300 ms: 30 lines are overdue, of which those older than 250 ms are lost.
    let mut ran = held_up(300).run().await;
    let (samples, lost, _) = ran.told();
    assert_eq!((samples, lost), (96, 4));
    assert_eq!(&ran.times()[10..13], [0.1, 0.4, 0.401]);
}

#[tokio::test(start_paused = true)]
async fn held_up_at_the_end_it_ends_a_little_later_and_loses_none() {
    let held_up = Some((98, Duration::from_millis(60)));
    let fake = Fake { takes: Duration::from_millis(1), held_up, ..Fake::default() };
    let mut ran = Bed { fake, rate: "100", ..Bed::default() }.run().await;
    let (samples, lost, rate) = ran.told();
    assert_eq!((samples, lost, ran.took), (100, 0, 1032));
    assert!((96.0..97.2).contains(&rate), "100 in 1.031 s: {rate}");
    assert_eq!(&ran.times()[98..], [1.03, 1.031]);
}

#[tokio::test(start_paused = true)]
async fn what_is_overdue_when_it_is_stopped_or_paused_is_lost() {
    let bed = || {
        let held_up = Some((3, Duration::from_millis(150)));
        let fake = Fake { takes: Duration::from_millis(1), held_up, ..Fake::default() };
        Bed { fake, rate: "100", duration: None, ..Bed::default() }
    };
    let stopped = bed().run_with(|live, stopper| async move {
        sleep(100).await;
        live.stop();
        std::future::pending::<()>().await;
        drop::<Stopper>(stopper);
    });
    let (samples, lost, _) = stopped.await.told();
    assert_eq!((samples, lost), (3, 15), "all that were due until its last reading ended");
    let paused = bed().run_with(|live, stopper| async move {
        sleep(100).await;
        live.pause();
        sleep(200).await;
        stopper.ask();
        std::future::pending::<()>().await;
    });
    let (samples, lost, _) = paused.await.told();
    assert_eq!((samples, lost), (3, 15), "what was due while it was paused is not");
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_is_lost_and_counted() {
    let bed = Bed { rate: "100", buffer: 3, ..Bed::default() };
    let mut ran = bed.run().await;
    assert!(ran.result.is_ok());
    let (samples, lost, rate) = ran.told();
    assert_eq!(samples + lost, 100);
    assert!(lost > 50 && rate < 50.0 && ran.times().len() as u64 == samples);
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_between_samples_it_ends_at_once() {
    let bed = Bed { duration: None, ..Bed::default() };
    let ran = bed
        .run_with(|_, stopper| async move {
            sleep(450).await;
            stopper.ask();
        })
        .await;
    assert_eq!((ran.result.is_ok(), ran.told().0, ran.took), (true, 5, 450));
}

#[tokio::test(start_paused = true)]
async fn paused_it_takes_none_and_loses_none() {
    let mut ran = Bed::default()
        .run_with(|live, stopper| async move {
            sleep(250).await;
            live.pause();
            sleep(1).await;
            assert_eq!(live.snapshot().state, AcquisitionState::Paused);
            assert_eq!(live.snapshot().samples, 3, "what was taken is on its way");
            sleep(300).await;
            live.resume();
            sleep(1).await;
            assert_eq!(live.snapshot().state, AcquisitionState::Acquiring);
            std::future::pending::<()>().await;
            drop(stopper);
        })
        .await;
    assert_eq!(ran.times(), [0.0, 0.1, 0.2, 0.6, 0.7, 0.8, 0.9]);
    assert_eq!((ran.told(), ran.took), ((7, 0, 10.0), 1000));
}

#[tokio::test(start_paused = true)]
async fn it_is_stopped_by_its_name_also_while_it_is_paused() {
    let pause = |live: LiveAcquisition, stopper| async move {
        sleep(150).await;
        live.pause();
        sleep(100).await;
        live.stop();
        std::future::pending::<()>().await;
        drop::<Stopper>(stopper);
    };
    let ran = Bed { duration: None, ..Bed::default() }.run_with(pause).await;
    assert_eq!((ran.result.is_ok(), ran.told().0, ran.took), (true, 2, 250));
    let hold = |live: LiveAcquisition, stopper| async move {
        sleep(150).await;
        live.pause();
        std::future::pending::<()>().await;
        drop::<Stopper>(stopper);
    };
    let ran = Bed::default().run_with(hold).await;
    assert_eq!((ran.result.is_ok(), ran.took), (true, 1000), "its duration goes on");
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_hangs_is_cut_off_when_it_is_to_stop() {
    let fake = Fake { takes: Duration::from_secs(1_000_000), ..Fake::default() };
    let ran = Bed { fake, ..Bed::default() }
        .run_with(|live, stopper| async move {
            sleep(150).await;
            live.stop();
            std::future::pending::<()>().await;
            drop(stopper);
        })
        .await;
    assert_eq!((ran.result.is_ok(), ran.told().0, ran.took), (true, 0, 1150));
}

#[tokio::test(start_paused = true)]
async fn single_failures_are_lost_samples_and_three_in_a_row_are_the_end() {
    let failing = |when, kind| Bed {
        fake: Fake { fails: Some((when, kind)), ..Fake::default() },
        ..Bed::default()
    };
    let ran = failing(3..5, ErrorKind::Timeout).run().await;
    assert_eq!((ran.result.is_ok(), ran.told()), (true, (8, 2, 8.0)));
    let mut ran = failing(3..99, ErrorKind::Timeout).run().await;
    let error = ran.result.clone().expect_err("is over");
    assert_eq!(error.message, "3 samples in a row could not be taken: it is silent");
    assert_eq!((ran.times(), ran.told().1, error.kind), (vec![0.0, 0.1], 3, ErrorKind::Timeout));
    let ran = failing(2..99, ErrorKind::Identity).run().await;
    assert_eq!(ran.result.expect_err("is over").message, "it is silent");
}
