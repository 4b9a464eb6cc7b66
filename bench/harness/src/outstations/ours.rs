//! The library's sessions at work.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};
use station_core::model::{Micros, Mono, Now, Outstation, OutstationSettings, Point, Principal};
use station_outstation::cache::Cache;
use station_outstation::session::{Ask, Event, Order, Session};
use station_wire::iec104::codec::{TypeId, Value};
use station_wire::iec104::command::{Class, Limits, Spec, Termination};
use station_wire::iec104::query;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{CA, POINT};
use crate::Result;
use crate::runtime::Runtime;
use crate::stats::{now_micros, percentile};

/// A session that is up, and has asked for all values.
struct Opened {
    session: Session,
    cache: Arc<Mutex<Cache>>,
    /// What it tells is kept until it goes.
    _events: UnboundedReceiver<Event>,
}

impl Opened {
    async fn open(address: SocketAddr, points: u32) -> Result<Self> {
        let (tell, mut events) = unbounded_channel();
        let configured = (1..=points).map(|ioa| (CA, ioa));
        let cache = Arc::new(Mutex::new(Cache::new(configured, 1)));
        let outstation = outstation("SS1", &address.to_string(), Vec::new());
        let session = Session::open(&outstation, TimeZone::UTC, now, Arc::clone(&cache), tell)?;
        loop {
            match events.recv().await {
                Some(Event::Upkept { .. }) => break,
                Some(Event::Up(_)) => {}
                other => return Err(format!("the session told {other:?}").into()),
            }
        }
        Ok(Self { session, cache, _events: events })
    }
}

/// How long a command takes from its order to its end, µs, in the middle of so many.
pub(crate) fn command(runtime: Runtime, address: SocketAddr, count: usize) -> Result<f64> {
    runtime.run(async move {
        let opened = Opened::open(address, 1).await?;
        let mut took = Vec::with_capacity(count);
        for n in 0..count + count / 10 {
            let begun = Instant::now();
            let end = opened.session.command(order(&opened.session)).await;
            let micros = begun.elapsed().as_secs_f64() * 1e6;
            if !matches!(end.class, Class::Confirmed | Class::Completed) {
                return Err(format!("a command ended so: {} ({})", end.message, end.reason).into());
            }
            if n >= count / 10 {
                took.push(micros);
            }
        }
        opened.session.close().await;
        Ok(percentile(&mut took, 0.5))
    })
}

/// How long it takes to ask for all values and have them in the cache, ms, each time.
pub(crate) fn interrogation(
    runtime: Runtime,
    address: SocketAddr,
    points: u32,
    times: usize,
) -> Result<Vec<f64>> {
    runtime.run(async move {
        let opened = Opened::open(address, points).await?;
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let begun = Instant::now();
            let ask = Ask::Interrogate { ca: CA, group: None };
            let end = opened.session.ask(ask, None).await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            if end.class != query::Class::Complete || end.values != u64::from(points) {
                return Err(format!("{} values came: {}", end.values, end.message).into());
            }
        }
        let known = opened.cache.lock().unwrap_or_else(PoisonError::into_inner).all().count();
        if known != points as usize {
            return Err(format!("the cache knows {known} values").into());
        }
        opened.session.close().await;
        Ok(took)
    })
}

fn order(session: &Session) -> Order {
    Order {
        correlation: "bench".to_owned(),
        spec: Spec {
            ca: CA,
            ioa: POINT,
            type_id: TypeId::C_SC_NA_1,
            value: Value::SingleCommand { on: true, qu: 0, select: false },
            originator: 0,
            select: false,
            termination: Termination::Optional,
            limits: Limits::default(),
            expires: None,
            feedback: None,
        },
        expires: now().mono.plus(Duration::from_secs(10)),
        recheck: Box::new(|| Ok(())),
        trace: session.trace(),
    }
}

/// An outstation as it is registered.
pub(crate) fn outstation(name: &str, endpoint: &str, points: Vec<Point>) -> Outstation {
    Outstation {
        name: name.to_owned(),
        endpoints: vec![endpoint.to_owned()],
        bind: None,
        ca: CA,
        tls: None,
        settings: OutstationSettings::default(),
        points,
        created_at: Micros(0),
        created_by: Principal::Unix { uid: 0, name: None },
        modified_at: Micros(0),
    }
}

/// Both clocks.
pub(crate) fn now() -> Now {
    let mono = clock_gettime(ClockId::Monotonic);
    let micros = mono.tv_sec * 1_000_000 + mono.tv_nsec / 1000;
    Now { wall: Micros(now_micros()), mono: Mono(u64::try_from(micros).unwrap_or(0)) }
}
