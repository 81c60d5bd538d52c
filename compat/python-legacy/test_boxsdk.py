"""The 3.x Python SDK (PyPI `boxsdk` 3.14), unmodified, against the real server."""

import datetime
import logging
import queue
import sys
import threading
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

import drafts
from client import client_for, follow
from demo import Demo, wait_until
from reading import assert_each_once, read_to_end

from boxsdk import BoxAPIException, Client
from boxsdk.auth.developer_token_auth import DeveloperTokenAuth
from boxsdk.network.default_network import DefaultNetwork
from boxsdk.object.events import EnterpriseEventsStreamType, UserEventsStreamType
from boxsdk.session.session import AuthorizedSession

EVENTS = 250
PAGE = 20
# History shows an event once its second has settled: a second in the demo, and a little for a slow machine.
SETTLED_WITHIN_S = 20
# Well below the fifty seconds after which a poll ends by itself: an event that comes in time has woken its reader.
WOKEN_WITHIN_S = 10

NOT_IN_CHANGES = {"COMMENT_CREATE"}

demo = None


def setUpModule():
    global demo
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    # The SDK prints every refusal, also those that are wanted here.
    logging.getLogger("boxsdk").setLevel(logging.CRITICAL)
    demo = Demo()


def tearDownModule():
    demo.stop()


def user_stream(client, stream_type):
    def fetch(position, limit):
        page = client.events().get_events(limit=limit, stream_position=position, stream_type=stream_type)
        return page["chunk_size"], page["entries"], page["next_stream_position"]

    return fetch


def admin_history(client, **filters):
    def fetch(position, limit):
        page = client.events().get_admin_events(limit=limit, stream_position=position, **filters)
        return page["chunk_size"], page["entries"], page["next_stream_position"]

    return fetch


def admin_streaming(client, **filters):
    def fetch(position, limit):
        page = client.events().get_admin_events_streaming(limit=limit, stream_position=position, **filters)
        return page["chunk_size"], page["entries"], page["next_stream_position"]

    return fetch


def ids(events):
    return [event.event_id for event in events]


def published(results, feed):
    return [result[feed]["event_id"] for result in results if result[feed] is not None]


class PollsSeen(DefaultNetwork):
    """The SDK's own network layer, telling when a long poll begins. What is sent and read stays the SDK's."""

    def __init__(self):
        super().__init__()
        self.begun = queue.Queue()

    def request(self, method, url, access_token, **kwargs):
        if not url.endswith("/2.0/events"):
            self.begun.put(url)
        return super().request(method, url, access_token, **kwargs)


