# SPDX-License-Identifier: Apache-2.0
"""TLS on both sides: the server's own certificate, and providers whose authority is not the system's."""

import json
import re
import socket
import ssl
import subprocess

import httpx
import openai
import pytest

from support.server import PATIENCE_S, eventually
from support.upstream import Upstream


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, a certificate of it for 127.0.0.1 and localhost, and another authority that signed nothing."""
    folder = tmp_path_factory.mktemp("certificates")

    def run(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout",
            f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key", "-out",
        "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days",
        "2", "-out", "server.pem", "-extfile", "names")
    return folder


@pytest.fixture(scope="module")
def tls_upstream(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with Upstream(tls=context) as provider:
        yield provider


def test_server_with_a_certificate(make_server, certificates):
    trust = ssl.create_default_context(cafile=certificates / "authority.pem")
    server = make_server({"server": {"tls": {"certificate_file": str(certificates / "server.pem"),
                                             "key_file": str(certificates / "server.key")}}}, trust=trust)
    assert server.url.startswith("https://")
    for stream in (False, True):
        record = server.wait_record(server.chat(stream=stream))
        assert record["status"] == "ok"
    # A cookie that came over TLS stays there.
    answer = server.http.post("/api/v1/session", json={"token": server.sign_in_token})
    assert "; Secure" in answer.headers["set-cookie"]
    listed = json.loads(server.cli("key", "list", "--json", "--ca-file", certificates / "authority.pem").stdout)
    assert listed["items"]
    assert "certificate" in server.cli("key", "list", expect=3).stderr
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url + "/healthz", trust_env=False)
    # Plain HTTP on this port, and a client that says hello and nothing else, harm nobody.
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        raw.recv(100)
    assert server.chat().status_code == 200
    context = ssl.create_default_context(cafile=certificates / "authority.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as secure:
            assert secure.version() == "TLSv1.2"


def test_certificate_that_cannot_be_read(tmp_path, certificates):
    from support.server import clean_environment, run_cli
    done = run_cli("serve", "--data-dir", tmp_path / "data", "--port", "0", "--set",
                   f"server.tls.certificate_file={certificates}/absent.pem", "--set",
                   f"server.tls.key_file={certificates}/server.key", expect=None, environment=clean_environment(tmp_path))
    assert done.returncode in (2, 3) and "absent.pem" in done.stderr


@pytest.fixture
def server_to(make_server, tls_upstream):
    def make(**settings):
        return make_server({"connections": {"fake": {
            "base_url": tls_upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True} | settings}})

    return make


def test_provider_of_a_private_authority(server_to, certificates, tls_upstream):
    server = server_to(ca_file=str(certificates / "authority.pem"))
    model = tls_upstream.fresh(None)
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=server.key, max_retries=0)
    assert client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}]).choices
    chunks = list(client.chat.completions.create(model=model, stream=True, messages=[{"role": "user", "content": "x"}]))
    assert len(chunks) > 3
    assert all(record["status"] == "ok" for record in server.wait_records(2))


def test_provider_that_the_system_trusts(make_server, certificates, tls_upstream):
    """Without ca_file the system's trust store decides; OpenSSL lets SSL_CERT_FILE stand for it."""
    connection = {"base_url": tls_upstream.base_url, "api_key": "x", "models": ["fake-*"], "allow_private": True}
    server = make_server({"connections": {"fake": connection}},
                         environment={"SSL_CERT_FILE": str(certificates / "authority.pem")})
    answer = server.chat(model=tls_upstream.fresh(None))
    assert answer.status_code == 200, answer.text
    assert server.wait_record(answer)["status"] == "ok"
    # A store that doesn't know the authority: the same connection is refused.
    other = make_server({"connections": {"fake": connection}},
                        environment={"SSL_CERT_FILE": str(certificates / "stranger.pem")})
    refused = other.chat(model=tls_upstream.fresh(None))
    assert refused.status_code == 502 and "certificate" in refused.json()["error"]["message"]


@pytest.mark.parametrize("ca", [None, "stranger.pem"])
def test_provider_that_is_not_trusted(server_to, certificates, tls_upstream, ca):
    server = server_to(**({"ca_file": str(certificates / ca)} if ca else {}))
    model = tls_upstream.fresh(None)
    answer = server.chat(model=model)
    assert answer.status_code == 502 and re.search("certificate|TLS", answer.json()["error"]["message"])
    assert not tls_upstream.requests(model)  # neither prompt nor key went to whoever this is
    assert server.wait_record(answer)["status"] == "upstream_error"


def test_checks_may_be_turned_off(server_to, tls_upstream):
    assert server_to(verify=False).chat(model=tls_upstream.fresh(None)).status_code == 200


def test_provider_that_does_not_speak_tls(make_server, upstream):
    server = make_server({"connections": {"fake": {
        "base_url": upstream.base_url.replace("http:", "https:"), "api_key": "x", "models": ["fake-*"],
        "allow_private": True, "timeouts": {"connect": "1s"}}}})
    answer = server.chat(model=upstream.fresh(None))
    # A plain server either answers what it can't read (refused at once) or goes on waiting for a request's end.
    assert answer.status_code in (502, 504), answer.text
    assert server.wait_record(answer.headers["x-slipway-invocation-id"])["status"] == "upstream_error"


def test_client_that_leaves_a_tls_stream(make_server, certificates, tls_upstream):
    from support.upstream import openai_chunk
    import asyncio

    async def forever(exchange):
        await exchange.open_stream()
        while not exchange.received.left.is_set():
            await exchange.event(openai_chunk(exchange.request["model"], {"content": " word"}))
            await asyncio.sleep(0.01)

    model = tls_upstream.fresh(forever)
    trust = ssl.create_default_context(cafile=certificates / "authority.pem")
    server = make_server({
        "server": {"tls": {"certificate_file": str(certificates / "server.pem"),
                           "key_file": str(certificates / "server.key")}},
        "connections": {"fake": {"base_url": tls_upstream.base_url, "api_key": "x", "models": ["fake-*"],
                                 "allow_private": True, "ca_file": str(certificates / "authority.pem")}}}, trust=trust)
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    with httpx.Client(base_url=server.url, verify=trust, trust_env=False) as client:
        with client.stream("POST", "/v1/chat/completions", json=body,
                           headers={"authorization": f"Bearer {server.key}"}) as answer:
            assert next(answer.iter_lines()).startswith("data:")
    assert tls_upstream.only(model).left.wait(3)
    eventually(lambda: server.metric("slipway_requests_in_flight") == 0, "the end of the call")
    assert server.wait_records(1)[0]["status"] == "interrupted"
