# SPDX-License-Identifier: Apache-2.0
"""Runs of evaluations as users meet them: started, followed, read, compared with what they cost, and exported."""

import hashlib
import json
import pathlib

import jsonschema
import pytest
import yaml

from runs_support import Bench, Provider, jsonl
from support.server import eventually
from support.upstream import openai_answer

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())


def keeps_contract(value, path, method="get", status="200"):
    (content,) = CONTRACT["paths"]["/api/v1" + path][method]["responses"][status]["content"].values()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)
    return value


@pytest.fixture
def bench(house, upstream):
    return Bench(house, upstream)


def test_a_run_from_start_to_end(bench):
    started = keeps_contract(bench.start(), "/runs", "post", "201")
    assert started["planned"] == 20 and started["outcome"] is None
    run = keeps_contract(bench.wait(started), "/runs/{id}")
    assert (run["state"], run["outcome"], run["reason"]) == ("finished", "complete", "")
    assert run["done"] == 20 and run["errors"] == run["missing"] == 0 and run["calls"] == 20
    assert set(bench.provider.asked.values()) == {1}
    equal = bench.metric(run, "equals")
    assert equal["passed"] == equal["scored"] == 20 and equal["mean"] == 1
    assert bench.metric(run, "word_count")["mean"] == 1
    # Everything that decides is pinned.
    definition = run["definition"]
    assert definition["dataset"]["version"] == 1 and definition["dataset"]["cases_digest"].startswith("sha256:")
    assert definition["cells"][0]["models"]["main"]["version"] == 1
    # Results come in the order of the cases.
    results = bench.results(run, limit=7)
    keeps_contract({"items": results, "next_cursor": None}, "/runs/{id}/results")
    assert [one["case"] for one in results] == [f"case-{i}" for i in range(20)]
    assert results[3]["answer"] == "answer 3" and results[3]["tags"] == ["t1"]
    assert [score["passed"] for score in results[3]["scores"][:2]] == [True, True]
    # Each links to its call, which is recorded like any other.
    record = bench.server.wait_record(results[3]["invocation"])
    assert record["surface"] == "evaluation" and record["use_case"] == bench.slug and record["environment"] == "dev"
    assert record["end_user"] == f"run:{run['id']}" and record["status"] == "ok"
    assert len(bench.server.wait_records(20, end_user=f"run:{run['id']}")) == 20
    # The digest is of what can be exported.
    exported = bench.server.api("GET", f"/runs/{run['id']}/export")
    assert "sha256:" + hashlib.sha256(exported.content).hexdigest() == run["digest"]
    lines = [json.loads(line) for line in exported.text.splitlines()]
    assert lines[0] == definition and len(lines) == 21
    listed = keeps_contract(bench.server.api("GET", "/runs", expect=200, params={"use_case": bench.slug}), "/runs")
    assert [one["id"] for one in listed["items"]] == [run["id"]]
    actions = [entry["action"] for entry in bench.server.api("GET", "/audit", expect=200,
                                                             params={"use_case": bench.slug})["items"]]
    assert actions.count("run.start") == actions.count("run.end") == 1


def test_results_are_filtered(bench):
    async def wrong(exchange, nth):
        await exchange.json(openai_answer(bench.provider.model, "something else"))
        return True

    bench.provider.faults = {"question 4": wrong, "question 9": wrong}
    run = bench.run()
    assert run["outcome"] == "complete" and bench.metric(run, "equals")["failed"] == 2
    failed = bench.results(run, metric="equals", passed="false")
    assert [one["case"] for one in failed] == ["case-4", "case-9"]
    assert failed[0]["scores"][0]["reason"]
    assert len(bench.results(run, passed="false")) == 2
    assert len(bench.results(run, metric="equals", passed="true", tag="t1")) == 9
    assert [one["case"] for one in bench.results(run, q="ELSE", limit=1)] == ["case-4", "case-9"]
    # A link to one result begins with it.
    from_nine = bench.server.api("GET", f"/runs/{run['id']}/results", expect=200, params={"cursor": "9", "limit": 1})
    assert [one["item"] for one in from_nine["items"]] == [9]
    assert bench.results(run, status="error") == []
    assert bench.server.api("GET", f"/runs/{run['id']}/results", params={"passed": "maybe"}).status_code == 422


