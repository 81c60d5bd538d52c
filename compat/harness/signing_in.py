"""What the suites that sign in as applications share: servers on which tokens soon end or calls are few."""

import urllib.error
import urllib.request

from demo import Demo, wait_until

# Longer than a v10 SDK pauses between renewing a token and using it, short enough to wait for.
LIFETIME_S = 8
# Calls a minute, all of which may come at once; then one each second.
CALLS_PER_MINUTE = 60


def short_lived():
    """A server whose access tokens end after some seconds."""
    return Demo("--token-lifetime", str(LIFETIME_S))


def limited():
    """A server that soon answers 429."""
    return Demo("--rate-limit", str(CALLS_PER_MINUTE))


def counted(demo, name):
    """A figure of the server, such as how many requests it answered 401 or 429."""
    with urllib.request.urlopen(demo.base_url + "/metrics", timeout=30) as answer:
        for line in answer.read().decode("utf-8").splitlines():
            if line.startswith(f"tidings_{name}_total "):
                return int(float(line.split()[1]))
    raise AssertionError(f"the server has no figure {name}")


def wait_until_ended(demo, access_token):
    """Returns once the server refuses this token."""

    def ended():
        request = urllib.request.Request(
            demo.base_url + "/2.0/users/me", headers={"Authorization": f"Bearer {access_token}"}
        )
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as refusal:
            return refusal.code == 401
        return False

    wait_until(ended, 10 * LIFETIME_S, "an access token to end")


def revoke(demo, access_token):
    """Ends a token as somebody else would: the client that uses it does not know."""
    body = f"client_id={demo.client_id}&client_secret={demo.client_secret}&token={access_token}"
    with urllib.request.urlopen(demo.base_url + "/oauth2/revoke", data=body.encode("ascii"), timeout=30) as answer:
        assert answer.status == 200 and answer.read() == b""
