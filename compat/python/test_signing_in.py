"""The v10 Python SDK signing in as an application: by client credentials and by JWT."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

import drafts
import signing_in
from client import application_client, jwt_client
from demo import Demo

from box_sdk_gen import BoxAPIError
from box_sdk_gen.managers.events import GetEventsStreamType


def by_credentials(demo):
    return application_client(demo.base_url, demo.client_id, demo.client_secret, demo.enterprise_id)


def by_jwt(demo):
    return jwt_client(demo.base_url, demo.jwt_config)


def audit_log(client):
    return client.events.get_events(stream_type=GetEventsStreamType.ADMIN_LOGS_STREAMING, stream_position="0").entries


class SigningIn(unittest.TestCase):
    def test_an_application_reads_the_enterprise_and_a_users_feed(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        results = demo.publish(drafts.mixed(5, demo.user_id, [demo.user_id]))
        expected = {result["enterprise"]["event_id"] for result in results if result["enterprise"]}
        for name, sign_in in [("credentials", by_credentials), ("jwt", by_jwt)]:
            with self.subTest(by=name):
                client = sign_in(demo)
                self.assertLessEqual(expected, {event.event_id for event in audit_log(client)})
                user = client.with_as_user_header(demo.user_id)
                self.assertEqual(user.users.get_user_me().id, demo.user_id)
                self.assertEqual(len(user.events.get_events(stream_position="0").entries), 5)

    def test_an_ended_token_is_renewed(self):
        demo = signing_in.short_lived()
        self.addCleanup(demo.stop)
        for name, sign_in in [("credentials", by_credentials), ("jwt", by_jwt)]:
            with self.subTest(by=name):
                client = sign_in(demo)
                me = client.users.get_user_me().id
                old = client.auth.retrieve_token(network_session=client.network_session).access_token
                signing_in.wait_until_ended(demo, old)
                self.assertEqual(client.users.get_user_me().id, me)
                new = client.auth.retrieve_token(network_session=client.network_session).access_token
                self.assertNotEqual(new, old)

    def test_a_revoked_token_is_renewed(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        client = by_credentials(demo)
        me = client.users.get_user_me().id
        signing_in.revoke(demo, client.auth.retrieve_token(network_session=client.network_session).access_token)
        self.assertEqual(client.users.get_user_me().id, me)
        self.assertGreaterEqual(signing_in.counted(demo, "requests_unauthorized"), 1)

    def test_a_limit_is_waited_for(self):
        demo = signing_in.limited()
        self.addCleanup(demo.stop)
        client = by_credentials(demo)
        for _ in range(signing_in.CALLS_PER_MINUTE + 3):
            client.users.get_user_me()
        self.assertGreaterEqual(signing_in.counted(demo, "requests_limited"), 1)

    def test_a_wrong_secret_is_refused(self):
        demo = Demo()
        self.addCleanup(demo.stop)
        with self.assertRaises(BoxAPIError) as refusal:
            application_client(demo.base_url, demo.client_id, "wrong", demo.enterprise_id).users.get_user_me()
        self.assertEqual(refusal.exception.response_info.status_code, 400)
        self.assertEqual(refusal.exception.response_info.body["error"], "invalid_client")


if __name__ == "__main__":
    unittest.main(verbosity=2)
