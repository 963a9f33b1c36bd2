# SPDX-License-Identifier: Apache-2.0
"""Settings and the command line, as somebody meets them who makes mistakes."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

from support.server import TOP, clean_environment, run_cli


@pytest.fixture
def home(tmp_path):
    return clean_environment(tmp_path)


def config_file(tmp_path, text):
    path = tmp_path / "slipway.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text, line, words", [
    ("server:\n  prt: 9090\n", 2, ["server.prt", 'server.port']),
    ("environmets:\n  dev: {}\n", 1, ["environments"]),
    ("server:\n  port: 70000\n", 2, ["65535"]),
    ("server:\n  port: many\n", 2, ["server.port"]),
    ("gateway:\n  body_limit: 3 parsecs\n", 2, ["body_limit"]),
    ("environments:\n  dev:\n    capture: ful\n", 3, ["full"]),
    ("connections:\n  a:\n    base_url: ftp://x\n    api_key: k\n", 3, ["http"]),
    ("connections:\n  a:\n    base_url: http://x/v1\n    api_key: k\n    environments: [prd]\n", 5, ["prod"]),
    ("models:\n  m: {connection: nowhere}\n", 2, ["nowhere"]),
    ("server:\n  port: 1\n  port: 2\n", 3, ["port"]),
    ("server: [\n", None, []),
    ("- just\n- a list\n", 1, []),
])
def test_wrong_settings_are_refused_with_their_place(tmp_path, home, text, line, words):
    path = config_file(tmp_path, text)
    served = run_cli("serve", "--config", path, "--data-dir", tmp_path / "data", expect=2, environment=home)
    checked = run_cli("config", "check", path, expect=1, environment=home)
    for said in (served.stderr, checked.stdout):
        assert "slipway.yaml" + (f":{line}" if line else "") in said, said
        for word in words:
            assert word in said, said
    told = json.loads(run_cli("config", "check", path, "--json", expect=1, environment=home).stdout)
    assert told["ok"] is False and told["problems"][0]["message"]
    assert not (tmp_path / "data").exists()


def test_all_problems_are_told_at_once(tmp_path, home):
    path = config_file(tmp_path, "server: {prt: 1, loops: -1}\nlogg: {}\n")
    told = json.loads(run_cli("config", "check", path, "--json", expect=1, environment=home).stdout)
    assert len(told["problems"]) == 3


def test_good_settings(tmp_path, home):
    path = config_file(tmp_path, "server: {port: 0}\n")
    assert "ok" in run_cli("config", "check", path, environment=home).stdout
    told = json.loads(run_cli("config", "check", path, "--json", environment=home).stdout)
    assert told == {"file": str(path), "ok": True, "problems": [], "warnings": []}
    run_cli("config", "check", tmp_path / "missing.yaml", expect=2, environment=home)


def test_order_of_precedence(tmp_path, home):
    path = config_file(tmp_path, "server: {port: 1111}\nlog: {level: debug}\nsimulated: {seed: 7}\n")

    def shown(*arguments, **environment):
        told = run_cli("config", "show", "--config", path, "--json", *arguments, environment=home | environment)
        return {item["name"]: (item["value"], item["source"]) for item in json.loads(told.stdout)["items"]}

    values = shown()
    assert values["server.port"][0] == "1111" and f"{path}:1" in values["server.port"][1]
    assert values["server.drain"][1] == "default"
    values = shown(SLIPWAY_SERVER_PORT="2222")
    assert values["server.port"] == ("2222", "SLIPWAY_SERVER_PORT")
    values = shown("--set", "server.port=3333", SLIPWAY_SERVER_PORT="2222")
    assert values["server.port"][0] == "3333" and values["log.level"][0] == "debug"
    run_cli("config", "show", "--config", path, "--set", "server.prt=1", expect=2, environment=home)


def test_misspelt_variables_are_noticed(tmp_path, home):
    path = config_file(tmp_path, "server: {port: 0}\n")
    done = run_cli("config", "check", path, "--json", expect=None, environment=home | {"SLIPWAY_SERVER_PROT": "1"})
    told = json.loads(done.stdout)
    assert "SLIPWAY_SERVER_PROT" in json.dumps(told["problems"] + told["warnings"])


def test_connections_from_the_environment(tmp_path, home):
    done = run_cli("config", "show", "--json", "--config", config_file(tmp_path, ""), environment=home | {
        "OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "ANTHROPIC_API_KEY": "sk-ant-secret",
        "OLLAMA_HOST": "127.0.0.1:11434"})
    values = {item["name"]: item["value"] for item in json.loads(done.stdout)["items"]}
    assert values["connections.openai.base_url"] == "http://127.0.0.1:9/v1"
    assert values["connections.ollama.base_url"] == "http://127.0.0.1:11434/v1"
    assert values["connections.anthropic.dialect"] == "anthropic" and "connections.simulated.dialect" in values
    assert "sk-secret" not in done.stdout and "sk-ant-secret" not in done.stdout


def test_reference_is_complete_and_is_the_document(home):
    text = run_cli("config", "reference", environment=home).stdout
    for name in ("server.port", "gateway.body_limit", "telemetry.group_commit", "simulated.seed"):
        assert f"`{name}`" in text
    document = TOP / "docs/configuration.md"
    assert document.read_text() == text, "docs/configuration.md is the output of `slipway config reference`"
    items = json.loads(run_cli("config", "reference", "--json", environment=home).stdout)["items"]
    assert all(item["description"] for item in items)
    assert all(f"`{item['name']}`" in text for item in items if "named" not in item["type"])


def test_the_examples_settings_are_sound(home):
    files = [path for path in (TOP / "examples").rglob("*.yaml") if "server" in (yaml.safe_load(path.read_text()) or {})]
    files += [path for path in (TOP / "deploy").rglob("slipway.yaml")]
    for path in files:
        run_cli("config", "check", path, environment=home)


@pytest.mark.parametrize("arguments, words", [
    ([], ["serve", "doctor"]), (["srve"], ['did you mean serve']), (["key", "creat"], ["key create"]),
    (["serve", "--prot", "1"], ["--port"]), (["key"], ["--help"]), (["key", "create"], ["name"]),
    (["logs", "search", "--limit", "0"], ["--limit"]), (["logs", "search", "--since", "soon"], ["--since"]),
    (["logs", "export", "--format", "xml"], ["jsonl"]), (["completion", "tcsh"], ["bash"])])
def test_wrong_usage_helps(tmp_path, home, arguments, words):
    done = run_cli(*arguments, expect=2, environment=home, cwd=tmp_path)
    for word in words:
        assert word in done.stderr, done.stderr
    assert not done.stdout


def test_errors_as_json(home):
    done = run_cli("key", "creat", "--json", expect=2, environment=home)
    told = json.loads(done.stderr)["error"]
    assert told["code"] == "invalid_argument" and "key create" in told["hint"]


@pytest.mark.parametrize("arguments", [["--help"], ["key", "--help"], ["serve", "--help"], ["logs", "search", "--help"]])
def test_help(home, arguments):
    done = run_cli(*arguments, environment=home)
    assert "--help" in done.stdout and not done.stderr


def test_version(home):
    text = run_cli("version", environment=home).stdout.split()
    told = json.loads(run_cli("version", "--json", environment=home).stdout)
    assert text == ["slipway", told["version"]]


def test_json_everywhere(house, tmp_path):
    """Whatever a command prints is JSON if it is asked for: one document, or one a line."""
    house.wait_record(house.chat())
    known = json.loads(house.cli("logs", "search", "--limit", "1", "--json").stdout)["items"][0]["id"]
    where = ["--config", house.config_file]
    commands = [
        ["use-case", "create", "all-json", "--name", "x"], ["use-case", "list"],
        ["key", "create", "all json", "--use-case", "all-json", "--environment", "dev"], ["key", "list"],
        ["key", "rotate", "all json"], ["key", "revoke", "all json"], ["sign-in-link"],
        ["logs", "search", "--since", "1h"], ["logs", "show", known], ["logs", "export", "--since", "1h"],
        ["logs", "export", "--since", "1h", "-o", tmp_path / "out.jsonl"],
        ["config", "check", house.config_file], ["config", "reference"], ["config", "show", *where], ["version"],
        ["doctor", *where], ["completion", "bash"], ["login", house.url, "--token"], ["logout"]]
    token = house.api("POST", "/session/link", expect=201)["token"]
    for command in commands:
        done = house.cli(*command, "--json", expect=None, stdin=token + "\n" if command[0] == "login" else "",
                         environment={"XDG_CONFIG_HOME": str(tmp_path)})
        assert done.returncode in (0, 1), (command, done.stderr)
        assert done.stdout, command
        lines = done.stdout.splitlines() if command[:2] == ["logs", "export"] and "-o" not in command else [done.stdout]
        for line in lines:
            json.loads(line)


def test_unreachable_server(home):
    done = run_cli("key", "list", "--url", "http://127.0.0.1:1", expect=3, environment=home)
    assert "127.0.0.1:1" in done.stderr
    told = json.loads(run_cli("key", "list", "--url", "http://127.0.0.1:1", "--json", expect=3,
                              environment=home).stderr)
    assert told["error"]["message"]


def test_wrong_token(house):
    done = house.cli("key", "list", expect=2, environment={"SLIPWAY_TOKEN": "wrong"})
    assert "slipway: " in done.stderr


def test_login_with_the_printed_sign_in(house, tmp_path):
    environment = clean_environment(tmp_path)
    token = house.api("POST", "/session/link", expect=201)["token"]
    run_cli("login", house.url, "--token", stdin=token + "\n", environment=environment)
    # The address and the session are remembered, and readable by their owner only.
    listed = json.loads(run_cli("key", "list", "--json", environment=environment).stdout)
    assert listed["items"]
    run_cli("use-case", "create", "from-a-session", "--name", "x", environment=environment)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and all(path.stat().st_mode & 0o077 == 0 for path in files)
    run_cli("logout", environment=environment)
    run_cli("key", "list", "--url", house.url, expect=2, environment=environment)
    run_cli("login", house.url, "--token", stdin="wrong\n", expect=2, environment=environment)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_read_by_their_shells(home, shell):
    script = run_cli("completion", shell, environment=home).stdout
    assert "serve" in script and "doctor" in script
    done = subprocess.run([shutil.which(shell), "-n"], input=script, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("line, found", [
    ("slipway ke", {"key"}), ("slipway key ", {"create", "list", "revoke", "rotate"}), ("slipway --json logs t", {"tail"}),
    ("slipway key create --env", {"--environment"})])
def test_fish_completes(home, tmp_path, line, found):
    (tmp_path / "slipway.fish").write_text(run_cli("completion", "fish", environment=home).stdout)
    done = subprocess.run(["fish", "--no-config", "-c", f"source {tmp_path}/slipway.fish; complete -C '{line}'"], text=True,
                          capture_output=True, env=home)
    assert not done.stderr, done.stderr
    assert {row.split("\t")[0] for row in done.stdout.splitlines()} == found


@pytest.mark.parametrize("words, found", [
    (["slipway", "ke"], "key"), (["slipway", "key", ""], "create list revoke rotate"),
    (["slipway", "--json", "logs", "t"], "tail"), (["slipway", "key", "create", "--env"], "--environment")])
def test_zsh_completes(home, tmp_path, words, found):
    """The script's own function, with zsh's _describe replaced by one that says what it was given."""
    (tmp_path / "_slipway").write_text(run_cli("completion", "zsh", environment=home).stdout)
    quoted = " ".join(f"'{word}'" for word in words)
    script = f'''compdef() {{ :; }}; _files() {{ echo files; }}
_describe() {{ local -a given; given=("${{(@P)2}}"); echo "$1: ${{given[@]%%:*}}"; }}
source {tmp_path}/_slipway
words=({quoted}); CURRENT={len(words)}; _slipway'''
    done = subprocess.run(["zsh", "-f", "-c", script], text=True, capture_output=True, env=home)
    assert not done.stderr and all(word in done.stdout for word in found.split()), (done.stdout, done.stderr)
    assert done.stdout.startswith("option:" if words[-1].startswith("-") else "command:")


def test_bash_completes(home):
    script = run_cli("completion", "bash", environment=home).stdout
    script += '\nCOMP_WORDS=(slipway key cr); COMP_CWORD=2; COMP_LINE="slipway key cr"; COMP_POINT=14\n'
    script += 'f=$(complete -p slipway | sed "s/.*-F \\([^ ]*\\).*/\\1/"); $f slipway cr key; echo "${COMPREPLY[@]}"\n'
    done = subprocess.run(["bash"], input=script, text=True, capture_output=True, check=True)
    assert done.stdout.split() == ["create"]


def test_output_goes_to_a_closed_pipe(house):
    """`slipway key list | head -0` must not end in a crash."""
    from support.server import binary
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen([binary(), "key", "list", "--url", house.url, "--data-dir", str(house.data_dir)],
                          env=house.environment, stdout=writing, stderr=subprocess.PIPE) as done:
        os.close(writing)
        done.communicate(timeout=30)
        assert done.returncode >= 0 or done.returncode == -13  # no signal but, at most, SIGPIPE
