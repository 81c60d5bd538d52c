"""A demo server of our own: started for one suite, on a free port of the loopback, and ended with it.

The suites know nothing of the server but its binary (TIDINGS_BIN) and what it writes to its `--env` file.
Only the standard library is used here, so that each suite's environment holds its SDK and nothing else.
"""

import atexit
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# A demo opens an empty store; a machine busy with something else may still take its time.
READY_WITHIN_S = 60
# Small enough for any bound on a publish, large enough that 250 drafts are a few requests.
DRAFTS_PER_PUBLISH = 50


class Demo:
    """One running `tidings demo --quiet`: nobody works in its company but the test."""

    def __init__(self, *options):
        binary = os.environ.get("TIDINGS_BIN")
        if not binary:
            raise RuntimeError("TIDINGS_BIN must name the tidings binary; `cargo xtask test compat` sets it")
        self._folder = Path(tempfile.mkdtemp(prefix="tidings-compat-"))
        env_file = self._folder / "demo.env"
        self._log = self._folder / "server.log"
        with open(self._log, "wb") as log:
            self._server = subprocess.Popen(
                [binary, "demo", "--quiet", "--port", "0", "--env", str(env_file), *options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        atexit.register(self.stop)
        wait_until(
            lambda: env_file.exists() or self._fail_if_ended(),
            READY_WITHIN_S,
            "the demo server to write its --env file",
        )
        told = dict(
            line.split("=", 1) for line in shlex.split(env_file.read_text(encoding="utf-8"), comments=True)
        )
        self.base_url = told["BASE_URL"].rstrip("/")
        self.enterprise_id = told["ENTERPRISE_ID"]
        self.admin_token, self.admin_id = told["ADMIN_TOKEN"], told["ADMIN_ID"]
        self.coadmin_token, self.coadmin_id = told["COADMIN_TOKEN"], told["COADMIN_ID"]
        self.user_token, self.user_id = told["USER_TOKEN"], told["USER_ID"]
        self.other_user_token, self.other_user_id = told["OTHER_USER_TOKEN"], told["OTHER_USER_ID"]
        self.client_id, self.client_secret = told["CLIENT_ID"], told["CLIENT_SECRET"]
        self.jwt_config = told["JWT_CONFIG"]
        self._publish_token = told["PUBLISH_TOKEN"]

    def _fail_if_ended(self):
        if self._server.poll() is None:
            return False
        tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"the demo server ended with status {self._server.returncode}:\n{tail}")

    def publish(self, drafts, at_once=DRAFTS_PER_PUBLISH):
        """Publish drafts in their order and give the results, one for each draft."""
        results = []
        for start in range(0, len(drafts), at_once):
            batch = drafts[start : start + at_once]
            request = urllib.request.Request(
                self.base_url + "/api/v1/events",
                data="".join(json.dumps(draft) + "\n" for draft in batch).encode("utf-8"),
                headers={
                    "Authorization": f"Bearer {self._publish_token}",
                    "Content-Type": "application/x-ndjson",
                },
                method="POST",
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    told = json.load(answer)["results"]
            except urllib.error.HTTPError as refusal:
                body = refusal.read().decode("utf-8", "replace")
                raise AssertionError(f"publishing was refused with {refusal.code}: {body}") from refusal
            assert [result["index"] for result in told] == list(range(len(batch))), told
            results.extend(told)
        return results

    def stop(self):
        if self._server.poll() is None:
            self._server.terminate()
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def wait_until(condition, within_s, what):
    """The first true value of `condition`; an AssertionError naming `what` when the time is over."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s} s in vain for {what}")
        time.sleep(0.02)