def test_repeats_are_independent_calls(bench):
    bench.load(3)
    run = bench.run(repeats=4)
    assert run["done"] == 12 and set(bench.provider.asked.values()) == {4}
    results = bench.results(run)
    assert [(one["number"], one["repeat"]) for one in results] == [(n, r) for n in range(3) for r in range(4)]
    assert len({one["invocation"] for one in results}) == 12


def test_a_matrix_compares_prompts_models_and_parameters(bench, upstream):
    bench.load(4)
    other = Provider(upstream)
    bench.push("model", "other", {"connection": "fake", "model": other.model})
    bench.push("prompt", "short", {"model": "main", "messages": [{"role": "system", "content": "Be short."}]})
    bench.define(target={"matrix": {"prompts": ["answer", "short"], "models": ["main", "other"],
                                    "parameters": [{}, {"temperature": 0.5}]}})
    run = bench.run()
    assert run["outcome"] == "complete" and run["done"] == 32 and len(run["cells"]) == 8
    assert bench.provider.calls == other.calls == 16
    assert bench.provider.temperatures == {None: 8, 0.5: 8}
    assert len({cell["label"] for cell in run["cells"]}) == 8
    assert [one["cell"] for one in bench.results(run, cell=5)] == [5] * 4


def test_a_release_and_what_it_is_recorded_as(bench):
    cut = bench.server.api("POST", f"/use-cases/{bench.slug}/releases",
                           json={"message": "why", "entry": f"{bench.slug}/prompt/answer"}).json()
    bench.define(target=None)
    # It need not be deployed anywhere to be judged.
    run = bench.run(target={"release": cut["number"]})
    assert run["outcome"] == "complete" and run["target"] == f"{bench.slug}@{cut['number']}"
    record = bench.server.wait_record(bench.results(run)[0]["invocation"])
    assert record["release"] == f"{bench.slug}@{cut['number']}"
    # Without a target it is what is active.
    nothing = bench.start(expect=404)
    assert nothing["detail"].startswith("No release")
    bench.server.api("POST", f"/use-cases/{bench.slug}/promotions", expect=200,
                     json={"environment": "dev", "release": cut["number"]})
    assert bench.run()["target"] == f"{bench.slug}@{cut['number']}"


def test_a_model_alone_with_a_conversation(bench):
    bench.load([{"id": "talk", "input": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"},
                                         {"role": "user", "content": "question 1"}], "expected": "answer 1"}])
    bench.define(target={"model": "main"})
    run = bench.run()
    assert run["outcome"] == "complete" and bench.metric(run, "equals")["passed"] == 1


def test_given_responses_are_judged_without_a_call(bench, tmp_path):
    bench.load([{"id": "a", "input": "question 1", "expected": "answer 1"},
                {"id": "b", "input": "question 2", "expected": "answer 2"},
                {"id": "c", "input": "question 3", "expected": "answer 3"}])
    file = tmp_path / "responses.jsonl"
    file.write_text(jsonl({"id": "a", "response": "answer 1", "latency_ms": 12.5},
                          {"prompt": "question 2", "modelResponses": [{"response": "no", "modelIdentifier": "x"}]},
                          {"conversationTurns": [{"prompt": {"content": [{"text": "question 3"}]},
                                                  "output": {"text": "answer 3"}}]}))
    done = bench.server.cli("eval", "run", f"{bench.slug}/golden", "--responses", file, "--watch", "--json")
    run = json.loads(done.stdout)
    assert run["outcome"] == "complete" and bench.provider.calls == 0
    assert bench.metric(run, "equals")["passed"] == 2 and bench.metric(run, "equals")["failed"] == 1
    results = bench.results(run)
    assert results[0]["latency_ms"] == 12.5 and results[1]["model"] == "x"
    assert run["definition"]["target"]["digest"] == "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    # A case without a response is an error, not a failure.
    file.write_text(jsonl({"id": "a", "response": "answer 1"}))
    done = bench.server.cli("eval", "run", f"{bench.slug}/golden", "--responses", file, "--watch", "--json", expect=3)
    run = json.loads(done.stdout)
    assert run["outcome"] == "error" and run["errors"] == 2 and bench.metric(run, "equals")["failed"] == 0
    # A file that is none is refused with its line.
    file.write_text(jsonl({"id": "a", "response": "x"}, {"id": "b"}))
    done = bench.server.cli("eval", "run", f"{bench.slug}/golden", "--responses", file, "--watch", "--json", expect=3)
    run = json.loads(done.stdout)
    assert run["state"] == "failed" and "line 2" in run["reason"]


