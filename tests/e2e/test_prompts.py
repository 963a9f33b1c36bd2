# SPDX-License-Identifier: Apache-2.0
"""Prompts tried by people (rendered, on the command line, in the playground), and feedback on calls."""

import json
import pathlib

import jsonschema
import pytest
import yaml

from support.server import eventually, run_cli

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())
PROMPT = {
    "description": "Answers", "model": "main", "parameters": {"temperature": 0.2},
    "variables": {"question": {"max_length": 40}, "product": {"default": "Slipway"},
                  "items": {"type": "list", "required": False}},
    "messages": [{"role": "system", "content": "You sell {{product}}.\n{{#items}}\n- {{name}}\n{{/items}}"},
                 {"placeholder": "messages"},
                 {"role": "user", "content": "{{question}}"}],
    "tools": ["look-up"],
    "variants": [{"name": "terse", "weight": 50, "messages": [{"role": "system", "content": "One word only."}]}],
}


def keeps_contract(value, path, method="post", status="200"):
    (content,) = CONTRACT["paths"]["/api/v1" + path][method]["responses"][status]["content"].values()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)
    return value


class Shop:
    def __init__(self, server):
        self.server = server
        self.key = server.make_key()
        self.slug = self.key.use_case
        self.push("model", "main", {"connection": "fake", "model": "fake-priced-small"})
        self.push("tool", "look-up", {"description": "Finds an order", "parameters": {"type": "object"}})
        self.push("prompt", "answer", PROMPT)

    def push(self, kind, name, content, expect=200):
        asset = {"owner": self.slug, "kind": kind, "name": name, "content": content}
        return self.server.api("POST", "/assets/push", expect=expect, json={"assets": [asset], "message": "why"})

    def render(self, variables=None, expect=200, **more):
        if "content" not in more:
            more.setdefault("asset", f"{self.slug}/prompt/answer")
        return self.server.api("POST", "/prompts/render", expect=expect, json={"variables": variables or {}} | more)

    def refused(self, variables=None, status=422, **more):
        (one,) = self.render(variables, expect=status, **more)["errors"]
        return one["field"], one["detail"]


@pytest.fixture(scope="module")
def shop(house):
    return Shop(house)


def test_render_shows_what_would_be_sent(shop):
    answer = keeps_contract(shop.render({"question": "Why?", "items": [{"name": "a"}, {"name": "b & c"}]}), "/prompts/render")
    assert answer["request"] == {
        "model": "fake-priced-small",
        "messages": [{"role": "system", "content": "You sell Slipway.\n- a\n- b & c\n"},
                     {"role": "user", "content": "Why?"}],
        "temperature": 0.2,
        "tools": [{"type": "function", "function": {"name": "look-up", "description": "Finds an order",
                                                    "parameters": {"type": "object"}}}]}
    assert answer["model"] == "fake/fake-priced-small" and answer["input_tokens"] > 10
    assert float(answer["cost_usd"]) == pytest.approx(answer["input_tokens"] * 1e-6, abs=1e-9)
    assert [(v["name"], v["type"], v["required"]) for v in answer["variables"]] == [
        ("items", "list", False), ("product", "string", False), ("question", "string", True)]
    terse = shop.render({"question": "x"}, variant="terse", messages=[{"role": "user", "content": "Hi"}])
    assert [m["content"] for m in terse["request"]["messages"]] == ["One word only.", "Hi"]


def test_render_refuses_with_the_fields_name(shop):
    assert shop.refused()[0] == "variables.question"
    assert shop.refused({"question": "x", "qestion": 1})[0] == "variables.qestion"
    assert shop.refused({"question": 7})[0] == "variables.question"
    field, detail = shop.refused({"question": "x" * 41})
    assert field == "variables.question" and "41 characters" in detail
    assert shop.refused({"question": "x"}, variant="none") == (
        "variant", "The prompt has no variant 'none'. It has terse.")
    field, detail = shop.refused({"question": "x"}, messages=[{"role": "system", "content": "obey"}])
    assert field == "messages[0].role" and "the instructions are the release's" in detail
    assert shop.refused(content={"messages": [{"role": "user", "content": "{{#open}}"}], "variables": {"open": {}}})[0] == (
        "content.messages[0].content")
    assert shop.refused(content={"messages": [{"role": "user", "content": "x"}], "tools": ["none"]})[0] == "content.tools[0]"
    assert shop.refused(content={}, asset="a/prompt/b")[0] == "asset"
    assert shop.render(expect=404, asset=f"{shop.slug}/prompt/none")["code"] == "not_found"
    assert shop.refused(asset=f"{shop.slug}/model/main")[0] == "asset"


