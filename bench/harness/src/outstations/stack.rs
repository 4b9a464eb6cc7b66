//! A station inside this process, as the daemon has it: two workers, the store, the trail, the desk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use station::daemon::{self, Options as StationOptions, Station};
use station::runtime::{self, Handle, Mode};
use station_core::audit::{Actor, Draft};
use station_core::model::{
    Control, Outstation, OutstationSettings, Point, PointCommand, Principal, Record, Termination,
    Write,
};
use station_outstation::desk::{Act, Connect, ControlRequest, Options, Outstations, Report, Trail};

use super::{FEEDBACK, POINT, ours};
use crate::Result;
use crate::args::Args;
use crate::stats::now_micros;

/// How long all outstations may take to be up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What goes on inside; the runtime goes last.
pub(crate) struct Stack {
    /// The outstations.
    pub(crate) desk: Outstations,
    /// The store.
    pub(crate) handle: Handle,
    dir: PathBuf,
    _station: Station,
    /// What carries it.
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Stack {
    /// Opens it on a directory of its own.
    pub(crate) fn open(args: &Args) -> Result<Self> {
        let dir = args.path("base")?.join(format!("stack-{}", now_micros()));
        let options = StationOptions::new(dir.clone());
        daemon::prepare(&options)?;
        let runtime = daemon::tokio_runtime()?;
        let inside = runtime.enter();
        let station = Station::open(&options, Mode::Daemon)?;
        let handle = station.handle.clone();
        let options = Options {
            zone: TimeZone::UTC,
            zones: |name| jiff::tz::db().get(name).map_err(|error| error.to_string()),
            clock: ours::now,
            connect: Connect::Always,
        };
        let desk = Outstations::new(Arc::new(Kept(handle.clone())), options);
        drop(inside);
        Ok(Self { desk, handle, dir, _station: station, runtime })
    }

    /// Registers outstations and waits until all are up and have told all they have.
    pub(crate) fn register(&self, all: Vec<Outstation>) -> Result<()> {
        let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
        for outstation in all {
            self.desk.kept(&Record::Outstation(Box::new(outstation)));
        }
        let begun = Instant::now();
        for name in names {
            loop {
                let status = self.desk.status(&name).ok_or("there is no outstation")?;
                if status.link == "up" && status.interrogated.is_some() {
                    break;
                }
                if begun.elapsed() > PATIENCE {
                    return Err(format!("{name} is not up: {:?}", status.why).into());
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    /// Ends it and removes its directory.
    pub(crate) fn close(self) -> Result<()> {
        self.runtime.block_on(async {
            self.desk.close().await;
            self.handle.shut_down(Duration::ZERO);
            self.handle.stopped().await;
        });
        remove(&self.dir)
    }
}

fn remove(dir: &Path) -> Result<()> {
    Ok(std::fs::remove_dir_all(dir)?)
}

/// The trail of a station.
struct Kept(Handle);

impl Trail for Kept {
    fn record(&self, drafts: Vec<Draft>) -> Act<std::result::Result<(), String>> {
        let handle = self.0.clone();
        Box::pin(async move { handle.record(drafts).await.map_err(|error| error.message) })
    }

    fn record_later(&self, drafts: Vec<Draft>) {
        self.0.record_later(drafts);
    }

    fn correlation(&self) -> String {
        self.0.correlation()
    }

    fn is_synchronised(&self) -> bool {
        runtime::clock_is_synchronised()
    }

    fn alarm(&self, topic: String, message: String) {
        eprintln!("station-bench: alarm, {topic}: {message}");
    }
}

/// An outstation with a point to be commanded and its feedback.
pub(crate) fn commanded(name: &str, endpoint: &str) -> Outstation {
    let command = PointCommand {
        feedback: Some("shown".to_owned()),
        termination: Termination::Required,
        may: vec!["*".to_owned()],
        ..PointCommand::default()
    };
    let point = |name: &str, ioa, kind: &str, command| Point {
        name: name.to_owned(),
        ioa,
        kind: kind.to_owned(),
        ca: None,
        description: String::new(),
        unit: None,
        command,
    };
    let points = vec![
        point("breaker", POINT, "C_SC_NA_1", Some(command)),
        point("shown", POINT + FEEDBACK, "M_SP_NA_1", None),
    ];
    let settings = OutstationSettings { parallel: 32, ..OutstationSettings::default() };
    Outstation { settings, ..ours::outstation(name, endpoint, points) }
}

/// A command to that point; it must end as verified.
pub(crate) async fn write(desk: &Outstations, outstation: &str) -> Result<Report> {
    let write = Write {
        point: "breaker".to_owned(),
        value: "on".to_owned(),
        select: false,
        reason: None,
        ticket: None,
    };
    let by = Actor {
        method: Some("socket".to_owned()),
        source: Some("unix:4711".to_owned()),
        ..Actor::of(Principal::Unix { uid: 1000, name: Some("operator".to_owned()) })
    };
    let request = ControlRequest::new(outstation, Control::Write(write), by);
    let report = desk.control(request).await?;
    if report.class == "verified" && report.unrecorded.is_none() {
        return Ok(report);
    }
    Err(format!("a command ended as {}: {}", report.class, report.sentence).into())
}

/// So many points that are watched.
pub(crate) fn measured(count: u32) -> Vec<Point> {
    let point = |ioa: u32| Point {
        name: format!("m{ioa}"),
        ioa,
        kind: "M_ME_TF_1".to_owned(),
        ca: None,
        description: String::new(),
        unit: None,
        command: None,
    };
    (1..=count).map(point).collect()
}
