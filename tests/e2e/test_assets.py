# SPDX-License-Identifier: Apache-2.0
"""Assets over HTTP: pushed, planned, found, compared, labelled, deprecated, and refused with a reason for each problem."""

import concurrent.futures
import json
import pathlib
import re

import httpx
import jsonschema
import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())
FORMATS = TOP / "tests/data/formats"
ASSET = "/assets/{owner}/{kind}/{name}"


def keeps_contract(value, path, method="get", status="200"):
    schema = CONTRACT["paths"]["/api/v1" + path][method]["responses"][status]
    if "$ref" in schema:
        schema = CONTRACT["components"]["responses"][schema["$ref"].rsplit("/", 1)[1]]
    (content,) = schema["content"].values()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)
    return value


class Shop:
    """A use case of its own on the shared server, and its assets."""

    def __init__(self, server):
        self.server = server
        self.slug = server.make_key().use_case

    def api(self, method, path, expect=200, **options):
        return self.server.api(method, path, expect=expect, **options)

    def asset(self, kind, name, content, **more):
        return {"owner": self.slug, "kind": kind, "name": name, "content": content} | more

    def model(self, name="main", **more):
        return self.asset("model", name, {"connection": "openai", "model": "gpt-4o"} | more)

    def prompt(self, name="answer", text="You help customers.", **more):
        return self.asset("prompt", name, {"description": "Answers", "model": "main",
                                           "messages": [{"role": "system", "content": text}]} | more)

    def push(self, *assets, expect=200, message="why"):
        return self.api("POST", "/assets/push", expect=expect, json={"assets": list(assets), "message": message})

    def path(self, kind="prompt", name="answer"):
        return f"/assets/{self.slug}/{kind}/{name}"


@pytest.fixture
def shop(house):
    return Shop(house)


@pytest.fixture
def stocked(shop):
    shop.push(shop.model(), shop.prompt())
    return shop


def test_push_read_and_push_again(shop):
    pushed = keeps_contract(shop.push(shop.prompt(), shop.model()), "/assets/push", "post")["items"]
    assert [(item["name"], item["version"], item["action"]) for item in pushed] == [
        ("answer", 1, "create"), ("main", 1, "create")]
    again = shop.push(shop.prompt(), shop.model())["items"]
    assert {item["action"] for item in again} == {"unchanged"} and [i["digest"] for i in again] == [
        i["digest"] for i in pushed]
    found = keeps_contract(shop.api("GET", shop.path()), ASSET)
    assert found["content"]["format"] == 1 and found["latest"]["digest"] == pushed[0]["digest"]
    assert found["latest"]["author"].startswith("local command line") and found["latest"]["message"] == "why"
    assert found["references"] == [{"path": "model", "target": f"{shop.slug}/model/main", "exists": True,
                                    "deprecated": False}]
    assert yaml.safe_load(found["yaml"]) == found["content"]
    # People read the description first, machines sort.
    assert list(found["content"])[:2] == ["format", "description"]


