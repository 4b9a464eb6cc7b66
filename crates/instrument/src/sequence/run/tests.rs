use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use station_core::model::{Call, CommandLine};
use tokio::time::Instant;

use super::*;
use crate::bench::Transcript;
use crate::sequence::from_value;
use crate::stage::CommandEnd;
use crate::transport::Act;

type Log = Arc<Mutex<Vec<String>>>;

/// An instrument in virtual time: takes so long for each call, and counts `up` by one at each reading.
struct Fake {
    id: &'static str,
    takes: Duration,
    up: u32,
    /// Its link takes what `slow` sends so long after the call.
    sent_at: Option<Duration>,
    origin: Instant,
    log: Log,
}

impl Fake {
    async fn act(&mut self, call: &Call) -> Result<Value, Error> {
        let at = self.origin.elapsed().as_millis();
        self.log.lock().expect("whole").push(format!("{at} {} {}", self.id, call.verb));
        self.sent_at = None;
        if call.verb == "slow" {
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.sent_at = Some(self.origin.elapsed());
        }
        tokio::time::sleep(self.takes).await;
        match call.verb.as_str() {
            "break" => Err(Error::new(ErrorKind::Instrument, "it says -222,\"Data out of range\"")),
            "stuck" => std::future::pending().await,
            "up" => {
                self.up += 1;
                Ok(json!({ "value": self.up, "unit": "V" }))
            }
            "none" => Ok(json!({ "value": null })),
            "two" => Ok(json!({ "voltage": 1, "current": 2 })),
            "get" => Ok(json!(7)),
            _ => Ok(Value::Null),
        }
    }
}

impl Hands for Fake {
    type Ready = Call;

    fn id(&self) -> &str {
        self.id
    }

    fn ready(&self, call: &Call) -> Result<Call, Error> {
        match call.verb.as_str() {
            "unknown" => Err(Error::new(ErrorKind::Invalid, "there is no verb 'unknown'")),
            _ => Ok(call.clone()),
        }
    }

    fn sent_at(&self) -> Option<Duration> {
        self.sent_at
    }

    async fn call(&mut self, call: &Call) -> Result<Value, Error> {
        self.act(call).await
    }

    async fn read(&mut self, call: &Call) -> Result<Value, Error> {
        self.act(call).await
    }
}

/// Commands whose text says how long they take in milliseconds, and whether they fail: `50 fails`.
struct FakeStage {
    origin: Instant,
    log: Log,
}

impl Transcript for FakeStage {
    fn sent(&self, _: &str, _: &str) {}
    fn received(&self, _: &str, _: &str) {}
    fn note(&self, _: &str) {}
}

impl Stage for FakeStage {
    fn command(&self, on: String, command: CommandLine, _: Duration) -> Act<'static, CommandEnd> {
        let text = command.summary();
        let at = self.origin.elapsed().as_millis();
        self.log.lock().expect("whole").push(format!("{at} {on} {text}"));
        let millis = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let success = !text.ends_with("fails");
            Ok(CommandEnd { success, summary: "exit status 1".to_owned() })
        })
    }
}

struct Ran {
    result: Result<SequenceReport, (Error, SequenceReport)>,
    log: Vec<String>,
    took: u128,
}

impl Ran {
    fn report(&self) -> &SequenceReport {
        self.result.as_ref().expect("is done")
    }

    fn failed(&self) -> (&str, &SequenceReport) {
        let (error, report) = self.result.as_ref().expect_err("has failed");
        (&error.message, report)
    }
}

/// Runs steps on `a` and `b`, which take so many milliseconds; asked to stop at that time.
async fn run_until(steps: Value, takes: [u64; 2], stop_at: Option<u64>) -> Ran {
    let (sequence, _) =
        from_value(&json!({ "tick_ms": 10, "steps": steps })).expect("is written right");
    let (origin, log) = (Instant::now(), Log::default());
    let fake = |id, takes| Fake {
        id,
        takes: Duration::from_millis(takes),
        up: 0,
        sent_at: None,
        origin,
        log: Arc::clone(&log),
    };
    let mut hands = [fake("a", takes[0]), fake("b", takes[1])];
    let stage: Arc<dyn Stage> = Arc::new(FakeStage { origin, log: Arc::clone(&log) });
    let (stopper, stop) = Stop::new();
    let running = run(&mut hands, &stage, &sequence, &stop, Timer::Virtual(origin));
    let stopping = async {
        match stop_at {
            Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            None => std::future::pending().await,
        }
        stopper.ask();
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = running => result,
        () = stopping => unreachable!("never ends"),
    };
    let took = origin.elapsed().as_millis();
    let log = log.lock().expect("whole").clone();
    Ran { result, log, took }
}

