"""Drafts for the suites, made from the same templates (`deeds.json`) in every language.

A template holds a deed as both feeds tell it; `$BY` stands for who did it and `$NUMBER` keeps one item from the next.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DEEDS = json.loads((FOLDER / "deeds.json").read_text(encoding="utf-8"))
SAMPLES = FOLDER.parent / "samples"


def deed(name, by_id, audience=(), number=0, created_at=None):
    """One draft. It derives nothing, so what is read is what was published here."""
    text = json.dumps(DEEDS[name]).replace("$BY", by_id).replace("$NUMBER", str(number))
    draft = {**json.loads(text), "audience": list(audience), "derive": False}
    if created_at is not None:
        for feed in DEEDS[name]:
            draft[feed]["created_at"] = created_at
    return draft


def mixed(count, by_id, audience):
    """Many deeds: two in five are not file uploads, and one in five, the comment, is in `all` but not in `changes`."""
    names = ["upload", "upload", "upload", "folder", "comment"]
    return [deed(names[number % len(names)], by_id, audience, number) for number in range(count)]


def samples(feed):
    """The events of the samples, as readers get them."""
    lines = (SAMPLES / f"{feed}-events.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def draft_of_sample(feed, event, audience):
    """A sample event as a draft that says whose feed it is for and derives nothing."""
    return {feed: event, "audience": audience, "derive": False}
