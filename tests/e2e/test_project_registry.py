# SPDX-License-Identifier: Apache-2.0
"""What a project says of its use case and of policies, and datasets with more cases than a content holds: validate, plan,
push and pull."""

import json
import os
import subprocess
import time

import pytest
import yaml

from support.project import Checkout, mine, offline, pushed, slug  # noqa: F401
from support.server import TOP

# ---- the use case and policies

USE_CASE = """\
# A comment, and a purpose in lines of its own.
name: Help
purpose: |
  Answers customers.
  In two sentences.
users_affected: Customers
data_classes: [contact]
kpis:
  - {name: Solved, target: 60, unit: "%"}
"""


@pytest.fixture
def governed(pushed):
    """A project whose use case and policies are pushed as well."""
    pushed.write("use-case.yaml", USE_CASE)
    pushed.write("policies/prod.yaml", f"owner: {pushed.slug}\nenvironment: prod\napprovals:\n  - {{role: approver, count: 2}}\n")
    pushed("push", "-m", "What it is for")
    pushed.commit("What it is for")
    return pushed


def change_use_case(house, slug, **fields):
    version = house.api("GET", f"/use-cases/{slug}", expect=200)["version"]
    house.api("PUT", f"/use-cases/{slug}", expect=200, json=fields | {"version": version})


def test_what_was_pushed_and_pulled_is_the_same(house, slug, governed, tmp_path):
    # As the server trims texts and fills in what was left out, it is still no difference.
    assert governed("plan") == "Nothing would change.\n" == governed("push")
    assert "2 assets, the use case, 1 policy of" in governed("validate")
    before = (governed.folder / "use-case.yaml").read_text()
    assert governed("pull") == "Everything is here already.\n" and (governed.folder / "use-case.yaml").read_text() == before
    fresh = Checkout(house, tmp_path / "fresh")
    said = fresh("pull", "--owner", slug)
    assert "~ use-case.yaml" in said and "~ policies/prod.yaml" in said
    use_case = yaml.safe_load((fresh.folder / "use-case.yaml").read_text())
    assert use_case["purpose"] == "Answers customers.\nIn two sentences." and use_case["kpis"] == [
        {"name": "Solved", "target": 60, "unit": "%", "direction": "at_least"}]
    assert "mitigations" not in use_case and "state" not in use_case
    assert yaml.safe_load((fresh.folder / "policies/prod.yaml").read_text()) == {"approvals": [{"role": "approver", "count": 2}]}
    assert "no problems" in fresh("validate")
    assert fresh("plan") == "Nothing would change.\n"
    audited = len(house.api("GET", "/audit", expect=200, params={"use_case": slug})["items"])
    assert fresh("push") == "Nothing would change.\n" and fresh("pull") == "Everything is here already.\n"
    assert len(house.api("GET", "/audit", expect=200, params={"use_case": slug})["items"]) == audited


def test_a_use_case_and_policies_changed_elsewhere(house, slug, governed):
    change_use_case(house, slug, users_affected="Everybody", known_limits="English only")
    house.api("PUT", f"/policies/{slug}/prod", expect=200, json={"approvals": [{"role": "approver", "count": 3}]})
    # Whoever has changed nothing gets it.
    theirs = governed.clone("theirs")
    assert "2 files written." in theirs("pull") and theirs("plan") == "Nothing would change.\n"
    assert yaml.safe_load((theirs.folder / "use-case.yaml").read_text())["known_limits"] == "English only"
    # Whoever has is told, and neither overwrites nor is overwritten.
    governed.edit("use-case.yaml", "In two sentences.", "In one.")
    governed.edit("policies/prod.yaml", "count: 2", "count: 4")
    actions = governed.actions(expect=1)
    assert actions["use case"] == actions["policy for prod"] == "conflict"
    shown = governed("push", expect=1)
    assert "made version 2 of it on the server" in shown and "Nothing was pushed." in shown
    said = governed("pull", expect=1)
    assert "use-case.yaml: differs from version" in said and "policies/prod.yaml: differs from version 2 on the server" in said
    assert "In one." in (governed.folder / "use-case.yaml").read_text()
    assert governed.actions("--force")["use case"] == "update"
    governed("push", "--force")
    assert house.api("GET", f"/use-cases/{slug}", expect=200)["purpose"].endswith("In one.")
    assert "2 files written." in theirs("pull") and "count: 4" in (theirs.folder / "policies/prod.yaml").read_text()


