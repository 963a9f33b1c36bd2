# SPDX-License-Identifier: Apache-2.0
"""The scripts of deploy/ci, one by one."""

import pathlib
import re
import stat
import subprocess
import sys

import pytest

from forge import Forge, after_the_merge, environment

CI = pathlib.Path(__file__).resolve().parents[2] / "deploy/ci"
MARK = "<!-- slipway plan: support-assistant -->"
PLAN = MARK + "\n### Slipway plan for `support-assistant`\n\n**1 to create, 0 to update, 0 unchanged.**\n"


@pytest.fixture(params=["github", "gitlab"])
def forge(request):
    with Forge(request.param) as server:
        yield server
        assert not server.faults, server.faults


def comment(forge, tmp_path, text=PLAN, expect=0, **changes):
    file = tmp_path / "plan.md"
    file.write_text(text)
    env = environment(forge, tmp_path) | changes
    done = subprocess.run([sys.executable, str(CI / "comment.py"), str(file)], capture_output=True, text=True, check=False,
                          env={name: value for name, value in env.items() if value is not None})
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_one_comment_updated(forge, tmp_path):
    forge.add("A person's words")
    assert "commented" in comment(forge, tmp_path)
    assert [c["body"] for c in forge.comments] == ["A person's words", PLAN]
    calls = len(forge.calls)
    assert "already" in comment(forge, tmp_path)
    assert forge.calls[calls:] == ["GET"], "nothing is sent where nothing has changed"
    other = PLAN.replace("1 to create", "2 to create")
    assert "updated" in comment(forge, tmp_path, other)
    assert [c["body"] for c in forge.comments] == ["A person's words", other]


def test_found_behind_many_comments_and_with_other_line_ends(forge, tmp_path):
    for number in range(250):
        forge.add(f"comment {number}, quoting {MARK}")
    forge.add(PLAN.replace("\n", "\r\n"))
    assert "already" in comment(forge, tmp_path)
    assert len(forge.comments) == 251


def test_two_projects_have_two_comments(forge, tmp_path):
    comment(forge, tmp_path)
    comment(forge, tmp_path, PLAN.replace("support-assistant", "sales-assistant"))
    assert len(forge.comments) == 2


def test_a_long_plan_is_cut(forge, tmp_path):
    comment(forge, tmp_path, PLAN + "x" * 1_100_000)
    assert "cut here" in forge.comments[0]["body"]


def test_a_refusal_is_told_with_advice_and_without_the_token(forge, tmp_path):
    forge.refuse = 403
    said = comment(forge, tmp_path, expect=3)
    assert "403" in said and ("permissions" in said or "scope" in said)
    assert "t0ken" not in said


def test_wrong_use_is_told(forge, tmp_path):
    assert "first line" in comment(forge, tmp_path, "no mark\n", expect=2)
    token = "GITHUB_TOKEN" if forge.kind == "github" else "SLIPWAY_GITLAB_TOKEN"
    assert token in comment(forge, tmp_path, expect=2, **{token: None})
    assert not forge.comments


def run_plan(forge, tmp_path, text, code):
    """plan.sh with a program that plans what we say."""
    program = tmp_path / "slipway"
    (tmp_path / "out.md").write_text(text)
    program.write_text(f'#!/bin/sh\n[ "$1 $2 $3 $4" = "plan app --format markdown" ] || exit 9\ncat {tmp_path}/out.md\nexit {code}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = environment(forge, tmp_path) | {"SLIPWAY_PROGRAM": str(program), "SLIPWAY_PROJECT": "app",
                                          "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    return subprocess.run([str(CI / "plan.sh")], capture_output=True, text=True, check=False, env=env)


def test_the_plan_is_shown_and_commented(forge, tmp_path):
    done = run_plan(forge, tmp_path, PLAN, 0)
    assert done.returncode == 0, done.stderr
    assert PLAN in done.stdout
    assert [c["body"] for c in forge.comments] == [PLAN]
    assert (tmp_path / "output").read_text() == "changes=true\n"
    assert (tmp_path / "summary").read_text() == PLAN


def test_conflicts_are_commented_and_fail_the_job(forge, tmp_path):
    done = run_plan(forge, tmp_path, PLAN, 1)
    assert done.returncode == 1
    assert len(forge.comments) == 1


def test_without_a_plan_there_is_no_comment(forge, tmp_path):
    assert run_plan(forge, tmp_path, "", 2).returncode == 2
    assert not forge.comments


def run_gate(forge, tmp_path, code, verdict="## Gate: fail\n"):
    """gate.sh with a program that cuts, and judges as we say."""
    program = tmp_path / "slipway"
    program.write_text("\n".join([
        "#!/bin/sh", f'echo "$@" >>{tmp_path}/asked',
        'if [ "$1" = release ]; then exit 0; fi', '[ "$1 $2 $3 $4" = "gate shop --env preprod" ] || exit 9',
        f"[ -z '{verdict}' ] || printf '%s' '{verdict}' >\"$6\"", f"exit {code}", ""]))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = after_the_merge(forge, tmp_path) | {
        "SLIPWAY_PROGRAM": str(program), "SLIPWAY_USE_CASE": "shop", "SLIPWAY_GATE": "preprod",
        "SLIPWAY_MESSAGE": "Kinder\n\nmore", "SLIPWAY_REPORTS": str(tmp_path / "reports"),
        "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    return subprocess.run([str(CI / "gate.sh")], capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize("code, said", [(0, "pass"), (1, "fail"), (3, "undecided")])
def test_the_verdict_is_one_comment_on_the_merged_request(forge, tmp_path, code, said):
    done = run_gate(forge, tmp_path, code)
    assert done.returncode == code, done.stdout + done.stderr
    (body,) = [one["body"] for one in forge.comments]
    assert body == "<!-- slipway gate: shop preprod -->\n## Gate: fail\n"
    assert (tmp_path / "output").read_text() == f"verdict={said}\n"
    assert (tmp_path / "asked").read_text().splitlines()[0] == "release cut shop --message Kinder"
    run_gate(forge, tmp_path, code)
    assert len(forge.comments) == 1


def test_what_belongs_to_no_request_has_no_comment(forge, tmp_path):
    forge.requests = forge.requests[:1]
    done = run_gate(forge, tmp_path, 1)
    assert done.returncode == 1 and "no comment" in done.stdout and not forge.comments


def test_a_gate_without_a_verdict_has_no_comment(forge, tmp_path):
    assert run_gate(forge, tmp_path, 2, "").returncode == 2
    assert not forge.comments


def test_the_templates_are_well_formed():
    import yaml

    action = yaml.safe_load((CI / "github/action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"])
    used = set(re.findall(r"inputs\.(\w+)", (CI / "github/action.yml").read_text()))
    assert used == set(action["inputs"])
    jobs = yaml.safe_load((CI / "gitlab/slipway.yml").read_text())
    assert jobs["slipway-plan"]["rules"] and jobs["slipway-push"]["script"]
