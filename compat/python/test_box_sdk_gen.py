"""The v10 Python SDK (PyPI `boxsdk` 10, module `box_sdk_gen`), unmodified, against the real server."""

import datetime
import queue
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

import drafts
from client import client_for, follow
from demo import Demo, wait_until
from reading import assert_each_once, read_to_end

from box_sdk_gen import BaseUrls, BoxAPIError, BoxClient, BoxDeveloperTokenAuth, BoxSDKError, NetworkSession
from box_sdk_gen.managers.events import GetEventsEventType, GetEventsStreamType
from box_sdk_gen.networking.box_network_client import BoxNetworkClient
from box_sdk_gen.schemas.event_source import EventSource
from box_sdk_gen.schemas.file import File
from box_sdk_gen.schemas.folder import Folder
from box_sdk_gen.schemas.user import User

EVENTS = 250
PAGE = 20
# History shows an event once its second has settled: a second in the demo, and a little for a slow machine.
SETTLED_WITHIN_S = 20
# Well below the fifty seconds after which a poll ends by itself: an event that comes in time has woken its reader.
WOKEN_WITHIN_S = 10

ALL_STREAMS = ["all", "changes", "sync", "admin_logs", "admin_logs_streaming"]
NOT_IN_CHANGES = {"COMMENT_CREATE"}

demo = None


def setUpModule():
    global demo
    demo = Demo()


def tearDownModule():
    demo.stop()


def fetcher(client, stream_type, **filters):
    def fetch(position, limit):
        page = client.events.get_events(
            stream_type=GetEventsStreamType(stream_type), stream_position=str(position), limit=limit, **filters
        )
        return page.chunk_size, page.entries, page.next_stream_position

    return fetch


def ids(events):
    return [event.event_id for event in events]


def type_of(event):
    """The SDK gives a member of its enumeration for a type it knows, and the bare name for one it does not."""
    return getattr(event.event_type, "value", event.event_type)


def published(results, feed):
    return [result[feed]["event_id"] for result in results if result[feed] is not None]


class PollsSeen(BoxNetworkClient):
    """The SDK's own network client, telling when a long poll begins. What is sent and read stays the SDK's."""

    def __init__(self):
        super().__init__()
        self.begun = queue.Queue()

    def fetch(self, options):
        if not options.url.endswith("/2.0/events"):
            self.begun.put(options.url)
        return super().fetch(options)


def polling_client(token):
    polls = PollsSeen()
    urls = BaseUrls(base_url=demo.base_url, upload_url=demo.base_url, oauth_2_url=f"{demo.base_url}/oauth2")
    session = NetworkSession(base_urls=urls, network_client=polls)
    return BoxClient(auth=BoxDeveloperTokenAuth(token=token), network_session=session), polls


def start_following(client, position, stream_type):
    """Events of the SDK's stream, put into a queue by a thread that ends with the test run."""
    stream, arrived = follow(client, position, stream_type), queue.Queue()

    def run():
        for event in stream:
            arrived.put(event)

    threading.Thread(target=run, daemon=True).start()
    return stream, arrived