class Reading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.user = client_for(demo.base_url, demo.user_token)
        cls.admin = client_for(demo.base_url, demo.admin_token)
        cls.drafts = drafts.mixed(EVENTS, demo.user_id, [demo.user_id])
        cls.results = demo.publish(cls.drafts)

    def test_all_gives_every_event_once(self):
        events, _ = read_to_end(user_stream(self.user, UserEventsStreamType.ALL), PAGE)
        assert_each_once(published(self.results, "user"), ids(events), "all")

    def test_changes_gives_every_change_once_and_nothing_else(self):
        events, _ = read_to_end(user_stream(self.user, UserEventsStreamType.CHANGES), PAGE)
        changes = [
            result["user"]["event_id"]
            for draft, result in zip(self.drafts, self.results)
            if draft["user"]["event_type"] not in NOT_IN_CHANGES
        ]
        assert_each_once(changes, ids(events), "changes")
        self.assertEqual(NOT_IN_CHANGES & {event.event_type for event in events}, set())

    def test_admin_logs_streaming_gives_every_event_once(self):
        events, _ = read_to_end(admin_streaming(self.admin), PAGE)
        assert_each_once(published(self.results, "enterprise"), ids(events), "admin_logs_streaming")

    def test_admin_logs_gives_every_event_once_in_order_of_time(self):
        last = published(self.results, "enterprise")[-1]

        history = admin_history(self.admin)
        wait_until(
            lambda: last in ids(read_to_end(history, PAGE, growing=True)[0]),
            SETTLED_WITHIN_S,
            "admin_logs to show the last event published",
        )
        events, _ = read_to_end(history, PAGE)
        assert_each_once(published(self.results, "enterprise"), ids(events), "admin_logs")
        ours = set(published(self.results, "enterprise"))
        times = [datetime.datetime.fromisoformat(event.created_at) for event in events if event.event_id in ours]
        self.assertEqual(times, sorted(times))

    def test_another_user_sees_none_of_it(self):
        other = client_for(demo.base_url, demo.other_user_token)
        events, _ = read_to_end(user_stream(other, UserEventsStreamType.ALL), PAGE)
        self.assertEqual(set(published(self.results, "user")) & set(ids(events)), set())

    def test_as_user_reads_the_feed_of_that_user(self):
        as_user = self.admin.as_user(self.admin.user(demo.user_id))
        events, _ = read_to_end(user_stream(as_user, UserEventsStreamType.ALL), PAGE)
        assert_each_once(published(self.results, "user"), ids(events), "all, As-User")

    def test_an_admin_streaming_filter_gives_only_that_type(self):
        events, _ = read_to_end(admin_streaming(self.admin, event_types=["COMMENT_CREATE"]), PAGE)
        expected = [
            result["enterprise"]["event_id"]
            for draft, result in zip(self.drafts, self.results)
            if draft["enterprise"]["event_type"] == "COMMENT_CREATE"
        ]
        assert_each_once(expected, ids(events), "admin_logs_streaming, COMMENT_CREATE")
        self.assertEqual({event.event_type for event in events}, {"COMMENT_CREATE"})


class Now(unittest.TestCase):
    def check(self, fetch, position_type, feed, read_at_once=True):
        chunk_size, entries, position = fetch("now", 100)
        self.assertEqual((chunk_size, entries), (0, []))
        self.assertIsInstance(position, position_type)
        self.assertGreater(int(position), 0)
        expected = demo.publish([drafts.deed("upload", demo.user_id, [demo.user_id], 1)])[0][feed]["event_id"]

        def arrived():
            events, _ = read_to_end(fetch, PAGE, position, growing=True)
            return ids(events) if expected in ids(events) else None

        # History may still be settling older events, which then come first.
        read = wait_until(arrived, SETTLED_WITHIN_S, "the event published after `now`")
        self.assertEqual(read.count(expected), 1)
        if read_at_once:
            self.assertEqual(read, [expected])

    def test_now_in_all(self):
        self.check(user_stream(client_for(demo.base_url, demo.user_token), UserEventsStreamType.ALL), int, "user")

    def test_now_in_changes(self):
        self.check(user_stream(client_for(demo.base_url, demo.user_token), UserEventsStreamType.CHANGES), int, "user")

    def test_now_in_sync(self):
        client = client_for(demo.base_url, demo.user_token)
        position = client.events().get_latest_stream_position(UserEventsStreamType.SYNC)
        self.assertIsInstance(position, int)
        self.assertGreater(position, 0)

    def test_now_in_admin_logs_streaming(self):
        self.check(admin_streaming(client_for(demo.base_url, demo.admin_token)), str, "enterprise")

    def test_now_in_admin_logs(self):
        admin = client_for(demo.base_url, demo.admin_token)
        self.check(admin_history(admin), str, "enterprise", read_at_once=False)

    def test_the_latest_position_is_asked_with_a_limit_of_zero(self):
        client = client_for(demo.base_url, demo.user_token)
        position = client.events().get_latest_stream_position()
        self.assertIsInstance(position, int)
        self.assertGreater(position, 0)


