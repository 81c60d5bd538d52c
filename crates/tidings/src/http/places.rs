//! Places for connections: so many in all, and only part of them for one address, so that nobody takes them all.

use crate::config::proxies::TrustedProxies;
use feed::limits::{CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX};
use rustc_hash::FxHashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections there are from each address.
type Counts = Mutex<FxHashMap<IpAddr, usize>>;

/// The places of a server.
pub(super) struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Counts>,
    /// Many people come through these, so they may take all places.
    proxies: TrustedProxies,
}

/// A place, given up when dropped.
pub(super) struct Place {
    _one: Option<OwnedSemaphorePermit>,
    taken: Option<(Arc<Counts>, IpAddr)>,
}

/// A place that nobody has yet: the connection that is to have it has not come.
pub(super) struct Free(Option<OwnedSemaphorePermit>);

impl Places {
    pub(super) fn new(proxies: TrustedProxies) -> Self {
        Places { all: Arc::new(Semaphore::new(CONNECTIONS_MAX)), by_address: Arc::default(), proxies }
    }

    /// Waits until there is a place.
    pub(super) async fn free(&self) -> Free {
        // The semaphore is never closed, so there always is a place some time.
        Free(self.all.clone().acquire_owned().await.ok())
    }

    /// Gives a place to who came from this address; `None` if too many from there have one.
    pub(super) fn give(&self, free: Free, address: IpAddr) -> Option<Place> {
        if self.proxies.believe(address) {
            return Some(Place { _one: free.0, taken: None });
        }
        let address = neighbourhood(address);
        let mut by_address = counts(&self.by_address);
        let count = by_address.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Place { _one: free.0, taken: Some((self.by_address.clone(), address)) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((by_address, address)) = &self.taken {
            let mut by_address = counts(by_address);
            if let Some(count) = by_address.get_mut(address) {
                *count -= 1;
                if *count == 0 {
                    by_address.remove(address);
                }
            }
        }
    }
}

fn counts(by_address: &Counts) -> MutexGuard<'_, FxHashMap<IpAddr, usize>> {
    by_address.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever has one IPv6 address has the 2^64 beside it, too.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_takes_only_its_part() {
        let places = Places::new(TrustedProxies::parse("10.0.0.1").unwrap());
        let [here, near, there, proxy] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "10.0.0.1"].map(|it| it.parse().unwrap());
        let mut held = Vec::new();
        for n in 0..CONNECTIONS_PER_ADDRESS_MAX {
            held.push(places.give(places.free().await, if n % 2 == 0 { here } else { near }).unwrap());
        }
        assert!(places.give(places.free().await, here).is_none());
        let other = places.give(places.free().await, there).unwrap();
        let rest = CONNECTIONS_MAX - CONNECTIONS_PER_ADDRESS_MAX - 1;
        let proxied: Vec<Place> = futures_util::future::join_all(
            (0..rest).map(|_| async { places.give(places.free().await, proxy).unwrap() }),
        )
        .await;
        assert_eq!(places.all.available_permits(), 0, "a proxy takes what is left");
        drop((held, other, proxied));
        assert_eq!(places.all.available_permits(), CONNECTIONS_MAX);
        assert!(counts(&places.by_address).is_empty());
    }
}
