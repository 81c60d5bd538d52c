//! Random histories: what may happen to a keeper in months, in a few dozen steps, and what must hold all the while.
//!
//! A [`script::Script`] is made from a seed alone: publishing by several enterprises, late and early deeds, publishing
//! again, clocks that step, restarts with another settling delay, sweeps, and readers of every kind who begin anywhere
//! and turn pages of any size. [`play::play`] plays it on a keeper. [`model::Model`] writes down what was published, in
//! its own plain way, and says what each receipt must be; [`reader::Reader`] checks what its reader was given. Neither
//! shares code with the keepers.
//!
//! To look into a seed that failed, let `run` go through that one alone.

pub(crate) mod model;
pub(crate) mod play;
pub(crate) mod reader;
pub(crate) mod script;

use crate::keeper::Keeper;
use script::Script;
use std::ops::Range;

/// Names the seed of the history that was being played when a check failed.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was the history of seed {}", self.0);
        }
    }
}

/// Plays the histories of these seeds on one keeper.
pub(crate) async fn run<K: Keeper>(seeds: Range<u64>) {
    if K::is_missing() {
        return;
    }
    for seed in seeds {
        let _named = Seed(seed);
        play::play::<K>(&Script::of(seed)).await;
    }
}

/// Plays the same histories on two keepers, which must answer the same: receipts, slices, ends and frontiers.
pub(crate) async fn differential<A: Keeper, B: Keeper>(seeds: Range<u64>) {
    if A::is_missing() || B::is_missing() {
        return;
    }
    for seed in seeds {
        let _named = Seed(seed);
        let script = Script::of(seed);
        let (one, other) = (play::play::<A>(&script).await, play::play::<B>(&script).await);
        for (n, (a, b)) in one.iter().zip(&other).enumerate() {
            assert_eq!(a, b, "answer {n} of the two keepers");
        }
        assert_eq!(one.len(), other.len());
    }
}

/// Makes the tests of random histories for one keeper. They come in parts, to run side by side.
macro_rules! random_histories {
    ($keeper:ty) => {
        mod histories {
            /// Before anything is concluded from a seed: it gives one script, and one script gives one trace.
            #[tokio::test]
            async fn one_seed_gives_one_trace() {
                for seed in 0..20 {
                    let script = $crate::histories::script::Script::of(seed);
                    assert_eq!(script, $crate::histories::script::Script::of(seed));
                }
                $crate::histories::differential::<$keeper, $keeper>(0..20).await;
            }

            #[tokio::test]
            async fn hold_what_was_promised_part_one() {
                $crate::histories::run::<$keeper>(0..750).await;
            }

            #[tokio::test]
            async fn hold_what_was_promised_part_two() {
                $crate::histories::run::<$keeper>(750..1_500).await;
            }
        }
    };
}

pub(crate) use random_histories;
