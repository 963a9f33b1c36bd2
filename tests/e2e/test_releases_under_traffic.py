# SPDX-License-Identifier: Apache-2.0
"""Releases while calls come in: what is in flight, what a canary does by itself, and what happens when the store's bytes
or the settings no longer fit."""

import concurrent.futures
import sqlite3
import threading
import time

import pytest

from conftest import house_config
from support.postgresql import psql
from support.server import Server, eventually

GUARDS = {"min_calls": 20, "latency": None, "cost": None}


class Shop:
    """A use case that answers with what its model says; each release is told apart by its system message."""

    def __init__(self, server, upstream, behaviour=None):
        self.server, self.upstream = server, upstream
        self.key = server.make_key()
        self.slug = self.key.use_case
        self.model = upstream.fresh(behaviour) if behaviour else f"fake-{self.slug}"

    def path(self, rest):
        return f"/use-cases/{self.slug}{rest}"

    def cut(self, text, model=None, connection="fake"):
        assets = [{"owner": self.slug, "kind": "model", "name": "main",
                   "content": {"connection": connection, "model": model or self.model}},
                  {"owner": self.slug, "kind": "prompt", "name": "answer",
                   "content": {"model": "main", "messages": [{"role": "system", "content": text}]}}]
        self.server.api("POST", "/assets/push", expect=200, json={"assets": assets, "message": "why"})
        cut = self.server.api("POST", self.path("/releases"), json={"message": "why"})
        assert cut.status_code in (200, 201), cut.text
        return cut.json()["number"]

    def promote(self, release, *, expect=200, environment="dev", **more):
        return self.server.api("POST", self.path("/promotions"), expect=expect,
                               json={"environment": environment, "release": release} | more)

    def rollback(self):
        self.server.api("POST", self.path("/rollback"), expect=200, json={"environment": "dev", "reason": "it was worse"})

    def call(self, **fields):
        body = {"model": self.slug, "messages": [{"role": "user", "content": "Hello"}]} | fields
        return self.server.v1("/chat/completions", body, key=self.key)

    def served(self):
        answer = self.call()
        assert answer.status_code == 200, answer.text
        return answer.headers["x-slipway-release"]

    def where(self):
        items = self.server.api("GET", self.path("/deployments"), expect=200)["items"]
        return next(item for item in items if item["environment"] == "dev")

    def history(self):
        return self.server.api("GET", self.path("/deployments/dev/history"), expect=200)["items"]


def tamper(server, statement):
    """As somebody with access to the database would; the server is not running."""
    if "store" in server.config:
        psql(server.config["store"]["url"], statement)
        return
    with sqlite3.connect(server.data_dir / "slipway.db") as database:
        changed = database.execute(statement).rowcount
    database.close()
    assert changed == 1


def alter(server, statement):
    """As tamper(), while the server runs."""
    if "store" in server.config:
        psql(server.config["store"]["url"], statement)
        return
    with sqlite3.connect(server.data_dir / "slipway.db", timeout=10) as database:
        database.execute(statement)
    database.close()


def test_a_change_that_is_stored_but_can_not_be_published_says_so_and_comes_into_force_by_itself(upstream):
    away = ["changes.not_published", "store.changes_not_seen", "rollout.not_looked_at"]
    with Server(house_config(upstream), expected_log=away) as server:
        shop = Shop(server, upstream)
        one, two = shop.cut("One"), shop.cut("Two")
        assert shop.promote(one)["published"] is True
        assert shop.served() == f"{shop.slug}@{one}"
        # The store goes away between the commit and the snapshot: what a snapshot reads first is not there.
        alter(server, "ALTER TABLE api_keys RENAME TO api_keys_away")
        done = shop.promote(two, expect=202)
        assert done["published"] is False and done["deployment"]["active"] == two
        assert shop.where()["active"] == two, "it is stored"
        assert shop.served() == f"{shop.slug}@{one}", "and not yet in force"
        eventually(lambda: "changes.not_published" in "".join(server.log), "a word in the log")
        back = server.api("POST", shop.path("/rollback"), expect=202, json={"environment": "dev", "reason": "it was worse"})
        assert back["published"] is False and back["active"] == one
        shop.promote(two, expect=202)
        alter(server, "ALTER TABLE api_keys_away RENAME TO api_keys")
        eventually(lambda: shop.served() == f"{shop.slug}@{two}", "the promotion without another change")
        eventually(lambda: "changes.published" in "".join(server.log), "a word in the log")
        assert [event["action"] for event in shop.history()] == ["promote", "rollback", "promote", "promote"]
        assert shop.promote(one)["published"] is True


