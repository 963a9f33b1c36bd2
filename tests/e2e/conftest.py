# SPDX-License-Identifier: Apache-2.0
"""One server and one scripted provider for each worker process; tests keep apart by keys and model names of their own."""

import pathlib
import socket
import sys

import openai
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.disk import small_disk as mount_small_disk  # noqa: E402
from support.server import PATIENCE_S, Server  # noqa: E402
from support.upstream import Upstream  # noqa: E402

PROVIDER_SECRET = "sk-the-providers-own-secret"


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out by ./test quick")


held_ports = []


def closed_port():
    """A port that refuses connections and that no other server gets: bound as long as the tests run, never listened on."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    held_ports.append(probe)
    return probe.getsockname()[1]


def house_config(upstream):
    fake = {"base_url": upstream.base_url, "api_key": PROVIDER_SECRET, "provider": "openai", "allow_private": True}
    hasty = {"connect": "2s", "first_byte": "400ms", "idle": "400ms", "total": "3s"}
    return {
        "connections": {
            "fake": fake | {"models": ["fake-*", "gpt-*", "text-embedding-*"]},
            "hasty": fake | {"models": ["hasty-*"], "timeouts": hasty},
            # Left to itself it serves every name; here unknown names are to be refused.
            "simulated": {"dialect": "simulated", "models": ["simulated-*"]},
            "dead": {"base_url": f"http://127.0.0.1:{closed_port()}/v1", "api_key": "sk-x", "models": ["dead-*"],
                     "allow_private": True},
            "claude": {"dialect": "anthropic", "base_url": upstream.origin, "api_key": PROVIDER_SECRET,
                       "provider": "anthropic", "models": ["claude-*"], "allow_private": True},
            "prod-only": fake | {"environments": ["prod"], "models": ["secret-*"]},
        },
        "models": {"assistant": {"connection": "fake", "model": "fake-upstream-name"}},
        "gateway": {"keep_alive_comment": "150ms", "body_limit": "1MiB"},
        "server": {"limits": {"header_timeout": "1s", "body_timeout": "1s", "body_bytes": "4MiB"}},
        "prices": [{"provider": "openai", "models": ["fake-priced*"], "input": 1.00, "cache_read": 0.25,
                    "output": 4.00}],
    }


@pytest.fixture(scope="session")
def upstream():
    with Upstream() as provider:
        yield provider


@pytest.fixture(scope="session")
def house(upstream):
    """The server most tests share."""
    with Server(house_config(upstream)) as server:
        yield server


@pytest.fixture
def key(house):
    """A fresh key of a fresh use case in `dev`."""
    return house.make_key()


def openai_client(server, key, **options):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=str(key),
                         **{"max_retries": 0, "timeout": PATIENCE_S} | options)


@pytest.fixture
def client(house, key):
    with openai_client(house, key) as made:
        yield made


@pytest.fixture
def make_server(request):
    """Servers with settings of their own, stopped at the end of the test."""
    started = []

    def make(config=None, **options):
        server = Server(config, **options)
        started.append(server)
        return server.start()

    yield make
    failed = getattr(request.node, "failed", False)
    for server in reversed(started):
        try:
            if failed:
                server.kill()
            else:
                server.stop()
        finally:
            server.kill()
            server.clean()


@pytest.fixture
def small_disk(request):
    """A folder on a file system of 24 MB, or as the test's parameter says."""
    with mount_small_disk(getattr(request, "param", "24m")) as folder:
        yield folder


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed

