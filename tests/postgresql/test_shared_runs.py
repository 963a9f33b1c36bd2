# SPDX-License-Identifier: Apache-2.0
"""Runs of evaluations on two nodes: never on both, and taken over from one that died."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[0]), str(HERE.parent / "e2e")]

from runs_support import Bench  # noqa: E402
from support.postgresql import Postgresql  # noqa: E402
from support.server import Server, eventually  # noqa: E402
from support.upstream import Upstream  # noqa: E402


@pytest.fixture
def world():
    with Postgresql() as database, Upstream() as upstream:
        config = {"store": {"url": database.new_database()},
                  "connections": {"fake": {"base_url": upstream.base_url, "api_key": "sk-x", "allow_private": True,
                                           "models": ["fake-*"]}}}
        with Server(config) as one, Server(config) as other:
            yield one, other, upstream


def executing(nodes, run):
    """Which nodes say that they execute it."""
    return [node for node in nodes if node.api("GET", f"/runs/{run['id']}", expect=200)["progress"]]


def test_a_run_is_executed_once_and_followed_from_anywhere(world):
    one, other, upstream = world
    bench = Bench(one, upstream, cases=60)
    bench.provider.pause_s = 0.05
    run = bench.start(concurrency=2)
    eventually(lambda: executing((one, other), run), "a node to execute it")
    assert len(executing((one, other), run)) == 1
    ended = eventually(lambda: (now := other.api("GET", f"/runs/{run['id']}", expect=200))["outcome"] and now, "its end")
    assert ended["outcome"] == "complete" and set(bench.provider.asked.values()) == {1}
    # Any node can end it.
    bench.provider.hold_after = 0
    run = bench.start(concurrency=2)
    (node,) = eventually(lambda: executing((one, other), run), "a node to execute it")
    elsewhere = other if node is one else one
    elsewhere.api("POST", f"/runs/{run['id']}/cancel", expect=200)
    eventually(lambda: bench.get(run)["state"] == "cancelled", "its end")


def test_another_node_takes_over_from_one_that_died(world):
    one, other, upstream = world
    bench = Bench(one, upstream, cases=100)
    bench.provider.hold_after = 60
    run = bench.start(concurrency=4)
    (node,) = eventually(lambda: executing((one, other), run), "a node to execute it")
    alive = other if node is one else one
    path = f"/runs/{run['id']}"
    eventually(lambda: len(alive.api("GET", path + "/results", expect=200)["items"]) == 60, "sixty stored results")
    eventually(lambda: bench.provider.calls == 64, "calls in flight")
    node.kill()
    bench.provider.hold_after = None
    ended = eventually(lambda: (now := alive.api("GET", path, expect=200))["outcome"] and now, "its end", timeout_s=120)
    assert ended["outcome"] == "complete" and ended["done"] == 100
    assert bench.provider.calls == 104  # only what was in flight was asked again
    node.start()
