"""Reading a stream to its end as a careful client does, with every promise about pages checked on the way."""

# Far above what any test publishes: a stream that never ends is a fault, not a hang.
PAGES_MAX = 1000


def read_to_end(fetch, limit, position=0, growing=False):
    """All entries from `position` on, and the position at the end.

    `fetch(position, limit)` gives `(chunk_size, entries, next_position)`. A page is full as long as more events wait,
    a page with entries moves the position, and the empty page at the end is a fixed point. Where events may still
    become visible during the reading (`growing`: history that settles), full pages and the fixed point prove nothing.
    """
    entries, seen_short_page = [], False
    for _ in range(PAGES_MAX):
        chunk_size, page, next_position = fetch(position, limit)
        assert chunk_size == len(page), f"chunk_size {chunk_size} for a page of {len(page)} entries"
        assert len(page) <= limit, f"{len(page)} entries, asked for at most {limit}"
        assert 0 < int(next_position) < 2**53, f"position {next_position!r} is not one every client can hold"
        assert str(next_position) == str(int(next_position)), f"position {next_position!r} is not plain digits"
        if not page:
            if growing:
                return entries, next_position
            again = fetch(next_position, limit)
            assert (again[1], again[2]) == ([], next_position), f"the end moved by itself: {next_position} to {again}"
            return entries, next_position
        assert growing or not seen_short_page, "a page was not full although more events waited"
        seen_short_page = len(page) < limit
        assert int(next_position) > int(position), f"a page of {len(page)} entries left the position at {position}"
        entries.extend(page)
        position = next_position
    raise AssertionError(f"no end after {PAGES_MAX} pages")


def assert_each_once(expected_ids, read_ids, stream):
    """Nothing lost, nothing twice, and what was published in one order is read in it."""
    assert len(read_ids) == len(set(read_ids)), f"{stream}: an event came twice"
    lost = set(expected_ids) - set(read_ids)
    assert not lost, f"{stream}: {len(lost)} of {len(expected_ids)} events were lost, one is {sorted(lost)[0]}"
    ours = set(expected_ids)
    assert [i for i in read_ids if i in ours] == list(expected_ids), f"{stream}: not in the order of publishing"
