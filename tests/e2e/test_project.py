# SPDX-License-Identifier: Apache-2.0
"""A folder of YAML in a Git repository and the catalogue: init, validate, plan, push, pull, diff, history, asset."""

import json
import os
import re
import subprocess

import pytest
import yaml

from support.project import PROMPT, Checkout, mine, offline, pushed, service_token, slug  # noqa: F401
from support.server import TOP, run_cli

# ---- the way of a new project


def test_from_init_to_history(house, slug, tmp_path):
    owner = slug + "-new"
    me = Checkout(house, tmp_path / "app")
    assert "no project.yaml here" in me("plan", expect=2) and "slipway init" in me("plan", expect=2)
    assert "prompts/answer.yaml" in me("init", "--owner", owner)
    assert "already" in me("init", "--owner", owner, expect=2)
    assert me("validate") == f"2 assets, the use case of {owner}: no problems.\n"
    assert me.actions() == {"use case": "create", "model/main": "create", "prompt/answer": "create"}
    assert "3 to create, 0 to update, 0 unchanged.\nPushed." in me("push", "-m", "First version")
    assert house.api("GET", f"/use-cases/{owner}", expect=200)["name"] == owner
    # Also from a folder within the project; twice changes nothing.
    audited = len(house.api("GET", "/audit", expect=200, params={"use_case": owner})["items"])
    assert me("push", cwd="prompts") == "Nothing would change.\n"
    assert len(house.api("GET", "/audit", expect=200, params={"use_case": owner})["items"]) == audited
    lock = json.loads((me.folder / "slipway.lock").read_text())
    assert lock["owner"] == owner and lock["assets"]["prompt/answer"]["version"] == 1

    me.edit("prompts/answer.yaml", "two sentences", "three short sentences")
    shown = me("plan")
    assert "~ prompt/answer → version 2  prompts/answer.yaml" in shown
    assert "You answer in [-two-]{+three short+} sentences" in shown
    assert me("diff") == shown and me("diff", "prompts/answer.yaml").startswith("  ~ prompt/answer → version 2")
    assert me("diff", "models/main.yaml") == "Nothing would change.\n"
    me("push", "-m", "Shorter")
    history = me("history", "prompts/answer.yaml")
    assert re.search(r"^ +2 .* Shorter$", history, re.M) and re.search(r"^ +1 .* First version$", history, re.M)
    assert history == me("history", "prompt/answer") == me("history", f"{owner}/prompt/answer")
    assert "-    content: You answer in two sentences" in me("diff", "prompt/answer", "--from", "1", "--to", "2")


def test_plan_as_json_and_markdown(pushed, slug):
    pushed.write("prompts/second.yaml", PROMPT)
    content = yaml.safe_load(PROMPT)
    content["messages"][0]["content"] = "```\nYou help | all.\n```"
    pushed.write("prompts/answer.yaml", yaml.safe_dump(content))
    plan = pushed.json("plan")
    assert plan == json.loads(pushed("plan", "--format", "json"))
    (changed,) = [item for item in plan["items"] if item["action"] == "update"]
    assert changed["file"] == "prompts/answer.yaml" and changed["version"] == 2 and changed["latest_by"]
    assert [change["path"] for change in changed["changes"]] == ["messages[0].content"]
    text = pushed("plan", "--format", "markdown")
    assert text.startswith(f"<!-- slipway plan: {slug} -->\n### Slipway plan for `{slug}`\n\n**1 to create, 1 to update, 1 unchanged.**\n")
    assert "| create | prompt/second → version 1 | prompts/second.yaml |" in text
    # A fence within a text does not end the comment's own.
    assert text.count("\n```") == 2
    pushed("plan", "--format", "markdown", "--file", "out/plan.md")
    assert (pushed.folder / "out/plan.md").read_text() == text
    # What is wrong with the files is in the comment as well.
    pushed.write("prompts/second.yaml", "modle: main\n")
    text = pushed("plan", "--format", "markdown", expect=2)
    assert "problems to mend" in text and "`prompts/second.yaml:1:1` modle: there is no 'modle' here. Did you mean 'model'?" in text


# ---- several people