async fn run_steps(steps: Value) -> Ran {
    run_until(steps, [0, 0], None).await
}

fn step(at: u64, equipment: &str, verb: &str) -> Value {
    json!({ "at": format!("{at}ms"), "equipment": equipment, "verb": verb })
}

fn hold(at: u64, equipment: &str, verb: &str, above: f64, timeout: u64) -> Value {
    json!({ "at": format!("{at}ms"), "equipment": equipment,
            "hold": { "verb": verb, "above": above, "timeout": format!("{timeout}ms") } })
}

#[tokio::test(start_paused = true)]
async fn steps_are_sent_at_their_deadlines() {
    let ran = run_steps(json!([step(20, "a", "x"), step(0, "b", "get"), step(95, "b", "y")])).await;
    assert_eq!(ran.log, ["0 b get", "20 a x", "100 b y"]);
    let report = ran.report();
    assert_eq!((report.steps, report.planned, report.jitter.max_us), (3, 3, 0));
    assert_eq!(report.readings.len(), 1);
    assert_eq!((report.readings[0].step.as_str(), &report.readings[0].value), ("2", &json!(7)));
}

#[tokio::test(start_paused = true)]
async fn a_step_is_as_late_as_its_message_is_with_the_kernel() {
    let ran = run_until(json!([step(0, "a", "x"), step(10, "a", "slow")]), [5, 0], None).await;
    let jitter = ran.report().jitter;
    assert_eq!((jitter.p50_us, jitter.max_us), (0, 2000));
}

