//! What the tests of sessions begin with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::{Micros, Mono, Now, Outstation, OutstationSettings, Principal};
use station_outstation::cache::Cache;
use station_outstation::permit::{Reason, Refusal};
use station_outstation::session::{Event, Order, Session, Status};
use station_wire::iec104::codec::{TypeId, Value};
use station_wire::iec104::command::{Limits, Spec, Termination};
use tokio::sync::mpsc;

/// The common address of all outstations here.
pub(crate) const CA: u16 = 47;

/// A session and what it tells.
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    pub(crate) cache: Arc<Mutex<Cache>>,
}

pub(crate) fn outstation(endpoints: &[String]) -> Outstation {
    Outstation {
        name: "SS1".to_owned(),
        endpoints: endpoints.to_vec(),
        bind: None,
        ca: CA,
        tls: None,
        settings: OutstationSettings::default(),
        points: Vec::new(),
        created_at: Micros(0),
        created_by: Principal::Unix { uid: 0, name: None },
        modified_at: Micros(0),
    }
}

/// A clock that stands: what expires counts from when it is ordered.
pub(crate) fn now() -> Now {
    Now { wall: Micros(0), mono: Mono(1_000_000) }
}

pub(crate) fn open(outstation: &Outstation) -> Opened {
    let (tell, events) = mpsc::unbounded_channel();
    let cache = Arc::new(Mutex::new(Cache::new([], Cache::OTHERS)));
    let session = Session::open(outstation, TimeZone::UTC, now, cache.clone(), tell).unwrap();
    Opened { session, events, cache }
}

impl Opened {
    pub(crate) async fn up(&self) -> Status {
        self.session.until(|status| status.up.is_some()).await
    }

    /// The next event that is what was looked for.
    pub(crate) async fn event<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.events.recv().await.unwrap()) {
                return found;
            }
        }
    }

    /// An order to switch a point on, within 10 s.
    pub(crate) fn order(&self, ioa: u32, select: bool) -> Order {
        Order {
            correlation: format!("to {ioa}"),
            spec: spec(ioa, select),
            expires: now().mono.plus(Duration::from_secs(10)),
            recheck: Box::new(|| Ok(())),
            trace: self.session.trace(),
        }
    }
}

pub(crate) fn spec(ioa: u32, select: bool) -> Spec {
    Spec {
        ca: CA,
        ioa,
        type_id: TypeId::C_SC_NA_1,
        value: Value::SingleCommand { on: true, qu: 0, select: false },
        originator: 0,
        select,
        termination: Termination::Optional,
        limits: Limits::default(),
        expires: None,
        feedback: None,
    }
}

pub(crate) fn tagged() -> Refusal {
    let sentence = "SS1/breaker-7 is tagged: do not operate".to_owned();
    Refusal { reason: Reason::Tagged, sentence }
}