def test_the_second_of_two_is_told_what_changed_and_by_whom(house, slug, pushed):
    theirs = pushed.clone("theirs")
    theirs.environment["SLIPWAY_TOKEN"] = service_token(house, f"{slug} robot", "developer", slug)
    theirs.edit("prompts/answer.yaml", "help customers", "help customers kindly")
    theirs("push", "-m", "Kinder")

    pushed.edit("prompts/answer.yaml", "help customers", "help everybody")
    assert pushed.actions(expect=1) == {"model/main": "unchanged", "prompt/answer": "conflict"}
    shown = pushed("push", "-m", "All", expect=1)
    assert f"{slug} robot pushed version 2 at 20" in shown and "Nothing was pushed." in shown
    assert "help [-customers kindly-]{+everybody+}." in shown
    # Their version is not lost by a pull, nor mine.
    assert "differs from version 2 on the server" in pushed("pull", expect=1)
    assert "help everybody" in (pushed.folder / "prompts/answer.yaml").read_text()
    assert pushed.actions("--force")["prompt/answer"] == "update"
    pushed("push", "--force", "-m", "All")
    assert [v["message"] for v in pushed.json("history", "prompt/answer")["items"]] == ["All", "Kinder", "First version"]
    # Whoever has changed nothing gets it.
    assert "~ prompts/answer.yaml" in theirs("pull")
    assert "help everybody" in (theirs.folder / "prompts/answer.yaml").read_text()
    assert theirs("pull") == "Everything is here already.\n" and theirs("plan") == "Nothing would change.\n"


def test_what_git_remembers_is_no_conflict(slug, pushed):
    # Without a lock file, as in a pipeline: the server has what an older commit had.
    pushed.edit("prompts/answer.yaml", "help customers", "help everybody")
    pushed.commit("Everybody")
    for name, options, action, code in (("whole", (), "update", 0), ("cut", ("--depth", "1"), "conflict", 1)):
        copy = pushed.clone(name, *options)
        (copy.folder / "slipway.lock").unlink()
        assert copy.actions(expect=code) == {"model/main": "unchanged", "prompt/answer": action}
        assert ("fetch-depth: 0" in copy("plan", expect=code)) == (code == 1)
    # But what somebody made in the console meanwhile is one.
    pushed.server.api("PUT", f"/assets/{slug}/prompt/answer", expect=200, json={
        "content": yaml.safe_load(PROMPT) | {"description": "In the console"}, "message": "By hand"})
    assert pushed.clone("later").actions(expect=1)["prompt/answer"] == "conflict"


def test_two_who_make_the_same_asset_do_not_overwrite_each_other(house, slug, mine, tmp_path):
    other = Checkout(house, tmp_path / "other")
    for name in ("project.yaml", "models/main.yaml", "prompts/answer.yaml"):
        other.write(name, (mine.folder / name).read_text())
    other.edit("models/main.yaml", "gpt-4o", "gpt-4o-mini")
    mine("push")
    assert other.actions(expect=1) == {"model/main": "conflict", "prompt/answer": "unchanged"}


