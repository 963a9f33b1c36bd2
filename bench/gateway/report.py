# SPDX-License-Identifier: Apache-2.0
"""The table of bench/gateway/run, in Markdown."""
import datetime
import statistics

BEGIN, END = "<!-- gateway table: bench/gateway/run --docs -->", "<!-- end of the gateway table -->"
NAMES = {"direct": "direct", "nginx": "nginx", "slipway": "Slipway"}


def table(figures, extra, opts, machine):
    proxies = [name for name in figures if name != "direct"]

    def middle(target, figure):
        return statistics.median(turn[figure] for turn in figures[target])

    def added(target, figure):
        """The median over the rounds of what this target takes longer than no proxy in the same round."""
        return statistics.median(own[figure] - base[figure] for own, base in zip(figures[target], figures["direct"]))

    rows = []

    def row(title, cell, shown, goal=""):
        rows.append([title] + [cell(name) if name in shown else "" for name in figures] + [goal])

    def latencies(title, figure, goals):
        for quantile in ("p50", "p99"):
            for connections in (1, 32):
                name = f"{figure}_{quantile}_{connections}" if figure != "call" else f"{quantile}_{connections}"
                what = "connection" if connections == 1 else "connections"
                if figure != "call" and connections != 1:
                    what = "streams at once"
                elif figure != "call":
                    what = "stream"
                elif connections != 1:
                    what += f", {opts.rate:,} calls/s"
                row(f"{title}, {quantile}, {connections} {what} (µs)",
                    lambda t, n=name: f"{middle(t, n):.0f}" if t == "direct" else f"{added(t, n):+.0f}", list(figures),
                    goals.get((quantile, connections), ""))

    for name, what, goal in (("rps_32", "32 connections", "≥ 0.80"), ("wrk_32", "32 connections, wrk", ""),
                             ("rps_1", "1 connection, wrk", "")):
        row(f"Calls a second, {what}", lambda t, n=name: f"{middle(t, n):,.0f}", list(figures))
        row("… as a share of nginx's",
            lambda t, n=name: f"{statistics.median(a[n] / b[n] for a, b in zip(figures[t], figures['nginx'])):.2f}",
            proxies, goal)
    row("CPU a call, 32 connections (µs)", lambda t: f"{middle(t, 'cpu_us_32'):.1f}", proxies)
    row("CPU to make a call searchable, afterwards (µs)", lambda t: f"{middle(t, 'settle_us'):.1f}", proxies)
    latencies("Call", "call", {("p99", 1): "≤ +120"})
    latencies("Time to first event", "ttft", {("p99", 1): "≤ +250"})
    latencies("Delay of an event", "event", {})
    if "rss_kb" in extra:
        before, early, late = (f"{kb / 1024:.1f}" for kb in extra["rss_kb"])
        row("Resident memory at start (MB)", lambda _: before, ["slipway"])
        row(f"… after {opts.calls // 10:,} calls", lambda _: early, ["slipway"])
        row(f"… after {opts.calls:,} calls", lambda _: late, ["slipway"], "≤ 64, flat")
        row("Start to ready (ms)", lambda _: f"{extra['ready_ms']:.0f}", ["slipway"], "≤ 150")
        row("Stripped program (MB)", lambda _: f"{extra['stripped_mb']:.1f}", ["slipway"], "≤ 30")

    head = [""] + [NAMES[name] for name in figures] + ["goal"]
    lines = [f"{machine}; {datetime.date.today().isoformat()}; {opts.rounds} rounds of {opts.seconds:g} s, medians."
             + (f" Capture: {opts.capture}." if "slipway" in figures else ""), "",
             "| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines) + "\n"


def write_into(page, text):
    """Puts the table between its two marks."""
    whole = page.read_text()
    if BEGIN not in whole or END not in whole:
        raise SystemExit(f"{page.name} has lost the marks of the table")
    head, rest = whole.split(BEGIN, 1)
    page.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}")
