"""Reports as those read them who ask for them: Parquet by DuckDB and by Arrow's own reader, CSV and NDJSON by the
standard library, all compared with each other row by row; and `tidings report verify` over what was fetched."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

import drafts
from demo import Demo

# More than a row group has (20,000), and several parts.
EVENTS = 25_000
PART_ROWS = 10_000
A_PUBLISH = 5_000
REPORT_WITHIN_S = 120
TIMES = ["created_at", "recorded_at"]
TEXTS = [
    "event_type", "event_id", "actor_id", "actor_name", "actor_login", "action_by", "source_type", "source_id",
    "source_name", "parent_id", "parent_name", "owner_login", "ip_address", "session_id", "additional_details",
]
# What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Texts that break what is written carelessly.
TRICKY = [
    '=HYPERLINK("http://203.0.113.9")', "+1", "-1", "@SUM(1)", 'say "hi", twice', "two\nlines", "tab\tand\r\nreturn",
    "Åsa Ørsted 大川 🗂", " ", "'quoted", "back\\slash", "a;b,c", "\u2028\u200f", "null", "",
]


def tricky(number):
    """An event of the enterprise feed, each with one of the tricky texts in several places."""
    text = TRICKY[number % len(TRICKY)]
    return {
        "feed": "enterprise",
        "event_type": ["LOGIN", "DOWNLOAD", "UPLOAD"][number % 3],
        "event_id": f"tricky-{number}",
        "created_at": datetime.fromtimestamp(1_750_000_000 + number * 7).astimezone().isoformat(),
        "created_by": {"type": "user", "id": str(9_000_000 + number % 50), "name": text or "Nemo", "login": f"u{number % 50}@halden.example"},
        "source": {"item_type": "file", "item_id": str(number), "item_name": text,
                   "parent": {"type": "folder", "name": text, "id": "31"}},
        "ip_address": text[:40] or "10.0.0.1",
        "session_id": None,
        "additional_details": {"text": text, "number": number, "nested": [1.5, True, None, {"k": text}]},
    }


def seconds(text):
    """The second that a time of an event or of a cell means."""
    return int(datetime.fromisoformat(text).timestamp())


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        events = drafts.samples("enterprise")
        cls.demo.publish([{"enterprise": event, "audience": [], "derive": False} for event in events])
        for start in range(0, EVENTS, A_PUBLISH):
            cls.demo.publish([tricky(number) for number in range(start, start + A_PUBLISH)], A_PUBLISH)
        cls.folder = tempfile.TemporaryDirectory(prefix="tidings-reports-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.demo.stop)
        # The window is closed: what asking for reports leaves in the audit log is in none of them.
        window = ["--to", "2026-01-01T00:00:00Z", "--part-rows", str(PART_ROWS)]
        columns = ["--column", ",".join([*TIMES, *TEXTS, "event"])]
        cls.dirs = {
            "ndjson": cls.made("ndjson", *window),
            "csv": cls.made("csv", *window, *columns),
            "parquet": cls.made("parquet", *window, *columns),
        }
        cls.events = [
            json.loads(line)
            for part in sorted(cls.dirs["ndjson"].glob("part-*.ndjson"))
            for line in part.read_text(encoding="utf-8").split("\n")
            if line
        ]

    @classmethod
    def tidings(cls, *words):
        """The command, as an administrator of the demo."""
        return subprocess.run(
            [os.environ["TIDINGS_BIN"], *words],
            env={**os.environ, "TIDINGS_URL": cls.demo.base_url, "TIDINGS_TOKEN": cls.demo.admin_token},
            capture_output=True,
            encoding="utf-8",
            timeout=REPORT_WITHIN_S,
        )

    @classmethod
    def made(cls, form, *words):
        """The directory of a report that was asked for, waited for and fetched."""
        where = Path(cls.folder.name) / f"{form}-{time.monotonic_ns()}"
        asked = cls.tidings("report", "new", "--format", form, "--fetch", str(where), "--json", *words)
        if asked.returncode != 0:
            raise AssertionError(asked.stderr)
        return where

    def parquet(self, query, form="parquet"):
        """What DuckDB answers; `report` in the query stands for all parts."""
        report = f"read_parquet('{self.dirs[form]}/part-*.parquet')"
        return duckdb.sql(query.replace("report", report)).fetchall()

    def test_every_form_has_every_event_once(self):
        ids = [event["event_id"] for event in self.events]
        wanted = EVENTS + len(drafts.samples("enterprise"))
        self.assertEqual((len(ids), len(set(ids))), (wanted, wanted))
        self.assertEqual(self.parquet("SELECT count(*), count(DISTINCT event_id) FROM report"), [(wanted, wanted)])
        for form, where in self.dirs.items():
            manifest = json.loads((where / "manifest.json").read_text(encoding="utf-8"))["manifest"]
            self.assertEqual(manifest["rows"], wanted, form)
            self.assertEqual([part["rows"] for part in manifest["parts"]], [10_000, 10_000, wanted - 20_000], form)
            self.assertEqual(len(list(where.glob("part-*"))), 3, form)

    def test_duckdb_sees_times_in_utc_and_texts(self):
        described = {name: kind for name, kind, *_ in self.parquet("DESCRIBE SELECT * FROM report")}
        wanted = {**{name: "TIMESTAMP WITH TIME ZONE" for name in TIMES}, **{name: "VARCHAR" for name in [*TEXTS, "event"]}}
        self.assertEqual(described, wanted)

    def test_arrow_sees_the_same(self):
        table = pyarrow.parquet.read_table(sorted(map(str, self.dirs["parquet"].glob("part-*.parquet"))))
        self.assertEqual(table.num_rows, len(self.events))
        for name in TIMES:
            self.assertEqual(str(table.schema.field(name).type), "timestamp[ms, tz=UTC]")
        for name in TEXTS:
            self.assertEqual(str(table.schema.field(name).type), "string")
        ids = [event["event_id"] for event in self.events]
        self.assertEqual(table.column("event_id").to_pylist(), ids)

    def test_parquet_says_of_each_event_what_ndjson_says(self):
        rows = self.parquet(
            "SELECT event, epoch_ms(created_at), event_type, event_id, actor_id, actor_name, actor_login, ip_address, "
            "source_id, additional_details FROM report"
        )
        self.assertEqual(len(rows), len(self.events))
        for row, event in zip(rows, self.events):
            actor = event["created_by"]
            self.assertEqual(json.loads(row[0]), event)
            self.assertEqual(row[1], seconds(event["created_at"]) * 1_000)
            known = (event["event_type"], event["event_id"], actor["id"], actor["name"], actor["login"])
            self.assertEqual(row[2:7], known)
            self.assertEqual(row[7], event["ip_address"] or "")
            if "item_id" in (event["source"] or {}):
                self.assertEqual(row[8], event["source"]["item_id"])
            details = event["additional_details"]
            self.assertEqual(json.loads(row[9]) if row[9] else None, details)

    def test_csv_says_what_parquet_says(self):
        listed = ", ".join([*(f"epoch_ms({name})" for name in TIMES), *TEXTS, "event"])
        rows = iter(self.parquet(f"SELECT {listed} FROM report"))
        count = 0
        for part in sorted(self.dirs["csv"].glob("part-*.csv")):
            with open(part, encoding="utf-8", newline="") as file:
                lines = csv.reader(file)
                self.assertEqual(next(lines), [*TIMES, *TEXTS, "event"])
                for line in lines:
                    count += 1
                    row = next(rows)
                    self.assertEqual([seconds(cell) * 1_000 for cell in line[:2]], list(row[:2]))
                    # No cell is a formula, and what guards it is an apostrophe.
                    self.assertFalse([cell for cell in line if cell.startswith(FORMULA)])
                    guarded = [f"'{text}" if text.startswith(FORMULA) else text for text in row[2:]]
                    self.assertEqual(line[2:], guarded)
        self.assertEqual(count, len(self.events))

    def test_duckdb_answers_questions(self):
        by_type = dict(self.parquet("SELECT event_type, count(*) FROM report WHERE event_id LIKE 'tricky-%' GROUP BY ALL"))
        self.assertEqual(sorted(by_type), ["DOWNLOAD", "LOGIN", "UPLOAD"])
        self.assertEqual(sum(by_type.values()), EVENTS)
        # The parts follow each other in time.
        ordered = self.parquet("SELECT epoch_ms(created_at) FROM report")
        self.assertEqual(ordered, sorted(ordered))
        self.assertEqual(len(ordered), len(self.events))
        window = self.parquet("SELECT count(*) FROM report WHERE created_at < TIMESTAMPTZ '2025-06-15 16:00:00+00' AND event_id LIKE 'tricky-%'")
        wanted = sum(1 for number in range(EVENTS) if 1_750_000_000 + number * 7 < seconds("2025-06-15T16:00:00+00:00"))
        self.assertEqual(window, [(wanted,)])

    def test_filters_and_columns_are_those_asked_for(self):
        where = self.made("parquet", "--type", "LOGIN", "--actor", "9000007", "--column", "event_id,created_at")
        found = duckdb.sql(f"SELECT * FROM read_parquet('{where}/*.parquet')")
        self.assertEqual(found.columns, ["event_id", "created_at"])
        wanted = {
            event["event_id"]
            for event in self.events
            if event["event_type"] == "LOGIN" and event["created_by"]["id"] == "9000007"
        }
        self.assertTrue(wanted)
        self.assertEqual({row[0] for row in duckdb.sql(f"SELECT event_id FROM read_parquet('{where}/*.parquet')").fetchall()}, wanted)

    def test_a_report_of_nothing_is_read_as_such(self):
        nothing = ["--type", "LOGIN", "--text", "no event has this text"]
        where = self.made("parquet", *nothing)
        self.assertEqual(duckdb.sql(f"SELECT count(*) FROM read_parquet('{where}/*.parquet')").fetchall(), [(0,)])
        self.assertEqual(pyarrow.parquet.read_table(where / "part-00001.parquet").num_rows, 0)
        where = self.made("csv", *nothing)
        self.assertEqual(len((where / "part-00001.csv").read_text(encoding="utf-8").splitlines()), 1)
        where = self.made("ndjson", *nothing)
        self.assertEqual((where / "part-00001.ndjson").read_bytes(), b"")
        self.assertEqual(self.tidings("report", "verify", str(where)).returncode, 0)

    def test_verify_passes_and_fails_on_a_changed_byte(self):
        for form, where in self.dirs.items():
            with self.subTest(form=form):
                good = self.tidings("report", "verify", str(where))
                self.assertEqual(good.returncode, 0, good.stderr)
                self.assertIn(f"{len(self.events)} events in 3 parts", good.stdout)
                part = where / f"part-00002.{form}"
                whole = part.read_bytes()
                for at in [0, len(whole) // 2, len(whole) - 1]:
                    part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
                    bad = self.tidings("report", "verify", str(where))
                    self.assertNotEqual(bad.returncode, 0, f"byte {at}")
                    self.assertIn(part.name, bad.stderr)
                part.write_bytes(whole)
                manifest = where / "manifest.json"
                text = manifest.read_text(encoding="utf-8")
                manifest.write_text(text.replace('"format"', '"Format"'), encoding="utf-8")
                bad = self.tidings("report", "verify", str(where))
                self.assertNotEqual(bad.returncode, 0)
                self.assertIn("manifest.json", bad.stderr)
                manifest.write_text(text, encoding="utf-8")
                self.assertEqual(self.tidings("report", "verify", str(where)).returncode, 0)

    def test_verify_asks_for_the_key_it_is_told(self):
        where = self.dirs["csv"]
        own = json.loads(self.tidings("report", "verify", str(where), "--json").stdout)["key_fingerprint"]
        self.assertEqual(self.tidings("report", "verify", str(where), "--fingerprint", own).returncode, 0)
        other = self.tidings("report", "verify", str(where), "--fingerprint", "0000-0000")
        self.assertNotEqual(other.returncode, 0)
        self.assertIn("another key", other.stderr)


if __name__ == "__main__":
    unittest.main()
