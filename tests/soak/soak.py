# SPDX-License-Identifier: Apache-2.0
"""Mixed calls, streams, faults and leaving clients for a long time. At the end nothing may be left: no connection, no
call in flight, no memory that grew, and no call that is not accounted for.

    SLIPWAY_SOAK_SECONDS   how long (default 600)
    SLIPWAY_SOAK_CLIENTS   clients at once (default 24)"""

import asyncio
import collections
import json
import os
import pathlib
import random
import statistics
import sys
import time

import httpx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.server import PATIENCE_S, SANITIZED, Server, eventually  # noqa: E402
from support.upstream import Upstream, error, hang_up, reset, short_body, silent, truncated_json  # noqa: E402

SECONDS = float(os.environ.get("SLIPWAY_SOAK_SECONDS", 600))
CLIENTS = int(os.environ.get("SLIPWAY_SOAK_CLIENTS", 24))
SAMPLE_S = max(0.5, SECONDS / 240)

# What a client does, what the record of it must say, and how often it comes.
Kind = collections.namedtuple("Kind", "status weight stream leave headers model body key")


def kind(status, weight, *, stream=False, leave=None, headers=None, model="simulated-small", body=None, key=None):
    return Kind(status, weight, stream, leave, headers or {}, model, body, key)


def simulate(demand):
    return {"x-simulate": demand}


ARRIVED = set()  # the texts that the silent provider was asked


async def arrives(exchange):
    ARRIVED.add(exchange.request["messages"][0]["content"])
    await silent(exchange)


def kinds(upstream):
    return {
        "plain": kind("ok", 30),
        "stream": kind("ok", 30, stream=True),
        "slow stream": kind("ok", 4, stream=True, headers=simulate("tokens-per-second=100; jitter-ms=5")),
        "provider on the wire": kind("ok", 6, model=upstream.fresh(None)),
        "stream on the wire": kind("ok", 6, model=upstream.fresh(None), stream=True),
        "long answer in pieces": kind("ok", 2, stream=True, headers=simulate("piece-bytes=3")),
        "leaves at the first word": kind("interrupted", 8, stream=True, leave="word",
                                         headers=simulate("tokens-per-second=20")),
        "leaves before the first word": kind("interrupted", 3, stream=True, leave="comment",
                                             headers=simulate("stall-after=0")),
        "leaves a silent provider": kind("interrupted", 3, leave="arrived", model=upstream.fresh(arrives)),
        "provider limits": kind("limited", 3, headers=simulate("status=429; retry-after=1")),
        "provider fails": kind("upstream_error", 3, headers=simulate("status=500")),
        "provider fails a stream": kind("upstream_error", 2, stream=True, headers=simulate("status=503")),
        "stream is cut": kind("upstream_error", 3, stream=True, headers=simulate("cut-after=5")),
        "stream is malformed": kind("upstream_error", 2, stream=True, headers=simulate("malformed-after=5")),
        "stream brings an error": kind("upstream_error", 2, stream=True, headers=simulate("error-after=5")),
        "provider resets": kind("upstream_error", 2, model=upstream.fresh(reset)),
        "provider hangs up": kind("upstream_error", 2, model=upstream.fresh(hang_up)),
        "body too short": kind("upstream_error", 2, model=upstream.fresh(short_body)),
        "half a JSON": kind("upstream_error", 2, model=upstream.fresh(truncated_json)),
        "error page": kind("upstream_error", 2, model=upstream.fresh(error(502, "bad gateway"))),
        "malformed request": kind("client_error", 3, body="{"),
        "unknown model": kind("client_error", 2, model="nobody-knows-it"),
    }


