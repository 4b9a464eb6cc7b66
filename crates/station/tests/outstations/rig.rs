//! A station in this process that has the outstation SS1.

use std::path::Path;
use std::time::Duration;

use station::daemon::{Options, Station};
use station::runtime::{Mode, wall_now};
use station::store::{AlarmFilter, AuditFilter};
use station_core::audit::{Actor, Entry};
use station_core::engine::{Expect, Reply, Request};
use station_core::model::{
    Action, Alarm, Bounds, Control, ControlSwitch, DateTrigger, Execution, ExecutionId, Grace, Job,
    JobId, JobSpec, JobState, Micros, Outstation, OutstationSettings, Point, PointCommand,
    Policies, Principal, Record, Tag, Target, Termination, Trigger, Write,
};
use station_outstation::desk::{ControlRequest, Refused, Report};

use crate::peer::Peer;

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Rig {
    pub(crate) station: Station,
    pub(crate) runtime: tokio::runtime::Runtime,
}

/// A command point of single commands, and its feedback if it has one.
fn single(ioa: u32, has_feedback: bool) -> Vec<Point> {
    let point = |name, ioa, kind: &str, command| Point {
        name,
        ioa,
        kind: kind.to_owned(),
        ca: None,
        description: String::new(),
        unit: None,
        command,
    };
    let feedback = format!("f{ioa}");
    let command = PointCommand {
        feedback: has_feedback.then(|| feedback.clone()),
        may: vec!["*".to_owned()],
        termination: Termination::Required,
        ..PointCommand::default()
    };
    let mut points = vec![point(format!("c{ioa}"), ioa, "C_SC_NA_1", Some(command))];
    if has_feedback {
        points.push(point(feedback, 10_000 + ioa, "M_SP_NA_1", None));
    }
    points
}

/// The peer's: 4501 is as it should be, 9003 never answers, 9013 neither but operates.
pub(crate) fn outstation(peer: &Peer) -> Record {
    let points = [single(4501, true), single(9003, true), single(9013, false)];
    Record::Outstation(Box::new(Outstation {
        name: "SS1".to_owned(),
        endpoints: vec![peer.endpoint.clone()],
        bind: None,
        ca: 47,
        tls: None,
        settings: OutstationSettings { execute_timeout: 60_000, ..OutstationSettings::default() },
        points: points.concat(),
        created_at: Micros(1),
        created_by: ann(),
        modified_at: Micros(1),
    }))
}

pub(crate) fn ann() -> Principal {
    Principal::Unix { uid: 1000, name: Some("ann".to_owned()) }
}

fn control(point: &str, value: &str) -> Control {
    Control::Write(Write {
        point: point.to_owned(),
        value: value.to_owned(),
        select: false,
        reason: Some("inspection".to_owned()),
        ticket: None,
    })
}

/// A job that commands a point of SS1 at that time.
pub(crate) fn job(at: Micros, point: &str, value: &str) -> Job {
    let spec = JobSpec {
        name: "switching".to_owned(),
        description: None,
        action: Action::Outstation(Box::new(control(point, value))),
        target: Target::Outstation("SS1".to_owned()),
        trigger: Trigger::Date(DateTrigger { at, zone: "UTC".to_owned(), intent: None }),
        bounds: Bounds::default(),
        policies: Policies { grace: Grace::Within(Duration::from_secs(10)), ..Policies::default() },
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(1),
        created_by: ann(),
    };
    Job { id: JobId(1), spec: spec.into(), state: JobState::new(Some(at)) }
}

pub(crate) fn tag(point: &str) -> Record {
    Record::Tag(Tag {
        outstation: "SS1".to_owned(),
        point: point.to_owned(),
        reason: "people at work".to_owned(),
        by: ann(),
        at: Micros(1),
    })
}

pub(crate) fn switch(stopped: bool) -> Record {
    let reason = Some("storm".to_owned());
    Record::Control(ControlSwitch { stopped, reason, by: ann(), at: Micros(1) })
}

impl Rig {
    /// A station with this outstation, which it has reached.
    pub(crate) fn with(peer: &Peer, dir: &Path) -> Self {
        let rig = Self::open(dir, |_| ());
        rig.keep(outstation(peer));
        rig.reached();
        rig
    }

