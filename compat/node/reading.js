// Reading a stream to its end as a careful client does, with every promise about pages checked on the way.
'use strict';

const assert = require('node:assert/strict');

// Far above what any test publishes: a stream that never ends is a fault, not a hang.
const PAGES_MAX = 1000;

// All entries from `position` on. `fetchPage(position, limit)` gives the SDK's page. A page is full as long as more
// events wait, a page with entries moves the position, and the empty page at the end is a fixed point. Where events
// may still become visible during the reading (`growing`: history that settles), the first and last prove nothing.
async function readToEnd(fetchPage, limit, { position = '0', growing = false } = {}) {
  const entries = [];
  let seenShortPage = false;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await fetchPage(position, limit);
    const next = page.nextStreamPosition;
    assert.equal(page.chunkSize, page.entries.length, 'chunk_size is the number of entries');
    assert.ok(page.entries.length <= limit, `${page.entries.length} entries, asked for at most ${limit}`);
    assert.match(String(next), /^[1-9][0-9]*$/, 'a position is plain digits, and never 0');
    assert.ok(Number.isSafeInteger(Number(next)), `position ${next} is not one every client can hold`);
    if (page.entries.length === 0) {
      if (growing) return entries;
      const again = await fetchPage(next, limit);
      assert.equal(again.entries.length, 0, 'the end moved by itself');
      assert.strictEqual(again.nextStreamPosition, next, 'the end is not a fixed point');
      return entries;
    }
    assert.ok(growing || !seenShortPage, 'a page was not full although more events waited');
    seenShortPage = page.entries.length < limit;
    assert.ok(Number(next) > Number(position), `a page with entries left the position at ${position}`);
    entries.push(...page.entries);
    position = next;
  }
  throw new Error(`no end after ${PAGES_MAX} pages`);
}

// Nothing lost, nothing twice, and what was published in one order is read in it.
function assertEachOnce(expectedIds, readIds, stream) {
  assert.equal(new Set(readIds).size, readIds.length, `${stream}: an event came twice`);
  const read = new Set(readIds);
  const lost = expectedIds.filter((id) => !read.has(id));
  assert.equal(lost.length, 0, `${stream}: ${lost.length} of ${expectedIds.length} events were lost`);
  const ours = new Set(expectedIds);
  assert.deepEqual(readIds.filter((id) => ours.has(id)), expectedIds, `${stream}: not in the order of publishing`);
}

module.exports = { readToEnd, assertEachOnce };
