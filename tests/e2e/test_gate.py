# SPDX-License-Identifier: Apache-2.0
"""The gate as CI meets it: verdict and exit code, evidence on the release, reports, and what happens when things go wrong."""

import json
import pathlib
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from conftest import house_config
from runs_support import Bench, refuse
from support.server import eventually, run_cli
from support.upstream import openai_answer
from test_runs import keeps_contract

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((TOP / "src/evaluation/gate/gate_report.schema.json").read_text())
METRICS = [{"metric": "equals", "name": "correct"}, {"metric": "word_count", "params": {"max": 100}, "name": "short"}]
CASES = 60


class GateBench(Bench):
    """A use case with two releases: the first is active in dev, the second answers by another model."""

    def __init__(self, server, upstream, thresholds, cases=CASES, **fields):
        super().__init__(server, upstream, cases)
        self.define(target=None, metrics=METRICS, thresholds=thresholds, **fields)
        self.first = self.cut("first")
        self.server.api("POST", f"/use-cases/{self.slug}/promotions", expect=200,
                        json={"environment": "dev", "release": self.first["number"]})
        self.require("golden")

    def require(self, *names, **rules):
        self.server.api("PUT", f"/policies/{self.slug}/dev", expect=200,
                        json={"gates": [f"{self.slug}/evaluation/{name}" for name in names]} | rules)

    def cut(self, message):
        return self.server.api("POST", f"/use-cases/{self.slug}/releases",
                               json={"message": message, "entry": f"{self.slug}/prompt/answer"}).json()

    def second(self, upstream, answer=None):
        """Another model behind the same name: `answer` maps a question's number to what is said."""
        async def speak(exchange):
            number = int(exchange.request["messages"][-1]["content"].split()[-1])
            self.other_calls += 1
            await exchange.json(openai_answer(self.other, answer(number) if answer else f"answer {number}"))

        self.other_calls = 0
        self.other = upstream.fresh(speak)
        self.push("model", "main", {"connection": "fake", "model": self.other})
        return self.cut("second")

    def gate(self, *arguments, expect=0):
        done = self.server.cli("gate", self.slug, "--env", "dev", *arguments, expect=expect)
        return done.stdout

    def start_gate(self, expect=201, **fields):
        return self.server.api("POST", f"/use-cases/{self.slug}/gates", expect=expect, json={"environment": "dev"} | fields)

    def wait_gate(self, gate):
        def there():
            now = self.server.api("GET", f"/use-cases/{self.slug}/gates/{gate['id']}", expect=200)
            return now if now["verdict"] else None

        return eventually(there, "the gate's verdict", timeout_s=90)

    def evidence(self, release):
        return self.server.api("GET", f"/use-cases/{self.slug}/releases/{release['number']}", expect=200)["evidence"]

    def may(self, release):
        answer = self.server.api("POST", f"/use-cases/{self.slug}/promotions", expect=200,
                                 json={"environment": "dev", "release": release["number"], "preview": True})
        (gate,) = [one for one in answer["checks"] if one["name"].startswith("gate ")]
        return gate


