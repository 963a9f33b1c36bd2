# SPDX-License-Identifier: Apache-2.0
"""A folder of YAML in a Git repository, and who works in it. The fixtures are for files of tests to import."""

import json
import subprocess

import pytest

from support.server import clean_environment, run_cli

PROMPT = """\
description: Answers customers
model: main
variables:
  question: {type: string}
messages:
  - role: system
    content: You help customers.
  - {role: user, content: "{{question}}"}
"""


class Checkout:
    """Somebody's copy of a project, with a token of their own."""

    def __init__(self, server, folder, token=None, slug=None):
        self.server, self.folder, self.slug = server, folder, slug
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(folder) | {
            "SLIPWAY_URL": server.url if server else "http://127.0.0.1:1",
            "SLIPWAY_TOKEN": token or (server.admin_token if server else "x"),
            "GIT_CONFIG_GLOBAL": str(folder.parent / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
        (folder.parent / "gitconfig").write_text("[user]\n\tname = T\n\temail = t@example.com\n[init]\n\tdefaultBranch = main\n")

    def __call__(self, *arguments, expect=0, cwd=""):
        done = run_cli(*arguments, expect=expect, environment=self.environment, cwd=self.folder / cwd)
        return done.stdout + done.stderr

    def json(self, *arguments, expect=0):
        done = run_cli(*arguments, "--json", expect=expect, environment=self.environment, cwd=self.folder)
        return json.loads(done.stdout)

    def actions(self, *arguments, expect=0):
        items = self.json("plan", *arguments, expect=expect)["items"]
        return {item["what"]: item["action"] for item in items}

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def edit(self, name, before, after):
        text = (self.folder / name).read_text()
        assert before in text
        self.write(name, text.replace(before, after))

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def clone(self, name, *options):
        """A second checkout of what is committed here."""
        self.git("clone", "--quiet", *options, f"file://{self.folder}", str(self.folder.parent / name))
        return Checkout(self.server, self.folder.parent / name, self.environment["SLIPWAY_TOKEN"])


@pytest.fixture
def slug(house):
    return house.make_key().use_case


@pytest.fixture
def mine(house, slug, tmp_path):
    """A project of a registered use case, not pushed yet."""
    checkout = Checkout(house, tmp_path / "mine", slug=slug)
    checkout.write("project.yaml", f"owner: {slug}\n")
    checkout.write("models/main.yaml", "connection: fake\nmodel: gpt-4o\n")
    checkout.write("prompts/answer.yaml", PROMPT)
    return checkout


@pytest.fixture
def pushed(mine):
    mine.git("init", "--quiet")
    mine("push", "-m", "First version")
    mine.commit("First version")
    return mine


@pytest.fixture
def offline(tmp_path):
    """A project and no server."""
    checkout = Checkout(None, tmp_path / "offline")
    checkout("init", "--owner", "support-assistant")
    return checkout


def service_token(house, name, role, use_case):
    made = house.api("POST", "/principals", expect=201, json={
        "kind": "service", "name": name, "grants": [{"role": role, "use_case": use_case}]})
    return made["token"]
