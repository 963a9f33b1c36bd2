# SPDX-License-Identifier: Apache-2.0
"""What happens to runs when the provider, the program or the money fails: nothing stored is lost, and nothing is paid for
twice."""

import asyncio
import random
import string
import time

import pytest

from conftest import house_config
from runs_support import Bench, refuse
from support.disk import fill
from support.server import Server, eventually
from support.upstream import openai_answer


@pytest.fixture
def bench(house, upstream):
    return Bench(house, upstream)


def stored(bench, run):
    """How many results are on disk."""
    return len(bench.results(run, limit=500))


def test_kill_9_half_way_pays_for_nothing_twice(make_server, upstream):
    server = make_server(house_config(upstream))
    bench = Bench(server, upstream, cases=200)
    bench.provider.hold_after = 120
    run = bench.start(concurrency=8)
    eventually(lambda: stored(bench, run) == 120, "what was answered to be stored")
    eventually(lambda: bench.provider.calls == 128, "calls in flight")
    before = {one["case"]: one["invocation"] for one in bench.results(run, limit=500)}
    server.kill()
    bench.provider.hold_after = None
    server.start()
    ended = bench.wait(run)
    assert (ended["state"], ended["outcome"], ended["done"]) == ("finished", "complete", 200)
    after = {one["case"]: one["invocation"] for one in bench.results(run, limit=500)}
    assert len(after) == 200 and {case: after[case] for case in before} == before
    # Each stored answer was asked for once; only the eight that were under way are asked again.
    twice = [question for question, count in bench.provider.asked.items() if count > 1]
    assert len(twice) == 8 and bench.provider.calls == 208
    assert not {question.replace("question ", "case-") for question in twice} & set(before)
    assert bench.metric(ended, "equals")["passed"] == 200 and ended["calls"] == 200


def test_a_restart_loses_no_answer(make_server, upstream):
    server = make_server(house_config(upstream))
    bench = Bench(server, upstream, cases=100)
    bench.provider.pause_s = 0.05
    run = bench.start(concurrency=4)
    eventually(lambda: bench.provider.calls > 30, "some calls")
    server.restart()
    ended = bench.wait(run)
    assert ended["outcome"] == "complete" and ended["done"] == 100
    # What was under way was given the time to come to its end.
    assert set(bench.provider.asked.values()) == {1}


@pytest.mark.parametrize("small_disk", ["64m"], indirect=True)
def test_a_full_disk_stops_the_calls_until_there_is_room(small_disk, upstream):
    """Answers that can't be stored are not paid for by the hundred: the calls come to rest, and no answer is lost."""
    server = Server(house_config(upstream) | {"telemetry": {"segment": "1MiB", "memory_queue": "4MiB"}},
                    directory=small_disk, expected_log=[r"full|No space|spool|disk|index|lost"])
    server.config.pop("store", None)  # the disk is to be the one that results are kept on
    with server:
        bench = Bench(server, upstream, cases=400)

        async def long_answer(exchange, nth):
            # Letters at random, so that compression doesn't make the results small.
            text = "".join(random.choices(string.ascii_letters, k=30_000))
            await asyncio.sleep(0.02)
            await exchange.json(openai_answer(bench.provider.model, text))
            return True

        bench.provider.fault = long_answer
        run = bench.start(concurrency=4)
        eventually(lambda: bench.provider.calls > 20, "some calls")
        ballast = fill(small_disk)

        def resting():
            before = bench.provider.calls
            time.sleep(1)
            return bench.provider.calls == before

        eventually(resting, "the calls to come to rest")
        asked = bench.provider.calls
        assert 20 < asked < 400 and bench.get(run)["state"] == "running"
        ballast.unlink()
        ended = bench.wait(run)
        assert (ended["state"], ended["outcome"], ended["done"]) == ("finished", "complete", 400)
        assert set(bench.provider.asked.values()) == {1} and ended["calls"] == 400
        assert stored(bench, run) == 400


def test_being_told_to_wait_slows_and_fails_nothing(bench):
    bench.provider.fault = refuse(429, times=1, message="Too many requests")
    bench.provider.faults["question 3"] = refuse(429, times=1, headers=[("retry-after", "1")])
    began = time.monotonic()
    run = bench.run(attempts=1)
    assert run["outcome"] == "complete" and run["errors"] == 0 and run["limited"] == 20
    assert run["calls"] == 20 and time.monotonic() - began > 0.9