class Reading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.user = client_for(demo.base_url, demo.user_token)
        cls.admin = client_for(demo.base_url, demo.admin_token)
        cls.drafts = drafts.mixed(EVENTS, demo.user_id, [demo.user_id])
        cls.results = demo.publish(cls.drafts)

    def test_all_gives_every_event_once(self):
        events, _ = read_to_end(fetcher(self.user, "all"), PAGE)
        assert_each_once(published(self.results, "user"), ids(events), "all")

    def test_changes_gives_every_change_once_and_nothing_else(self):
        events, _ = read_to_end(fetcher(self.user, "changes"), PAGE)
        changes = [
            result["user"]["event_id"]
            for draft, result in zip(self.drafts, self.results)
            if draft["user"]["event_type"] not in NOT_IN_CHANGES
        ]
        assert_each_once(changes, ids(events), "changes")
        self.assertEqual(NOT_IN_CHANGES & {type_of(event) for event in events}, set())

    def test_admin_logs_streaming_gives_every_event_once(self):
        events, _ = read_to_end(fetcher(self.admin, "admin_logs_streaming"), PAGE)
        assert_each_once(published(self.results, "enterprise"), ids(events), "admin_logs_streaming")

    def test_admin_logs_gives_every_event_once_in_order_of_time(self):
        last = published(self.results, "enterprise")[-1]

        history = fetcher(self.admin, "admin_logs")
        wait_until(
            lambda: last in ids(read_to_end(history, PAGE, growing=True)[0]),
            SETTLED_WITHIN_S,
            "admin_logs to show the last event published",
        )
        events, _ = read_to_end(history, PAGE)
        assert_each_once(published(self.results, "enterprise"), ids(events), "admin_logs")
        times = [event.created_at for event in events if event.event_id in set(published(self.results, "enterprise"))]
        self.assertEqual(times, sorted(times))

    def test_another_user_sees_none_of_it(self):
        other = client_for(demo.base_url, demo.other_user_token)
        events, _ = read_to_end(fetcher(other, "all"), PAGE)
        self.assertEqual(set(published(self.results, "user")) & set(ids(events)), set())

    def test_as_user_reads_the_feed_of_that_user(self):
        events, _ = read_to_end(fetcher(self.admin.with_as_user_header(demo.user_id), "all"), PAGE)
        assert_each_once(published(self.results, "user"), ids(events), "all, As-User")

    def test_sources_are_read_as_what_they_are(self):
        events, _ = read_to_end(fetcher(self.user, "all"), PAGE)
        kinds = {type_of(event): type(event.source) for event in events}
        self.assertIs(kinds["ITEM_UPLOAD"], File)
        self.assertIs(kinds["ITEM_CREATE"], Folder)
        events, _ = read_to_end(fetcher(self.admin, "admin_logs_streaming"), PAGE)
        kinds = {type_of(event): type(event.source) for event in events}
        self.assertIs(kinds["UPLOAD"], EventSource)

    def test_an_admin_streaming_filter_gives_only_that_type(self):
        comments = fetcher(self.admin, "admin_logs_streaming", event_type=[GetEventsEventType.COMMENT_CREATE])
        events, _ = read_to_end(comments, PAGE)
        expected = [
            result["enterprise"]["event_id"]
            for draft, result in zip(self.drafts, self.results)
            if draft["enterprise"]["event_type"] == "COMMENT_CREATE"
        ]
        assert_each_once(expected, ids(events), "admin_logs_streaming, COMMENT_CREATE")
        self.assertEqual({type_of(event) for event in events}, {"COMMENT_CREATE"})


class Now(unittest.TestCase):
    def test_now_gives_no_entries_and_a_position_to_go_on_from(self):
        for stream_type in ALL_STREAMS:
            with self.subTest(stream_type=stream_type):
                enterprise = stream_type.startswith("admin_")
                client = client_for(demo.base_url, demo.admin_token if enterprise else demo.user_token)
                page = client.events.get_events(stream_type=GetEventsStreamType(stream_type), stream_position="now")
                self.assertEqual((page.chunk_size, page.entries), (0, []))
                self.assertGreater(int(page.next_stream_position), 0)
                self.assertIsInstance(page.next_stream_position, str if enterprise else int)
                if stream_type == "sync":
                    continue  # The folder is not synced, so this stream stays as it is.
                result = demo.publish([drafts.deed("upload", demo.user_id, [demo.user_id], 1)])[0]
                expected = result["enterprise" if enterprise else "user"]["event_id"]
                fetch = fetcher(client, stream_type)

                def arrived():
                    events, _ = read_to_end(fetch, PAGE, page.next_stream_position, growing=True)
                    return ids(events) if expected in ids(events) else None

                # History may still be settling older events, which then come first.
                read = wait_until(arrived, SETTLED_WITHIN_S, f"{stream_type} to show the event")
                self.assertEqual(read.count(expected), 1)
                if stream_type != "admin_logs":
                    self.assertEqual(read, [expected])


