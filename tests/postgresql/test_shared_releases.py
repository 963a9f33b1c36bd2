# SPDX-License-Identifier: Apache-2.0
"""Releases on several nodes: a change on one is in force on the other, two changes at once are told apart, and a database
that goes away in the middle of a promotion leaves the old pointer or the new one."""

import concurrent.futures
import pathlib
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.postgresql import Postgresql, psql  # noqa: E402
from support.server import Server, eventually  # noqa: E402

# What a node says while the database is away.
AWAY = ["store.changes_not_seen", "changes.not_published", "rollout.not_looked_at", '"level":"error"']
IN_FORCE_S = 1.0  # on the other node
TRIES = 5


@pytest.fixture
def database():
    with Postgresql() as server:
        yield server


@pytest.fixture
def nodes(database):
    config = {"store": {"url": database.new_database()}}
    with Server(config, expected_log=AWAY) as one, Server(config, expected_log=AWAY) as other:
        yield one, other


class Shop:
    """A use case with two releases."""

    def __init__(self, nodes):
        self.nodes = nodes
        one, other = nodes
        self.key = one.make_key()
        self.slug = self.key.use_case
        self.releases = [self._cut("One"), self._cut("Two")]
        eventually(lambda: other.chat(key=self.key).status_code == 200, "the key on the other node")

    def _cut(self, text):
        assets = [{"owner": self.slug, "kind": "model", "name": "main",
                   "content": {"connection": "simulated", "model": "simulated-small"}},
                  {"owner": self.slug, "kind": "prompt", "name": "answer",
                   "content": {"model": "main", "messages": [{"role": "system", "content": text}]}}]
        node = self.nodes[0]
        node.api("POST", "/assets/push", expect=200, json={"assets": assets, "message": "why"})
        return node.api("POST", f"/use-cases/{self.slug}/releases", expect=201, json={"message": "why"})["number"]

    def promote(self, node, release, **more):
        return node.api("POST", f"/use-cases/{self.slug}/promotions", **{"expect": 200} | more,
                        json={"environment": "dev", "release": release})

    def rollback(self, node):
        node.api("POST", f"/use-cases/{self.slug}/rollback", expect=200, json={"environment": "dev", "reason": "it was worse"})

    def served(self, node):
        answer = node.chat(model=self.slug, key=self.key)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["x-slipway-release"].rpartition("@")[2])

    def pointer(self, node):
        items = node.api("GET", f"/use-cases/{self.slug}/deployments", expect=200)["items"]
        return next(item["active"] for item in items if item["environment"] == "dev")

    def history(self, node):
        events, cursor = [], None
        while True:
            page = node.api("GET", f"/use-cases/{self.slug}/deployments/dev/history", expect=200,
                            params={"limit": 500} | ({"cursor": cursor} if cursor else {}))
            events += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return events


@pytest.fixture
def shop(nodes):
    return Shop(nodes)


def seconds_until(probe, what):
    began = time.monotonic()
    eventually(probe, what, pause_s=0.002)
    return time.monotonic() - began


def test_a_change_on_one_node_is_in_force_on_the_other(nodes, shop):
    one, other = nodes
    first, second = shop.releases
    shop.promote(one, first)
    eventually(lambda: other.chat(model=shop.slug, key=shop.key).status_code == 200, "a release on the other node")
    took = []
    for _ in range(TRIES):
        shop.promote(one, second)
        took.append(seconds_until(lambda: shop.served(other) == second, "the promotion on the other node"))
        shop.rollback(one)
        assert shop.served(one) == first
        took.append(seconds_until(lambda: shop.served(other) == first, "the rollback on the other node"))
    print("in force on the other node after", [round(s, 3) for s in took])
    assert sorted(took)[len(took) // 2] <= IN_FORCE_S, took


def test_both_nodes_promote_at_once(nodes, shop):
    shop.promote(nodes[0], shop.releases[0])
    start = threading.Barrier(8)

    def change(index):
        start.wait()
        for turn in range(10):
            wanted = shop.releases[(index + turn) % 2]
            answer = shop.promote(nodes[index % 2], wanted, expect=None)
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 409:
                assert "by somebody else" in answer.json()["detail"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(8)))
    history = shop.history(nodes[0])
    for later, earlier in zip(history, history[1:]):
        assert later["from_release"] == earlier["release"], "each change was made to what the one before had left"
    assert history[0]["release"] == shop.pointer(nodes[0]) == shop.pointer(nodes[1])
    for node in nodes:
        eventually(lambda node=node: shop.served(node) == history[0]["release"], "one release on both nodes")


def test_a_database_that_goes_away_in_the_middle_leaves_the_old_or_the_new(nodes, shop, database):
    one, other = nodes
    shop.promote(one, shop.releases[0])
    eventually(lambda: other.chat(model=shop.slug, key=shop.key).status_code == 200, "a release on the other node")
    for _ in range(TRIES):
        answered, stopped = [], threading.Event()

        def flip():
            release = shop.pointer(one)
            while not stopped.is_set():
                release = next(r for r in shop.releases if r != release)
                answer = shop.promote(one, release, expect=None)
                if answer.status_code not in (200, 202):
                    assert answer.status_code == 503, answer.text
                    return
                assert answer.json()["published"] == (answer.status_code == 200), answer.text
                answered.append(release)  # 202: stored, and published as soon as the database is back

        before = len(shop.history(one))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            flipping = pool.submit(flip)
            eventually(lambda: len(answered) > 5, "some promotions")
            database.stop("immediate")
            for node in nodes:  # calls go on, on one of the two
                assert shop.served(node) in shop.releases
            stopped.set()
            flipping.result(60)
        database.start()
        eventually(lambda: one.api("GET", "/keys").status_code == 200, "the control API again")
        history = shop.history(one)
        pointer = shop.pointer(one)
        assert pointer == history[0]["release"], "the pointer and its history changed together"
        # What was answered is there; at most the one under way when the database died may be there, too.
        assert len(history) - before - len(answered) in (0, 1)
        rows = psql(one.config["store"]["url"], "SELECT COUNT(*) FROM audit_entries WHERE action = 'deployment.promote'")
        assert int(rows) == len(history)
        for node in nodes:
            eventually(lambda node=node: shop.served(node) == pointer, "what the database says on both nodes")
    assert one.api("POST", "/audit/verify", json={}, expect=200)["ok"]


def test_a_canary_goes_on_after_the_database_was_away(nodes, shop, database):
    one, other = nodes
    first, second = shop.releases
    shop.promote(one, first)
    one.api("POST", f"/use-cases/{shop.slug}/promotions", expect=200, json={
        "environment": "dev", "release": second, "mode": "canary",
        "canary": {"steps": [{"percent": 50, "minutes": 0}], "guards": {"min_calls": 30, "latency": None}}})
    eventually(lambda: other.chat(model=shop.slug, key=shop.key).status_code == 200, "the canary on the other node")
    database.stop("immediate")
    seen = {shop.served(node) for node in nodes for _ in range(20)}
    assert seen == {first, second}
    database.start()

    def finished():
        for node in nodes:
            shop.served(node)
        return one.api("GET", "/keys").status_code == 200 and shop.pointer(one) == second

    eventually(finished, "the end of the canary")
    assert [event["action"] for event in shop.history(one)] == ["finish", "start_canary", "promote"]