def test_a_failing_provider_is_asked_again_and_then_an_error(bench):
    async def cut(exchange, nth):
        if nth < 3:
            exchange.reset()
        return nth < 3

    bench.provider.faults = {"question 1": refuse(500, times=2), "question 2": cut, "question 3": refuse(503),
                             "question 4": refuse(400, message="No such parameter")}
    run = bench.run(error_share=0.1)
    assert run["outcome"] == "complete" and run["errors"] == 2
    assert bench.metric(run, "equals")["scored"] == 18 and bench.metric(run, "equals")["failed"] == 0
    assert [bench.provider.asked[f"question {i}"] for i in range(1, 5)] == [3, 3, 3, 1]
    errors = {one["case"]: one for one in bench.results(run, status="error")}
    assert errors["case-3"]["attempts"] == 3 and "No such parameter" in errors["case-4"]["error"]["message"]
    assert bench.run(error_share=0.05)["outcome"] == "error"


def test_a_provider_that_is_down_half_way_and_comes_back(house, upstream):
    bench = Bench(house, upstream, cases=300)

    async def down(exchange, nth):
        if bench.provider.calls <= 100:
            return False
        exchange.reset()
        return True

    bench.provider.fault = down
    run = bench.run(attempts=1, concurrency=4)
    assert (run["state"], run["outcome"]) == ("finished", "error")
    assert "one after the other" in run["reason"] and f"{run['missing']} of 300 results are missing" in run["reason"]
    assert run["missing"] > 100 and run["digest"]
    good = {one["case"] for one in bench.results(run, status="ok", limit=500)}
    bench.provider.fault = None
    asked_before = dict(bench.provider.asked)
    house.api("POST", f"/runs/{run['id']}/resume", expect=200)
    ended = bench.wait(run)
    assert ended["outcome"] == "complete" and ended["done"] == 300 and ended["errors"] == 0
    assert ended["digest"] != run["digest"]
    for case in good:
        question = case.replace("case-", "question ")
        assert bench.provider.asked[question] == asked_before[question]
    assert len(bench.results(run, limit=500)) == 300


def test_a_stalling_provider_is_an_error_and_not_the_end(house, upstream):
    bench = Bench(house, upstream, cases=10)

    async def stall(exchange, nth):
        await exchange.gone()
        return True

    bench.push("model", "main", {"connection": "hasty", "model": bench.provider.model})
    bench.provider.faults = {"question 3": stall}
    run = bench.run(attempts=2, error_share=0.2)
    assert run["outcome"] == "complete" and run["errors"] == 1 and bench.provider.asked["question 3"] == 2


def test_a_budget_of_money_stops_in_time(house, upstream):
    bench = Bench(house, upstream, cases=200, prefix="fake-priced")
    run = bench.run(budget={"usd": 0.00039}, concurrency=16)  # ten calls at 11 × 1 + 7 × 4 per million
    assert (run["state"], run["outcome"]) == ("finished", "partial")
    assert bench.provider.calls == run["calls"] == run["done"] == 10 and run["cost_usd"] == "0.00039"
    assert "budget" in run["reason"] and "190 of 200 results are missing" in run["reason"]
    # Who wants more says so: what is there is not paid again.
    house.api("POST", f"/runs/{run['id']}/resume", expect=200)
    again = bench.wait(run)
    assert again["outcome"] == "partial" and bench.provider.calls == 10
    assert bench.run(budget={"calls": 7})["done"] == 7


def test_a_budget_of_money_needs_a_price(bench):
    run = bench.run(budget={"usd": 5})
    assert run["outcome"] == "partial" and "price" in run["reason"] and bench.provider.calls == 1


def test_cancelling_ends_calls_under_way(bench):
    bench.provider.hold_after = 5
    run = bench.start(concurrency=4)
    eventually(lambda: bench.provider.calls == 9, "calls in flight")
    bench.server.api("POST", f"/runs/{run['id']}/cancel", expect=200)
    ended = bench.wait(run)
    assert (ended["state"], ended["outcome"], ended["done"]) == ("cancelled", "partial", 5)
    assert "15 of 20 results are missing" in ended["reason"]
    assert bench.server.api("POST", f"/runs/{run['id']}/cancel").status_code == 409
    bench.provider.hold_after = None
    bench.server.api("POST", f"/runs/{run['id']}/resume", expect=200)
    assert bench.wait(run)["outcome"] == "complete"


def test_two_runs_at_once_and_more_than_there_is_room_for(make_server, upstream):
    server = make_server(house_config(upstream) | {"evaluation": {"runs": 2}})
    bench = Bench(server, upstream, cases=30)
    bench.provider.pause_s = 0.02
    runs = [bench.start(concurrency=4) for _ in range(5)]
    ended = [bench.wait(run) for run in runs]
    assert [run["outcome"] for run in ended] == ["complete"] * 5
    assert set(bench.provider.asked.values()) == {5}
    assert len({run["digest"] for run in ended}) == 5  # latencies differ


def test_concurrency_is_kept_to(bench):
    most, now = 0, 0

    async def count(exchange, nth):
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return False

    bench.provider.fault = count
    assert bench.run(concurrency=3)["outcome"] == "complete"
    assert most == 3