class Following(unittest.TestCase):
    def check_woken(self, token, stream_type, feed, draft):
        client, polls = polling_client(token)
        page = client.events.get_events(stream_type=GetEventsStreamType(stream_type), stream_position="now")
        stream, arrived = start_following(client, page.next_stream_position, stream_type)
        self.addCleanup(stream.stop)
        for number in range(3):
            polls.begun.get(timeout=WOKEN_WITHIN_S)
            expected = demo.publish([draft(number)])[0][feed]["event_id"]
            self.assertEqual(arrived.get(timeout=WOKEN_WITHIN_S).event_id, expected)
        self.assertTrue(arrived.empty())

    def test_a_waiting_stream_yields_what_is_published(self):
        self.check_woken(
            demo.user_token, "all", "user", lambda n: drafts.deed("comment", demo.user_id, [demo.user_id], n)
        )

    def test_a_waiting_stream_of_changes_yields_what_is_published(self):
        self.check_woken(
            demo.user_token, "changes", "user", lambda n: drafts.deed("upload", demo.user_id, [demo.user_id], n)
        )

    def test_a_waiting_stream_of_the_enterprise_is_woken_live(self):
        self.check_woken(
            demo.admin_token, "admin_logs_streaming", "enterprise", lambda n: drafts.deed("login", demo.user_id)
        )

    def test_a_stream_from_the_past_catches_up_and_goes_on(self):
        client, polls = polling_client(demo.user_token)
        page = client.events.get_events(stream_position="now")
        earlier = demo.publish(drafts.mixed(120, demo.user_id, [demo.user_id]))
        stream, arrived = start_following(client, page.next_stream_position, "all")
        self.addCleanup(stream.stop)
        read = [arrived.get(timeout=WOKEN_WITHIN_S).event_id for _ in earlier]
        polls.begun.get(timeout=WOKEN_WITHIN_S)
        later = demo.publish([drafts.deed("upload", demo.user_id, [demo.user_id], 7)])
        read.append(arrived.get(timeout=WOKEN_WITHIN_S).event_id)
        self.assertEqual(read, published(earlier + later, "user"))


class History(unittest.TestCase):
    def test_a_time_window_and_types_choose_events(self):
        admin = client_for(demo.base_url, demo.admin_token)
        first = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)).replace(microsecond=0)
        hours = [first + datetime.timedelta(hours=hour) for hour in range(8)]
        # Published backwards: the order of a window is that of the deeds.
        logins = [drafts.deed("login", demo.user_id, created_at=hour.isoformat()) for hour in reversed(hours)]
        failures = [
            drafts.deed("failed_login", demo.user_id, created_at=hour.isoformat()) for hour in reversed(hours)
        ]
        by_hour = list(reversed(published(demo.publish(logins), "enterprise")))
        failed_by_hour = list(reversed(published(demo.publish(failures), "enterprise")))

        # The lower bound belongs to the window, the upper does not.
        window = {"created_after": hours[2], "created_before": hours[6]}
        ours = set(by_hour + failed_by_hour)

        def read_window(*types, growing=False):
            pages = fetcher(admin, "admin_logs", event_type=list(types), **window)
            events, _ = read_to_end(pages, 3, growing=growing)
            self.assertLessEqual({type_of(event) for event in events}, {wanted.value for wanted in types})
            times = [event.created_at for event in events]
            self.assertEqual(times, sorted(times))
            self.assertTrue(all(hours[2] <= time < hours[6] for time in times), times)
            return [event_id for event_id in ids(events) if event_id in ours]

        wait_until(
            lambda: by_hour[2] in read_window(GetEventsEventType.LOGIN, growing=True)
            and failed_by_hour[2] in read_window(GetEventsEventType.FAILED_LOGIN, growing=True),
            SETTLED_WITHIN_S,
            "the window to show what was published",
        )
        self.assertEqual(read_window(GetEventsEventType.LOGIN), by_hour[2:6])
        both = read_window(GetEventsEventType.LOGIN, GetEventsEventType.FAILED_LOGIN)
        self.assertEqual(sorted(both), sorted(by_hour[2:6] + failed_by_hour[2:6]))