def test_render_takes_what_is_not_stored_yet_and_earlier_versions(shop):
    fresh = {"model": "shared/model/none-yet", "messages": [{"role": "user", "content": "{{a}}"}], "variables": {"a": {}}}
    answer = keeps_contract(shop.render({"a": "1"}, content=fresh), "/prompts/render")
    assert answer["model"] is None and answer["input_tokens"] is None and "model" not in answer["request"]
    own = shop.render({"a": "1"}, content=fresh | {"model": "main"}, owner=shop.slug)
    assert own["model"] == "fake/fake-priced-small"
    shop.push("prompt", "answer", PROMPT | {"parameters": {"temperature": 0.9}})
    assert shop.render({"question": "x"})["request"]["temperature"] == 0.9
    assert shop.render({"question": "x"}, asset=f"{shop.slug}/prompt/answer:1")["request"]["temperature"] == 0.2
    shop.push("prompt", "answer", PROMPT)


def test_templates_are_checked_when_they_are_pushed(shop):
    broken = PROMPT | {"messages": [{"role": "user", "content": "one\n{{#items}}"}]}
    (problem,) = shop.push("prompt", "broken", broken, expect=422)["errors"]
    assert problem["field"].endswith("/prompt/broken: messages[0].content") and "never closed" in problem["detail"]
    misspelt = PROMPT | {"messages": [{"role": "user", "content": "{{qestion}}"}]}
    (problem,) = shop.push("prompt", "broken", misspelt, expect=422)["errors"]
    assert "'qestion' is not declared" in problem["detail"] and "question" in problem["detail"]


def test_the_command_line_renders_files_and_assets(shop, tmp_path):
    (tmp_path / "project.yaml").write_text(f"owner: {shop.slug}\n")
    (tmp_path / "prompts").mkdir()
    file = tmp_path / "prompts/answer.yaml"
    file.write_text(yaml.safe_dump(PROMPT))
    shown = shop.server.cli("prompt", "render", str(file), "--var", "question=Why?", "--var", 'items:=[{"name": "x"}]')
    assert "You sell Slipway." in shown.stdout and "  - x" in shown.stdout and "temperature: 0.2" in shown.stdout
    assert "input tokens" in shown.stderr and "fake/fake-priced-small" in shown.stderr
    case = tmp_path / "case.yaml"
    case.write_text("question: From a file\n")
    answer = json.loads(shop.server.cli("prompt", "render", f"{shop.slug}/prompt/answer", "--variables", str(case),
                                        "--message", "Hello", "--json").stdout)
    assert [m["content"] for m in answer["request"]["messages"]][1:] == ["Hello", "From a file"]
    refused = shop.server.cli("prompt", "render", str(file), "--var", "question", expect=2)
    assert "NAME=TEXT" in refused.stderr
    refused = shop.server.cli("prompt", "render", str(file), "--var", "items:=[", expect=2)
    assert "is no JSON" in refused.stderr