def test_responses_that_came_with_the_cases(bench):
    bench.load([{"prompt": "question 1", "referenceResponse": "answer 1", "modelResponses": [{"response": "answer 1",
                                                                                             "modelIdentifier": "x"}]},
                {"prompt": "question 2", "referenceResponse": "answer 2", "modelResponses": [{"response": "no",
                                                                                             "modelIdentifier": "x"}]}])
    bench.define(target={"responses": {"from": "cases"}})
    run = bench.run()
    assert run["outcome"] == "complete" and bench.provider.calls == 0
    assert bench.metric(run, "equals")["passed"] == 1 and bench.results(run)[1]["model"] == "x"


def test_an_application_behind_http(make_server, upstream):
    server = make_server({"connections": {"fake": {"base_url": upstream.base_url, "api_key": "sk-x",
                                                   "allow_private": True, "models": ["fake-*"]}},
                          "evaluation": {"private_hosts": ["127.0.0.1"]}})
    bench = Bench(server, upstream, cases=5)
    seen = []

    async def application(exchange):
        seen.append((exchange.received.target, exchange.received.header("x-case"), exchange.request))
        await exchange.json({"data": [{"text": exchange.request["question"].replace("question", "answer")}]})

    upstream.on("the-application", application)
    http = {"url": f"http://127.0.0.1:{upstream.port}/ask?case={{{{id}}}}", "headers": {"X-Case": "{{id}}"},
            "body": {"model": "the-application", "question": "{{input}}"}, "response_path": "/data/0/text"}
    bench.define(target={"http": http})
    run = bench.run()
    assert run["outcome"] == "complete" and bench.metric(run, "equals")["passed"] == 5
    assert ("/ask?case=case-3", "case-3", {"model": "the-application", "question": "question 3"}) in seen


def test_no_private_address_unless_it_is_allowed_by_name(bench, upstream):
    bench.define(target={"http": {"url": f"http://127.0.0.1:{upstream.port}/ask", "body": {"model": "nobody"}}})
    run = bench.run()
    assert run["outcome"] == "error" and run["errors"] == 20
    assert {one["error"]["code"] for one in bench.results(run)} == {"permission_denied"}
    assert upstream.requests("nobody") == []


def test_a_prompt_with_variables_and_cases_that_do_not_fit(bench):
    bench.push("prompt", "answer", {"model": "main", "variables": {"question": {}, "tone": {"default": "kind"}},
                                    "messages": [{"role": "user", "content": "{{question}}"}]})
    bench.load([{"id": "text", "input": "question 1", "expected": "answer 1"},
                {"id": "named", "input": {"question": "question 2", "tone": "dry"}, "expected": "answer 2"},
                {"id": "wrong", "input": {"qestion": "question 3"}, "expected": "answer 3"}])
    run = bench.run(error_share=0.5)
    assert run["outcome"] == "complete" and run["errors"] == 1 and bench.metric(run, "equals")["passed"] == 2
    (wrong,) = bench.results(run, status="error")
    assert wrong["case"] == "wrong" and "question" in wrong["error"]["message"]
    assert bench.provider.calls == 2


def test_missing_expectations_are_the_metrics_errors(bench):
    bench.load([{"id": "a", "input": "question 1", "expected": "answer 1"}, {"id": "b", "input": "question 2"}])
    run = bench.run()
    assert run["errors"] == 0 and run["outcome"] == "error" and "'equals'" in run["reason"]
    equal = bench.metric(run, "equals")
    assert equal["scored"] == 1 and equal["errors"] == 1 and equal["mean"] == 1
    assert [one["case"] for one in bench.results(run, metric="equals", error="true")] == ["b"]
    assert bench.run(error_share=0.5)["outcome"] == "complete"