def test_a_secret_is_not_lost_where_it_can_not_be_brought_into_force_yet(upstream):
    away = ["changes.not_published", "store.changes_not_seen", "rollout.not_looked_at"]
    with Server(house_config(upstream), expected_log=away) as server:
        key = server.make_key()
        wanted = {"name": "app", "use_case": key.use_case, "environment": "dev"}
        assert server.api("POST", "/keys", expect=201, json=wanted)["published"] is True
        # A snapshot reads deployments, too; keys are stored without them.
        alter(server, "ALTER TABLE deployments RENAME TO deployments_away")
        made = server.api("POST", "/keys", expect=201, json=wanted | {"name": "late"})
        assert made["published"] is False and made["key"]["state"] == "active"
        assert server.chat(key=made["secret"]).status_code == 401, "not yet in force"
        rotated = server.api("POST", f"/keys/{key.id}/rotate", expect=202, json={"grace_seconds": 0})
        assert rotated["published"] is False and rotated["secret"] != str(key)
        done = server.cli("key", "create", "later", "--use-case", key.use_case, "--environment", "dev")
        assert "as soon as it can" in done.stderr, done.stderr
        alter(server, "ALTER TABLE deployments_away RENAME TO deployments")
        for secret in (made["secret"], rotated["secret"], done.stdout.strip()):
            eventually(lambda: server.chat(key=secret).status_code == 200, "the secret to work by itself")
        assert server.chat(key=key).status_code == 401


def test_the_next_call_after_a_change_gets_the_other_release(house, upstream):
    shop = Shop(house, upstream)
    one, two = shop.cut("One"), shop.cut("Two")
    for number in (one, two, one, two):
        shop.promote(number)
        assert shop.served() == f"{shop.slug}@{number}"
    shop.rollback()
    assert shop.served() == f"{shop.slug}@{one}"
    assert shop.upstream.requests(shop.model)[-1].json["messages"][0]["content"] == "One"


