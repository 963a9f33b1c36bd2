# SPDX-License-Identifier: Apache-2.0
"""What a person finds who starts Slipway for the first time: connections for whatever the environment offers, and a
printed call that works as it stands."""

import json
import re
import subprocess

import pytest

from conftest import PROVIDER_SECRET
from support.server import eventually


def pasted(server):
    """Runs the printed curl in a shell, as somebody would who pastes it; the parsed answer."""
    command = re.search(r"curl http.*?'\n", server.welcome, re.S).group()
    done = subprocess.run(["bash", "-c", command.replace("curl ", "curl -sS ", 1)], capture_output=True, text=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def environments(upstream):
    host = upstream.origin.removeprefix("http://")
    return {
        "openai": {"OPENAI_API_KEY": PROVIDER_SECRET, "OPENAI_BASE_URL": upstream.base_url},
        "anthropic": {"ANTHROPIC_API_KEY": PROVIDER_SECRET, "ANTHROPIC_BASE_URL": upstream.origin},
        "ollama": {"OLLAMA_HOST": host},
    }


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
def test_what_the_environment_offers_is_connected(make_server, upstream, provider):
    server = make_server(environment=environments(upstream)[provider])
    before = len(upstream.received)
    answer = pasted(server)
    assert answer["object"] == "chat.completion" and answer["choices"][0]["message"]["content"], answer
    (record,) = server.wait_records(1)
    assert record["status"] == "ok" and record["connection"] == record["provider"] == provider
    assert "made up" not in server.welcome and not server.log_events("provider.simulated")
    calls = [r for r in upstream.received[before:] if r.method == "POST"]
    assert len(calls) == 1 and calls[0].target == ("/v1/messages" if provider == "anthropic" else "/v1/chat/completions")
    secret = calls[0].header("x-api-key") or calls[0].header("authorization")
    assert secret == {"openai": f"Bearer {PROVIDER_SECRET}", "anthropic": PROVIDER_SECRET, "ollama": None}[provider]


def test_all_of_it_at_once(make_server, upstream):
    """Well-known names lead to whose they are, whatever else is connected."""
    offered = environments(upstream)
    server = make_server(environment=offered["openai"] | offered["anthropic"] | offered["ollama"])
    for model, connection in [("gpt-4o-mini", "openai"), ("claude-sonnet-4-5", "anthropic"),
                              ("ollama/llama3.2", "ollama"), ("simulated-small", "simulated")]:
        answer = server.chat(model=model)
        assert answer.status_code == 200, answer.text
        assert server.wait_record(answer)["connection"] == connection, model


def test_without_a_provider_it_says_that_answers_are_simulated(make_server):
    server = make_server()
    answer = pasted(server)
    assert answer["model"].startswith("simulated/") and "simulated" in answer["choices"][0]["message"]["content"].lower()
    assert "made up" in server.welcome
    (warned,) = server.log_events("provider.simulated")
    assert warned["level"] == "warning"
    assert server.api("GET", "/session", expect=200)["simulated_only"] is True  # what the console's note goes by
    record = eventually(lambda: server.records(), "the record")[0]
    assert record["provider"] == "simulated"


def test_a_second_start_prints_no_key(make_server):
    server = make_server()
    assert server.key in server.welcome
    server.restart()
    assert server.key not in server.welcome and "slipway key create" in server.welcome
    assert "/sign-in#token=" in server.welcome
