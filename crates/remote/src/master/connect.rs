//! Making a connection: one attempt, which all who wait for the host share.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::life::{self, Master};
use super::pool::Pool;
use super::process::{self, Process, Unconnected};
use crate::failure::{Failure, FailureKind};
use crate::route::Route;

/// How often a host that closes the connection before the login is tried.
const TRIES: u32 = 4;
/// How long is waited before the second time; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Makes a connection and tells the pool of it.
pub(super) async fn attempt(
    pool: Weak<Pool>,
    route: Arc<Route>,
    limit: Duration,
    deadline: Instant,
) {
    let number = pool.upgrade().map(|pool| pool.number()).unwrap_or_default();
    let made = connect(&pool, &route, number, limit, deadline).await;
    let Some(pool) = pool.upgrade() else { return };
    let result = made.map(|process| {
        let master = Arc::new(Master::new(route.clone(), number, process.socket.clone()));
        tokio::spawn(life::live(Arc::downgrade(&pool), master.clone(), process));
        master
    });
    pool.attempted(&route, result);
}

async fn connect(
    pool: &Weak<Pool>,
    route: &Route,
    number: u64,
    limit: Duration,
    deadline: Instant,
) -> Result<Process, Failure> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match once(pool, route, number, limit, deadline).await {
            Ok(process) => return Ok(process),
            Err(error) if error.dropped && Instant::now() + pause * 2 < deadline => {
                // Not all at the same time again.
                sleep(pause + pause.mul_f64(fraction(number))).await;
                pause *= 2;
            }
            Err(error) => return Err(error.failure),
        }
    }
    once(pool, route, number, limit, deadline).await.map_err(|error| error.failure)
}

async fn once(
    pool: &Weak<Pool>,
    route: &Route,
    number: u64,
    limit: Duration,
    deadline: Instant,
) -> Result<Process, Unconnected> {
    let (gate, config) = {
        let pool = pool.upgrade().ok_or_else(gone)?;
        (pool.connects.clone(), pool.config.clone())
    };
    let permit = timeout_at(deadline, gate.acquire_owned()).await.map_err(|_| {
        let message = format!(
            "the connection to {} could not be begun within {} s: too many others were in the \
             making",
            route.address,
            limit.as_secs_f64()
        );
        Failure::new(FailureKind::Timeout, message)
    })?;
    let base = pool.upgrade().ok_or_else(gone)?.base()?;
    let process = process::connect(base, &config, route, number, limit, deadline).await;
    drop(permit);
    process
}

/// A number between 0 and 1 that differs from one to the next.
fn fraction(number: u64) -> f64 {
    let spread = u32::try_from(number.wrapping_mul(0x9e37_79b9) & 0xffff).unwrap_or_default();
    f64::from(spread) / 65536.0
}

fn gone() -> Failure {
    Failure::new(FailureKind::Local, "the client was dropped")
}