def test_a_release_that_is_as_good_passes_and_may_be_promoted(house, upstream, tmp_path):
    bench = GateBench(house, upstream, [{"metric": "correct", "min": 0.9}, {"metric": "correct", "max_drop": 0.05},
                                        {"metric": "error_share", "max": 0.02}])
    release = bench.second(upstream)
    assert not bench.may(release)["ok"]
    files = {name: tmp_path / f"gate.{name}" for name in ("xml", "md", "html", "json")}
    shown = bench.gate("--junit", files["xml"], "--markdown", files["md"], "--html", files["html"], "--json-file", files["json"])
    assert shown.startswith("PASS") and "3 thresholds are kept" in shown
    # Each case was asked once of each release.
    assert bench.other_calls == CASES and bench.provider.calls == CASES
    (proof,) = bench.evidence(release)
    assert proof["result"] == "pass" and proof["subject"] == release["digest"] and proof["environment"] == "dev"
    assert proof["name"] == f"{bench.slug}/evaluation/golden" and proof["metrics"] == {"correct": 1, "correct.difference": 0, "error_share": 0}
    assert bench.may(release)["ok"]
    bench.server.api("POST", f"/use-cases/{bench.slug}/promotions", expect=200,
                     json={"environment": "dev", "release": release["number"]})
    # The same verdict in every shape.
    suite = ElementTree.parse(files["xml"]).getroot()
    assert suite.get("failures") == suite.get("errors") == "0" and suite.get("tests") == "3"
    whole = json.loads(files["json"].read_text())
    assert whole["verdict"] == "pass" and whole["release"] == release["number"] and whole["baseline"] == bench.first["number"]
    (report,) = whole["reports"]
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert "pass" in files["md"].read_text().lower()
    page = files["html"].read_text()
    assert page.startswith("<!doctype html>") and "case-59" in page
    # The digest is of the run that anyone can export.
    gate = bench.server.api("GET", f"/use-cases/{bench.slug}/gates", expect=200)["items"][0]
    run = bench.get(gate["checks"][0]["run"])
    assert proof["digest"] == run["digest"] == gate["checks"][0]["digest"]
    actions = [one["action"] for one in bench.server.api("GET", "/audit", expect=200,
                                                         params={"use_case": bench.slug})["items"]]
    assert actions.count("gate.start") == actions.count("gate.decide") == actions.count("release.attach_evidence") == 1


def test_a_worse_release_fails_with_its_worst_cases(house, upstream, tmp_path):
    bench = GateBench(house, upstream, [{"metric": "correct", "max_drop": 0.05}])
    release = bench.second(upstream, lambda number: "no idea" if number % 2 else f"answer {number}")
    comment = tmp_path / "comment.md"
    shown = json.loads(bench.gate("--json", "--markdown", comment, expect=1))
    assert shown["verdict"] == "fail" and "correct.max_drop" in shown["reason"]
    (report,) = shown["reports"]
    (threshold,) = report["thresholds"]
    assert threshold["verdict"] == "fail" and threshold["difference"] == pytest.approx(-0.5)
    assert threshold["difference_interval"]["high"] < -0.05
    assert report["failures"]["new"] == 30 and report["failures"]["persisting"] == 0
    worst = report["worst"][0]
    assert worst["answer"] == "no idea" and worst["state"] == "new"
    number = worst["case"].removeprefix("case-")
    assert worst["input"] == f"question {number}" and worst["expected"] == f"answer {number}"
    # The link leads to the call.
    assert bench.server.wait_record(worst["link"].rsplit("/", 1)[1])["release"] == f"{bench.slug}@{release['number']}"
    assert comment.read_text().startswith("## ❌ Gate: fail") and "asked: question 1" in comment.read_text()
    assert bench.evidence(release)[0]["result"] == "fail" and not bench.may(release)["ok"]


def test_few_cases_are_inconclusive_and_say_how_many_more(house, upstream):
    bench = GateBench(house, upstream, [{"metric": "correct", "min": 0.9}], cases=12)
    bench.second(upstream)
    shown = json.loads(bench.gate("--json", expect=3))
    assert shown["verdict"] == "inconclusive" and shown["reports"][0]["more_cases"] > 0
    text = bench.gate("--evaluation", "golden", expect=3)
    assert text.startswith("INCONCLUSIVE") and "more case" in text


def test_a_provider_that_fails_is_an_error_and_no_fail(house, upstream):
    bench = GateBench(house, upstream, [{"metric": "correct", "min": 0.5}], attempts=1)
    bench.provider.fault = refuse(500)
    bench.push("prompt", "answer", {"model": "main", "messages": [{"role": "system", "content": "Answer well."}]})
    release = bench.cut("well")
    shown = json.loads(bench.gate("--json", expect=3))
    assert shown["verdict"] == "error" and bench.evidence(release)[0]["result"] == "error"


