//! A bounded cache that forgets what was not asked for lately (the clock algorithm).

use rustc_hash::FxHashMap;
use std::hash::Hash;

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    asked: bool,
}

/// At most `capacity` values.
#[derive(Debug)]
pub(in super::super) struct Cache<K, V> {
    slots: Vec<Slot<K, V>>,
    places: FxHashMap<K, usize>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Copy, V: Clone> Cache<K, V> {
    pub(in super::super) fn new(capacity: usize) -> Self {
        Cache { slots: Vec::new(), places: FxHashMap::default(), hand: 0, capacity: capacity.max(1) }
    }

    pub(in super::super) fn get(&mut self, key: K) -> Option<V> {
        let slot = self.slots.get_mut(*self.places.get(&key)?)?;
        slot.asked = true;
        Some(slot.value.clone())
    }

    pub(in super::super) fn insert(&mut self, key: K, value: V) {
        let fresh = Slot { key, value, asked: false };
        if let Some(place) = self.places.get(&key) {
            self.slots[*place] = fresh;
            return;
        }
        if self.slots.len() < self.capacity {
            self.places.insert(key, self.slots.len());
            self.slots.push(fresh);
            return;
        }
        // Ends after one round at the latest, because passing a slot clears its mark.
        while std::mem::take(&mut self.slots[self.hand].asked) {
            self.hand = (self.hand + 1) % self.slots.len();
        }
        // A slot that was emptied is not reachable by its key, which may have come in again elsewhere.
        if self.places.get(&self.slots[self.hand].key) == Some(&self.hand) {
            self.places.remove(&self.slots[self.hand].key);
        }
        self.places.insert(key, self.hand);
        self.slots[self.hand] = fresh;
        self.hand = (self.hand + 1) % self.slots.len();
    }

    pub(in super::super) fn remove(&mut self, key: K, gone: V) {
        // The slot stays, unreachable, until the hand comes by; the value in it is replaced at once.
        if let Some(place) = self.places.remove(&key) {
            self.slots[place].value = gone;
            self.slots[place].asked = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_is_asked_for_and_never_more_than_its_bound() {
        let mut cache = Cache::new(3);
        for n in 0..3 {
            cache.insert(n, n * 10);
        }
        for n in 3..100 {
            assert_eq!(cache.get(0), Some(0), "{n}");
            cache.insert(n, n * 10);
            assert!(cache.places.len() <= 3 && cache.slots.len() <= 3);
        }
        assert_eq!(cache.get(99), Some(990));
    }
}