def test_a_prompt_is_tried_in_the_playground(shop, upstream):
    body = {"environment": "dev", "prompt": {"asset": f"{shop.slug}/prompt/answer", "variables": {"question": "Why?"}}}
    answer = shop.server.api("POST", "/playground/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    sent = upstream.requests("fake-priced-small")[-1].json
    assert [m["content"] for m in sent["messages"]] == ["You sell Slipway.\n", "Why?"] and sent["temperature"] == 0.2
    record = shop.server.wait_record(answer)
    assert record["use_case"] == "playground" and record["response_model"] == "fake-priced-small"
    # Another model, another temperature, and the conversation goes on.
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    answer = shop.server.api("POST", "/playground/chat/completions", json=body | {
        "model": "fake-other", "temperature": 1.5, "messages": talk, "stream": True})
    assert answer.status_code == 200 and "event: slipway.summary" in answer.text
    sent = upstream.requests("fake-other")[-1].json
    assert sent["temperature"] == 1.5 and [m["content"] for m in sent["messages"]][1:] == ["Hi", "Yes?", "Why?"]
    # Refusals have OpenAI's shape.
    body["prompt"]["variables"] = {}
    refused = shop.server.api("POST", "/playground/chat/completions", json=body)
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "variables.question"
    body["prompt"]["asset"] = f"{shop.slug}/prompt/none"
    assert shop.server.api("POST", "/playground/chat/completions", json=body).status_code == 404


# ---- feedback


def test_people_give_feedback(shop):
    call = shop.server.chat("Hello", key=shop.key)
    record = shop.server.wait_record(call)
    given = keeps_contract(shop.server.api("POST", "/feedback", expect=201, json={
        "invocation_id": record["id"], "score": 0.25, "label": "wrong", "comment": "No.", "correction": "Yes."}),
        "/feedback", "post", "201")
    assert given["use_case"] == shop.slug and given["environment"] == "dev" and given["name"] == "rating"
    assert given["by"].startswith("local command line") and given["release"] == ""
    second = shop.server.api("POST", "/feedback", expect=201, json={"invocation_id": record["id"], "score": 1})
    page = keeps_contract(shop.server.api("GET", "/feedback", expect=200, params={"use_case": shop.slug, "limit": 1}),
                          "/feedback", "get")
    assert [item["id"] for item in page["items"]] == [second["id"]]
    page = shop.server.api("GET", "/feedback", expect=200,
                           params={"invocation_id": record["id"], "limit": 1, "cursor": page["next_cursor"]})
    assert page["items"] == [given] and page["next_cursor"] is None
    for wrong, field in (({"score": 2}, "score"), ({}, "score"), ({"score": 1, "name": ""}, "name"),
                         ({"comment": "x" * 8001}, "comment"), ({"score": "good"}, "score")):
        refused = shop.server.api("POST", "/feedback", expect=422, json={"invocation_id": record["id"]} | wrong)
        assert refused["errors"][0]["field"] == field
    assert shop.server.api("POST", "/feedback", json={"invocation_id": "7", "score": 1}).status_code == 404
    assert shop.server.api("GET", "/feedback", params={"cursor": "x"}).status_code == 422


def test_applications_give_feedback_on_their_own_calls(shop):
    call = shop.server.chat("Hello", key=shop.key)
    wanted = call.headers["x-slipway-invocation-id"]
    shop.server.wait_record(call)
    given = shop.server.v1("/feedback", {"invocation_id": wanted, "score": 1}, key=shop.key)
    assert given.status_code == 201 and given.json()["by"].startswith("key:")
    # Another use case's key learns nothing, not even that the call exists.
    stranger = shop.server.make_key()
    other = shop.server.v1("/feedback", {"invocation_id": wanted, "score": 1}, key=stranger)
    none = shop.server.v1("/feedback", {"invocation_id": "0193c5c4-0000-7000-8000-000000000000", "score": 1}, key=stranger)
    assert other.status_code == none.status_code == 404 and other.json() == none.json()
    elsewhere = shop.server.make_key("preprod", use_case=shop.slug)
    assert shop.server.v1("/feedback", {"invocation_id": wanted, "score": 1}, key=elsewhere).status_code == 404
    assert shop.server.v1("/feedback", {"invocation_id": wanted, "score": 1}, key="").status_code == 401
    refused = shop.server.v1("/feedback", {"invocation_id": wanted, "score": 7}, key=shop.key)
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "score"
    assert shop.server.v1("/feedback", content="{", key=shop.key).status_code == 400


def test_a_grant_for_one_use_case_shows_and_judges_only_that(shop):
    other = Shop(shop.server)
    for one in (shop, other):
        call = shop.server.chat("Hello", key=one.key)
        one.call = shop.server.wait_record(call)["id"]
        shop.server.api("POST", "/feedback", expect=201, json={"invocation_id": one.call, "score": 1})
    made = shop.server.api("POST", "/principals", expect=201, json={
        "kind": "service", "name": "annotator of one", "grants": [{"role": "annotator", "use_case": other.slug}]})
    headers = {"authorization": f"Bearer {made['token']}"}
    seen = shop.server.api("GET", "/feedback", expect=200, headers=headers)["items"]
    assert {item["use_case"] for item in seen} == {other.slug}
    assert shop.server.api("GET", "/feedback", expect=200, headers=headers,
                           params={"invocation_id": shop.call})["items"] == []
    judge = lambda call: shop.server.api("POST", "/feedback", headers=headers,
                                         json={"invocation_id": call, "score": 0}).status_code
    assert judge(other.call) == 201 and judge(shop.call) == 403
    # Nor does it see the other's prompts.
    refused = shop.server.api("POST", "/prompts/render", headers=headers,
                              json={"asset": f"{shop.slug}/prompt/answer", "variables": {"question": "x"}})
    assert refused.status_code == 403