def test_pushes_at_the_same_moment(house, slug, pushed):
    copies = [pushed.clone(f"copy-{number}") for number in range(4)]
    for number, copy in enumerate(copies):
        copy.edit("prompts/answer.yaml", "help customers", f"help customer {number}")
    running = [subprocess.Popen([os.environ.get("SLIPWAY_BIN", TOP / "build/release/src/app/slipway"), "push"], cwd=copy.folder,
                                env=copy.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for copy in copies]
    said = [process.communicate()[0] for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, 1, 1, 1], said
    for code, text in zip(codes, said):
        assert code == 0 or "version 2" in text, text
    assert len(pushed.json("history", "prompt/answer")["items"]) == 2


# ---- deleting is deprecating


def test_a_deleted_file_deprecates_its_asset(house, slug, pushed):
    pushed.write("tools/lookup.yaml", "description: Looks up\nparameters: {type: object}\n")
    pushed("push")
    pushed.commit("A tool")
    (pushed.folder / "tools/lookup.yaml").unlink()
    assert pushed.actions()["tool/lookup"] == "deprecate"
    assert "  - tool/lookup (version 1)  tools/lookup.yaml\n" in pushed("plan")
    assert "| deprecate | tool/lookup (version 1) | tools/lookup.yaml |" in pushed("plan", "--format", "markdown")
    # A pipeline has no lock file; the commit that took the file away says the same.
    pushed.commit("No tool")
    pipeline = pushed.clone("pipeline")
    (pipeline.folder / "slipway.lock").unlink()
    assert pipeline.actions()["tool/lookup"] == "deprecate"

    pushed("push", "-m", "Nobody looks up")
    gone = house.api("GET", f"/assets/{slug}/tool/lookup", expect=200)["deprecated"]
    assert gone["reason"] == "Its file was deleted: Nobody looks up"
    assert pushed("push") == "Nothing would change.\n"
    # Back from Git it is still deprecated, and that is told.
    pushed.git("checkout", "--quiet", "HEAD~1", "--", "tools")
    assert "is deprecated on the server: Its file was deleted" in pushed("plan")
    pushed("asset", "restore", "tools/lookup.yaml")
    assert "deprecated" not in pushed("plan")


def test_deleting_what_somebody_has_changed_is_a_conflict(house, slug, pushed):
    pushed.write("tools/lookup.yaml", "description: Looks up\nparameters: {type: object}\n")
    pushed("push")
    house.api("PUT", f"/assets/{slug}/tool/lookup", expect=200, json={
        "content": {"description": "Better", "parameters": {"type": "object"}}})
    (pushed.folder / "tools/lookup.yaml").unlink()
    assert pushed.actions(expect=1)["tool/lookup"] == "conflict"
    assert "pushed version 2 at" in pushed("push", expect=1)
    pushed("push", "--force")
    assert house.api("GET", f"/assets/{slug}/tool/lookup", expect=200)["deprecated"]


def test_what_only_the_server_has_is_told_and_left_alone(house, slug, pushed):
    house.api("PUT", f"/assets/{slug}/model/other", expect=200, json={"content": {"connection": "fake", "model": "x"}})
    assert pushed.json("plan")["only_on_server"] == ["model/other"]
    assert "Only on the server" in pushed("push")
    assert house.api("GET", f"/assets/{slug}/model/other", expect=200)["deprecated"] is None


# ---- pull


def test_pull_into_an_empty_folder(house, slug, pushed, tmp_path):
    pushed.write("datasets/golden.yaml", "description: Cases\nfile: golden.jsonl\n")
    pushed.write("datasets/golden.jsonl", '{"input": "a", "expected": "b"}\n{"input": "c"}\n')
    pushed("push")
    fresh = Checkout(house, tmp_path / "fresh")
    assert "no use case 'nobody-at-all'" in fresh("pull", "--owner", "nobody-at-all", expect=2)
    assert list(fresh.folder.iterdir()) == []
    assert "4 files written." in fresh("pull", "--owner", slug)
    assert (fresh.folder / "project.yaml").read_text() == f"owner: {slug}\n"
    assert fresh("plan") == "Nothing would change.\n"
    locks = [json.loads((checkout.folder / "slipway.lock").read_text()) for checkout in (fresh, pushed)]
    assert locks[0]["assets"] == locks[1]["assets"] and list(locks[0]["registry"]) == ["use case"] and "registry" not in locks[1]
    # Cases that live in a file of their own stay there.
    fresh.write("datasets/golden.yaml", yaml.safe_dump(
        yaml.safe_load((fresh.folder / "datasets/golden.yaml").read_text()) | {"description": "More cases"}))
    fresh("push")
    assert "golden.jsonl" in pushed("pull")
    assert yaml.safe_load((pushed.folder / "datasets/golden.yaml").read_text()) == {
        "format": 1, "description": "More cases", "file": "golden.jsonl"}
    assert pushed("plan") == "Nothing would change.\n"


# ---- the catalogue


def test_asset_commands(house, slug, pushed):
    name = f"{slug}/prompt/answer"
    assert yaml.safe_load(run_cli("asset", "show", name, environment=pushed.environment).stdout)["model"] == "main"
    assert "Version 1 is now stable." in pushed("asset", "label", name, "--label", "stable", "--version", "1")
    listed = pushed("asset", "list", "--owner", slug, "--label", "stable")
    assert name in listed and "stable 1" in listed and "model/main" not in listed
    assert pushed.json("asset", "show", f"{name}:stable")["version"] == 1
    assert "taken away" in pushed("asset", "label", name, "--label", "stable")
    assert name in pushed("asset", "where-used", "models/main.yaml")
    assert "Nothing refers to it" in pushed("asset", "where-used", name)
    assert "is deprecated" in pushed("asset", "deprecate", name, "--reason", "Old")
    assert name in pushed("asset", "list", "--owner", slug, "--deprecated")
    assert "used again" in pushed("asset", "restore", name)
    assert "1 of 2;" in pushed("asset", "list", "--owner", slug, "--limit", "1")
    assert "did you mean" in pushed("asset", "lst", expect=2)
    assert "write owner/kind/name" in pushed("asset", "show", "a/b/c/d", expect=2)
    assert "answer" in pushed("asset", "show", f"{slug}/prompt/answr", expect=2)
    for command in (["asset", "list"], ["asset", "show", name], ["asset", "where-used", name], ["history", name],
                    ["diff", name], ["diff"], ["plan"], ["validate"], ["push"], ["pull"]):
        assert isinstance(pushed.json(*command), dict), command


# ---- who may


def test_roles(house, slug, pushed):
    reader = pushed.clone("reader")
    reader.environment["SLIPWAY_TOKEN"] = service_token(house, f"{slug} reader", "viewer", slug)
    reader.edit("prompts/answer.yaml", "help customers", "help nobody")
    assert reader.actions()["prompt/answer"] == "update"
    assert "may not" in reader("push", expect=2)
    stranger = pushed.clone("stranger")
    stranger.environment["SLIPWAY_TOKEN"] = service_token(house, f"{slug} stranger", "developer", house.make_key().use_case)
    assert slug in stranger("plan", expect=2)
    stranger.environment["SLIPWAY_TOKEN"] = "wrong"
    assert "token" in stranger("plan", expect=2)
    assert house.api("GET", f"/assets/{slug}/prompt/answer", expect=200)["latest"]["version"] == 1


def test_a_server_that_is_down(offline):
    offline("validate")
    for command in ("plan", "push", "pull"):
        said = offline(command, expect=3)
        assert "127.0.0.1:1: can't connect" in said, said
    assert not (offline.folder / "slipway.lock").exists()


# ---- bad files

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi"))
BAD_FILES = {
    "a YAML bomb": ("prompts/x.yaml", BOMB, "prompts/x.yaml:5:", "50000 values, aliases expanded"),
    "another encoding": ("prompts/x.yaml", b"model: main\ndescription: caf\xe9\n", "prompts/x.yaml:2:", "not UTF-8"),
    "an unclosed section": ("prompts/x.yaml", "model: main\nmessages:\n  - role: user\n    content: |\n      Hi.\n      {{#items}}\n",
                            "prompts/x.yaml:6:", "the section 'items' is never closed"),
    "an undeclared variable": ("prompts/x.yaml", PROMPT.replace("{{question}}", "{{qestion}}"), "prompts/x.yaml:8:27:",
                               "'qestion' is not declared. Did you mean 'question'?"),
    "an unknown field": ("prompts/x.yaml", PROMPT.replace("model:", "modle:"), "prompts/x.yaml:2:1:", "Did you mean 'model'?"),
    "a reference to nothing": ("prompts/x.yaml", PROMPT + "tools: [lookup]\n", "prompts/x.yaml:9:9:", "make tools/lookup.yaml"),
    "another team's asset": ("prompts/x.yaml", PROMPT + "tools: [sales/tool/x]\n", "prompts/x.yaml:9:9:", "Share it"),
    "a second file": ("prompts/answer.yml", PROMPT, "prompts/answer.yml:", "second file for prompt/answer: prompts/answer.yaml"),
    "a name that can't be": ("prompts/Big Name.yaml", PROMPT, "prompts/Big Name.yaml:", "use lower-case letters"),
    "a key given twice": ("prompts/x.yaml", "model: a\nmodel: b\n", "prompts/x.yaml:2:1:", "given twice (first on line 1)"),
    "a tab": ("prompts/x.yaml", "model: a\n\tx: b\n", "prompts/x.yaml:2:1:", "indent with spaces"),
    "a list": ("prompts/x.yaml", "- a\n", "prompts/x.yaml:1:1:", "must be a map, but is a list"),
    "nothing": ("prompts/x.yaml", "", "prompts/x.yaml:1:1:", "must be a map, but is empty"),
    "a folder too deep": ("prompts/de/x.yaml", PROMPT, "prompts/de/:", "move its files up"),
    "a folder misspelt": ("prompt/x.yaml", PROMPT, "prompt/:", "did you mean prompts/?"),
    "a file for a folder": ("tools", "", "tools/:", "Not a directory"),
    "cases that are missing": ("datasets/x.yaml", "file: x.jsonl\n", "datasets/x.jsonl:", "No such file"),
    "cases elsewhere": ("datasets/x.yaml", "file: ../../x\n", "datasets/x.yaml:1:1:", "beside this one"),
    "an unknown field of the use case": ("use-case.yaml", "name: X\npurpse: why\n", "use-case.yaml:2:1:", "Did you mean 'purpose'?"),
    "a field within the use case": ("use-case.yaml", "name: X\nkpis:\n  - name: Solved\n    target: 1\n    directon: at_most\n", "use-case.yaml:5:5:",
                                    "kpis[0] has no field 'directon'. Did you mean 'direction'?"),
    "a use case's value of the wrong type": ("use-case.yaml", "name: X\nkpis:\n  - {name: Solved, target: many}\n", "use-case.yaml:3:20:", "kpis[0].target must be a number"),
    "a link that runs a program": ("use-case.yaml", 'name: X\nlinks: [{title: Here, url: "javascript:x"}]\n', "use-case.yaml:2:23:", "must start with https:// or http://"),
    "an answer to no question": ("use-case.yaml", "name: X\nanswers: {impct: low}\n", "use-case.yaml:2:11:", "the questionnaire has no question 'impct'"),
    "another use case's slug": ("use-case.yaml", "name: X\nslug: other\n", "use-case.yaml:2:1:", "the slug of this project is support-assistant"),
    "a use case under another name": ("use_case.yaml", "name: X\n", "use_case.yaml:", "did you mean use-case.yaml?"),
    "an unknown rule": ("policies/prod.yaml", "aprovals: []\n", "policies/prod.yaml:1:1:", "there is no rule 'aprovals'. Did you mean 'approvals'?"),
    "an unknown word in a rule": ("policies/prod.yaml", "approvals:\n  - {role: approver, cuont: 2}\n", "policies/prod.yaml:2:22:", "Did you mean 'count'?"),
    "a role that is none": ("policies/prod.yaml", "approvals:\n  - {role: aprover, count: 2}\n", "policies/prod.yaml:2:6:", "Did you mean 'approver'?"),
    "another team's gate": ("policies/prod.yaml", "gates: [shared/evaluation/a, sales/evaluation/b]\n", "policies/prod.yaml:1:30:", "belongs to another use case"),
    "a time that is none": ("policies/prod.yaml", "freeze:\n  - {from: Christmas, until: 2027-01-03T00:00:00Z, reason: x}\n", "policies/prod.yaml:2:6:", "is no time in RFC 3339"),
    "an environment that is none": ("policies/prd.yaml", "gates: []\n", "policies/prd.yaml:", "there is no environment 'prd'. did you mean policies/prod.yaml?"),
    "a policy of somebody else": ("policies/prod.yaml", "owner: sales\ngates: []\n", "policies/prod.yaml:1:1:", "the owner of this file is support-assistant"),
    "an unknown word in project.yaml": ("project.yaml", "owner: support-assistant\nownr: x\n", "project.yaml:2:1:", "did you mean owner?"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_named_with_place_and_way_out(offline, case):
    name, text, place, words = BAD_FILES[case]
    offline.write(name, text)
    said = offline("validate", expect=2)
    (line,) = [line for line in said.splitlines() if line.startswith(place)]
    assert words in line
    told = offline.json("validate", expect=2)["problems"]
    assert place.rstrip(":") in told[0]["where"] and told[0]["message"] and words.split("Did")[0][:20] in line


def test_every_problem_at_once_and_cases_by_their_line(offline):
    offline.write("datasets/x.yaml", "file: x.jsonl\n")
    offline.write("datasets/x.jsonl", '{"input": "a"}\n\n{"inptu": "b"}\n')
    offline.write("datasets/y.yaml", "file: y.jsonl\n")
    offline.write("datasets/y.jsonl", '{"input": "a"}\n{"input": \n')
    offline.write("prompts/x.yaml", "model: main\n")
    said = offline("validate", expect=2)
    assert "datasets/x.jsonl:3: cases[1].inptu: there is no 'inptu' here. Did you mean 'input'?" in said
    assert "datasets/y.jsonl:2:" in said and "prompts/x.yaml:1:1: messages: 'messages' is missing" in said
    assert said.endswith("4 problems.\n")


def test_references_in_a_circle(offline):
    for name, other in (("a", "b"), ("b", "c"), ("c", "b")):
        offline.write(f"agents/{name}.yaml", f"prompt: answer\nagents: [{other}]\n")
    said = offline("validate", expect=2)
    assert "agents/c.yaml:2:10: the references go in a circle: agent/b → agent/c → agent/b. take one of them away" in said
    assert said.endswith("1 problem.\n")


def test_files_too_large_and_of_the_wrong_kind(offline):
    with open(offline.folder / "models/huge.yaml", "wb") as file:
        file.truncate(100 << 20)
    os.mkfifo(offline.folder / "models/pipe.yaml")
    said = offline("validate", expect=2)
    assert "models/huge.yaml: has 100.0 MiB; a file has at most 4.0 MiB" in said
    assert "models/pipe.yaml: is no file" in said


def test_links_out_of_the_folder_are_not_followed(offline):
    secret = offline.folder.parent / "secret"
    secret.mkdir()
    (secret / "x.yaml").write_text("password: hunter2\n")
    (offline.folder / "prompts/x.yaml").symlink_to(secret / "x.yaml")
    (offline.folder / "tools").symlink_to(secret)
    (offline.folder / "models/inside.yaml").symlink_to("main.yaml")
    said = offline("validate", expect=2)
    assert "prompts/x.yaml: is a link out of the project's folder" in said
    assert "tools/: is a link out of the project's folder" in said
    assert "hunter2" not in said and "inside" not in said and said.endswith("2 problems.\n")


def test_the_server_refuses_the_same(house, slug):
    """Whoever does not use this program gets the same answers about templates."""
    content = yaml.safe_load(PROMPT) | {"messages": [{"role": "user", "content": "Hi.\n{{#items}}"}]}
    assets = [{"owner": slug, "kind": "model", "name": "main", "content": {"connection": "fake", "model": "x"}},
              {"owner": slug, "kind": "prompt", "name": "answer", "content": content}]
    answer = house.api("POST", "/assets/push", expect=422, json={"assets": assets, "message": ""})
    assert "the section 'items' is never closed" in answer["errors"][0]["detail"]


def test_problems_that_only_the_server_knows_have_a_place_too(pushed):
    pushed.edit("prompts/answer.yaml", "model: main", "model: main\nguardrails: [shared/guardrail/nowhere]")
    plan = pushed.json("plan", expect=2)
    (problem,) = plan["problems"]
    assert problem["where"] == "prompts/answer.yaml:3:14" and "there is no shared/guardrail/nowhere" in problem["message"]
    assert "Nothing was pushed." in pushed("push", expect=2)


@pytest.mark.parametrize("lock", ["", "{", "[]", '{"assets": {"prompt/answer": {"version": "x"}}}', "<<<<<<< HEAD\n"])
def test_a_damaged_lock_file_is_told(pushed, lock):
    pushed.write("slipway.lock", lock)
    assert "slipway.lock: this is not what push and pull write" in pushed("plan", expect=2)
