//! A desk with one outstation, whose points are those of the peers.

use std::sync::Arc;

use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};
use station_core::audit::Actor;
use station_core::model::{
    Control, Micros, Mono, Now, Outstation, OutstationSettings, Point, PointCommand, Principal,
    Record, Termination, Write,
};
use station_outstation::desk::{
    Connect, ControlRequest, Options, Outstations, Refused, Report, StatusView,
};

use crate::book::Book;

pub(crate) const CA: u16 = 47;

pub(crate) struct Rig {
    pub(crate) desk: Outstations,
    pub(crate) book: Arc<Book>,
    pub(crate) outstation: Outstation,
}

/// The clocks of this machine.
pub(crate) fn clock() -> Now {
    let mono = clock_gettime(ClockId::Monotonic);
    let mono = u64::try_from(mono.tv_sec * 1_000_000 + mono.tv_nsec / 1000).unwrap();
    Now { wall: jiff::Timestamp::now().into(), mono: Mono(mono) }
}

pub(crate) fn options(clock: fn() -> Now, connect: Connect) -> Options {
    let zones = |name: &str| Err(format!("there is no zone {name} here"));
    Options { zone: TimeZone::UTC, zones, clock, connect }
}

pub(crate) fn operator() -> Principal {
    Principal::Unix { uid: 1000, name: Some("ana".to_owned()) }
}

/// Limits that tests can wait for.
pub(crate) fn settings() -> OutstationSettings {
    OutstationSettings {
        select_timeout: 3_000,
        execute_timeout: 700,
        term_timeout: 700,
        feedback_timeout: 700,
        parallel: 32,
        ..OutstationSettings::default()
    }
}

/// A command point and its feedback, as the peers have them.
pub(crate) fn pair(ioa: u32, kind: &str, feedback: &str) -> [Point; 2] {
    let whole = |number: i32| serde_json::Number::from(number);
    let range = match kind {
        "C_SE_NB_1" | "C_SE_NC_1" => Some([whole(-1), whole(1)]),
        "C_SE_NA_1" => Some([whole(-1), serde_json::Number::from_f64(0.5).unwrap()]),
        _ => None,
    };
    let command = PointCommand {
        feedback: Some(format!("f{ioa}")),
        range,
        termination: Termination::Required,
        may: vec!["*".to_owned()],
        ..PointCommand::default()
    };
    let point = |name: String, ioa, kind: &str, command| Point {
        name,
        ioa,
        kind: kind.to_owned(),
        ca: None,
        description: String::new(),
        unit: None,
        command,
    };
    [
        point(format!("c{ioa}"), ioa, kind, Some(command)),
        point(format!("f{ioa}"), 10_000 + ioa, feedback, None),
    ]
}

/// Single commands.
pub(crate) fn singles(ioas: impl IntoIterator<Item = u32>) -> Vec<Point> {
    ioas.into_iter().flat_map(|ioa| pair(ioa, "C_SC_NA_1", "M_SP_NA_1")).collect()
}

/// Changes what it takes to command a point.
pub(crate) fn with(
    mut points: Vec<Point>,
    ioa: u32,
    change: impl FnOnce(&mut PointCommand),
) -> Vec<Point> {
    let point = points.iter_mut().find(|point| point.ioa == ioa).unwrap();
    change(point.command.as_mut().unwrap());
    points
}

pub(crate) fn outstation(endpoint: &str, points: Vec<Point>) -> Outstation {
    Outstation {
        name: "SS1".to_owned(),
        endpoints: vec![endpoint.to_owned()],
        bind: None,
        ca: CA,
        tls: None,
        settings: settings(),
        points,
        created_at: Micros(0),
        created_by: operator(),
        modified_at: Micros(0),
    }
}

pub(crate) fn write(ioa: u32, value: &str) -> Write {
    let (point, value) = (format!("c{ioa}"), value.to_owned());
    Write { point, value, select: false, reason: None, ticket: None }
}

pub(crate) fn request(write: Write) -> ControlRequest {
    ControlRequest::new("SS1", Control::Write(write), Actor::of(operator()))
}

impl Rig {
    /// A desk whose outstation was reached and interrogated.
    pub(crate) async fn up(outstation: Outstation) -> Self {
        Self::with(outstation, clock).await
    }

    pub(crate) async fn with(outstation: Outstation, clock: fn() -> Now) -> Self {
        let book = Book::new();
        let desk = Outstations::new(book.clone(), options(clock, Connect::Always));
        desk.kept(&Record::Outstation(Box::new(outstation.clone())));
        let rig = Self { desk, book, outstation };
        rig.until(|status| status.link == "up" && status.interrogated.is_some()).await;
        rig
    }

    /// Waits until the outstation stands like that.
    pub(crate) async fn until(&self, wanted: impl Fn(&StatusView) -> bool) -> StatusView {
        loop {
            let status = self.desk.status("SS1").unwrap();
            if wanted(&status) {
                return status;
            }
            // The runtime is left alone for a moment; how long does not matter.
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn write(&self, ioa: u32, value: &str) -> Result<Report, Refused> {
        self.desk.control(request(write(ioa, value))).await
    }

    pub(crate) async fn select(&self, ioa: u32, value: &str) -> Result<Report, Refused> {
        self.desk.control(request(Write { select: true, ..write(ioa, value) })).await
    }
}

/// Class and reason.
pub(crate) fn ended(report: &Result<Report, Refused>) -> (&'static str, &'static str) {
    match report {
        Ok(report) => (report.class, report.reason),
        Err(refused) => (Refused::CLASS, refused.reason),
    }
}
