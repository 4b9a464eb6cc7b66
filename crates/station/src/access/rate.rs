//! Counts what each peer does in token buckets, in bounded memory.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use station_core::model::Mono;

/// How many peers are remembered; beyond, the one not seen for longest is forgotten.
const PEERS: usize = 4096;

/// So much at once, and so much each second after that, for each peer.
#[derive(Debug)]
pub(super) struct Limiter {
    /// How many fit into a full bucket.
    burst: f64,
    /// How many flow in each second.
    per_second: f64,
    peers: Mutex<BTreeMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    seen: Mono,
}

impl Limiter {
    pub(super) fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second, peers: Mutex::new(BTreeMap::new()) }
    }

    /// Takes one from the peer's bucket.
    ///
    /// # Errors
    /// After how long there is one again.
    pub(super) fn take(&self, peer: IpAddr, now: Mono) -> Result<(), Duration> {
        let peer = network_of(peer);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS && !peers.contains_key(&peer) {
            forget_oldest(&mut peers);
        }
        let full = Bucket { left: self.burst, seen: now };
        let bucket = peers.entry(peer).or_insert(full);
        let gone = now.since(bucket.seen).as_secs_f64();
        bucket.left = (bucket.left + gone * self.per_second).min(self.burst);
        bucket.seen = bucket.seen.max(now);
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / self.per_second));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

/// Who has one IPv6 address has a whole /64 of them.
pub(super) fn network_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
    }
}

fn forget_oldest(peers: &mut BTreeMap<IpAddr, Bucket>) {
    let oldest = peers.iter().min_by_key(|(_, bucket)| bucket.seen).map(|(peer, _)| *peer);
    if let Some(oldest) = oldest {
        peers.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let limiter = Limiter::new(3.0, 0.5);
        let at = |seconds: u64| Mono(seconds * 1_000_000);
        for _ in 0..3 {
            assert_eq!(limiter.take(peer(1), at(0)), Ok(()));
        }
        assert_eq!(limiter.take(peer(1), at(0)), Err(Duration::from_secs(2)));
        assert_eq!(limiter.take(peer(2), at(0)), Ok(()));
        assert_eq!(limiter.take(peer(1), at(1)), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take(peer(1), at(2)), Ok(()));
        assert!(limiter.take(peer(1), at(2)).is_err());
        // However long it was away, no more than the burst.
        for _ in 0..3 {
            assert_eq!(limiter.take(peer(1), at(1000)), Ok(()));
        }
        assert!(limiter.take(peer(1), at(1000)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(1.0, 0.001);
        for n in 0..5_000_u32 {
            assert_eq!(limiter.take(peer(n), Mono(n.into())), Ok(()));
        }
        assert_eq!(limiter.peers.lock().unwrap().len(), PEERS);
        assert!(limiter.take(peer(4_999), Mono(5_000)).is_err());
        assert_eq!(limiter.take(peer(0), Mono(5_000)), Ok(()));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_share_a_bucket() {
        let limiter = Limiter::new(1.0, 0.001);
        assert!(limiter.take("2001:db8::1".parse().unwrap(), Mono(0)).is_ok());
        assert!(limiter.take("2001:db8::2".parse().unwrap(), Mono(0)).is_err());
        assert!(limiter.take("2001:db8:0:1::1".parse().unwrap(), Mono(0)).is_ok());
    }
}