class Following(unittest.TestCase):
    def start_following(self, stream_type, position):
        auth, polls = DeveloperTokenAuth(get_new_token_callback=lambda: demo.user_token), PollsSeen()
        client = Client(auth, session=AuthorizedSession(auth, network_layer=polls))
        arrived = queue.Queue()

        def run():
            try:
                for event in follow(client, position, stream_type):
                    arrived.put(event)
            except Exception as fault:
                # A test that still waits fails on it; after the server has ended nobody does.
                arrived.put(fault)

        # The generator cannot be stopped from outside; its thread ends with the test run.
        threading.Thread(target=run, daemon=True).start()
        return polls, arrived

    def check_woken(self, stream_type, draft):
        client = client_for(demo.base_url, demo.user_token)
        position = client.events().get_latest_stream_position(stream_type)
        polls, arrived = self.start_following(stream_type, position)
        for number in range(3):
            polls.begun.get(timeout=WOKEN_WITHIN_S)
            expected = demo.publish([draft(number)])[0]["user"]["event_id"]
            self.assertEqual(arrived.get(timeout=WOKEN_WITHIN_S).event_id, expected)
        self.assertTrue(arrived.empty())

    def test_a_waiting_generator_yields_what_is_published(self):
        self.check_woken(UserEventsStreamType.ALL, lambda n: drafts.deed("comment", demo.user_id, [demo.user_id], n))

    def test_a_waiting_generator_of_changes_yields_what_is_published(self):
        self.check_woken(UserEventsStreamType.CHANGES, lambda n: drafts.deed("upload", demo.user_id, [demo.user_id], n))

    def test_a_comment_does_not_wake_a_reader_of_changes(self):
        # This SDK spins if it is told of a change and then finds none: exactly one poll must serve both events.
        client = client_for(demo.base_url, demo.user_token)
        position = client.events().get_latest_stream_position(UserEventsStreamType.CHANGES)
        polls, arrived = self.start_following(UserEventsStreamType.CHANGES, position)
        polls.begun.get(timeout=WOKEN_WITHIN_S)
        demo.publish([drafts.deed("comment", demo.user_id, [demo.user_id], 1)])
        expected = demo.publish([drafts.deed("upload", demo.user_id, [demo.user_id], 2)])[0]["user"]["event_id"]
        self.assertEqual(arrived.get(timeout=WOKEN_WITHIN_S).event_id, expected)
        polls.begun.get(timeout=WOKEN_WITHIN_S)
        self.assertTrue(polls.begun.empty(), "the comment ended a poll for `changes`")

    def test_a_generator_from_the_past_catches_up_and_goes_on(self):
        client = client_for(demo.base_url, demo.user_token)
        position = client.events().get_latest_stream_position()
        # More than the hundred of one page of this SDK.
        earlier = demo.publish(drafts.mixed(120, demo.user_id, [demo.user_id]))
        polls, arrived = self.start_following(UserEventsStreamType.ALL, position)
        read = [arrived.get(timeout=WOKEN_WITHIN_S).event_id for _ in earlier]
        later = demo.publish([drafts.deed("upload", demo.user_id, [demo.user_id], 7)])
        read.append(arrived.get(timeout=WOKEN_WITHIN_S).event_id)
        self.assertEqual(read, published(earlier + later, "user"))

    def test_enterprise_events_come_live_from_position_to_position(self):
        admin = client_for(demo.base_url, demo.admin_token)
        position = admin.events().get_admin_events_streaming(stream_position="now")["next_stream_position"]
        for _ in range(5):
            expected = published(demo.publish([drafts.deed("login", demo.user_id)]), "enterprise")
            # No waiting: what was acknowledged is there for the next read.
            page = admin.events().get_admin_events_streaming(stream_position=position)
            self.assertEqual(ids(page["entries"]), expected)
            position = page["next_stream_position"]


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
            events, _ = read_to_end(admin_history(admin, event_types=types, **window), 3, growing=growing)
            self.assertLessEqual({event.event_type for event in events}, set(types))
            times = [datetime.datetime.fromisoformat(event.created_at) for event in events]
            self.assertEqual(times, sorted(times))
            self.assertTrue(all(hours[2] <= time < hours[6] for time in times), times)
            return [event_id for event_id in ids(events) if event_id in ours]

        wait_until(
            lambda: by_hour[2] in read_window("LOGIN", growing=True)
            and failed_by_hour[2] in read_window("FAILED_LOGIN", growing=True),
            SETTLED_WITHIN_S,
            "the window to show what was published",
        )
        self.assertEqual(read_window("LOGIN"), by_hour[2:6])
        both = read_window("LOGIN", "FAILED_LOGIN")
        self.assertEqual(sorted(both), sorted(by_hour[2:6] + failed_by_hour[2:6]))