def test_what_git_remembers_of_a_policy_is_no_conflict(house, slug, governed):
    governed.edit("policies/prod.yaml", "count: 2", "count: 3")
    governed.edit("use-case.yaml", "In two sentences.", "In one.")
    governed.commit("Three")
    copy = governed.clone("pipeline")
    (copy.folder / "slipway.lock").unlink()
    actions = copy.actions()
    assert actions["policy for prod"] == actions["use case"] == "update"
    copy("push")
    copy.edit("policies/prod.yaml", "count: 3", "count: 4")
    (copy.folder / "slipway.lock").write_text((governed.folder / "slipway.lock").read_text())  # an old one
    copy.commit("Four")
    assert copy.actions()["policy for prod"] == "update"


def test_what_the_server_would_refuse_is_in_the_plan(house, slug, pushed):
    house.api("PUT", "/policies/shared/preprod", expect=200, json={"approvals": [{"role": "approver", "count": 2}]})
    try:
        pushed.write("policies/preprod.yaml", "evidence_max_age_hours: 24\napprovals:\n  - {role: approver, count: 1}\n")
        said = pushed("plan", expect=2)
        assert "policies/preprod.yaml:2:1: " in said and "approvals would loosen what 'shared' says for 'preprod'" in said
        assert "1 problem to mend before anything can be pushed" in said
        assert "loosen" in pushed("push", expect=2)
        assert house.api("GET", f"/policies/{slug}/preprod", expect=200)["version"] == 0
    finally:
        house.api("PUT", "/policies/shared/preprod", expect=200, json={})
    pushed.write("policies/prd.yaml", "gates: []\n")
    assert "policies/prd.yaml: there is no environment 'prd'" in pushed("plan", expect=2)


def test_answers_are_checked_by_the_settings_questionnaire(offline):
    offline.write("questions.yaml", """\
version: ours
tiers: [{name: low, label: Low, required_reviews: []}]
questions: [{id: sees, text: "Who sees it?", options: [{value: staff, label: Staff}, {value: all, label: All}]}]
""")
    offline.write("use-case.yaml", "name: X\nanswers: {sees: stuff}\n")
    ours = ["--set", f"governance.questionnaire_file={offline.folder}/questions.yaml"]
    assert "use-case.yaml:2:11: answers.sees: 'stuff' is no answer to the question 'sees'. Did you mean 'staff'?" in offline(*ours, "validate", expect=2)
    offline.edit("use-case.yaml", "stuff", "staff")
    assert "no problems" in offline(*ours, "validate")
    assert "no question 'sees'" in offline("validate", expect=2)  # the built-in one does not ask
    assert "can't be read" in offline("--set", "governance.questionnaire_file=/nowhere/x.yaml", "validate", expect=2)


# ---- large datasets

MANY = 50_000


def many_cases(count=MANY):
    return "".join(json.dumps({"input": f"Question {i}: " + "what is to be done? " * 8, "expected": f"Answer {i}",
                               "split": "test" if i % 5 == 0 else "train"}) + "\n" for i in range(count))


