//! Measures what must be reached: run by hand, released, on an idle machine, with --no-capture.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::FileFormat;
use station_instrument::sequence::{parse, run};
use station_instrument::simulate::Model;
use station_instrument::work::{Stage, Stop};

use crate::rig::{Commands, Rig, SIMULATOR, acquisition};

/// The most memory this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The time this process has computed, without its simulators.
fn computed() -> Duration {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let [name, statistics] = ["comm", "schedstat"]
            .map(|file| std::fs::read_to_string(task.join(file)).unwrap_or_default());
        if name.trim() != SIMULATOR {
            let own = statistics.split_whitespace().next();
            nanos += own.and_then(|own| own.parse::<u64>().ok()).unwrap_or_default();
        }
    }
    Duration::from_nanos(nanos)
}

/// How many wait for a processor besides, as the kernel's averages have it.
fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; takes 16 s"]
async fn a_thousand_steps_on_the_usual_tick() {
    let mut rig = Rig::with_simulators_apart();
    let mut leases = [rig.lease(Model::Psu, &[]).await];
    let (sequence, _) = parse(
        "[[step]]\nverb = 'set_voltage'\n\
         ramp = { parameter = 'voltage', from = 0, to = 5, count = 1000, every = '16ms' }\n",
    )
    .unwrap();
    let stage: Arc<dyn Stage> = Arc::new(Commands::default());
    let (_stopper, stop) = Stop::new();
    // A task, as in the station: the future of a test is driven by a thread that does not wait for
    // input itself, and has to be woken by one that does.
    let running = tokio::spawn(async move { run(&mut leases, &stage, &sequence, &stop).await });
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.steps, report.planned), (1000, 1000));
    println!(
        "jitter of 1,000 steps: {:?}; computed {:?}; peak memory {} KiB; load {}",
        report.jitter,
        computed(),
        peak(),
        load()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; takes 60 s"]
async fn a_thousand_samples_a_second_for_a_minute() {
    let mut rig = Rig::with_simulators_apart();
    let mut lease = rig.lease(Model::Dmm, &[]).await;
    let before = peak();
    let (_stopper, stop) = Stop::new();
    let wanted = acquisition("fast", "dmm", 1000, Some(Duration::from_secs(60)), FileFormat::Csv);
    let bench = rig.bench.clone();
    let running =
        tokio::spawn(
            async move { bench.acquisitions().run(&bench, &mut lease, wanted, &stop).await },
        );
    let done = running.await.unwrap().unwrap();
    assert_eq!(done.samples + done.lost, 60_000);
    println!(
        "samples {}, lost {}, rate {:?}; computed {:?}; peak memory {} KiB, before {before} KiB; load {}",
        done.samples,
        done.lost,
        done.achieved_rate,
        computed(),
        peak(),
        load()
    );
}
