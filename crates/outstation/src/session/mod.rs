//! Sessions: one outstation, its connections, and everything that goes over them.
//!
//! ```text
//!  Session ──Order, Ask──▶ task ──▶ work: commands, questions ──ASDUs──▶ link ──▶ line ──▶ socket, TLS
//!     ▲                     │            ▲                                │ tap      │
//!     └──CommandEnd, AskEnd─┘            └─────── intake ◀────ASDUs───────┴──────────┘
//!                                                   └──▶ values, watchers, events
//! ```
//!
//! There is one task for each outstation, and nothing else touches its sockets. While nothing happens it
//! wakes for the tests of idle links (t3) alone. A command that cannot be sent now is not sent later: it
//! ends as not sent. What was sent before a connection was lost is never sent again, and its outcome is
//! unknown if it was not confirmed.

mod back_off;
mod command;
mod connect;
mod event;
mod intake;
mod line;
mod path;
mod question;
mod redundant;
mod stamp;
mod tap;
mod task;
mod tls;
mod upkeep;
mod work;

pub use command::{CommandEnd, Order, Recheck};
pub use connect::Connection;
pub use event::{Change, Event, Status, Totals};
pub use question::{Ask, AskEnd};
pub use stamp::stamp;
pub use tap::{TapFrame, Trace};
pub use tls::check as check_tls;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use station_core::model::{Now, Outstation, OutstationSettings};
use station_wire::iec104::link::Params;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

use connect::Dial;
use event::Counters;
use intake::Intake;
use path::Path;
use tap::Tap;
use task::Task;
use upkeep::Upkeep;
use work::Work;

use crate::cache::Cache;

/// How many reads those who watch values may be behind.
const WATCHED: usize = 1024;

/// What a session's handles and its task share.
#[derive(Debug)]
struct Shared {
    name: String,
    /// Where the time of links begins.
    origin: Instant,
    clock: fn() -> Now,
    tap: Arc<Tap>,
    counters: Counters,
}

impl Shared {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// What a session's task is asked for.
enum Request {
    Command(Box<Order>, oneshot::Sender<CommandEnd>),
    Ask(Ask, Option<Trace>, Option<Recheck>, oneshot::Sender<AskEnd>),
    ClockDone(bool),
    SwitchOver,
    Close,
}

/// The session with one outstation. It ends with the last of its clones.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
    requests: mpsc::UnboundedSender<Request>,
    status: watch::Receiver<Status>,
    watchers: broadcast::Sender<Arc<[Change]>>,
}

impl Session {
    /// Begins to connect, and keeps on trying. `zone` is the one that the outstation's clock shows;
    /// `clock` is that of expiries and of what is in the cache.
    ///
    /// # Errors
    ///
    /// A setting is not what it may be; a sentence says which.
    pub fn open(
        outstation: &Outstation,
        zone: TimeZone,
        clock: fn() -> Now,
        cache: Arc<Mutex<Cache>>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, String> {
        let params = params(&outstation.settings);
        params.check().map_err(|error| error.to_string())?;
        let paths = paths(outstation, params.t0)?;
        let shared = Arc::new(Shared {
            name: outstation.name.clone(),
            origin: Instant::now(),
            clock,
            tap: Arc::new(Tap::default()),
            counters: Counters::default(),
        });
        let (requests, received) = mpsc::unbounded_channel();
        let (status, seen) = watch::channel(Status::default());
        let watchers = broadcast::Sender::new(WATCHED);
        let work = Work::new(Arc::clone(&shared), events.clone(), zone, &outstation.settings);
        let upkeep = Upkeep::new(outstation);
        let watching = watchers.clone();
        let intake = Intake::new(Arc::clone(&shared), cache, watching, events, work, upkeep);
        let setup = (params, outstation.tls.clone());
        let task = Task::new(Arc::clone(&shared), received, status, setup, paths, intake);
        tokio::spawn(task.run());
        Ok(Self { shared, requests, status: seen, watchers })
    }

    /// Keeps the frames from now on, until it is dropped: to be opened before an intent is recorded.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.shared.tap.trace()
    }

