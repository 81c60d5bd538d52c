//! Legal holds: what suspends the sweep, of what, and for how long (design, section 7).
//!
//! A hold never keeps less than it says. It may keep more: a keeper that removes whole stretches of time keeps each
//! stretch that has anything of the hold. What is held stays stored, and search and reports show it; feeds show it no longer
//! than their period.

use crate::id::{EnterpriseId, UserId};
use crate::retention::Retention;
use crate::time::Second;
use serde::{Deserialize, Serialize};

/// What a hold keeps of its enterprise: what was done within these bounds. Without bounds it keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Deeds done at or after this second.
    pub created_from: Option<Second>,
    /// Deeds done before this second.
    pub created_before: Option<Second>,
}

impl Scope {
    /// Whether it takes in anything that was done from `first` to `last`, both included.
    pub fn meets(&self, first: Second, last: Second) -> bool {
        self.created_from.is_none_or(|from| from <= last) && self.created_before.is_none_or(|before| first < before)
    }

    /// Whether nothing can lie within it.
    pub fn is_empty(&self) -> bool {
        self.created_from.zip(self.created_before).is_some_and(|(from, before)| before <= from)
    }
}

/// What is to be seen of the events of an enterprise by those who look into its whole history (search, reports): what is
/// within its period, and what holds in effect keep past it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// What was recorded at or after this second is within its period.
    pub oldest: Second,
    /// What is held besides.
    pub held: Vec<Scope>,
}

impl Kept {
    /// What an enterprise's period and its holds keep at `now`.
    pub fn of(retention: Retention, holds: &[Hold], now: Second) -> Self {
        let in_effect = holds.iter().filter(|hold| hold.is_in_effect(now));
        Kept { oldest: retention.oldest_kept(now), held: in_effect.map(|hold| hold.scope).collect() }
    }

    /// From which second of recording on is to be looked. With a hold that is from the beginning: what it keeps may be of
    /// any age, and [`Kept::has`] says of each event whether it is among it.
    pub fn looked_from(&self) -> Second {
        if self.held.is_empty() { self.oldest } else { Second(0) }
    }

    /// Whether an event is to be seen.
    pub fn has(&self, recorded_at: Second, created_at: Second) -> bool {
        self.oldest <= recorded_at || self.held.iter().any(|scope| scope.meets(created_at, created_at))
    }
}

/// The end of a hold by somebody's hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// When.
    pub at: Second,
    /// Whose.
    pub by: UserId,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What it is found by; made by the server.
    pub id: String,
    /// Whose events it keeps.
    pub enterprise: EnterpriseId,
    /// What people call it.
    pub name: String,
    /// Why it was placed.
    pub why: String,
    /// What it keeps.
    pub scope: Scope,
    /// Who placed it.
    pub placed_by: UserId,
    /// From when on it is in effect.
    pub placed_at: Second,
    /// When it ends by itself; `None` is never.
    pub until: Option<Second>,
    /// Who ended it before, and when.
    pub released: Option<Release>,
}

impl Hold {
    /// Whether it suspends the sweep at `now`. A clock that was put back begins no hold later than it was placed.
    pub fn is_in_effect(&self, now: Second) -> bool {
        self.released.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Whether it keeps anything of an enterprise that was done from `first` to `last`, both included.
    pub fn keeps(&self, enterprise: &EnterpriseId, first: Second, last: Second) -> bool {
        self.enterprise == *enterprise && self.scope.meets(first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(from: Option<u32>, before: Option<u32>) -> Scope {
        Scope { created_from: from.map(Second), created_before: before.map(Second) }
    }

    #[test]
    fn a_scope_takes_the_lower_bound_and_leaves_the_upper() {
        let meets = |scope: Scope, first, last| scope.meets(Second(first), Second(last));
        let within = scope(Some(10), Some(20));
        assert!(!meets(within, 0, 9) && meets(within, 0, 10));
        assert!(meets(within, 19, 30) && !meets(within, 20, 30));
        assert!(meets(within, 0, 30) && meets(within, 12, 13));
        assert!(meets(scope(None, None), 0, 0) && meets(scope(None, Some(1)), 0, 5));
        assert!(scope(Some(20), Some(20)).is_empty());
        assert!(!scope(Some(19), Some(20)).is_empty() && !scope(None, Some(0)).is_empty());
    }

    #[test]
    fn what_is_held_is_seen_past_its_period() {
        let kept = |held| Kept { oldest: Second(100), held };
        let none = kept(Vec::new());
        assert!(none.has(Second(100), Second(5)) && !none.has(Second(99), Second(99)));
        assert_eq!(none.looked_from(), Second(100));
        let window = kept(vec![scope(Some(10), Some(20))]);
        assert!(window.has(Second(99), Second(10)) && !window.has(Second(99), Second(20)));
        assert!(window.has(Second(100), Second(20)));
        assert_eq!(window.looked_from(), Second(0));
        assert!(kept(vec![Scope::default()]).has(Second(0), Second(0)));
    }

    #[test]
    fn it_ends_by_the_clock_or_by_hand() {
        let id = |text| EnterpriseId::new(text).unwrap();
        let hold = Hold {
            id: "h".to_owned(),
            enterprise: id("1"),
            name: "Case".to_owned(),
            why: String::new(),
            scope: Scope::default(),
            placed_by: UserId::new("7").unwrap(),
            placed_at: Second(100),
            until: Some(Second(200)),
            released: None,
        };
        assert!(hold.is_in_effect(Second(199)) && !hold.is_in_effect(Second(200)));
        assert!(hold.is_in_effect(Second(1)), "the clock was put back");
        let release = Release { at: Second(150), by: UserId::new("7").unwrap() };
        let released = Hold { released: Some(release), until: None, ..hold.clone() };
        assert!(!released.is_in_effect(Second(1)));
        assert!(hold.keeps(&id("1"), Second(1), Second(1)) && !hold.keeps(&id("2"), Second(1), Second(1)));
    }
}
