# SPDX-License-Identifier: Apache-2.0
"""The providers, and a browser that follows them by plain requests and forms."""

import html.parser
import pathlib
import socket
import subprocess
import sys
import urllib.parse

import httpx
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from support.server import Server  # noqa: E402


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A script of this folder; its first line of output is its address."""

    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(["node", HERE / script, *arguments], stdout=subprocess.PIPE, text=True)
        self.issuer = self.process.stdout.readline().strip()
        assert self.issuer.startswith("http://127.0.0.1:"), f"{script} did not start"

    def lie(self, what):
        assert httpx.post(self.issuer + "/lie", content=what, trust_env=False).status_code == 200

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


class Form(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = given["action"]
        elif tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value") or ""


class Browser:
    """Keeps cookies, follows redirects one by one, and fills in the provider's forms."""

    def __init__(self, server, accept="text/html"):
        self.server = server
        self.http = httpx.Client(trust_env=False, timeout=30, headers={"accept": accept})

    def begin(self, next_path=None):
        return self.http.get(self.server.url + "/api/v1/oidc/start", params={"next": next_path} if next_path else {})

    def go(self, login, next_path=None):
        """From the sign-in page to the answer of our callback."""
        answer = self.begin(next_path)
        for _ in range(20):
            ours = str(answer.url).startswith(self.server.url)
            if ours and (answer.url.path == "/api/v1/oidc/callback" or answer.status_code != 302):
                return answer
            if answer.is_redirect:
                answer = self.http.get(urllib.parse.urljoin(str(answer.url), answer.headers["location"]))
                continue
            assert answer.status_code == 200, answer.text
            form = Form(answer.text)
            fields = form.fields | {"login": login, "password": "any"} if "login" in form.fields else form.fields
            answer = self.http.post(urllib.parse.urljoin(str(answer.url), form.action), data=fields)
        raise AssertionError(f"no end of it at {answer.url}")

    def session(self):
        return self.http.get(self.server.url + "/api/v1/session")

    def notice(self):
        """The sentence the sign-in page would show."""
        return urllib.parse.unquote(self.http.cookies.get("slipway_notice", ""))

    def refused(self, answer):
        assert answer.status_code == 302 and answer.headers["location"] == "/sign-in", answer.text
        assert self.session().status_code == 401
        return self.notice()


@pytest.fixture(scope="session")
def slipway_port():
    return free_port()


@pytest.fixture(scope="session")
def provider(slipway_port):
    node = Node("provider.mjs", f"http://127.0.0.1:{slipway_port}/api/v1/oidc/callback")
    yield node
    node.stop()


@pytest.fixture(scope="session")
def liar():
    node = Node("liar.mjs")
    yield node
    node.stop()


def with_provider(issuer, port=0, **oidc):
    settings = {"issuer": issuer, "allow_private": True, "name": "Example", "timeout": "2s"}
    return Server({"server": {"port": port}, "oidc": settings | oidc})