def test_a_file_of_many_cases_is_uploaded_and_comes_back(house, slug, pushed, tmp_path):
    text = many_cases()
    pushed.write("datasets/many.yaml", "description: Many\nfile: many.jsonl\n")
    pushed.write("datasets/many.jsonl", text)
    assert len(text) > 4 << 20
    assert "3 assets of" in pushed("validate")
    assert pushed.actions()["dataset/many"] == "create"
    pushed("push", "-m", "Many cases")
    stored = house.api("GET", f"/datasets/{slug}/many", expect=200)
    assert stored["count"] == MANY and not stored["inline"] and stored["splits"] == {"test": MANY // 5, "train": MANY - MANY // 5}
    assert pushed("push") == "Nothing would change.\n" and "many" not in pushed("pull")
    # Somebody else gets them as a file.
    fresh = Checkout(house, tmp_path / "fresh")
    assert "~ datasets/many.jsonl" in fresh("pull", "--owner", slug)
    assert yaml.safe_load((fresh.folder / "datasets/many.yaml").read_text()) == {"format": 1, "description": "Many", "file": "many.jsonl"}
    assert (fresh.folder / "datasets/many.jsonl").read_text().count("\n") == MANY
    assert fresh("plan") == "Nothing would change.\n"
    # One case more: the plan says what changes, the push stores it, the first gets it.
    with open(fresh.folder / "datasets/many.jsonl", "a") as file:
        file.write('{"input": "One more", "split": "test"}\n')
    shown = fresh("plan")
    assert "~ dataset/many → version 2  datasets/many.yaml" in shown and f"- {MANY}" in shown and f"+ {MANY + 1}" in shown
    fresh("push", "-m", "One more")
    assert "~ datasets/many.jsonl" in pushed("pull")
    assert "One more" in (pushed.folder / "datasets/many.jsonl").read_text() and pushed("plan") == "Nothing would change.\n"
    # Another description needs no upload of the same cases.
    uploads = len(house.api("GET", "/audit", expect=200, params={"use_case": slug, "action": "dataset.*"})["items"])
    pushed.write("datasets/many.yaml", "description: Very many\nfile: many.jsonl\n")
    pushed("push")
    assert len(house.api("GET", "/audit", expect=200, params={"use_case": slug, "action": "dataset.*"})["items"]) == uploads


def test_many_cases_in_a_small_file_and_few_again(house, slug, pushed):
    pushed.write("datasets/many.yaml", "file: many.jsonl\n")
    pushed.write("datasets/many.jsonl", "".join(json.dumps({"input": f"Q{i}"}) + "\n" for i in range(10_001)))
    pushed("push")
    assert not house.api("GET", f"/datasets/{slug}/many", expect=200)["inline"]
    assert pushed("plan") == "Nothing would change.\n"
    pushed.write("datasets/many.jsonl", '{"input": "Q1"}\n{"input": "Q2"}\n')
    pushed("push")
    assert house.api("GET", f"/datasets/{slug}/many", expect=200)["count"] == 2
    assert pushed("plan") == "Nothing would change.\n"


def test_many_cases_with_a_mistake_name_its_line(offline):
    offline.write("datasets/many.yaml", "file: many.jsonl\n")
    offline.write("datasets/many.jsonl", many_cases(30_000) + '{"inptu": "x"}\n')
    said = offline("validate", expect=2)
    assert "datasets/many.jsonl:30001: this is no case that is known here" in said


def test_memory_stays_flat_with_many_cases(house, slug, pushed):
    """Four times the cases take about the same memory: of a check, a plan, a push and a pull."""
    def largest(count):
        name = f"many-{count}"
        pushed.write(f"datasets/{name}.yaml", f"file: {name}.jsonl\n")
        pushed.write(f"datasets/{name}.jsonl", many_cases(count))
        peaks = [peak_kib(pushed, command) for command in (["validate"], ["plan"], ["push"])]
        (pushed.folder / f"datasets/{name}.jsonl").write_text('{"input": "x"}\n')
        peaks.append(peak_kib(pushed, ["pull", "--force"]))
        assert (pushed.folder / f"datasets/{name}.jsonl").read_text().count("\n") == count
        (pushed.folder / f"datasets/{name}.yaml").unlink()
        pushed("push")
        return peaks
    few, many = largest(20_000), largest(80_000)
    print("KiB at most: validate, plan, push, pull", few, many)
    for before, after in zip(few, many):
        assert after < before * 1.2 + 4 * 1024, (few, many)


def peak_kib(checkout, command):
    binary = os.environ.get("SLIPWAY_BIN", TOP / "build/release/src/app/slipway")
    process = subprocess.Popen([binary, *command], cwd=checkout.folder, env=checkout.environment, stdout=subprocess.DEVNULL)
    peak = 0  # of the program itself: what wait() tells includes the process that started it
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status") as status:
            peak = max([peak, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
        time.sleep(0.002)
    assert process.returncode == 0
    return peak
