//! Finding events by what they are about: the history is looked through in the order of the true `created_at`, a stretch
//! at a time, and each stretch is filtered where it lies.

use super::connect::read;
use super::fault::Fault;
use super::months::{bits, place};
use super::{Inner, PostgresStore};
use crate::embedded::print_of;
use crate::ledger::Unavailable;
use crate::moving::Mark;
use crate::search::{Counting, Counts, Match, Matches, Search, Searching};
use async_trait::async_trait;
use bytes::Bytes;
use feed::event::EventType;
use feed::id::{EnterpriseId, GroupId, ItemId, UserId};
use feed::limits::{
    COUNT_LOOKED_MAX, PAGE_ENTRIES_MAX, SEARCH_LOOKED_MAX, SEARCH_PAGE_BYTES_MAX, SEARCH_READ_BYTES_MAX,
};
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::term::{Term, TermKind};
use feed::time::Second;

/// Entries looked at in one statement: of a search at first, then, and of a count.
const FIRST_STRETCH: usize = 1_000;
const STRETCH: usize = 4_000;
const COUNT_STRETCH: usize = 20_000;

/// A stretch of entries in order: where each stands, where it arrived, whether it matches, and its bytes if it does and
/// they are wanted. Imported history arrived, as it were, when it was done.
const SQL: &str = "SELECT l.at, l.place, m.matches, CASE WHEN m.matches AND $8::boolean THEN l.bytes END FROM ( \
       (SELECT rank AS at, place, event_type, terms, bytes FROM enterprise_entries \
        WHERE enterprise = $1 AND rank > $2 AND rank < $3 AND place >= (($2::bigint >> 19) - 86400) << 19 \
        ORDER BY rank DIRECTION LIMIT $4::bigint) \
       UNION ALL \
       (SELECT rank, rank, event_type, terms, bytes FROM imported_entries \
        WHERE enterprise = $1 AND rank > $2 AND rank < $3 ORDER BY rank DIRECTION LIMIT $4::bigint) \
       ORDER BY at DIRECTION LIMIT $4::bigint) l \
     CROSS JOIN LATERAL (SELECT l.place >= $5 AND ($6::text[] IS NULL OR l.event_type = ANY ($6)) AND NOT EXISTS ( \
         SELECT FROM unnest($7::text[]) g (terms) WHERE NOT l.terms && string_to_array(g.terms, ' ')) AS matches) m \
     ORDER BY l.at DIRECTION";

/// A term as a word: its kind as a letter, and its value, in which blanks are written so that words stay apart.
pub(super) fn word(term: &Term) -> String {
    let kind = match term.kind() {
        TermKind::Actor => 'a',
        TermKind::Source => 's',
        TermKind::Below => 'b',
        TermKind::Group => 'g',
        TermKind::Address => 'i',
    };
    format!("{kind}{}", term.value().replace('%', "%25").replace(' ', "%20"))
}

/// What an event is found by as a word: the term, or `#` and its fingerprint if it was taken over from a keeper that keeps no
/// words.
pub(super) fn mark_word(mark: &Mark) -> String {
    match mark {
        Mark::Term(term) => word(term),
        Mark::Print(print) => format!("#{print:016x}"),
    }
}

/// What a word stands for.
pub(super) fn mark_of(word: &str) -> Option<Mark> {
    let (kind, value) = word.split_at_checked(1)?;
    if kind == "#" {
        return u64::from_str_radix(value, 16).ok().map(Mark::Print);
    }
    let value = value.replace("%20", " ").replace("%25", "%");
    let term = match kind {
        "a" => Term::actor(&UserId::new(&value).ok()?),
        "s" => Term::source(&ItemId::new(&value).ok()?),
        "b" => Term::below(&ItemId::new(&value).ok()?),
        "g" => Term::group(&GroupId::new(&value).ok()?),
        "i" => Term::address(&value)?,
        _ => return None,
    };
    Some(Mark::Term(term))
}

/// Terms of which an event must have one, as words; and each as it is kept of what was taken over.
fn either(line: &EnterpriseId, terms: &[Term]) -> String {
    let prints = terms.iter().map(|term| mark_word(&Mark::Print(print_of(line.as_str(), term))));
    terms.iter().map(word).chain(prints).collect::<Vec<_>>().join(" ")
}

/// All terms of an event, as words.
pub(super) fn words(terms: &[Term]) -> String {
    terms.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// One entry that was looked at.
struct Looked {
    at: Place,
    recorded: Place,
    /// Whether it matches, and its bytes if they were wanted.
    found: Option<Bytes>,
}

/// What is looked through: between which places, not included, and how.
struct Look<'a> {
    enterprise: &'a EnterpriseId,
    filters: &'a Filters,
    order: Order,
    oldest: Second,
    after: Place,
    below: Place,
    wants_bytes: bool,
}

impl<'a> Look<'a> {
    /// Everything within the window of the filters.
    fn new(
        enterprise: &'a EnterpriseId,
        filters: &'a Filters,
        order: Order,
        oldest: Second,
        wants_bytes: bool,
    ) -> Self {
        let after = Place::at(filters.created_from.unwrap_or_default());
        let below = filters.created_before.map_or(Place::END, Place::at);
        Look { enterprise, filters, order, oldest, after, below, wants_bytes }
    }