@pytest.mark.parametrize("stream", [False, True])
def test_calls_in_flight_finish_on_what_they_started_with(house, upstream, stream):
    go_on, sent = threading.Event(), threading.Event()

    async def slow(exchange):
        import asyncio
        if stream:
            await exchange.open_stream()
            await exchange.event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                  "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Still "}}]})
        sent.set()
        while not go_on.is_set():
            await asyncio.sleep(0.005)
        if stream:
            await exchange.event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                  "choices": [{"index": 0, "delta": {"content": "here"}, "finish_reason": "stop"}]})
            await exchange.event("[DONE]")
            await exchange.end_stream()
        else:
            await exchange.json({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "Still here"}, "finish_reason": "stop"}]})

    shop = Shop(house, upstream, slow)
    shop.promote(shop.cut("One"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        began = pool.submit(shop.call, stream=stream)
        assert sent.wait(30)
        two = shop.cut("Two", model=f"fake-{shop.slug}")
        shop.promote(two)
        assert shop.served() == f"{shop.slug}@{two}"  # while the other call goes on
        go_on.set()
        answer = began.result(60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-slipway-release"] == f"{shop.slug}@1"
    assert "here" in answer.text
    record = house.wait_record(answer)
    assert (record["release"], record["status"]) == (f"{shop.slug}@1", "ok")


def traffic(shop, until, patience_s=120):
    """Calls by ever new end users until something has happened; how often each release answered, and how."""
    seen, ends = [], time.monotonic() + patience_s
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        while not until():
            assert time.monotonic() < ends, (shop.where(), seen[-5:])
            answers = pool.map(lambda i: shop.call(user=f"user-{i}"), range(len(seen), len(seen) + 20))
            seen += [(a.headers["x-slipway-release"].partition("@")[2], a.status_code) for a in answers]
    return seen


async def broken(exchange):
    await exchange.json({"error": {"message": "The model is overloaded.", "type": "server_error"}}, status=500)


def test_a_broken_canary_is_rolled_back_by_itself(house, upstream):
    shop = Shop(house, upstream)
    one = shop.cut("One")
    shop.promote(one)
    two = shop.cut("Two", model=upstream.fresh(broken))
    shop.promote(two, mode="canary", canary={"steps": [{"percent": 30, "minutes": 600}], "guards": GUARDS})
    seen = traffic(shop, lambda: shop.where()["candidate"] is None)
    assert {status for release, status in seen if release == str(one)} == {200}
    assert 200 not in {status for release, status in seen if release == str(two)}
    there = shop.where()
    assert (there["active"], there["rollout"]["state"]) == (one, "rolled_back")
    last = shop.history()[0]
    assert last["action"] == "auto_rollback" and "error" in last["detail"].lower()
    audit = house.api("GET", "/audit", params={"action": "deployment.auto_rollback"}, expect=200)["items"]
    assert [entry for entry in audit if entry["object"] == f"{shop.slug}@{one}"]
    assert {shop.served() for _ in range(10)} == {f"{shop.slug}@{one}"}


def test_a_good_canary_steps_up_by_itself(house, upstream):
    shop = Shop(house, upstream)
    shop.promote(shop.cut("One"))
    two = shop.cut("Two")
    shop.promote(two, mode="canary", canary={
        "steps": [{"percent": 20, "minutes": 0}, {"percent": 60, "minutes": 0}], "guards": GUARDS})
    seen = traffic(shop, lambda: shop.where()["active"] == two)
    assert {status for _, status in seen} == {200} and {release for release, _ in seen} == {"1", "2"}
    assert [event["action"] for event in shop.history()] == ["finish", "step", "start_canary", "promote"]
    assert shop.where()["rollout"]["state"] == "finished"


@pytest.mark.parametrize("behaviour, code", [(None, 0), (broken, 1)])
def test_the_command_line_watches_a_canary_to_its_end(house, upstream, behaviour, code):
    shop = Shop(house, upstream)
    shop.promote(shop.cut("One"))
    two = shop.cut("Two", model=upstream.fresh(behaviour) if behaviour else None)
    place = (shop.slug, "--env", "dev")
    house.cli("promote", *place, "--release", two, "--canary", "30,60", "--minutes", "0", "--guard", "min_calls=20",
              "--guard", "latency=off", "--guard", "cost=off")
    waiting = house.cli("rollout", "watch", *place, "--for", "0", expect=3)
    assert waiting.stdout.endswith("start_canary: 30 % of the calls\n"), waiting.stdout
    assert "still under way: canary running, step 1 of 2 at 30 %" in waiting.stderr
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        watching = pool.submit(house.cli, "rollout", "watch", *place, expect=code)
        traffic(shop, watching.done)
    said = watching.result().stdout
    told = [line[21:].partition(":")[0] for line in said.splitlines()[:-1]]
    if code == 0:
        assert told == ["start_canary", "step", "finish"]
        assert said.endswith(f"canary finished: release {two}\n")
    else:
        assert told[0] == "start_canary" and told[-1] == "auto_rollback"
        assert "error" in said.splitlines()[-2].lower() and said.endswith(": release 1\n")


def test_a_tampered_asset_is_not_served(upstream, make_server):
    server = make_server(house_config(upstream), expected_log=["release.not_served"])
    shop, other = Shop(server, upstream), Shop(server, upstream)
    one = shop.cut("Be honest.")
    two = shop.cut("Be brief.")
    shop.promote(one)
    shop.promote(two)
    other.promote(other.cut("Be kind."))
    server.stop()
    tamper(server, "UPDATE catalog_contents SET content = REPLACE(content, 'Be brief.', 'Be cruel.') "
                   "WHERE content LIKE '%Be brief.%'")
    server.start()
    refused = shop.call()
    assert refused.status_code == 503, refused.text
    error = refused.json()["error"]
    assert error["code"] == "release_not_served" and f"{shop.slug}@{two}" in error["message"]
    assert "digest" in error["message"]
    assert not any("Be cruel." in request.body.decode() for request in upstream.requests(shop.model))
    assert other.served() == f"{other.slug}@1"
    # It goes nowhere else, and there is a way back.
    answer = shop.promote(two, environment="prod", preview=True)
    assert not answer["allowed"] and "assets" in {check["name"] for check in answer["checks"] if not check["ok"]}
    shop.promote(two, environment="prod", expect=409, emergency={"reason": "We want it at any price."})
    shop.rollback()
    assert shop.served() == f"{shop.slug}@{one}"


def test_a_model_that_can_not_be_reached_from_there_is_not_promoted(upstream, make_server):
    config = house_config(upstream)
    server = make_server(config)
    shop = Shop(server, upstream)
    number = shop.cut("One", connection="prod-only")
    answer = shop.promote(number, preview=True)
    assert not answer["allowed"]
    (check,) = [check for check in answer["checks"] if not check["ok"]]
    assert check["name"] == "assets" and "'prod-only'" in check["detail"] and "'dev'" in check["detail"]
    assert "prod-only" in shop.promote(number, expect=409)["detail"]
    there = shop.promote(number, environment="prod", preview=True)["checks"]
    assert "assets" not in {check["name"] for check in there if not check["ok"]}
    # Settings may change afterwards: then the call is told.
    number = shop.cut("Two", connection="hasty")
    shop.promote(number)
    assert shop.served() == f"{shop.slug}@{number}"
    server.stop()
    del server.config["connections"]["hasty"]
    server.start()
    refused = shop.call()
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "connection_missing" and "'hasty'" in refused.json()["error"]["message"]
