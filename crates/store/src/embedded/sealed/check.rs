//! Reading and checking all of a sealed half.

use super::super::codec::index;
use super::super::fault::Fault;
use super::half::Half;
use super::index::{ENTRY_BYTES, Section};

impl Half {
    /// Reads and checks all of both files, and that the index leads to what the data holds. Answers how many entries
    /// are whole, and tells each damage.
    pub(in super::super) fn check(&self, done: &mut dyn FnMut(u64), damage: &mut dyn FnMut(Fault)) -> u64 {
        let content = self.sections.iter().map(|(start, length)| start + length).max().unwrap_or(0);
        self.index.check(content, done, damage);
        let (mut whole, mut next) = (0, 0u32);
        let count = self.count(Section::Entries, ENTRY_BYTES);
        for number in 0..self.data.blocks {
            match self.check_block(number, &mut next) {
                Ok((entries, bytes)) => {
                    whole += entries;
                    done(bytes);
                }
                Err(fault) => {
                    damage(fault);
                    // Where the entries of the next block begin in the index can still be found.
                    let (mut after, mut entries) = (next, self.entries());
                    while after < count && entries.get(after).is_ok_and(|entry| entry.block <= number) {
                        after += 1;
                    }
                    next = after;
                }
            }
        }
        if self.terms_lead_astray().unwrap_or(true) {
            damage(self.malformed(0, "its terms do not lead to entries; they"));
        }
        if next != count {
            damage(self.malformed(0, "its entries are not those of the data file; they"));
        }
        whole
    }

    fn check_block(&self, number: u32, next: &mut u32) -> Result<(u64, u64), Fault> {
        let (bytes, _, lie) = self.data.block_at(number)?;
        let block = self.data.parse(number, &bytes)?;
        let (mut entries, mut spans) = (self.entries(), self.spans());
        for slot in 0..block.count() {
            let facts = block.facts(slot).ok_or_else(|| self.data.malformed(number))?;
            let entry = entries.get(*next)?;
            let leads_here = entry.place == facts.place && entry.block == number && index(entry.slot) == slot;
            if !leads_here || block.rendering(slot).is_none() {
                return Err(self.malformed(0, "its entries do not lead to what the data file holds; they"));
            }
            if self.has_spans() && lie.get(slot) != Some(&spans.get(*next)?) {
                return Err(self.malformed(0, "its spans do not lead to what the data file holds; they"));
            }
            *next += 1;
        }
        Ok((block.count() as u64, bytes.len() as u64))
    }
}
