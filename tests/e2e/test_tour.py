# SPDX-License-Identifier: Apache-2.0
"""docs/tour.md says what happens: every command is run, and what it prints is what the document shows."""

import difflib
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from support.server import TOP, run_cli
from support.tour import masked, steps_of, tour_server, walk

EXAMPLE = TOP / "examples/support-assistant"


@pytest.mark.slow
def test_the_tour_shows_what_the_program_does(make_server, tmp_path):
    server = tour_server(make_server, tmp_path)
    commands = []

    def compare(command, shown, printed):
        commands.append(command)
        differences = difflib.unified_diff(masked(shown).splitlines(), masked(printed).splitlines(),
                                           "docs/tour.md", "what it prints", lineterm="")
        said = "\n".join(differences)
        assert not said, f"$ {command}\n{said}\n(tests/e2e/renew-tour renews the document)"

    walk((TOP / "docs/tour.md").read_text(), server, tmp_path, on_step=compare)
    walked = "\n".join(commands)
    for part in ("use-case create", "use-case review", "slipway push", "release cut", "promote", "ask.py", "--canary",
                 "slipway rollback"):
        assert part in walked, f"the tour has no {part}"


def test_differences_are_seen():
    block = "$ slipway a \\\n> --b\nline 2026-11-25 10:00:00\n$ slipway c\n"
    assert steps_of(block) == [["slipway a \\\n--b", "line 2026-11-25 10:00:00\n"], ["slipway c", ""]]
    assert masked("line 2026-11-25 10:00:00") == masked("line 2027-01-01 23:59:59")
    assert masked("release 1, 0.8 ms") == masked("release 1,  12 ms")
    assert masked("release 1") != masked("release 2")
    assert masked("sha256:" + "a" * 64) != masked("sha256:" + "b" * 64)


def test_the_example_is_a_sound_project():
    found = json.loads(run_cli("validate", EXAMPLE, "--json").stdout)
    assert found["owner"] == "support-assistant" and found["problems"] == []
    kinds = {path.parent.name for path in EXAMPLE.glob("*/*.yaml")}
    assert kinds >= {"policies", "prompts", "models", "guardrails", "tools", "flows", "knowledge", "datasets",
                     "evaluations"}
    assert found["assets"] == len(list(EXAMPLE.glob("*/*.yaml"))) - len(list(EXAMPLE.glob("policies/*.yaml")))


def test_pushing_the_example_twice_changes_nothing(make_server, tmp_path):
    server = make_server({"environments": None})
    folder = shutil.copytree(EXAMPLE, tmp_path / "shop")
    server.cli("push", folder, "-m", "First")

    def changes():
        items = json.loads(server.cli("plan", folder, "--json").stdout)["items"]
        return {item["what"]: [change["path"] for change in item["changes"]]
                for item in items if item["action"] != "unchanged"}

    assert changes() == {}
    # What the server writes in another way is no change, but a change of the same fields is one.
    use_case = folder / "use-case.yaml"
    text = use_case.read_text()
    for before, after, field in (("target: 45,", "target: 45.5,", "kpis"), ("data: personal", "data: special", "answers"),
                                 ('cost_center: "4711"', 'cost_centre: "4711"', "cost_tags"),
                                 ("  - {metric: names_the_page, op: \">=\", value: 0.9}\n", "", "thresholds")):
        assert before in text
        use_case.write_text(text.replace(before, after))
        assert changes() == {"use case": [field]}


def test_golden_questions_name_pages_that_exist():
    pages = {path.stem for path in (EXAMPLE / "documents").glob("*.md")}
    cases = [json.loads(line) for line in (EXAMPLE / "datasets/golden.jsonl").read_text().splitlines()]
    assert len(pages) >= 8 and len(cases) >= 20
    assert {case["expected"]["page"] for case in cases if case["split"] == "test"} == pages


def test_golden_cases_hold_the_pages_that_the_help_centre_finds(tmp_path):
    written = shutil.copy(EXAMPLE / "datasets/golden.jsonl", tmp_path)
    subprocess.run([sys.executable, "-B", EXAMPLE / "golden.py", written], check=True)
    assert pathlib.Path(written).read_bytes() == (EXAMPLE / "datasets/golden.jsonl").read_bytes(), "run golden.py"
