//! Polling: samples of a multimeter and a power supply into files.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use station_core::model::{AcquisitionState, FileFormat};
use station_instrument::ErrorKind;
use station_instrument::acquisition::{export, read_file};
use station_instrument::simulate::Model;
use station_instrument::work::Stop;

use crate::rig::{Rig, acquisition};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_come_into_files_of_each_form_and_from_one_to_another() {
    // 30 seconds pass in half a second.
    let mut rig = Rig::with_pace(60);
    let mut lease = rig.lease(Model::Dmm, &[]).await;
    let (_stopper, stop) = Stop::new();
    for format in FileFormat::ALL {
        let id = format!("run-{}", format.name());
        let wanted = acquisition(&id, "dmm", 100, Some(Duration::from_secs(30)), format);
        let done =
            rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await.unwrap();
        assert_eq!((done.samples + done.lost, done.state), (50, AcquisitionState::Stopped));
        assert!(done.samples > 0 && done.started_at < done.ended_at && done.error.is_none());
        assert_eq!(rig.kept(&id), done);

        let path = rig.directory().join(done.file.as_ref().unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let all = read_file(&rig.directory(), &done, usize::MAX).unwrap();
        assert_eq!((all.len() as u64, all.first), (done.samples, 0));
        assert!(all.times.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(all.values[0].iter().all(|value| value.is_finite()));
        let last = read_file(&rig.directory(), &done, 3).unwrap();
        assert_eq!((last.first, &last.times[..]), (done.samples - 3, &all.times[all.len() - 3..]));

        for other in FileFormat::ALL {
            let exported = export(&rig.directory(), &done, other).unwrap();
            assert_eq!(
                exported.file_name().unwrap().to_str().unwrap(),
                format!("{id}.{}", other.name())
            );
            let mut as_other = done.clone();
            as_other.plan.format = other;
            as_other.file = Some(format!("{id}.{}", other.name()));
            assert_eq!(read_file(&rig.directory(), &as_other, usize::MAX).unwrap(), all);
        }
    }
    let left = std::fs::read_dir(rig.directory()).unwrap().count();
    assert_eq!(left, 9, "three forms of three acquisitions, and nothing half-done");
    lease.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numpy_and_python_read_what_was_written() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Psu, &[]).await;
    let (_stopper, stop) = Stop::new();
    let mut wanted =
        acquisition("psu-run", "psu", 50, Some(Duration::from_millis(200)), FileFormat::Npy);
    wanted.plan.channels = vec!["CH1".to_owned(), "2".to_owned()];
    let done = rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await.unwrap();
    let all = read_file(&rig.directory(), &done, usize::MAX).unwrap();
    assert_eq!(all.columns, ["CH1_voltage", "CH1_current", "CH2_voltage", "CH2_current"]);
    let files = FileFormat::ALL.map(|format| export(&rig.directory(), &done, format).unwrap());
    let script = "
import csv, json, sys, numpy
with open(sys.argv[1], newline='') as file:
    rows = list(csv.reader(file))
document = json.load(open(sys.argv[2]))
array = numpy.load(sys.argv[3])
assert list(array.dtype.names) == document['columns'] == rows[0], array.dtype
numbers = [[float(field) for field in row] for row in rows[1:]]
assert [list(row) for row in array.tolist()] == document['samples'] == numbers
print(len(array), float(array['time'].sum()))
";
    let ran =
        Command::new(crate::peers::python()).arg("-c").arg(script).args(&files).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8(ran.stdout).unwrap();
    let (count, sum) = printed.trim().split_once(' ').unwrap();
    assert_eq!(count.parse(), Ok(done.samples));
    let expected: f64 = all.times.iter().sum();
    assert!((sum.parse::<f64>().unwrap() - expected).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acquisition_is_followed_paused_and_stopped_by_its_id() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Dmm, &[]).await;
    let (bench, acquisitions) = (rig.bench.clone(), rig.bench.acquisitions().clone());
    let running = tokio::spawn(async move {
        let (_stopper, stop) = Stop::new();
        let wanted = acquisition("live", "dmm", 100, None, FileFormat::Csv);
        bench.acquisitions().run(&bench, &mut lease, wanted, &stop).await
    });
    let live = loop {
        match acquisitions.live("live") {
            Some(live) => break live,
            None => tokio::task::yield_now().await,
        }
    };
    let mut batches = live.follow();
    let first = batches.recv().await.unwrap();
    let second = batches.recv().await.unwrap();
    assert_eq!((first.columns.len(), second.first), (1, first.first + first.len() as u64));
    assert!(live.latest(5).len() == 5 && live.snapshot().samples >= second.first);
    assert_eq!(acquisitions.all().len(), 1);

    live.pause();
    while live.snapshot().state != AcquisitionState::Paused {
        tokio::task::yield_now().await;
    }
    let before = live.snapshot().samples;
    live.resume();
    let next = loop {
        let batch = batches.recv().await.unwrap();
        if batch.first >= before {
            break batch;
        }
    };
    assert_eq!(next.first, before, "none was taken while it was paused");
    live.stop();
    let done = running.await.unwrap().unwrap();
    assert_eq!(done.state, AcquisitionState::Stopped);
    assert!(acquisitions.live("live").is_none());
    // Closed once the rest has been heard, also while somebody holds on to it.
    while batches.recv().await.is_ok() {}
    assert_eq!(live.snapshot().samples, done.samples);
    assert!(live.follow().recv().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_instrument_ends_it_and_what_was_taken_can_be_read() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Dmm, &["silent=12"]).await;
    let (_stopper, stop) = Stop::new();
    let wanted = acquisition("mute", "dmm", 50, Some(Duration::from_secs(600)), FileFormat::Json);
    let error = rig
        .bench
        .acquisitions()
        .run(&rig.bench, &mut lease, wanted, &stop)
        .await
        .expect_err("nobody answers");
    assert!(error.message.contains("'dmm'"), "{error}");
    let kept = rig.kept("mute");
    assert_eq!((kept.state, kept.error.as_ref()), (AcquisitionState::Error, Some(&error.message)));
    assert!(kept.lost > 0 && kept.ended_at.is_some());
    let read = read_file(&rig.directory(), &kept, usize::MAX).unwrap();
    assert_eq!(read.len() as u64, kept.samples);
    assert!(kept.samples > 0, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_begin_says_why_and_keeps_its_record() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Dmm, &[]).await;
    let (_stopper, stop) = Stop::new();
    let mut wanted = acquisition("bad", "dmm", 1, Some(Duration::from_secs(1)), FileFormat::Csv);
    wanted.plan.verb = Some("get_volts".to_owned());
    let run = rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await;
    let error = run.expect_err("there is no such verb");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.starts_with("equipment 'dmm': ") && error.message.contains("get_volt"));
    assert_eq!(rig.kept("bad").state, AcquisitionState::Error);
    let unread = read_file(&rig.directory(), &rig.kept("bad"), 1).expect_err("was not begun");
    assert_eq!(unread.message, "the acquisition bad has no file: it was not begun");

    // Where the directory should be, there is a file.
    std::fs::remove_dir_all(rig.directory()).ok();
    std::fs::write(rig.under().join("samples"), "").unwrap();
    let wanted = acquisition("none", "dmm", 1, Some(Duration::from_secs(1)), FileFormat::Csv);
    let run = rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await;
    let error = run.expect_err("it cannot be written");
    assert_eq!(error.kind, ErrorKind::Local);
    assert!(error.message.starts_with("failed to make the file none.csv"), "{error}");
    assert!(rig.bench.acquisitions().all().is_empty());
}