    /// A station over what is in the directory.
    pub(crate) fn open(dir: &Path, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(dir.to_owned());
        change(&mut options);
        let runtime = station::daemon::tokio_runtime().unwrap();
        let station = runtime.block_on(async { Station::open(&options, Mode::Daemon) }).unwrap();
        Self { station, runtime }
    }

    pub(crate) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.unwrap() })
    }

    pub(crate) fn request(&self, request: Request) -> Reply {
        self.block(self.station.handle.request_by(request, &Actor::of(ann()))).unwrap()
    }

    pub(crate) fn keep(&self, record: Record) {
        let record = Box::new(record);
        let keep = Request::Keep { record, expect: Expect::Either, there: false };
        assert_eq!(self.request(keep), Reply::RecordKept);
    }

    /// Waits until SS1 is reached and has told its values.
    pub(crate) fn reached(&self) {
        self.block(async {
            let outstations = &self.station.outstations;
            let is_up = || {
                let status = outstations.status("SS1").unwrap();
                status.link == "up" && status.interrogated.is_some()
            };
            while !is_up() {
                // The runtime is left alone for a moment; how long does not matter.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
    }

    /// Has a job made that commands a point in a moment.
    pub(crate) fn schedule(&self, point: &str, value: &str) -> JobId {
        let at = wall_now().plus(Duration::from_millis(200));
        let spec = Box::new((*job(at, point, value).spec).clone());
        let create = Request::Create { spec, context: None, immediate: false, paused: false };
        let reply = self.request(create);
        let Reply::Created(job) = reply else { panic!("{reply:?}") };
        job.id
    }

    /// How the first execution of a job ended.
    pub(crate) fn ended(&self, job: JobId) -> Execution {
        self.until(job, |execution| execution.status.is_final())
    }

    /// The first execution of a job, once it is like that.
    pub(crate) fn until(&self, job: JobId, wanted: impl Fn(&Execution) -> bool) -> Execution {
        let mut changes = self.station.handle.watch(job);
        let reader = self.station.handle.reader();
        self.block(async {
            loop {
                let found = reader.execution(ExecutionId { job, n: 1 }).unwrap();
                match found.filter(&wanted) {
                    Some(execution) => return execution,
                    None => changes.changed().await.unwrap(),
                }
            }
        })
    }

    /// What a job put out.
    pub(crate) fn output(&self, job: JobId) -> String {
        let stored = self.station.handle.reader().output(ExecutionId { job, n: 1 }, 0, 10_000);
        let chunks = stored.unwrap().into_iter().flat_map(|stored| stored.chunks);
        chunks.map(|chunk| String::from_utf8(chunk.bytes).unwrap()).collect()
    }

    /// Commands a point by hand.
    pub(crate) fn command(&self, point: &str, value: &str) -> Result<Report, Refused> {
        let request = ControlRequest::new("SS1", control(point, value), Actor::of(ann()));
        self.block(self.station.outstations.control(request))
    }

    /// What the trail has of this action, the oldest first.
    pub(crate) fn trail(&self, action: &str) -> Vec<Entry> {
        let action = Some(action.to_owned());
        let filter = AuditFilter { action, limit: 1000, ..AuditFilter::default() };
        let found = self.station.handle.reader().audit(&filter).unwrap().items;
        found.iter().rev().map(|record| record.entry().unwrap()).collect()
    }

    /// The station's own alarm about this topic, once there is one.
    pub(crate) fn alarm(&self, topic: &str) -> Alarm {
        self.block(async {
            loop {
                let filter = AlarmFilter::default();
                let found = self.station.handle.reader().alarms(&filter).unwrap();
                let mine = |alarm: &Alarm| alarm.topic.as_deref() == Some(topic);
                if let Some(alarm) = found.into_iter().find(mine) {
                    return alarm;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    }

    /// Ends it in good order.
    pub(crate) fn stop(&self) {
        self.station.handle.shut_down(Duration::ZERO);
        self.block(self.station.handle.stopped());
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.station.handle.abort();
        self.runtime.block_on(self.station.handle.stopped());
    }
}