class Rights(unittest.TestCase):
    def assert_refused(self, fetch):
        with self.assertRaises(BoxAPIException) as refusal:
            fetch(0, PAGE)
        self.assertEqual(refusal.exception.status, 403)
        self.assertEqual(refusal.exception.code, "access_denied_insufficient_permissions")

    def test_who_is_no_administrator_is_refused_on_enterprise_streams(self):
        user = client_for(demo.base_url, demo.user_token)
        self.assert_refused(admin_history(user))
        self.assert_refused(admin_streaming(user))

    def test_an_administrator_acting_for_an_ordinary_user_is_refused_there_too(self):
        admin = client_for(demo.base_url, demo.admin_token)
        self.assert_refused(admin_history(admin.as_user(admin.user(demo.user_id))))

    def test_an_ordinary_user_may_not_act_for_another(self):
        user = client_for(demo.base_url, demo.user_token)
        self.assert_refused(user_stream(user.as_user(user.user(demo.other_user_id)), UserEventsStreamType.ALL))

    def test_a_co_admin_reads_enterprise_streams(self):
        coadmin = client_for(demo.base_url, demo.coadmin_token)
        self.assertEqual(admin_history(coadmin)("now", PAGE)[1], [])
        self.assertEqual(admin_streaming(coadmin)("now", PAGE)[1], [])

    def test_a_bad_token_is_refused(self):
        with self.assertRaises(BoxAPIException) as refusal:
            client_for(demo.base_url, "not-a-token").events().get_events()
        self.assertEqual(refusal.exception.status, 401)

    def test_long_polling_an_enterprise_stream_is_refused(self):
        admin = client_for(demo.base_url, demo.admin_token)
        with self.assertRaises(BoxAPIException) as refusal:
            admin.events().get_long_poll_options(EnterpriseEventsStreamType.ADMIN_LOGS)
        self.assertEqual(refusal.exception.status, 400)

    def test_users_me_says_whose_token_it_is(self):
        admin = client_for(demo.base_url, demo.admin_token)
        self.assertEqual(admin.user().get().id, demo.admin_id)
        self.assertEqual(client_for(demo.base_url, demo.user_token).user().get().id, demo.user_id)
        self.assertEqual(admin.as_user(admin.user(demo.user_id)).user().get().id, demo.user_id)


class Samples(unittest.TestCase):
    """Every kind of event we have an example of becomes the SDK's object. They change users and groups as they are
    published, so they get a server to themselves."""

    def test_every_sample_event_is_read_as_it_was_published(self):
        own = Demo()
        self.addCleanup(own.stop)
        # This SDK has one address for the whole process.
        self.addCleanup(client_for, demo.base_url, demo.user_token)
        fetch = {
            "user": user_stream(client_for(own.base_url, own.user_token), UserEventsStreamType.ALL),
            "enterprise": admin_streaming(client_for(own.base_url, own.admin_token)),
        }
        for feed in fetch:
            with self.subTest(feed=feed):
                samples = drafts.samples(feed)
                own.publish([drafts.draft_of_sample(feed, event, [own.user_id]) for event in samples])
                events, _ = read_to_end(fetch[feed], PAGE)
                assert_each_once([sample["event_id"] for sample in samples], ids(events), feed)
                read = {event.event_id: event for event in events}
                for sample in samples:
                    event = read[sample["event_id"]].response_object
                    # When it was recorded is the server's to say; the form of the other time may change, not its sense.
                    for name in set(sample) - {"recorded_at", "created_at"}:
                        self.assertEqual(event[name], sample[name], f"{sample['event_type']}: {name}")
                    self.assertEqual(
                        datetime.datetime.fromisoformat(event["created_at"]),
                        datetime.datetime.fromisoformat(sample["created_at"]),
                    )


if __name__ == "__main__":
    unittest.main(verbosity=2)