    /// Goes on from a place.
    fn go_on(&mut self, from: Place) {
        match self.order {
            Order::OldestFirst => self.after = self.after.max(from),
            Order::NewestFirst => self.below = self.below.min(from),
        }
    }

    /// The next so many entries; fewer mean that there are no more.
    async fn stretch(&self, inner: &Inner, most: usize) -> Result<Vec<Looked>, Fault> {
        let direction = if self.order == Order::OldestFirst { "ASC" } else { "DESC" };
        let sql = SQL.replace("DIRECTION", direction);
        let values =
            (self.enterprise.as_str(), bits(self.after), bits(self.below), i64::try_from(most).unwrap_or(i64::MAX));
        let oldest = bits(Place::at(self.oldest));
        let types: Option<Vec<&str>> =
            (!self.filters.types.is_empty()).then(|| self.filters.types.iter().map(EventType::as_str).collect());
        let groups: Vec<String> = self.filters.terms().iter().map(|group| either(self.enterprise, group)).collect();
        let wants = self.wants_bytes || self.filters.text.is_some();
        let rows =
            read(&inner.pool, &sql, &[&values.0, &values.1, &values.2, &values.3, &oldest, &types, &groups, &wants])
                .await?;
        let looked = rows.iter().map(|row| {
            let bytes = || row.get::<_, Option<&[u8]>>(3).map(Bytes::copy_from_slice).unwrap_or_default();
            let found = row.get::<_, bool>(2).then(bytes);
            let text = self.filters.text.as_ref();
            let found = found.filter(|bytes| text.is_none_or(|text| text.is_in(bytes)));
            Looked { at: place(row.get(0)), recorded: place(row.get(1)), found }
        });
        Ok(looked.collect())
    }
}

#[async_trait]
impl Search for PostgresStore {
    async fn search(&self, searching: Searching) -> Result<Matches, Unavailable> {
        Ok(search(&self.inner, &searching).await?)
    }

    async fn count(&self, counting: Counting) -> Result<Counts, Unavailable> {
        Ok(count(&self.inner, &counting).await?)
    }
}

async fn search(inner: &Inner, searching: &Searching) -> Result<Matches, Fault> {
    let Searching { enterprise, filters, order, oldest, .. } = searching;
    let mut look = Look::new(enterprise, filters, *order, *oldest, true);
    if let Some(after) = searching.after {
        look.go_on(after);
    }
    let limit = searching.limit.min(PAGE_ENTRIES_MAX);
    let mut matches = Matches::default();
    let (mut looked, mut bytes, mut most) = (0, 0, FIRST_STRETCH.max(limit));
    while matches.entries.len() < limit
        && looked < SEARCH_LOOKED_MAX
        && bytes < SEARCH_PAGE_BYTES_MAX.min(SEARCH_READ_BYTES_MAX)
    {
        let stretch = look.stretch(inner, most).await?;
        let is_last = stretch.len() < most;
        let mut is_through = true;
        for Looked { at, recorded, found } in stretch {
            if matches.entries.len() == limit || SEARCH_PAGE_BYTES_MAX <= bytes {
                is_through = false;
                break;
            }
            matches.last = Some(at);
            looked += 1;
            if let Some(found) = found {
                bytes += found.len();
                matches.entries.push(Match { at, recorded, bytes: found });
            }
        }
        if is_last && is_through {
            matches.end = matches.entries.len() < limit;
            break;
        }
        if let Some(last) = matches.last {
            look.go_on(last);
        }
        most = STRETCH;
    }
    Ok(matches)
}

async fn count(inner: &Inner, counting: &Counting) -> Result<Counts, Fault> {
    let edges = &counting.edges;
    let first = edges.first().copied().unwrap_or_default();
    let mut counts = Counts { buckets: vec![0; edges.len().saturating_sub(1)], counted_from: first };
    let mut look = Look::new(&counting.enterprise, &counting.filters, Order::NewestFirst, counting.oldest, false);
    look.after = look.after.max(Place::at(first));
    look.below = look.below.min(edges.last().map_or(Place::START, |last| Place::at(*last)));
    let mut looked = 0;
    while looked < COUNT_LOOKED_MAX {
        let stretch = look.stretch(inner, COUNT_STRETCH).await?;
        looked += stretch.len();
        let is_last = stretch.len() < COUNT_STRETCH;
        for Looked { at, found, .. } in stretch {
            look.below = look.below.min(at);
            let before = edges.partition_point(|edge| *edge <= at.second);
            let bucket = before.checked_sub(1).and_then(|bucket| counts.buckets.get_mut(bucket));
            if let Some(bucket) = bucket.filter(|_| found.is_some()) {
                *bucket += 1;
            }
        }
        if is_last {
            return Ok(counts);
        }
    }
    // Of the second that was looked at last some may be missing.
    counts.counted_from = look.below.second.ahead(1).max(first);
    Ok(counts)
}
