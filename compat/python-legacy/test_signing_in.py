"""The 3.x Python SDK signing in as an application: by client credentials and by JWT."""

import logging
import sys
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

import drafts
import signing_in
from client import application_client, jwt_client
from demo import Demo

from boxsdk import BoxOAuthException


def setUpModule():
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    # The SDK prints every refusal, also those that are wanted here.
    logging.getLogger("boxsdk").setLevel(logging.CRITICAL)


def by_credentials(demo):
    return application_client(demo.base_url, demo.client_id, demo.client_secret, demo.enterprise_id)


def by_jwt(demo):
    return jwt_client(demo.base_url, demo.jwt_config)


class SigningIn(unittest.TestCase):
    def test_an_application_reads_the_enterprise_and_a_users_feed(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        results = demo.publish(drafts.mixed(5, demo.user_id, [demo.user_id]))
        expected = {result["enterprise"]["event_id"] for result in results if result["enterprise"]}
        for name, sign_in in [("credentials", by_credentials), ("jwt", by_jwt)]:
            with self.subTest(by=name):
                client = sign_in(demo)
                page = client.events().get_admin_events_streaming(stream_position=0)
                self.assertLessEqual(expected, {event.event_id for event in page["entries"]})
                user = client.as_user(client.user(demo.user_id))
                self.assertEqual(user.user().get().id, demo.user_id)
                self.assertEqual(len(user.events().get_events(stream_position=0)["entries"]), 5)

    def test_an_ended_token_is_renewed(self):
        demo = signing_in.short_lived()
        self.addCleanup(demo.stop)
        for name, sign_in in [("credentials", by_credentials), ("jwt", by_jwt)]:
            with self.subTest(by=name):
                client = sign_in(demo)
                me = client.user().get().id
                old = client.auth.access_token
                signing_in.wait_until_ended(demo, old)
                self.assertEqual(client.user().get().id, me)
                self.assertNotEqual(client.auth.access_token, old)

    def test_a_revoked_token_is_renewed(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        client = by_credentials(demo)
        me = client.user().get().id
        signing_in.revoke(demo, client.auth.access_token)
        self.assertEqual(client.user().get().id, me)
        self.assertGreaterEqual(signing_in.counted(demo, "requests_unauthorized"), 1)

    def test_a_limit_is_waited_for(self):
        demo = signing_in.limited()
        self.addCleanup(demo.stop)
        client = by_credentials(demo)
        for _ in range(signing_in.CALLS_PER_MINUTE + 3):
            client.user().get()
        self.assertGreaterEqual(signing_in.counted(demo, "requests_limited"), 1)

    def test_a_wrong_secret_is_refused(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        with self.assertRaises(BoxOAuthException) as refusal:
            application_client(demo.base_url, demo.client_id, "wrong", demo.enterprise_id).user().get()
        self.assertIn("The client credentials are invalid", str(refusal.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