def test_what_is_active_is_evaluated_once(house, upstream):
    bench = GateBench(house, upstream, [{"metric": "correct", "max_drop": 0.05}])
    bench.second(upstream)
    bench.gate()
    again = bench.wait_gate(bench.start_gate())
    assert again["checks"][0]["baseline_reused"] and bench.provider.calls == CASES and bench.other_calls == 2 * CASES
    fresh = bench.wait_gate(bench.start_gate(fresh_baseline=True))
    assert not fresh["checks"][0]["baseline_reused"] and bench.provider.calls == 2 * CASES
    # Another version of what decides is another question.
    bench.load(CASES + 1)
    other = bench.wait_gate(bench.start_gate())
    assert not other["checks"][0]["baseline_reused"]


def test_a_shared_evaluation_judges_any_use_case(house, upstream):
    bench = GateBench(house, upstream, [{"metric": "short", "min": 0.5}])
    name = f"safe-{bench.slug}"
    content = {"dataset": f"{bench.slug}/golden", "metrics": METRICS, "thresholds": [{"metric": "short", "min": 0.8}]}
    house.api("POST", f"/datasets/shared/{name}/import", expect=200,
              content="".join(json.dumps({"id": f"s{i}", "input": f"question {i}"}) + "\n" for i in range(40)))
    content["dataset"] = name
    content["metrics"] = [METRICS[1]]
    house.api("POST", "/assets/push", expect=200, json={"assets": [
        {"owner": "shared", "kind": "evaluation", "name": name, "content": content}], "message": "why"})
    house.api("PUT", f"/policies/{bench.slug}/dev", expect=200,
              json={"gates": [f"shared/evaluation/{name}", f"{bench.slug}/evaluation/golden"]})
    release = bench.second(upstream)
    shown = json.loads(bench.gate("--json"))
    assert shown["verdict"] == "pass" and len(shown["reports"]) == 2
    assert {one["name"] for one in bench.evidence(release)} == {f"shared/evaluation/{name}", f"{bench.slug}/evaluation/golden"}
    gate = house.api("GET", f"/use-cases/{bench.slug}/gates", expect=200)["items"][0]
    keeps_contract({"items": [gate], "next_cursor": None}, "/use-cases/{slug}/gates")
    path = f"/use-cases/{bench.slug}/gates/{gate['id']}/report"
    assert house.api("GET", path, params={"format": "html"}).status_code == 422
    assert house.api("GET", path, params={"format": "html", "evaluation": f"shared/{name}"}).status_code == 200
    assert house.api("GET", path, params={"format": "junit"}).text.count("<testsuite ") == 2


def test_wrong_use_is_told_apart_from_a_fail(house, upstream):
    bench = GateBench(house, upstream, [{"metric": "correct", "min": 0.5}])
    assert "no release" in house.cli("gate", house.make_key().use_case, "--env", "dev", expect=2).stderr
    assert bench.server.cli("gate", bench.slug, "--env", "moon", expect=2).stderr
    assert "99" in bench.server.cli("gate", bench.slug, "--env", "dev", "--release", "99", expect=2).stderr
    bench.require()
    assert "requires no evaluation" in bench.server.cli("gate", bench.slug, "--env", "dev", expect=2).stderr
    bench.start_gate(expect=404, evaluations=["nothing"])
    assert house.cli("gate", bench.slug, "--env", "dev", "--gate", "x", expect=2).stderr
    out_of_reach = run_cli("gate", bench.slug, "--env", "dev", "--url", "http://127.0.0.1:1", "--data-dir", str(house.data_dir),
                           expect=3, environment=house.environment, cwd=house.directory)
    assert out_of_reach.stderr


def test_a_gate_outlives_the_server(make_server, upstream):
    own_server = make_server(house_config(upstream))
    bench = GateBench(own_server, upstream, [{"metric": "correct", "min": 0.5}])
    bench.provider.pause_s = 0.05
    bench.push("prompt", "answer", {"model": "main", "messages": [{"role": "system", "content": "Answer well."}]})
    release = bench.cut("well")
    gate = bench.start_gate()
    report = f"/use-cases/{bench.slug}/gates/{gate['id']}/report"
    assert own_server.api("GET", report).status_code == 409
    own_server.kill()
    own_server.start()
    decided = bench.wait_gate(gate)
    assert decided["verdict"] == "pass" and len(bench.evidence(release)) == 1
    assert own_server.api("GET", report).text.startswith("PASS")