class Rights(unittest.TestCase):
    def assert_refused(self, client, stream_type):
        with self.assertRaises(BoxAPIError) as refusal:
            client.events.get_events(stream_type=GetEventsStreamType(stream_type), stream_position="0")
        self.assertEqual(refusal.exception.response_info.status_code, 403)
        self.assertEqual(refusal.exception.response_info.code, "access_denied_insufficient_permissions")

    def test_who_is_no_administrator_is_refused_on_enterprise_streams(self):
        user = client_for(demo.base_url, demo.user_token)
        for stream_type in ["admin_logs", "admin_logs_streaming"]:
            with self.subTest(stream_type=stream_type):
                self.assert_refused(user, stream_type)

    def test_an_administrator_acting_for_an_ordinary_user_is_refused_there_too(self):
        as_user = client_for(demo.base_url, demo.admin_token).with_as_user_header(demo.user_id)
        self.assert_refused(as_user, "admin_logs")

    def test_an_ordinary_user_may_not_act_for_another(self):
        user = client_for(demo.base_url, demo.user_token)
        self.assert_refused(user.with_as_user_header(demo.other_user_id), "all")

    def test_a_co_admin_reads_enterprise_streams(self):
        coadmin = client_for(demo.base_url, demo.coadmin_token)
        for stream_type in ["admin_logs", "admin_logs_streaming"]:
            page = coadmin.events.get_events(stream_type=GetEventsStreamType(stream_type), stream_position="now")
            self.assertEqual(page.entries, [])

    def test_a_bad_token_is_refused(self):
        # On 401 the SDK asks for a new developer token, which it cannot get by itself: this exact error.
        with self.assertRaises(BoxSDKError) as refusal:
            client_for(demo.base_url, "not-a-token").events.get_events()
        self.assertIn("Developer token has expired", refusal.exception.message)

    def test_users_me_says_whose_token_it_is(self):
        admin = client_for(demo.base_url, demo.admin_token)
        self.assertEqual(admin.users.get_user_me().id, demo.admin_id)
        self.assertEqual(client_for(demo.base_url, demo.user_token).users.get_user_me().id, demo.user_id)
        self.assertEqual(admin.with_as_user_header(demo.user_id).users.get_user_me().id, demo.user_id)


class Samples(unittest.TestCase):
    """Every kind of event we have an example of passes the strict parser. They change users and groups as they are
    published, so they get a server to themselves."""

    def test_every_sample_event_is_read(self):
        own = Demo()
        self.addCleanup(own.stop)
        clients = {
            "user": (client_for(own.base_url, own.user_token), "all"),
            "enterprise": (client_for(own.base_url, own.admin_token), "admin_logs_streaming"),
        }
        for feed, (client, stream_type) in clients.items():
            with self.subTest(feed=feed):
                samples = drafts.samples(feed)
                own.publish([drafts.draft_of_sample(feed, event, [own.user_id]) for event in samples])
                events, _ = read_to_end(fetcher(client, stream_type), PAGE)
                assert_each_once([sample["event_id"] for sample in samples], ids(events), stream_type)
                read = {event.event_id: event for event in events}
                for sample in samples:
                    event = read[sample["event_id"]]
                    self.assertEqual(type_of(event), sample["event_type"])
                    self.assertEqual(event.created_by.id, sample["created_by"]["id"])
                    expected = sample["source"] and {"file": File, "folder": Folder, "user": User}.get(
                        sample["source"].get("type")
                    )
                    if expected:
                        self.assertIs(type(event.source), expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