    /// Sends a command and waits for its end. If this future is dropped before the command is sent, it
    /// is not sent; if it is dropped later, its end comes as [`Event::Ended`].
    pub async fn command(&self, order: Order) -> CommandEnd {
        let (reply, end) = oneshot::channel();
        if self.requests.send(Request::Command(Box::new(order), reply)).is_ok()
            && let Ok(end) = end.await
        {
            return end;
        }
        CommandEnd::not_sent("closed", self.is_closed(), (self.shared.clock)())
    }

    /// Asks for values, sets the clock, or tests, and waits for the end. It waits its turn while the
    /// same is being asked for. Its end has the frames where a trace is given; thousands of values are taken
    /// faster without.
    pub async fn ask(&self, ask: Ask, trace: Option<Trace>) -> AskEnd {
        self.asked(ask, trace, None).await
    }

    /// The same for what is more than a question: `recheck` is asked right before it is sent.
    pub async fn ask_if(&self, ask: Ask, trace: Trace, recheck: Recheck) -> AskEnd {
        self.asked(ask, Some(trace), Some(recheck)).await
    }

    /// Answers [`Event::ClockDue`]: the clock was set, or it could not be and is due again soon.
    pub fn clock_done(&self, was_set: bool) {
        // A closed session sets no clocks.
        self.requests.send(Request::ClockDone(was_set)).ok();
    }

    async fn asked(&self, ask: Ask, trace: Option<Trace>, recheck: Option<Recheck>) -> AskEnd {
        let (reply, end) = oneshot::channel();
        if self.requests.send(Request::Ask(ask, trace, recheck, reply)).is_ok()
            && let Ok(end) = end.await
        {
            return end;
        }
        AskEnd::not_asked("closed", self.is_closed(), (self.shared.clock)())
    }

    fn is_closed(&self) -> String {
        format!("the session with {} was closed", self.shared.name)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Waits until it stands as asked, and says how. A closed session stands like that for ever.
    pub async fn until(&self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.status.clone();
        let mut wanted = wanted;
        let seen = status.wait_for(|status| status.is_closed || wanted(status)).await;
        seen.map(|status| status.clone()).unwrap_or(Status { is_closed: true, ..Status::default() })
    }

    /// What changes in the cache from now on, a read at a time.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<[Change]>> {
        self.watchers.subscribe()
    }

    /// How much passed by.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.shared.counters.totals()
    }

    /// Stops the data transfer, and starts it on the other connection of a redundant pair, if that
    /// stands. What waits for an answer then ends as unknown.
    pub fn switch_over(&self) {
        // A closed session has nothing to switch.
        self.requests.send(Request::SwitchOver).ok();
    }

    /// Stops the data transfer, closes the connections, and waits until that is done.
    pub async fn close(&self) {
        self.requests.send(Request::Close).ok();
        self.until(|_| false).await;
    }
}

/// What the settings of an outstation are to its links.
#[must_use]
pub fn params(settings: &OutstationSettings) -> Params {
    let span = Duration::from_millis;
    Params {
        t0: span(settings.t0),
        t1: span(settings.t1),
        t2: span(settings.t2),
        t3: span(settings.t3),
        k: settings.k,
        w: settings.w,
        first_sequence_one: settings.first_sequence_one,
    }
}

fn paths(outstation: &Outstation, limit: Duration) -> Result<Vec<Path>, String> {
    let bind = outstation.bind.as_deref().map(|bind| {
        bind.parse::<IpAddr>().map_err(|_| {
            format!(
                "{bind} is no address that connections could come from: it should be as 192.0.2.7"
            )
        })
    });
    let bind = bind.transpose()?;
    let endpoints = &outstation.endpoints;
    if !matches!(endpoints.len(), 1..=2) {
        return Err(format!(
            "{} has {} addresses; it should have one, or two of a redundant pair",
            outstation.name,
            endpoints.len()
        ));
    }
    let dial = |endpoint: &String| {
        connect::split(endpoint, outstation.tls.is_some())?;
        let (endpoint, tls) = (endpoint.clone(), outstation.tls.clone());
        Ok(Path::new(Dial { endpoint, bind, tls, limit }))
    };
    endpoints.iter().map(dial).collect()
}
