# SPDX-License-Identifier: Apache-2.0
"""Calls of applications and what their users say about the answers, by HTTP with a key, as any client makes them."""

import concurrent.futures
import itertools
import json
import random
import sys
import threading

from house import EXAMPLE, Failed

sys.dont_write_bytecode = True  # nothing is left behind in the example
sys.path.insert(0, str(EXAMPLE))
from pages import find_pages  # noqa: E402

WORKERS = 12
GOLDEN = [case["input"]["question"] for case in
          map(json.loads, (EXAMPLE / "datasets/golden.jsonl").read_text().splitlines()) if case["split"] == "test"]
# What customers of the new phone app ask, and the page that answers it.
NEW = {
    "Is there a climbing wall in Kassel?": "stores",
    "May I rent a child carrier for a week?": "rental",
    "Do you patch rain jackets?": "repairs",
    "Can several gift cards be used in one order?": "gift-cards",
    "What does freight for long poles cost?": "delivery",
    "Do trousers come in short lengths?": "sizes",
}
PRAISE = ["Just what I needed", "Thank you!", "Clear and short", ""]
COMPLAINTS = ["That is not what I asked", "Too curt", "I wanted to talk to a person"]


def ask(house, key, question, user):
    """(call's id, release, answer)."""
    body = {"model": "support-assistant", "messages": [], "user": user,
            "variables": {"question": question, "sources": find_pages(question)}}
    status, headers, answer = house.send("POST", "/v1/chat/completions", body, key)
    if status != 200:
        raise Failed(f"a call of the use case was answered with {status}: {json.dumps(answer)}")
    return headers["x-slipway-invocation-id"], headers["x-slipway-release"], answer["choices"][0]["message"]["content"]


def give_feedback(house, key, call, score, comment):
    """A record can be found a moment after the answer."""
    body = {"invocation_id": call, "score": score} | ({"comment": comment} if comment else {})

    def given():
        status, _, answer = house.send("POST", "/v1/feedback", body, key)
        if status not in (200, 201, 404):
            raise Failed(f"feedback was answered with {status}: {json.dumps(answer)}")
        return status != 404

    house.eventually(given, f"the record of the call {call}")


def crowd(work, items):
    """work(item) for all of them, several at a time; the first failure is raised."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def customers_ask(house, key, count, customers=40, seed=1):
    """[(call, release, answer)] of `count` golden questions."""
    dice = random.Random(seed)
    orders = [(dice.choice(GOLDEN), f"customer-{dice.randrange(customers)}") for _ in range(count)]
    return crowd(lambda order: ask(house, key, *order), orders)


def customers_judge(house, key, calls, happy, seed=1):
    dice = random.Random(seed)
    said = [(call, 1, dice.choice(PRAISE)) if dice.random() < happy else (call, 0, dice.choice(COMPLAINTS)) for call in calls]
    crowd(lambda one: give_feedback(house, key, *one), said)
    return sum(score for _, score, _ in said), len(said)


class Stream:
    """Calls that go on beside the demo until stop(). A failure is raised there."""

    def __init__(self, work, workers=6, pause_s=0.0):
        self._work, self._pause_s = work, pause_s
        self._ended = threading.Event()
        self._failure = None
        self._numbers = itertools.count()
        self.calls = 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._ended.is_set():
            try:
                self._work(next(self._numbers))
                self.calls += 1
            except Exception as error:  # noqa: BLE001 - told by stop()
                self._failure = self._failure or error
                return
            self._ended.wait(self._pause_s)

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._failure:
            raise self._failure
        return self.calls