def test_the_digest_is_the_canonical_json_of_anywhere(stocked):
    import hashlib
    found = stocked.api("GET", stocked.path())
    canonical = json.dumps(found["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert found["latest"]["digest"] == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def test_every_kind_is_taken(shop):
    contents = {kind: json.loads((FORMATS / f"{kind}-1.json").read_text()) for kind in
                ("prompt", "model", "guardrail", "tool", "flow", "agent", "knowledge", "dataset", "evaluation")}
    shared = [{"owner": "shared", "kind": "guardrail", "name": "standard", "content": contents["guardrail"]},
              {"owner": "shared", "kind": "tool", "name": "search", "content": contents["tool"]},
              {"owner": "shared", "kind": "model", "name": "main", "content": contents["model"]},
              {"owner": "shared", "kind": "prompt", "name": "faithfulness",
               "content": {"model": "main", "messages": [{"role": "user", "content": "Judge."}]}}]
    names = {"prompt": "answer", "knowledge": "manuals", "dataset": "golden", "tool": "lookup"}
    own = [shop.asset(kind, names.get(kind, "one"), content) for kind, content in contents.items()]
    own += [shop.asset("model", name, contents["model"]) for name in ("main", "large", "embed", "rerank")]
    own.append(shop.asset("agent", "clerk", {"prompt": "answer"}))
    assert len(shop.push(*shared, *own)["items"]) == len(shared) + len(own)
    listed = shop.api("GET", "/assets", params={"owner": shop.slug, "limit": 5})
    keeps_contract(listed, "/assets")
    assert listed["total"] == len(own) and len(listed["items"]) == 5
    rest = shop.api("GET", "/assets", params={"owner": shop.slug, "cursor": listed["next_cursor"]})
    assert len(rest["items"]) == len(own) - 5 and rest["next_cursor"] is None


def test_plan_says_what_would_change(stocked):
    answer = stocked.api("POST", "/assets/plan", json={"assets": [
        stocked.prompt(text="You help customers kindly."), stocked.model(), stocked.asset("tool", "t", {"description": "x"}),
        stocked.prompt("other", model="gone")]})
    keeps_contract(answer, "/assets/plan", "post")
    assert [item["action"] for item in answer["items"]] == ["update", "unchanged", "create", "create"]
    (change,) = answer["items"][0]["changes"]
    assert change["path"] == "messages[0].content" and {"op": "insert", "text": " kindly"} in change["words"]
    assert {(p["asset"].rsplit("/", 1)[1], p["path"]) for p in answer["problems"]} == {("t", "parameters"), ("other", "model")}
    assert stocked.api("GET", stocked.path())["latest"]["version"] == 1


def test_problems_come_one_by_one_and_nothing_is_stored(shop):
    answer = shop.push(shop.model(), shop.prompt(tools=["gone"]),
                       shop.prompt("second", model="main", messages=[{"role": "sytem", "content": "x"}]), expect=422)
    keeps_contract(answer, "/assets/push", "post", "422")
    errors = {error["field"]: error["detail"] for error in answer["errors"]}
    # A reference to nothing can only be told of contents that are sound.
    assert list(errors) == [f"{shop.slug}/prompt/second: messages[0].role"]
    assert "Did you mean 'system'?" in errors[f"{shop.slug}/prompt/second: messages[0].role"]
    answer = shop.push(shop.model(), shop.prompt(tools=["gone"]), expect=422)
    assert [error["field"] for error in answer["errors"]] == [f"{shop.slug}/prompt/answer: tools[0]"]
    assert shop.api("GET", "/assets", params={"owner": shop.slug})["total"] == 0
    put = shop.api("PUT", shop.path(), expect=422, json={"content": {"model": "main"}})
    assert [error["field"] for error in put["errors"]] == ["messages"]
    unknown = shop.push({"owner": "nobody", "kind": "model", "name": "m", "content": {"connection": "c", "model": "m"}},
                        expect=422)
    assert "no use case 'nobody'" in unknown["errors"][0]["detail"]


@pytest.mark.parametrize("assets, field", [
    ([], "assets"), ({}, "assets"), (["x"], "assets[0]"), ([{"owner": "o"}], "assets[0].kind"),
    ([{"owner": "o", "kind": "model", "name": "n", "content": []}], "assets[0].content"),
    ([{"owner": "o", "kind": "model", "name": "n"}], "assets[0].content"),
    ([{"owner": "o", "kind": "model", "name": "n", "content": {}, "parent": 5}], "assets[0].parent")])
def test_malformed_pushes_name_the_field(house, assets, field):
    answer = house.api("POST", "/assets/push", json={"assets": assets})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


def test_two_people_at_once(stocked):
    first = stocked.api("GET", stocked.path())["latest"]["digest"]

    def put(i):
        return stocked.server.api("PUT", stocked.path(), json={
            "content": stocked.prompt(text=f"Text {i}")["content"], "parent": first}).status_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(put, range(6)))
    assert statuses == [200] + [409] * 5
    late = stocked.api("PUT", stocked.path(), expect=409, json={"content": stocked.prompt()["content"] | {"description": "x"},
                                                               "parent": first})
    keeps_contract(late, ASSET, "put", "409")
    assert re.search("was changed by local command line.* at 20", late["detail"]) and "(version 2)" in late["detail"]
    made = stocked.api("PUT", stocked.path(name="new"), expect=200,
                       json={"content": stocked.prompt()["content"], "parent": None, "message": "mine"})
    assert keeps_contract(made, ASSET, "put")["action"] == "create"
    taken = stocked.api("PUT", stocked.path(name="new"), expect=409,
                        json={"content": stocked.prompt(text="y")["content"], "parent": None})
    assert "was made by" in taken["detail"]


def test_history_versions_and_differences(stocked):
    for i in range(2, 5):
        stocked.push(stocked.prompt(text=f"Line one.\nLine {i}.\n"))
    page = keeps_contract(stocked.api("GET", stocked.path() + "/versions", params={"limit": 2}), ASSET + "/versions")
    assert [v["version"] for v in page["items"]] == [4, 3]
    rest = stocked.api("GET", stocked.path() + "/versions", params={"cursor": page["next_cursor"]})
    assert [v["version"] for v in rest["items"]] == [2, 1] and rest["items"][1]["parent"] is None
    assert page["items"][0]["parent"] == page["items"][1]["digest"]
    third = keeps_contract(stocked.api("GET", stocked.path() + "/versions/3"), ASSET + "/versions/{version}")
    assert third["version"] == 3 and "Line 3." in third["yaml"]
    diff = keeps_contract(stocked.api("GET", stocked.path() + "/diff"), ASSET + "/diff")
    assert (diff["from"], diff["to"]) == (3, 4)
    assert "-      Line 3.\n+      Line 4.\n" in diff["text"]
    whole = stocked.api("GET", stocked.path() + "/diff", params={"from": "1", "to": "latest"})
    assert (whole["from"], whole["to"]) == (1, 4)
    assert "no version 9" in stocked.api("GET", stocked.path() + "/versions/9", expect=404)["detail"]


def test_labels_deprecation_and_uses(stocked):
    stocked.push(stocked.prompt(text="second"))
    labelled = stocked.api("POST", stocked.path() + "/labels", json={"label": "stable", "version": 1})
    assert keeps_contract(labelled, ASSET + "/labels", "post")["labels"] == {"stable": 1}
    assert stocked.api("GET", stocked.path() + "/versions/stable")["version"] == 1
    found = stocked.api("GET", "/assets", params={"label": "stable", "owner": stocked.slug})["items"]
    assert [item["name"] for item in found] == ["answer"]
    stocked.api("POST", stocked.path() + "/labels", json={"label": "stable", "version": None})
    stocked.api("GET", stocked.path() + "/versions/stable", expect=404)
    for body in ({"label": "latest", "version": 1}, {"label": "Up", "version": 1}, {"label": "a", "version": 99}, {"label": "a"}):
        stocked.api("POST", stocked.path() + "/labels", expect=422, json=body)

    uses = stocked.api("GET", stocked.path("model", "main") + "/where-used")
    assert keeps_contract(uses, ASSET + "/where-used")["items"] == [
        {"type": "asset", "id": f"{stocked.slug}/prompt/answer", "version": 2, "path": "model"}]
    gone = stocked.api("POST", stocked.path("model", "main") + "/deprecate", json={"reason": "too old"})
    assert keeps_contract(gone, ASSET + "/deprecate", "post")["deprecated"]["reason"] == "too old"
    assert stocked.api("GET", stocked.path())["references"][0]["deprecated"] is True
    assert [i["name"] for i in stocked.api("GET", "/assets", params={"deprecated": "true", "owner": stocked.slug})["items"]] == [
        "main"]
    stocked.api("POST", stocked.path("model", "main") + "/deprecate", expect=422, json={"reason": " "})
    back = stocked.api("POST", stocked.path("model", "main") + "/restore")
    assert keeps_contract(back, ASSET + "/restore", "post")["deprecated"] is None
    stocked.api("POST", stocked.path("model", "main") + "/restore", expect=409)


def test_search(stocked):
    stocked.push(stocked.prompt("parcels", "Where is the Päckchen? Xylophones."))

    def names(q):
        return [i["name"] for i in stocked.api("GET", "/assets", params={"q": q, "owner": stocked.slug})["items"]]

    assert names("xylo") == ["parcels"] and names("PÄCK xylophones") == ["parcels"] and names("xylo nothing") == []
    assert names("answer") == ["answer", "parcels"]  # a name, and a description
    stocked.api("GET", "/assets", expect=422, params={"kind": "propmt"})
    stocked.api("GET", "/assets", expect=422, params={"limit": "0"})
    stocked.api("GET", "/assets", expect=422, params={"cursor": "nonsense"})


def test_validate_yaml_says_the_line(stocked):
    text = "model: mian\nmessages:\n  - role: system\n    content: Hi\n    contnet: Hi\n"
    answer = stocked.api("POST", "/assets/validate", json={"kind": "prompt", "owner": stocked.slug, "yaml": text})
    keeps_contract(answer, "/assets/validate", "post")
    assert [(p["path"], p["line"], p["column"]) for p in answer["problems"]] == [
        ("messages[0].contnet", 5, 5), ("model", 1, 8)]
    assert "Did you mean 'content'?" in answer["problems"][0]["hint"] and answer["digest"] is None
    good = stocked.api("POST", "/assets/validate", json={"kind": "prompt", "owner": stocked.slug,
                                                        "yaml": yaml.safe_dump(stocked.prompt()["content"])})
    assert good["problems"] == [] and good["digest"] == stocked.api("GET", stocked.path())["latest"]["digest"]
    for broken, line in (("a: [", 1), ("a: 1\na: 2\n", 2), ("- x\n", None), ("a: b: c", 1), ("a: 1\n---\nb: 2\n", None)):
        answer = keeps_contract(stocked.api("POST", "/assets/validate", json={"kind": "model", "yaml": broken}),
                                "/assets/validate", "post")
        assert len(answer["problems"]) >= 1 and answer["digest"] is None
        if line:
            assert answer["problems"][0]["line"] == line, answer


def test_yaml_bombs_end_at_once(stocked):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    answer = stocked.api("POST", "/assets/validate", json={"kind": "prompt", "yaml": bomb})
    assert "aliases expanded" in answer["problems"][0]["message"]
    deep = stocked.api("POST", "/assets/validate", json={"kind": "prompt", "yaml": "[" * 1000 + "]" * 1000})
    assert "levels deep" in deep["problems"][0]["message"]
    long = stocked.api("POST", "/assets/validate", json={"kind": "prompt", "yaml": "a: " + "x" * (2 << 20)})
    assert "at most 1048576 are read" in long["problems"][0]["message"]
    nested = {}
    for _ in range(100):
        nested = {"a": nested}
    assert stocked.server.api("POST", "/assets/push", json={"assets": [stocked.asset("tool", "t", nested)]}).status_code == 422


def test_too_large_is_told(stocked):
    answer = stocked.push(stocked.prompt(text="x" * (1 << 20)), expect=422)
    assert "a template has at most" in answer["errors"][0]["detail"]
    assert "catalog.asset_size" in answer["errors"][1]["detail"]
    huge = stocked.server.api("POST", "/assets/push", content=b'{"assets": "' + b"x" * (5 << 20) + b'"}')
    assert huge.status_code == 413  # this server's body limit


def test_circles_are_refused(stocked):
    stocked.push(stocked.asset("agent", "a", {"prompt": "answer"}))
    stocked.push(stocked.asset("agent", "b", {"prompt": "answer", "agents": ["a"]}))
    answer = stocked.push(stocked.asset("agent", "a", {"prompt": "answer", "agents": ["b"]}), expect=422)
    assert "go in a circle" in answer["errors"][0]["detail"]


def test_who_may(house, stocked):
    def service(name, **grant):
        token = house.api("POST", "/principals", expect=201,
                          json={"kind": "service", "name": f"{name} {stocked.slug}", "grants": [grant]})["token"]
        return httpx.Client(base_url=house.url + "/api/v1", headers={"authorization": f"Bearer {token}"}, trust_env=False)

    shared = {"owner": "shared", "kind": "model", "name": f"of-{stocked.slug}",
              "content": {"connection": "openai", "model": "gpt-4o"}}
    own = {"assets": [stocked.model("extra")]}
    viewer, editor = service("viewer", role="viewer"), service("editor", role="developer", use_case=stocked.slug)
    everywhere, stranger = service("platform", role="developer"), service("stranger", role="developer", use_case="playground")
    assert viewer.post("/assets/push", json=own).status_code == 403
    assert stranger.post("/assets/push", json=own).status_code == 403
    assert stranger.get(stocked.path()).status_code == 403
    assert stranger.get("/assets", params={"owner": stocked.slug}).json()["total"] == 0
    assert stranger.post("/assets/plan", json=own).status_code == 403
    assert stranger.post("/assets/validate", json={"kind": "model", "owner": stocked.slug, "yaml": "a: 1"}).status_code == 403
    assert editor.post("/assets/push", json=own).status_code == 200
    assert editor.post("/assets/push", json={"assets": [shared]}).status_code == 403
    assert editor.put(f"/assets/shared/model/{shared['name']}", json={"content": shared["content"]}).status_code == 403
    assert everywhere.post("/assets/push", json={"assets": [shared]}).status_code == 200
    assert editor.get(f"/assets/shared/model/{shared['name']}").status_code == 200
    assert editor.post(f"/assets/shared/model/{shared['name']}/deprecate", json={"reason": "x"}).status_code == 403
    uses = {item["name"] for item in editor.get("/assets", params={"kind": "model", "limit": 500}).json()["items"]}
    assert "extra" in uses and shared["name"] in uses
    owners = {item["owner"] for item in editor.get("/assets", params={"limit": 500}).json()["items"]}
    assert owners <= {"shared", stocked.slug}


def test_every_change_is_audited(stocked):
    stocked.api("POST", stocked.path() + "/labels", json={"label": "stable", "version": 1})
    stocked.api("POST", stocked.path() + "/deprecate", json={"reason": "old"})
    stocked.api("POST", stocked.path() + "/restore")
    entries = stocked.api("GET", "/audit", params={"object": f"{stocked.slug}/prompt/answer"})["items"]
    assert [entry["action"] for entry in entries] == ["asset.restore", "asset.deprecate", "asset.label", "asset.push"]
    assert entries[3]["detail"]["version"] == 1 and entries[3]["detail"]["digest"].startswith("sha256:")
    assert {entry["use_case"] for entry in entries} == {stocked.slug}


def test_schemas_are_for_editors(house):
    listed = keeps_contract(httpx.get(house.url + "/api/v1/schemas", trust_env=False).json(), "/schemas")["items"]
    assert len(listed) == 9
    for item in listed:
        schema = httpx.get(house.url + item["url"], trust_env=False).json()
        jsonschema.Draft202012Validator.check_schema(schema)
        stored = json.loads((FORMATS / f"{item['kind']}-1.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(stored)
    assert httpx.get(house.url + "/api/v1/schemas/propmt", trust_env=False).status_code == 404


def mutated(value, rng):
    """The value with one thing changed somewhere."""
    value = json.loads(json.dumps(value))
    places = []

    def walk(node):
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, inner in list(items):
            places.append((node, key))
            walk(inner)

    walk(value)
    node, key = rng.choice(places)
    odd = [None, True, 0, -1, 1.5, 1e6, "", "x", "UPPER case", [], {}, ["a", "a"], {"type": "string"}]
    act = rng.randrange(3)
    if act == 0:
        del node[key]
    elif act == 1 or isinstance(node, list):
        node[key] = rng.choice(odd)
    else:
        node["odd"] = rng.choice(odd)
    return value


def test_our_validator_agrees_with_the_reference(house):
    """Our own check of schemas against the package jsonschema, on thousands of damaged assets."""
    import random
    rng = random.Random(20261123)
    kinds = [path.name.split("-")[0] for path in sorted(FORMATS.glob("*-1.json"))]
    differ, refused, rounds = [], 0, 60
    for kind in kinds:
        validator = jsonschema.Draft202012Validator(house.api("GET", f"/schemas/{kind}", expect=200))
        sound = json.loads((FORMATS / f"{kind}-1.json").read_text())
        for _ in range(rounds):
            content = mutated(sound, rng)
            ours = house.api("POST", "/assets/validate", expect=200, json={"kind": kind, "content": content})["problems"]
            theirs = [error.json_path for error in validator.iter_errors({"format": 1} | content)]
            refused += bool(theirs)
            # Beyond the schema we have rules of our own, so that only what the schema refuses can be compared.
            if theirs and not ours:
                differ.append((kind, content, theirs))
    assert not differ, differ[:3]
    assert refused > len(kinds) * rounds / 4