#[tokio::test(start_paused = true)]
async fn a_late_step_is_done_late_and_the_next_is_not_moved() {
    let rounds = json!([
        { "loop": { "count": 3, "every": "10ms", "steps": [{ "equipment": "a", "verb": "x" }] } },
        step(60, "a", "y"),
        step(10, "b", "z"),
    ]);
    let ran = run_until(rounds, [15, 0], None).await;
    assert_eq!(ran.log, ["0 a x", "10 b z", "15 a x", "30 a x", "60 a y"]);
    let jitter = ran.report().jitter;
    assert_eq!((jitter.p50_us, jitter.p99_us, jitter.max_us), (0, 10_000, 10_000));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_late_steps_do_not_drift() {
    let rounds = json!([
        { "loop": { "count": 10_000, "every": "10ms", "steps": [{ "equipment": "a", "verb": "x" }] } },
    ]);
    let ran = run_until(rounds, [9, 0], None).await;
    assert_eq!(ran.log.last().map(String::as_str), Some("99990 a x"));
    assert_eq!(ran.report().jitter.max_us, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_delays_all_lanes_by_whole_ticks() {
    let steps = json!([
        step(0, "b", "before"),
        hold(20, "a", "up", 4.0, 1000),
        step(20, "b", "same"),
        step(30, "a", "after"),
        { "at": "40ms", "run": "0" },
    ]);
    let ran = run_steps(steps).await;
    // It holds at the fourth reading, three ticks later.
    let expected = [
        "0 b before",
        "20 a up",
        "30 a up",
        "40 a up",
        "50 a up",
        "50 b same",
        "60 a after",
        "70 local 0",
    ];
    assert_eq!(ran.log, expected);
    assert_eq!((ran.report().jitter.max_us, ran.report().steps), (0, 5));
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_slow_hold_is_not_late() {
    let steps = json!([hold(0, "a", "up", 2.0, 1000), step(0, "b", "next"), step(10, "b", "last")]);
    let ran = run_until(steps, [12, 0], None).await;
    // Two readings of 12 ms: at 0 and at the next tick after the first, which is 20; over at 32.
    assert_eq!(ran.log, ["0 a up", "20 a up", "40 b next", "50 b last"]);
    assert_eq!(ran.report().jitter.max_us, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_never_comes_true_fails_the_sequence() {
    let ran = run_steps(json!([hold(20, "a", "up", 99.0, 45), step(30, "b", "never")])).await;
    let (error, report) = ran.failed();
    assert_eq!(error, "step 1 (at 20ms): up was not at least 99.0 within 45ms: the last was 6");
    assert_eq!((report.steps, report.planned), (0, 2));
    let failed = report.failed.as_ref().expect("is named");
    assert_eq!((failed.step.as_str(), failed.at.as_str()), ("1", "20ms"));
    assert_eq!(ran.log.last().map(String::as_str), Some("65 a up"));

    let ran = run_steps(json!([hold(0, "a", "none", 1.0, 20)])).await;
    let why = "step 1 (at 0s): none was not at least 1.0 within 20ms: there was no reading";
    assert_eq!(ran.failed().0, why);
    let ran = run_steps(json!([hold(0, "a", "two", 1.0, 20)])).await;
    let why =
        "step 1 (at 0s): what is read cannot be compared: name one of current, voltage as 'field'";
    assert_eq!(ran.failed().0, why);
}

#[tokio::test(start_paused = true)]
async fn commands_run_beside_the_steps_and_fail_the_sequence_at_its_end() {
    let steps = json!([
        { "run": "50 fails" }, { "run": "5" }, step(10, "a", "x"), step(20, "a", "y"),
    ]);
    let ran = run_steps(steps).await;
    assert_eq!(ran.log, ["0 local 50 fails", "0 local 5", "10 a x", "20 a y"]);
    let (error, report) = ran.failed();
    assert_eq!(error, "step 1 (at 0s): the command failed: exit status 1");
    assert_eq!((report.steps, report.planned, ran.took), (3, 4, 50));
}

#[tokio::test(start_paused = true)]
async fn a_hold_waits_for_the_commands_before_it() {
    let steps = json!([{ "run": "45" }, hold(10, "a", "up", 1.0, 100), step(10, "b", "x")]);
    let ran = run_steps(steps).await;
    assert_eq!(ran.log, ["0 local 45", "45 a up", "50 b x"]);
    let steps = json!([{ "run": "45 fails" }, hold(10, "a", "up", 1.0, 100), step(10, "b", "x")]);
    let ran = run_steps(steps).await;
    assert_eq!(ran.log, ["0 local 45 fails"]);
    assert_eq!(ran.failed().0, "step 1 (at 0s): the command failed: exit status 1");
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_ends_all_lanes_at_once() {
    let steps = json!([
        step(10, "a", "break"), step(10, "b", "x"), step(500, "b", "never"), step(500, "a", "never"),
        { "at": "500ms", "run": "0" },
    ]);
    let ran = run_until(steps, [5, 0], None).await;
    assert_eq!(ran.log, ["10 a break", "10 b x"]);
    let (error, report) = ran.failed();
    assert_eq!(error, "step 1 (at 10ms): it says -222,\"Data out of range\"");
    assert_eq!((report.steps, ran.took), (1, 15));
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_ticks_is_immediate_and_a_stuck_step_is_cut_off() {
    let ran = run_until(json!([step(0, "a", "x"), step(500, "a", "y")]), [0, 0], Some(25)).await;
    let (error, report) = ran.failed();
    assert_eq!(error, "the sequence was stopped after 1 of 2 steps");
    assert_eq!((report.failed.clone(), ran.took), (None, 25));

    let ran = run_until(json!([step(0, "a", "stuck"), { "run": "9999" }]), [0, 0], Some(25)).await;
    assert_eq!(ran.took, 1025, "a step under way has a second to end");
    let (error, _) = ran.result.expect_err("was stopped");
    assert_eq!(error.kind, ErrorKind::Stopped);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_refused_before_anything_is_sent() {
    for (bad, why) in [
        (step(500, "a", "unknown"), "step 2: there is no verb 'unknown'"),
        (step(500, "c", "x"), "step 2: the equipment 'c' is not held for this sequence"),
        (json!({ "verb": "x" }), "step 2: it names no equipment, and there is not just one: a, b"),
        (json!({ "at": "25h", "run": "x" }), "step 2: it is due more than 24h after the start"),
    ] {
        let ran = run_steps(json!([step(0, "a", "x"), bad])).await;
        let (error, _) = ran.result.as_ref().expect_err("is refused");
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Invalid, why));
        assert!(ran.log.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_readings_are_kept() {
    let rounds = json!([
        { "loop": { "count": 1500, "every": "10ms", "steps": [{ "equipment": "a", "verb": "up" }] } },
    ]);
    let ran = run_steps(rounds).await;
    let readings = &ran.report().readings;
    assert_eq!((readings.len(), readings[0].step.as_str()), (1000, "1#501.1"));
    assert_eq!(readings[999].value, json!({ "value": 1500, "unit": "V" }));
}