class Soak:
    def __init__(self, server, upstream):
        self.server, self.upstream, self.kinds = server, upstream, kinds(upstream)
        self.keys = [server.make_key(environment, "soak") for environment in ("dev", "preprod", "prod", "dev")]
        self.sent = collections.Counter()
        self.failures = []
        self.rss_kb = []
        self.end = time.monotonic() + SECONDS
        self.random = random.Random(7)

    async def run(self):
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=PATIENCE_S,
                                     limits=limits) as self.http:
            await asyncio.gather(self.watch(), *[self.client() for _ in range(CLIENTS)])

    async def client(self):
        names, weights = list(self.kinds), [one.weight for one in self.kinds.values()]
        while time.monotonic() < self.end and len(self.failures) < 20:
            name = self.random.choices(names, weights)[0]
            try:
                await self.call(name, self.kinds[name])
            except (AssertionError, httpx.HTTPError) as failure:
                self.failures.append(f"{name}: {failure!r}")

    async def call(self, name, what):
        text = f"Soak {self.random.random()} " + "words " * self.random.choice((1, 1, 1, 50, 2000))
        body = what.body or json.dumps({"model": what.model, "stream": what.stream,
                                        "messages": [{"role": "user", "content": text}]})
        headers = {"authorization": f"Bearer {self.random.choice(self.keys)}", "content-type": "application/json"}
        request = self.http.build_request("POST", "/v1/chat/completions", content=body, headers=headers | what.headers)
        self.sent[name] += 1
        if what.leave == "arrived":
            await self.leave_without_an_answer(request, text)
            return
        answer = await self.http.send(request, stream=True)
        try:
            if what.leave:
                async for line in answer.aiter_lines():
                    if what.leave == "comment" and line.startswith(":"):
                        return
                    if '"content":"' in line and '"content":""' not in line:
                        return
                raise AssertionError("the stream ended before it could be left")
            content = (await answer.aread()).decode()
        finally:
            await answer.aclose()
        if what.status == "ok":
            assert answer.status_code == 200, f"{answer.status_code} {content[:300]}"
            assert content.endswith("data: [DONE]\n\n" if what.stream else "}") or not what.stream, content[-200:]
        else:
            assert '"error"' in content and "[DONE]" not in content, content[-300:]

    async def leave_without_an_answer(self, request, text):
        """Gives up only when the call is known to be on its way: a request that never left the client is no call."""
        sending = asyncio.create_task(self.http.send(request))
        while text not in ARRIVED and not sending.done():
            await asyncio.sleep(0.01)
        assert not sending.done(), "an answer instead of silence"
        ARRIVED.discard(text)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    async def watch(self):
        while time.monotonic() < self.end and len(self.failures) < 20:
            await asyncio.sleep(SAMPLE_S)
            self.upstream.received.clear()  # what a test would look at is of no use here
            for line in pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    self.rss_kb.append(int(line.split()[1]))

    # ---- what must hold at the end

    def checks(self):
        yield "every answer was as expected", self.answers
        yield "no connection and no call is left", self.nothing_left
        yield "every call is counted by its status", self.counted
        yield "every call has its record", self.recorded
        yield "no record was lost", self.nothing_lost
        yield "memory is flat", self.memory

    def expected(self):
        by_status = collections.Counter()
        for name, count in self.sent.items():
            by_status[self.kinds[name].status] += count
        return dict(by_status)

    def answers(self):
        assert not self.failures, "\n".join(self.failures[:10])
        missing = [name for name in self.kinds if not self.sent[name]]
        assert not missing or SECONDS < 60, f"never tried: {missing}"

    def nothing_left(self):
        server = self.server
        eventually(lambda: server.metric("slipway_requests_in_flight") == 0, "the end of all calls")
        server._close_http()
        eventually(lambda: server.metric("slipway_client_connections") <= 1, "the end of the clients' connections")
        # What may stay open is the pool's: four idle connections an origin and loop, two origins, two loops.
        open_upstream = server.metric("slipway_upstream_connections")
        assert open_upstream <= 16, f"{open_upstream} connections to providers are open"

    def counted(self):
        counted = {status: int(self.server.metric("slipway_requests_total", status=status)) for status in self.expected()}
        assert counted == self.expected(), f"{counted} instead of {self.expected()}"

    def recorded(self):
        query = {"use_case": "soak", "from": "2020-01-01T00:00:00Z", "group_by": "status", "step": 2_592_000}
        query["from"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - SECONDS - 3600))

        def totals():
            found = self.server.api("GET", "/overview", params=query | {"step": 3600}, expect=200)["totals"]
            return {status: count for status, count in found["by_status"].items() if count}

        eventually(lambda: sum(totals().values()) >= sum(self.sent.values()), "all records to be queryable")
        assert totals() == self.expected(), f"{totals()} instead of {self.expected()}"
        rows = sum(1 for _ in self.server.api("GET", "/invocations/export", params={
            "use_case": "soak", "format": "jsonl", "from": query["from"]}).iter_lines())
        assert rows == sum(self.sent.values()), f"{rows} rows of {sum(self.sent.values())} calls"

    def nothing_lost(self):
        status = self.server.status()
        assert status["lost_records"] == 0 and status["ready"] is True, status

    def memory(self):
        assert len(self.rss_kb) >= 20, "too short to tell"
        quarter = len(self.rss_kb) // 4
        early, late = (statistics.median(part) for part in (self.rss_kb[quarter:2 * quarter], self.rss_kb[-quarter:]))
        print(f"resident memory: {early / 1024:.1f} MiB in the second quarter, {late / 1024:.1f} MiB in the last, "
              f"{max(self.rss_kb) / 1024:.1f} MiB at most")
        if not SANITIZED:
            # Caches of the store and of the allocator may still fill; a leak of 100 bytes a call would show.
            assert late - early <= max(4096, early * 0.05), f"memory grew from {early} kB to {late} kB"


def main():
    passed = failed = 0
    with Upstream() as upstream:
        config = {
            "connections": {
                "simulated": {"dialect": "simulated", "models": ["simulated-*"]},
                "fake": {"base_url": upstream.base_url, "api_key": "sk-x", "models": ["fake-*"], "allow_private": True}},
            "gateway": {"upstream_idle_connections": 4, "max_concurrent_per_key": 1000, "keep_alive_comment": "100ms"},
        }
        with Server(config) as server:
            soak = Soak(server, upstream)
            asyncio.run(soak.run())
            total = sum(soak.sent.values())
            print(f"{total} calls of {len(soak.sent)} kinds in {SECONDS:.0f} s")
            for name, check in soak.checks():
                try:
                    check()
                    passed += 1
                    print(f"ok: {name}")
                except AssertionError as failure:
                    failed += 1
                    print(f"FAILED: {name}: {failure}")
            if failed:
                print(server.state())
        passed += 1  # it stopped with exit code 0 and without a complaint in its log
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
