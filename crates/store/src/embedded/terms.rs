//! Fingerprints of what enterprise events can be found by: their terms and their type. Part of the format.

use super::block::Facts;
use super::codec::{fingerprint, put_u64};
use feed::filter::TypeFilter;
use feed::intake::stored_terms;
use feed::search::Filters;
use feed::term::{Term, TermKind};

/// Room among the seeds of fingerprints.
const SEED: u64 = 0x200;

/// The fingerprint of a term within a line.
pub(crate) fn print_of(line: &str, term: &Term) -> u64 {
    // The kind stands behind the enterprise: in the seed it could make up for a difference between two enterprises.
    let kind = match term.kind() {
        TermKind::Actor => "actor",
        TermKind::Source => "source",
        TermKind::Below => "below",
        TermKind::Group => "group",
        TermKind::Address => "address",
    };
    fingerprint(SEED, &[line, kind, term.value()])
}

/// The fingerprint of an event type within a line.
fn type_print(line: &str, event_type: &str) -> u64 {
    fingerprint(SEED, &[line, "type", event_type])
}

/// Writes terms as [`Facts`] keep them.
pub(super) fn put_terms(line: &str, terms: &[Term]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 * terms.len());
    // A rendering of 64 KiB has room for far fewer terms than can be counted.
    terms.iter().take(usize::from(u16::MAX)).for_each(|term| put_u64(&mut out, print_of(line, term)));
    out
}

/// Everything an event can be found by, its type first. Of events that were stored before terms were, the rendering
/// tells what it can.
pub(super) fn prints(line: &str, facts: &Facts<'_>, rendering: &[u8], out: &mut Vec<u64>) {
    out.clear();
    out.push(type_print(line, facts.event_type));
    match facts.terms {
        Some(bytes) => {
            let words = bytes.chunks_exact(8).filter_map(|word| word.try_into().ok());
            out.extend(words.map(u64::from_le_bytes));
        }
        None => out.extend(stored_terms(rendering).iter().map(|term| print_of(line, term))),
    }
    out.sort_unstable();
    out.dedup();
}

/// Fingerprints of which an event must have at least one.
#[derive(Debug, Clone)]
pub(super) struct AnyOf {
    pub(super) prints: Vec<u64>,
    /// Whether no event has two of them, so that counts add up.
    pub(super) exclusive: bool,
}

/// One of some types.
pub(super) fn any_of_types(line: &str, types: &TypeFilter) -> AnyOf {
    let prints = types.wanted().iter().map(|name| type_print(line, name.as_str())).collect();
    AnyOf { prints, exclusive: true }
}

/// What an event must have to be taken by filters: something of each.
pub(super) fn wanted(line: &str, filters: &Filters) -> Vec<AnyOf> {
    let mut wanted = Vec::new();
    let types = filters.type_filter();
    if !types.takes_all() {
        wanted.push(any_of_types(line, &types));
    }
    for group in filters.terms() {
        let exclusive = group.len() == 1 || group.iter().all(|term| matches!(term.kind(), TermKind::Actor));
        let mut prints: Vec<u64> = group.iter().map(|term| print_of(line, term)).collect();
        prints.sort_unstable();
        prints.dedup();
        wanted.push(AnyOf { prints, exclusive });
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::id::UserId;

    #[test]
    fn they_are_part_of_the_format() {
        // If one of these changes, what is stored is not found any more: raise the format version instead.
        let actor = Term::actor(&UserId::new("7").unwrap());
        assert_eq!(
            [print_of("e1", &actor), type_print("e1", "LOGIN")],
            [11_340_968_783_666_814_011, 13_413_364_144_053_391_403]
        );
    }
}
