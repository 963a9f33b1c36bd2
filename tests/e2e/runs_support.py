# SPDX-License-Identifier: Apache-2.0
"""What the tests of runs share: a use case with a prompt, a dataset and an evaluation, and a provider that counts."""

import asyncio
import collections
import json

from support.server import eventually
from support.upstream import openai_answer

ENDED = ("finished", "cancelled", "failed")
METRICS = [{"metric": "equals"}, {"metric": "contains", "params": {"value": "answer"}}, {"metric": "word_count", "params": {"max": 100}}]


def jsonl(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


class Provider:
    """Answers "answer N" to "question N"; counts each question, and does otherwise where it is told to."""

    def __init__(self, upstream, prefix="fake"):
        self.asked = collections.Counter()
        self.faults = {}  # question → async function of (exchange, how often it was asked)
        self.fault = None  # for all others
        self.pause_s = 0
        self.hold_after = None  # from so many calls on, no answer until the client leaves
        self.temperatures = collections.Counter()
        self.model = upstream.fresh(self.answer, prefix)

    @property
    def calls(self):
        return sum(self.asked.values())

    async def answer(self, exchange):
        question = exchange.request["messages"][-1]["content"]
        self.asked[question] += 1
        self.temperatures[exchange.request.get("temperature")] += 1
        fault = self.faults.get(question, self.fault)
        if fault and await fault(exchange, self.asked[question]):
            return
        if self.hold_after is not None and self.calls > self.hold_after:
            await exchange.gone()
            return
        if self.pause_s:
            await asyncio.sleep(self.pause_s)
        await exchange.json(openai_answer(self.model, question.replace("question", "answer")))


def refuse(status, *, times=10**9, headers=(), message="Something is wrong"):
    async def fault(exchange, nth):
        if nth > times:
            return False
        await exchange.json({"error": {"message": message, "type": "x", "code": "x"}}, status, headers)
        return True

    return fault


class Bench:
    def __init__(self, server, upstream, cases=20, prefix="fake", key=None):
        self.server = server
        self.provider = Provider(upstream, prefix)
        self.key = key or server.make_key()
        self.slug = self.key.use_case
        self.push("model", "main", {"connection": "fake", "model": self.provider.model})
        self.push("prompt", "answer", {"model": "main", "messages": [{"role": "system", "content": "Answer."}]})
        self.load(cases)
        self.define()

    def push(self, kind, name, content, expect=200):
        asset = {"owner": self.slug, "kind": kind, "name": name, "content": content}
        return self.server.api("POST", "/assets/push", expect=expect, json={"assets": [asset], "message": "why"})

    def load(self, cases):
        lines = cases if isinstance(cases, list) else [
            {"id": f"case-{i}", "input": f"question {i}", "expected": f"answer {i}", "tags": [f"t{i % 2}"]}
            for i in range(cases)]
        self.server.api("POST", f"/datasets/{self.slug}/golden/import", expect=200, content=jsonl(*lines))

    def define(self, **fields):
        content = {"dataset": "golden", "target": {"prompt": "answer"}, "metrics": METRICS} | fields
        self.push("evaluation", "golden", {name: value for name, value in content.items() if value is not None})

    def start(self, expect=201, **fields):
        return self.server.api("POST", "/runs", expect=expect,
                               json={"evaluation": f"{self.slug}/golden", "environment": "dev"} | fields)

    def get(self, run):
        return self.server.api("GET", f"/runs/{run['id']}", expect=200)

    def wait(self, run, state=ENDED, timeout_s=90):
        def there():
            now = self.get(run)
            return now if now["state"] in state else None

        return eventually(there, f"the run to be one of {state}", timeout_s=timeout_s)

    def run(self, **fields):
        return self.wait(self.start(**fields))

    def results(self, run, **query):
        items, cursor = [], None
        while True:
            page = self.server.api("GET", f"/runs/{run['id']}/results", expect=200,
                                   params=query | ({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def metric(self, run, name, cell=0):
        (found,) = [one for one in run["cells"][cell]["metrics"] if one["metric"] == name]
        return found
