//! A simulated outstation that listens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use station_core::model::Micros;
use station_wire::iec104::codec::Value;
use station_wire::iec104::link::Params;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::model::{LinkId, Model, Now, Operated};
use super::{Config, LinkFault, SimulateError, tls};

/// How often values change by themselves; at high rates, many of them then.
const TICK: Duration = Duration::from_millis(10);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// An outstation that listens until this is dropped; its connections end with it.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Aborted when dropped.
    tasks: JoinSet<()>,
}

/// What all connections have in common.
pub(super) struct Shared {
    model: Mutex<Model>,
    /// Wakes the connections for which there is something to send.
    bells: Mutex<BTreeMap<LinkId, Arc<Notify>>>,
    /// What monotonic times count from.
    origin: Instant,
    pub(super) params: Params,
    pub(super) fault: Option<LinkFault>,
    journal: Option<UnboundedSender<Operated>>,
}

impl Simulator {
    /// Starts an outstation that listens there; port 0 takes a free one. It is served by the runtime
    /// that this is called in.
    ///
    /// # Errors
    ///
    /// It cannot be as configured, the files of TLS cannot be read, or it cannot listen there.
    pub async fn bind(address: SocketAddr, config: Config) -> Result<Self, SimulateError> {
        config.link.check()?;
        if !(0.0..=1e6).contains(&config.spontaneous) {
            let message = format!(
                "{} values cannot change in a second; 0 to 1000000 can",
                config.spontaneous
            );
            return Err(SimulateError::Config(message));
        }
        let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let shared = Arc::new(Shared {
            model: Mutex::new(Model::new(&config)?),
            bells: Mutex::default(),
            origin: Instant::now(),
            params: config.link,
            fault: config.link_fault,
            journal: config.journal,
        });
        let failed = |error| SimulateError::Listen { address: address.to_string(), error };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut tasks = JoinSet::new();
        if config.spontaneous > 0.0 && shared.model().drifts() {
            tasks.spawn(drift(Arc::clone(&shared), config.spontaneous));
        }
        tasks.spawn(listen(listener, acceptor, Arc::clone(&shared)));
        Ok(Self { shared, address, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What the point of that name shows; `None` when there is no such point, or it shows nothing.
    #[must_use]
    pub fn value(&self, point: &str) -> Option<Value> {
        self.shared.model().value(point)
    }

    /// Lets the point of that name show something else, as if it had changed by itself; false when there
    /// is no such point, or its values are of another kind.
    pub fn set(&self, point: &str, value: Value) -> bool {
        let done = self.shared.model().set(point, value, self.shared.now());
        self.shared.ring();
        done
    }

    /// Closes all connections; others can be made.
    pub fn disconnect(&self) {
        self.shared.model().disconnect_all();
        self.shared.ring();
    }

    /// Ends it, and waits until its address is free.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Shared {
    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bells(&self) -> MutexGuard<'_, BTreeMap<LinkId, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.origin.elapsed(), wall: Micros::from(Timestamp::now()) }
    }

    /// The tokio instant of a monotonic time.
    pub(super) fn instant(&self, mono: Duration) -> Option<Instant> {
        self.origin.checked_add(mono)
    }

    /// Somebody connected.
    pub(super) fn connect(&self) -> (LinkId, Arc<Notify>) {
        let (link, bell) = (self.model().connected(), Arc::new(Notify::new()));
        self.bells().insert(link, Arc::clone(&bell));
        (link, bell)
    }

    /// The connection is gone.
    pub(super) fn disconnect(&self, link: LinkId) {
        self.model().disconnected(link);
        self.bells().remove(&link);
    }

    /// Wakes every connection.
    fn ring(&self) {
        self.bells().values().for_each(|bell| bell.notify_one());
    }

    /// Tells of what was carried out.
    pub(super) fn tell(&self, operated: Vec<Operated>) {
        for one in operated {
            tracing::debug!(
                point = one.point,
                value = one.value,
                "the simulated outstation operates"
            );
            if let Some(journal) = &self.journal
                && journal.send(one).is_err()
            {
                tracing::debug!("nobody reads the simulated outstation's journal");
            }
        }
    }
}

/// Takes connections for ever; they end when this is dropped.
async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    let ended = serve(stream, acceptor, &shared).await;
                    tracing::debug!(%peer, ?ended, "a connection with the simulated outstation ended");
                });
            }
            // Such as too many open files: those that are there go first.
            Err(error) => {
                tracing::warn!(%error, "the simulated outstation cannot take a connection");
                if connections.join_next().await.is_none() {
                    tokio::time::sleep(TICK).await;
                }
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    shared: &Shared,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(acceptor) = acceptor else { return connection::run(stream, shared).await };
    let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    connection::run(stream, shared).await
}

/// Lets values change at a rate, for ever.
async fn drift(shared: Arc<Shared>, rate: f64) {
    let period = Duration::from_secs_f64(1.0 / rate).max(TICK);
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (start, mut changed) = (Instant::now(), 0_u64);
    loop {
        ticks.tick().await;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are positive, and it takes ages until there are 2^64 changes"
        )]
        let due = (start.elapsed().as_secs_f64() * rate) as u64;
        // What could not be done in time is done a second's worth at once at most.
        let changes = u32::try_from(due - changed.min(due)).unwrap_or(u32::MAX).min(1_000_000);
        changed = due;
        if changes > 0 {
            shared.model().tick(changes, shared.now());
            shared.ring();
        }
    }
}
