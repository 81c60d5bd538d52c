//! Random searches in random histories: what a keeper finds must be what the memory keeper finds, which looks at every
//! event in turn.

use crate::contract::search::everything;
use crate::deed::{Deed, deed, enterprise, item_id, user};
use crate::keeper::{Keeper, Memory};
use crate::trial::{DELAY_S, NOW, Trial};
use feed::event::EventType;
use feed::id::GroupId;
use feed::search::{Filters, Order};
use feed::text_match::TextMatch;
use feed::time::Second;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::ops::Range;
use store::search::{Counting, Match, Searching};

const TYPES: [&str; 4] = ["UPLOAD", "LOGIN", "DOWNLOAD", "RARE"];
const WORDS: [&str; 3] = ["Budget", "plan", "\\u00dcber"];

/// Two keepers with the same history.
struct Both<K> {
    tried: Trial<K>,
    oracle: Trial<Memory>,
    dice: Xoshiro256PlusPlus,
    now: u32,
    published: u32,
}

impl<K: Keeper> Both<K> {
    async fn open(seed: u64) -> Self {
        let dice = Xoshiro256PlusPlus::seed_from_u64(seed);
        Both { tried: Trial::open().await, oracle: Trial::open().await, dice, now: NOW, published: 0 }
    }

    fn upto(&mut self, most: u32) -> u32 {
        self.dice.random_range(0..most)
    }

    fn name(&mut self, most: u32) -> String {
        self.upto(most).to_string()
    }

    fn deed(&mut self) -> Deed {
        self.published += 1;
        let id = format!("e{}", self.published);
        let back = if self.upto(4) == 0 { self.upto(3_000) } else { self.upto(3) };
        let kind = TYPES[self.upto(4) as usize];
        let word = WORDS[self.upto(3) as usize];
        let mut deed = deed(&id).by(&self.name(6)).typed(kind).saying(word).created(self.now - back);
        if self.upto(3) > 0 {
            let (item, one, two) = (self.name(8), self.name(5), self.name(5));
            deed = deed.on(&item, [one.as_str(), two.as_str()]);
        }
        if self.upto(4) == 0 {
            deed = deed.about_group(&self.name(3));
        }
        if self.upto(2) == 0 {
            deed = deed.at_address(&format!("10.0.0.{}", self.upto(3)));
        }
        if self.upto(8) == 0 { deed.user_only() } else { deed }
    }

    async fn publish(&mut self) {
        let home = if self.upto(4) == 0 { "2" } else { "1" };
        let deeds: Vec<Deed> = (0..=self.upto(6)).map(|_| self.deed()).collect();
        self.tried.append(home, self.now, &deeds).await;
        self.oracle.append(home, self.now, &deeds).await;
    }

    fn some<T>(&mut self, most: u32, of: impl Fn(&str) -> T) -> Vec<T> {
        if self.upto(3) > 0 {
            return Vec::new();
        }
        (0..=self.upto(2)).map(|_| of(&self.name(most))).collect()
    }

    fn filters(&mut self) -> Filters {
        let kinds = self.some(4, |n| EventType::new(TYPES[n.parse::<usize>().unwrap()]).unwrap());
        let from = self.now.saturating_sub(self.upto(3_000));
        let window = self.upto(3) == 0;
        let text = WORDS[self.upto(2) as usize];
        Filters {
            created_from: window.then_some(Second(from)),
            created_before: window.then_some(Second(from + 1 + self.upto(2_000))),
            types: kinds,
            actors: self.some(6, user),
            items: self.some(8, item_id),
            folders: self.some(5, item_id),
            groups: self.some(3, |id| GroupId::new(id).unwrap()),
            addresses: self.some(3, |n| format!("10.0.0.{n}").into()),
            text: (self.upto(5) == 0).then(|| TextMatch::new(text)),
        }
    }

    /// Searches both, a page, perhaps something published, and the rest; and counts.
    async fn search(&mut self) {
        let home = if self.upto(5) == 0 { "2" } else { "1" };
        let order = if self.upto(2) == 0 { Order::NewestFirst } else { Order::OldestFirst };
        let oldest = if self.upto(3) == 0 { Second(self.now - self.upto(200)) } else { Second(0) };
        let filters = self.filters();
        let limit = [1, 2, 5, 50][self.upto(4) as usize];
        let mut searching = Searching { enterprise: enterprise(home), filters, order, limit, oldest, ..everything() };
        let first = self.oracle.search().search(searching.clone()).await.unwrap();
        let mut tried = self.tried.search().search(searching.clone()).await.unwrap();
        assert_eq!(tried.entries, first.entries, "{searching:?}");
        if !first.end && !tried.end {
            if self.upto(2) == 0 {
                self.publish().await;
            }
            assert_eq!(tried.last, first.last, "{searching:?}");
            let rest = Searching { after: first.last, limit: 500, ..searching.clone() };
            let wanted = self.oracle.search().search(rest).await.unwrap();
            assert!(wanted.end, "a history of fewer events than a page has");
            let mut found: Vec<Match> = Vec::new();
            while !tried.end {
                searching.after = tried.last;
                tried = self.tried.search().search(searching.clone()).await.unwrap();
                found.append(&mut tried.entries);
            }
            assert_eq!(found, wanted.entries, "{searching:?}");
        }
        let mut edges: Vec<Second> = (0..=2 + self.upto(5)).map(|_| Second(self.now - self.upto(3_000))).collect();
        edges.sort_unstable();
        edges.dedup();
        let counting = Counting { enterprise: searching.enterprise, filters: searching.filters, oldest, edges };
        let wanted = self.oracle.search().count(counting.clone()).await.unwrap();
        assert_eq!(self.tried.search().count(counting.clone()).await.unwrap(), wanted, "{counting:?}");
    }

    async fn step(mut self) -> Self {
        self.now += self.upto(30);
        match self.upto(20) {
            0..10 => self.publish().await,
            10..18 => self.search().await,
            18 => {
                // Days pass, so that partitions end, and some of what they hold is swept.
                self.now += 86_400 * (1 + self.upto(40));
                for keeper in [self.tried.ledger(), self.oracle.ledger()] {
                    while keeper.sweep(Second(self.now)).await.unwrap().more {}
                }
            }
            _ => {
                self.tried = self.tried.reopened_settling(DELAY_S).await;
                self.oracle = self.oracle.reopened_settling(DELAY_S).await;
            }
        }
        self
    }
}

/// Plays random histories on a keeper and on the memory keeper, and searches both.
pub(crate) async fn differential<K: Keeper>(seeds: Range<u64>) {
    if K::is_missing() {
        return;
    }
    for seed in seeds {
        let mut both = Both::<K>::open(seed).await;
        for _ in 0..40 {
            both = both.step().await;
        }
    }
}