@pytest.mark.parametrize("fields, where, what", [
    ({"evaluation": "golden"}, "evaluation", "use case"),
    ({"evaluation": "x/prompt/y"}, "evaluation", "no evaluation"),
    ({"environment": "moon"}, "environment", "no environment"),
    ({"target": {"flow": "x"}}, "target", "can't run"),
    ({"target": {"release": "soon"}}, "target.release", "no release"),
    ({"split": "nobody"}, "dataset", "no case of the split"),
    ({"repeats": 0}, "repeats", "from 1"),
    ({"budget": {"usd": -1}}, "budget.usd", "more than 0"),
    ({"error_share": 2}, "error_share", "0 to 1"),
])
def test_what_cannot_be_run_is_said_at_once(bench, fields, where, what):
    answer = bench.server.api("POST", "/runs", json={"evaluation": f"{bench.slug}/golden", "environment": "dev"} | fields)
    assert answer.status_code == 422, answer.text
    assert what in answer.text and where in answer.text


def test_a_dataset_must_have_cases_and_one_is_enough(bench):
    bench.server.api("POST", f"/datasets/{bench.slug}/golden/cases", expect=200,
                     json={"remove": [f"case-{i}" for i in range(1, 20)]})
    run = bench.run()
    assert run["outcome"] == "complete" and run["done"] == 1
    answer = bench.start(expect=422, split="none")
    assert "no case" in answer["detail"]


def test_the_command_line(bench):
    done = bench.server.cli("eval", "run", "golden", "--use-case", bench.slug, "--env", "dev", "--watch")
    assert "complete" in done.stdout and "20 of 20" in done.stdout and "equals" in done.stdout
    listed = json.loads(bench.server.cli("eval", "list", "--use-case", bench.slug, "--json").stdout)
    (run,) = listed["items"]
    assert bench.slug in bench.server.cli("eval", "list", "--use-case", bench.slug).stdout
    assert run["id"] in bench.server.cli("eval", "show", run["id"]).stdout
    table = bench.server.cli("eval", "results", run["id"], "--limit", 3).stdout
    assert "case-2" in table and "case-3" not in table and "equals passed" in table
    assert bench.server.cli("eval", "results", run["id"], "--passed", "false").stderr.startswith("No result")
    exported = bench.server.cli("eval", "export", run["id"]).stdout
    assert "sha256:" + hashlib.sha256(exported.encode()).hexdigest() == run["digest"]
    assert bench.server.cli("eval", "cancel", run["id"], expect=2).stderr
    assert bench.server.cli("eval", "resume", run["id"], expect=2).stderr
    assert bench.server.cli("eval", "show", "nothing", expect=2).stderr


def test_progress_is_streamed(bench):
    bench.provider.pause_s = 0.05
    run = bench.start(concurrency=1)
    events = []
    with bench.server.http.stream("GET", f"/api/v1/runs/{run['id']}/stream",
                                  headers={"authorization": f"Bearer {bench.server.admin_token}"}) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                events.append(line[7:])
            if line.startswith("data: "):
                keeps_contract(json.loads(line[6:]) | {"definition": {}}, "/runs/{id}")
    assert events[-1] == "end" and "progress" in events


def test_who_may_run(bench):
    def service(role, use_case):
        made = bench.server.api("POST", "/principals", expect=201, json={
            "kind": "service", "name": f"{role} {bench.slug} {use_case}",
            "grants": [{"role": role, "use_case": use_case, "environment": None, "discipline": None}]})
        return {"authorization": f"Bearer {made['token']}"}

    body = {"evaluation": f"{bench.slug}/golden", "environment": "dev"}
    viewer, developer = service("viewer", bench.slug), service("developer", bench.slug)
    assert bench.server.api("POST", "/runs", json=body, headers=viewer).status_code == 403
    run = bench.server.api("POST", "/runs", json=body, headers=developer, expect=201)
    bench.wait(run)
    assert bench.server.api("GET", f"/runs/{run['id']}/results", headers=viewer).status_code == 200
    assert bench.server.api("POST", f"/runs/{run['id']}/resume", headers=viewer).status_code == 403
    stranger = service("viewer", "playground")
    assert bench.server.api("GET", f"/runs/{run['id']}", headers=stranger).status_code == 403
    assert bench.server.api("GET", "/runs", headers=stranger, expect=200)["items"] == []


def test_an_environment_that_keeps_no_bodies_keeps_no_answers(bench):
    run = bench.run(environment="quiet")
    assert run["outcome"] == "complete" and bench.metric(run, "equals")["passed"] == 20
    text = bench.server.api("GET", f"/runs/{run['id']}/export").text
    assert "answer 3" not in text.split("\n", 1)[1]
    eventually(lambda: bench.get(run)["digest"], "the digest")
