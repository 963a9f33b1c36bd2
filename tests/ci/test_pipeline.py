# SPDX-License-Identifier: Apache-2.0
"""The life of a request with the real program and a real server: planned, commented, merged, pushed, and planned again."""

import itertools
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from forge import Forge, environment  # noqa: E402
from support.server import Server, binary  # noqa: E402

CI = pathlib.Path(__file__).resolve().parents[2] / "deploy/ci"
SLUGS = (f"assistant-{number}" for number in itertools.count(1))  # a use case for each test


@pytest.fixture(scope="module")
def server():
    with Server({"connections": {"simulated": {"dialect": "simulated", "models": ["simulated-*"]}}}) as started:
        yield started


@pytest.fixture(params=["github", "gitlab"])
def pipeline(request, server, tmp_path):
    with Forge(request.param) as forge:
        yield Pipeline(server, forge, tmp_path, next(SLUGS))
        assert not forge.faults, forge.faults


class Pipeline:
    """A repository with a project in the folder `assistant`, and the steps of the templates as the forge would run them."""

    def __init__(self, server, forge, tmp_path, slug):
        self.server, self.forge, self.slug, self.top = server, forge, slug, tmp_path / "repository"
        self.top.mkdir()
        server.api("POST", "/use-cases", expect=201, json={"slug": slug, "name": slug})
        made = server.api("POST", "/principals", expect=201, json={
            "kind": "service", "name": f"ci {slug}", "grants": [{"role": "developer", "use_case": slug}]})
        self.job = environment(forge, tmp_path)
        self.slipway = {"SLIPWAY_URL": server.url, "SLIPWAY_TOKEN": made["token"], "SLIPWAY_PROJECT": "assistant",
                        "SLIPWAY_PROGRAM": binary(), "GITHUB_OUTPUT": str(tmp_path / "output")}
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write("project.yaml", f"owner: {slug}\n")
        self.write("models/main.yaml", "connection: simulated\nmodel: simulated-small\n")
        self.prompt("You help.")
        self.commit("First version\n\nWith more to say in the second paragraph.")

    def write(self, name, text):
        path = self.top / "assistant" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def prompt(self, text):
        self.write("prompts/answer.yaml", f"model: main\nmessages: [{{role: system, content: {text}}}]\n")

    def git(self, *arguments):
        who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
               "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(["git", *arguments], cwd=self.top, env=self.job | who, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def commit(self, message):
        # As .gitignore would do.
        (self.top / "assistant/slipway.lock").unlink(missing_ok=True)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.message = message

    def step(self, script, extra, expect):
        done = subprocess.run([str(CI / script)], cwd=self.top, env=self.job | self.slipway | extra, capture_output=True,
                              text=True, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        (self.top / "assistant/slipway.lock").unlink(missing_ok=True)
        return done.stdout + done.stderr

    def plan(self, expect=0):
        """On a request; gives the one comment."""
        self.step("plan.sh", {}, expect)
        assert len(self.forge.comments) == 1
        return self.forge.comments[0]["body"]

    def push(self, expect=0):
        """On the main branch."""
        return self.step("push.sh", {"SLIPWAY_MESSAGE": self.message}, expect)

    def versions(self):
        return self.server.api("GET", f"/assets/{self.slug}/prompt/answer/versions", expect=200)["items"]


def test_from_request_to_request(pipeline):
    assert "**2 to create, 0 to update, 0 unchanged.**" in pipeline.plan()
    calls = len(pipeline.forge.calls)
    pipeline.plan()
    assert pipeline.forge.calls[calls:] == ["GET"], "the second run sends nothing"
    pipeline.push()
    assert "Nothing would change" in pipeline.push(), "the second push stores nothing"
    (version,) = pipeline.versions()
    assert version["message"] == "First version" and version["author"] == f"ci {pipeline.slug}"
    assert "**Nothing would change.**" in pipeline.plan()

    pipeline.prompt("You help kindly.")
    pipeline.commit("Kinder")
    body = pipeline.plan()
    assert "+ You help kindly." in body and "- You help." in body
    pipeline.push()
    pipeline.prompt("You help at once.")
    pipeline.commit("Faster")
    assert "- You help kindly." in pipeline.plan(), "no conflict with what this pipeline has pushed"
    # Somebody uses the console meanwhile: the job fails and says so, until it is taken into the files.
    content = {"model": "main", "messages": [{"role": "system", "content": "By hand."}]}
    pipeline.server.api("PUT", f"/assets/{pipeline.slug}/prompt/answer", expect=200, json={"content": content})
    assert "in conflict" in pipeline.plan(expect=1) and "local command line" in pipeline.plan(expect=1)
    assert "Nothing was pushed." in pipeline.push(expect=1)
    pipeline.prompt("By hand.")
    pipeline.commit("As in the console")
    assert "**Nothing would change.**" in pipeline.plan()


def test_problems_in_the_files_are_in_the_comment(pipeline):
    pipeline.plan()
    pipeline.write("prompts/answer.yaml", "model: main\nmesages: []\n")
    body = pipeline.plan(expect=2)
    assert re.search(r"`prompts/answer.yaml:2:1` mesages: there is no 'mesages' here. Did you mean 'messages'\?", body)
    pipeline.prompt("You help.")
    assert "problem" not in pipeline.plan()


def test_a_server_out_of_reach_leaves_the_comment_alone(pipeline):
    pipeline.plan()
    pipeline.slipway["SLIPWAY_URL"] = "http://127.0.0.1:1"
    before = pipeline.forge.comments[0]["body"]
    assert pipeline.plan(expect=3) == before
    pipeline.push(expect=3)


def test_the_templates_run_these_scripts():
    """Each step by its own words, with the variables the forge would put there."""
    action = yaml.safe_load((CI / "github/action.yml").read_text())
    jobs = yaml.safe_load((CI / "gitlab/slipway.yml").read_text())
    variables = {name: value for name, value in jobs["variables"].items()}
    lines = [(step["run"], set(step["env"])) for step in action["runs"]["steps"]]
    lines += [(jobs[job]["script"][0], set(variables)) for job in ("slipway-plan", "slipway-push", "slipway-gate")]
    for line, names in lines:
        done = subprocess.run(["bash", "-c", re.sub("(plan|push|gate).sh", "pl.sh", line)], check=False,
                              capture_output=True, text=True, env={
                                  "PATH": os.environ["PATH"], "GITHUB_ACTION_PATH": str(CI / "github"), "SLIPWAY_CI": str(CI)})
        assert done.returncode == 127 and "pl.sh" in done.stderr, "only the script's name is missing"
        script = CI / re.search(r"/(\w+\.sh)", line)[1]
        assert os.access(script, os.X_OK)
        used = set(re.findall(r"SLIPWAY_[A-Z_]*[A-Z]", script.read_text())) - {"SLIPWAY_URL", "SLIPWAY_TOKEN", "SLIPWAY_MESSAGE"}
        assert used <= names, used - names
    assert variables["GIT_DEPTH"] == "0" and jobs["slipway-push"]["resource_group"]
