# SPDX-License-Identifier: Apache-2.0
"""Datasets as users meet them: imported in many forms and any size, paged, changed, compared, split, exported, and made of
real calls."""

import csv
import hashlib
import io
import json
import pathlib

import jsonschema
import pytest
import yaml

from support.server import eventually, run_cli

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())
DATASET = "/datasets/{owner}/{name}"
UPLOAD = "/dataset-uploads/{owner}/{id}"


def keeps_contract(value, path, method="get", status="200"):
    (content,) = CONTRACT["paths"]["/api/v1" + path][method]["responses"][status]["content"].values()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)
    return value


def jsonl(*cases):
    return "".join(json.dumps(case) + "\n" for case in cases)


class Shelf:
    """A use case of its own on the shared server, and its datasets."""

    def __init__(self, server):
        self.server = server
        self.key = server.make_key()
        self.owner = self.key.use_case

    def api(self, method, path, expect=200, **options):
        return self.server.api(method, path, expect=expect, **options)

    def path(self, rest="", name="golden"):
        return f"/datasets/{self.owner}/{name}{rest}"

    def load(self, text, expect=200, name="golden", **query):
        return self.api("POST", self.path("/import", name), expect=expect, content=text, params=query)

    def change(self, expect=200, **body):
        return self.api("POST", self.path("/cases"), expect=expect, json=body)

    def cases(self, **query):
        items, cursor = [], None
        while True:
            page = self.api("GET", self.path("/cases"), params=query | ({"cursor": cursor} if cursor else {}))
            keeps_contract(page, DATASET + "/cases")
            items += [item["case"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def cli(self, *arguments, **options):
        return self.server.cli("dataset", *arguments, **options)


@pytest.fixture
def shelf(house):
    return Shelf(house)


SMALL = jsonl({"id": "a", "input": "Where is it?", "expected": "There", "tags": ["place"], "split": "test"},
              {"id": "b", "input": [{"role": "user", "content": "And now?"}], "split": "train"},
              {"id": "c", "input": {"customer": "Ada"}, "context": ["Paragraph 1"], "tags": ["place", "name"]})


def test_import_show_and_export(shelf):
    made = keeps_contract(shelf.load(SMALL), DATASET + "/import", "post")
    assert made["format"] == "jsonl" and made["count"] == 3 and made["dataset"]["version"] == 1
    shown = keeps_contract(shelf.api("GET", shelf.path()), DATASET)
    assert shown["splits"] == {"test": 1, "train": 1} and shown["tags"] == {"place": 2, "name": 1}
    exported = shelf.server.api("GET", shelf.path("/export"))
    assert exported.status_code == 200 and [json.loads(line)["id"] for line in exported.text.splitlines()] == list("abc")
    assert "sha256:" + hashlib.sha256(exported.content).hexdigest() == shown["cases_digest"]
    assert shelf.load(exported.content)["dataset"]["action"] == "unchanged"
    table = shelf.server.api("GET", shelf.path("/export"), params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert json.loads(rows[1]["input"]) == [{"role": "user", "content": "And now?"}]
    again = shelf.load(table.content, file_name="golden.csv")
    assert again["format"] == "csv" and again["dataset"]["action"] == "unchanged"
    # The asset holds what the import said, and nothing of the cases.
    asset = shelf.api("GET", f"/assets/{shelf.owner}/dataset/golden")
    assert asset["content"] == {"format": 1} | made["content"]


@pytest.mark.parametrize("form, text, first", [
    ("openai", jsonl({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}),
     {"input": [{"role": "user", "content": "Hi"}], "expected": "Hello"}),
    ("bedrock", jsonl({"prompt": "Capital?", "referenceResponse": "Paris", "category": "geo"}),
     {"input": "Capital?", "expected": "Paris", "tags": ["geo"]}),
    ("bedrock", jsonl({"conversationTurns": [{"prompt": {"content": [{"text": "Q"}]},
                                              "referenceResponses": [{"content": [{"text": "A"}]}],
                                              "output": {"text": "x", "retrievedPassages": {"retrievalResults": [
                                                  {"content": {"text": "P"}}]}}}]}),
     {"input": "Q", "expected": "A", "context": ["P"]}),
    ("promptfoo", "tests:\n  - vars: {topic: tea}\n    assert: [{type: equals, value: Good}]\n",
     {"input": {"topic": "tea"}, "expected": "Good"}),
    ("csv", "question,answer\n\"One, two\",three\n", {"input": "One, two", "expected": "three"}),
    ("tsv", "input\texpected\nOne\ttwo\n", {"input": "One", "expected": "two"}),
])
def test_formats(shelf, form, text, first):
    options = {"file_name": "x.tsv"} if form == "tsv" else {}
    assert shelf.load(text, **options)["format"] == form
    (case,) = shelf.cases()
    assert {name: case.get(name) for name in first} == first


def test_everything_wrong_is_told_by_line_and_nothing_is_stored(shelf):
    bad = SMALL + '{"input": \n' + jsonl({"id": "a", "input": "again"}, {"input": ""}, {"inptu": "x", "input": "y"})
    answer = shelf.load(bad, expect=422)
    fields = [error["field"] for error in answer["errors"]]
    assert fields == ["line 4", "line 5: id", "line 6: input", "line 7: inptu"]
    assert "Did you mean 'input'?" in answer["errors"][3]["detail"]
    assert shelf.server.api("GET", shelf.path()).status_code == 404


def test_changes_are_versions_and_nobody_overwrites(shelf):
    first = shelf.load(SMALL)["dataset"]
    stored = keeps_contract(shelf.change(add=[{"input": "New?"}], replace=[{"id": "a", "input": "Where, please?"}],
                                         remove=["b"], parent=first["digest"], message="Better"),
                            DATASET + "/cases", "post")
    assert stored["dataset"]["version"] == 2 and stored["count"] == 3
    late = shelf.change(expect=409, remove=["c"], parent=first["digest"])
    assert "version 2" in late["detail"]
    shelf.change(expect=409, add=[{"id": "a", "input": "x"}])
    shelf.change(expect=404, remove=["nobody"])
    diff = keeps_contract(shelf.api("GET", shelf.path("/diff")), DATASET + "/diff")
    assert (diff["added"], diff["changed"], diff["removed"], diff["unchanged"]) == (1, 1, 1, 1)
    assert {(item["op"], item["id"]) for item in diff["items"]} >= {("changed", "a"), ("removed", "b")}
    # Each change is in the audit log with its version.
    entries = shelf.api("GET", "/audit", params={"object": f"{shelf.owner}/dataset/golden"})["items"]
    assert [entry["detail"]["version"] for entry in entries if entry["action"] == "asset.push"] == [2, 1]
    assert keeps_contract(shelf.api("GET", shelf.path("/cases/a"), params={"version": "1"}),
                          DATASET + "/cases/{id}")["input"] == "Where is it?"


def test_a_try_becomes_the_first_case_of_a_new_dataset(shelf):
    stored = shelf.change(add=[{"input": [{"role": "user", "content": "Hi"}], "expected": "Hello"}], description="Tries")
    assert stored["dataset"]["action"] == "create"
    assert shelf.api("GET", shelf.path())["description"] == "Tries"
    assert shelf.change(add=[{"input": "Bye"}])["count"] == 2
    assert shelf.api("GET", shelf.path())["description"] == "Tries"


def test_pages_and_filters(shelf):
    shelf.load(jsonl(*({"id": f"n{i:04}", "input": f"Number {i}", "tags": ["odd" if i % 2 else "even"],
                        "split": "test" if i % 10 == 0 else "train"} for i in range(1200))))
    assert [case["id"] for case in shelf.cases(limit=500)] == [f"n{i:04}" for i in range(1200)]
    assert len(shelf.cases(tag="odd", limit=100)) == 600
    assert len(shelf.cases(split="test", tag="even")) == 120
    assert [case["id"] for case in shelf.cases(q="nUMBER 777")] == ["n0777"]
    assert shelf.server.api("GET", shelf.path("/cases"), params={"cursor": "x"}).status_code == 422


def test_split(shelf):
    shelf.load(jsonl(*({"id": str(i), "input": f"x{i}", "cluster": f"c{i // 3}"} for i in range(600))))
    body = {"shares": {"train": 0.75, "test": 0.25}, "seed": 3}
    stored = shelf.api("POST", shelf.path("/split"), json=body)
    splits = stored["content"]["splits"]
    assert sum(splits.values()) == 600 and 90 < splits["test"] < 210 and splits["test"] % 3 == 0
    assert shelf.api("POST", shelf.path("/split"), json=body)["dataset"]["action"] == "unchanged"
    assert shelf.api("POST", shelf.path("/split"), expect=422, json={"shares": {"a": 0.7, "b": 0.7}})


def test_a_large_file_goes_in_pieces(shelf):
    text = jsonl(*({"id": f"case {i}", "input": f"Question {i} " + "x" * 400} for i in range(60_000))).encode()
    upload = keeps_contract(shelf.api("POST", f"/dataset-uploads/{shelf.owner}", expect=201,
                                      json={"file_name": "big.jsonl"}), "/dataset-uploads/{owner}", "post", "201")
    path = f"/dataset-uploads/{shelf.owner}/{upload['id']}"
    step = 3 << 20
    for at in range(0, len(text), step):
        state = shelf.api("PUT", path, params={"offset": at}, content=text[at:at + step])
    assert keeps_contract(state, UPLOAD, "put")["bytes"] == len(text)
    gap = shelf.server.api("PUT", path, params={"offset": len(text) + 5}, content=b"x")
    assert gap.status_code == 409 and str(len(text)) in gap.text
    shelf.api("POST", path + "/import", expect=202, json={"name": "golden"})
    done = eventually(lambda: (state := shelf.api("GET", path))["state"] in ("done", "failed") and state, "the import")
    assert keeps_contract(done, UPLOAD)["state"] == "done" and done["result"]["count"] == 60_000
    assert shelf.api("GET", shelf.path())["count"] == 60_000
    # One changed case: what was stored stays, and the page behind it is found at once.
    shelf.change(replace=[{"id": "case 30000", "input": "Another"}])
    diff = shelf.api("GET", shelf.path("/diff"))
    assert (diff["changed"], diff["unchanged"]) == (1, 59_999)
    assert shelf.server.api("POST", path + "/import", json={}).status_code == 409
    shelf.api("DELETE", path, expect=204)


def test_cases_first_and_the_push_later(shelf):
    mine = SMALL + jsonl({"input": f"Only of {shelf.owner}"})
    upload = shelf.api("POST", f"/dataset-uploads/{shelf.owner}", expect=201, json={"file_name": "golden.jsonl"})
    path = f"/dataset-uploads/{shelf.owner}/{upload['id']}"
    shelf.api("PUT", path, params={"offset": 0}, content=mine)
    asset = {"owner": shelf.owner, "kind": "dataset", "name": "golden"}
    digest = json.loads(shelf.server.cli("dataset", "digest", "--json", "/dev/stdin", stdin=mine).stdout)
    plan = shelf.api("POST", "/assets/plan", json={"assets": [asset | {"content": digest}]})
    assert plan["problems"] == [] and plan["items"][0]["action"] == "create"
    early = shelf.api("POST", "/assets/push", expect=422, json={"assets": [asset | {"content": digest}]})
    assert "not stored here" in early["detail"]
    shelf.api("POST", path + "/import", expect=202, json={})
    done = eventually(lambda: (state := shelf.api("GET", path))["state"] == "done" and state, "the import")
    assert done["result"]["content"] == digest and done["result"]["dataset"] is None
    shelf.api("POST", "/assets/push", json={"assets": [asset | {"content": digest}]})
    assert len(shelf.cases()) == 4


def test_cases_inside_of_an_asset_are_cases_too(shelf):
    content = {"description": "Few", "cases": [{"input": "x", "expected": "y"}, {"id": "two", "input": "z"}]}
    shelf.api("PUT", f"/assets/{shelf.owner}/dataset/golden", json={"content": content})
    assert [case["input"] for case in shelf.cases()] == ["x", "z"]
    assert shelf.api("GET", shelf.path())["inline"] is True
    assert shelf.change(add=[{"input": "more"}])["count"] == 3
    diff = shelf.api("GET", shelf.path("/diff"))
    assert (diff["added"], diff["changed"], diff["removed"]) == (1, 0, 0)


def test_from_invocations(shelf):
    texts = ["Where is my parcel 4711? Write to ada@lovelace.example", "How do I send the shoes back to you?",
             "how do I send the shoes back to you", "What does the card 4111 1111 1111 1111 cost?"]
    answers = [shelf.server.chat(text, key=shelf.key) for text in texts]
    for answer in answers:
        shelf.server.wait_record(answer)
    path = shelf.path("/from-invocations")
    preview = keeps_contract(shelf.api("POST", path, json={"seed": 5, "keep_answers": True}), DATASET + "/from-invocations",
                             "post")
    assert preview["matched"] == 4 and preview["selected"] == 3 and preview["duplicates"] == 1
    assert preview["masked"]["email"] >= 1 and preview["masked"]["card"] >= 1
    shown = json.dumps(preview["items"])
    assert "[EMAIL]" in shown and "[CARD]" in shown and "lovelace" not in shown and "4111" not in shown
    assert shelf.server.api("GET", shelf.path()).status_code == 404  # only looked at
    assert shelf.api("POST", path, json={"seed": 5, "keep_answers": True})["items"] == preview["items"]
    saved = shelf.api("POST", path, json={"seed": 5, "preview": False, "split": "test", "tags": ["real"], "count": 2})
    assert saved["dataset"]["version"] == 1 and saved["selected"] == 2
    cases = shelf.cases()
    ids = {record["id"] for record in shelf.server.records(use_case=shelf.owner)}
    assert {case["provenance"]["invocation"] for case in cases} <= ids
    assert all(case["split"] == "test" and case["tags"] == ["real"] for case in cases)
    again = shelf.api("POST", path, json={"seed": 5, "preview": False, "split": "test", "tags": ["real"], "count": 2})
    assert again["dataset"] is None and again["already_there"] == 2
    assert "stratify_by" in shelf.server.api("POST", path, json={"stratify_by": "colour"}).text
    wrong = shelf.server.api("POST", path, json={"mask": {"patterns": {"x": "("}}})
    assert wrong.status_code == 422 and "mask.patterns.x" in wrong.text


def test_strata_get_the_same_share(shelf):
    for i in range(12):
        last = shelf.server.chat(f"Question number {i} about topic {i * 7919}", key=shelf.key,
                                 model="simulated-large" if i < 2 else "simulated-small")
    shelf.server.wait_record(last)
    eventually(lambda: len(shelf.server.records(use_case=shelf.owner)) == 12, "all calls")
    found = shelf.api("POST", shelf.path("/from-invocations"),
                      json={"count": 4, "stratify_by": "model", "similarity": 2})
    assert {name.rsplit("/", 1)[-1]: count for name, count in found["strata"].items()} == {
        "simulated-large": 2, "simulated-small": 2}


def test_only_those_who_may(shelf):
    shelf.load(SMALL)
    other = Shelf(shelf.server)

    def service(name, role):
        grant = {"role": role, "use_case": other.owner}
        made = shelf.api("POST", "/principals", expect=201, json={"kind": "service", "name": name, "grants": [grant]})
        return {"authorization": f"Bearer {made['token']}"}

    stranger = service(f"stranger-{shelf.owner}", "developer")
    assert shelf.server.api("GET", shelf.path("/cases"), headers=stranger).status_code == 403
    assert shelf.server.api("POST", shelf.path("/cases"), headers=stranger, json={"remove": ["a"]}).status_code == 403
    viewer = service(f"viewer-{shelf.owner}", "viewer")
    assert shelf.server.api("POST", other.path("/import"), headers=viewer, content=SMALL).status_code == 403
    # Whoever may edit one use case's datasets may not fill them with another's calls.
    asked = shelf.server.api("POST", other.path("/from-invocations"), headers=stranger,
                             json={"filters": {"use_case": shelf.owner}})
    assert asked.status_code == 403


def test_command_line(shelf, tmp_path):
    name = f"{shelf.owner}/golden"
    file = tmp_path / "golden.jsonl"
    file.write_text(SMALL)
    assert "version 1 with 3 cases" in shelf.cli("import", name, file, "-m", "First").stdout
    digest = shelf.cli("digest", file).stdout.split()[0]
    assert digest in shelf.cli("show", name).stdout
    assert "version 2 with 4 cases" in shelf.cli("add", name, "--input", "Hello", "--tag", "small", "--id", "d").stdout
    assert "version 3 with 3 cases" in shelf.cli("remove", name, "b").stdout
    table = shelf.cli("cases", name, "--tag", "small").stdout
    assert "Hello" in table and "Where" not in table
    assert json.loads(shelf.cli("cases", name, "--id", "d").stdout)["input"] == "Hello"
    assert "1 added, 0 changed, 1 removed" in shelf.cli("diff", name, "--from", "1").stdout
    assert "version 4" in shelf.cli("split", name, "train=0.5", "test=0.5").stdout
    out = tmp_path / "out.csv"
    shelf.cli("export", name, "-o", out)
    assert len(list(csv.DictReader(out.open()))) == 3
    more = shelf.cli("import", name, "-", "--append", "--json", stdin="input\nOne more\n").stdout
    assert json.loads(more)["count"] == 4
    file.write_text(SMALL + '{"input": 3}\n{"id": "a", "input": "x"}\n')
    refused = shelf.cli("import", name, file, expect=2)
    assert "line 4: input: must be a text" in refused.stderr and "line 5: id" in refused.stderr
    assert "OWNER/NAME" in shelf.cli("show", "golden", expect=2).stderr
    assert json.loads(shelf.cli("from-invocations", name, "--json").stdout)["selected"] == 0


def test_a_pull_keeps_cases_that_were_changed_on_the_server(shelf, tmp_path):
    def slipway(*arguments):
        environment = shelf.server.environment | {"SLIPWAY_URL": shelf.server.url, "SLIPWAY_TOKEN": shelf.server.admin_token}
        return run_cli(*arguments, cwd=tmp_path, environment=environment)

    (tmp_path / "datasets").mkdir()
    (tmp_path / "project.yaml").write_text(f"owner: {shelf.owner}\n")
    (tmp_path / "datasets/golden.yaml").write_text("description: Cases\nfile: golden.jsonl\n")
    (tmp_path / "datasets/golden.jsonl").write_text(SMALL)
    slipway("push")
    shelf.change(add=[{"id": "d", "input": "New"}], remove=["b"])
    slipway("pull")
    here = [json.loads(line)["id"] for line in (tmp_path / "datasets/golden.jsonl").read_text().splitlines()]
    assert here == ["a", "c", "d"]
    content = yaml.safe_load((tmp_path / "datasets/golden.yaml").read_text())
    assert content["file"] == "golden.jsonl" and "cases_digest" not in content
    assert slipway("plan").stdout == "Nothing would change.\n"


def test_columns_are_mapped_by_hand(shelf, tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("text;label;secret\nHello;greeting;x\n")
    shelf.cli("import", f"{shelf.owner}/golden", file, "--column", "text=input", "--column", "label=tags", "--column",
              "secret=ignore")
    (case,) = shelf.cases()
    assert (case["input"], case["tags"]) == ("Hello", ["greeting"]) and "metadata" not in case


def test_limits_are_settings(make_server, tmp_path):
    server = make_server({"datasets": {"cases": 3, "case_size": "1KiB", "upload_size": "1MiB"}})
    path = "/datasets/shared/golden/import"
    assert server.api("POST", path, expect=200, content=SMALL)["count"] == 3
    many = server.api("POST", path, expect=422, content=SMALL + jsonl({"input": "fourth"}))
    assert "datasets.cases" in many["detail"]
    large = server.api("POST", path, expect=422, content=jsonl({"input": "x" * 2000}))
    assert "datasets.case_size" in large["detail"]
    upload = server.api("POST", "/dataset-uploads/shared", expect=201, json={})
    sent = server.api("PUT", f"/dataset-uploads/shared/{upload['id']}", params={"offset": 0}, content=b"x" * (2 << 20))
    assert sent.status_code == 429 and "datasets.upload_size" in sent.text
