# SPDX-License-Identifier: Apache-2.0
"""Sign-in, sessions, CSRF, headers, what strangers get to see; and that answers keep the contract in openapi.yaml."""

import json
import re

import httpx
import jsonschema
import pytest
import yaml

from support.server import TOP, eventually


@pytest.fixture
def browser(house):
    with httpx.Client(base_url=house.url, trust_env=False, timeout=30) as client:
        yield client


def sign_in(house, browser):
    token = house.api("POST", "/session/link", expect=201)["token"]
    answer = browser.post("/api/v1/session", json={"token": token})
    assert answer.status_code == 200, answer.text
    return answer


def test_one_time_sign_in(house, browser):
    link = house.api("POST", "/session/link", expect=201)
    answer = browser.post("/api/v1/session", json={"token": link["token"]})
    session = answer.json()
    assert session["principal"]["kind"] == "user" and len(session["csrf_token"]) >= 32
    assert [e["name"] for e in session["environments"]] == ["dev", "preprod", "prod", "quiet"]
    assert session["simulated_only"] is False
    cookie = answer.headers["set-cookie"]
    assert re.match(r"slipway_session=[^;]{32,};", cookie)
    for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in cookie
    assert browser.get("/api/v1/session").json()["principal"] == session["principal"]
    again = browser.post("/api/v1/session", json={"token": link["token"]})
    assert again.status_code == 401
    assert link["path"] == "/sign-in#token=" + link["token"]  # after '#': never sent to a server, never logged


def test_the_printed_sign_in_works_once(make_server):
    server = make_server()
    for status in (200, 401):
        assert httpx.post(server.url + "/api/v1/session", json={"token": server.sign_in_token},
                          trust_env=False).status_code == status


def test_password(make_server):
    server = make_server()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as browser:
        token = browser.post("/api/v1/session", json={"token": server.sign_in_token}).json()["csrf_token"]
        name = browser.get("/api/v1/session").json()["principal"]["name"]
        headers = {"x-csrf-token": token}
        assert browser.put("/api/v1/me/password", json={"new_password": "short"}, headers=headers).status_code == 422
        done = browser.put("/api/v1/me/password", json={"new_password": "correct horse battery"}, headers=headers)
        assert done.status_code == 204, done.text
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as other:
        wrong = other.post("/api/v1/session", json={"username": name, "password": "wrong wrong wrong"})
        assert wrong.status_code == 401
        right = other.post("/api/v1/session", json={"username": name, "password": "correct horse battery"})
        assert right.status_code == 200 and right.json()["password_set"] is True


def test_guessing_is_slowed_down(make_server):
    server = make_server({"security": {"failed_sign_ins_per_minute": 3}})
    statuses = [httpx.post(server.url + "/api/v1/session", json={"token": f"guess-{n}"}, trust_env=False).status_code
                for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def test_sign_out(house, browser):
    csrf = sign_in(house, browser).json()["csrf_token"]
    cookie = browser.cookies["slipway_session"]
    assert browser.request("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf}).status_code == 204
    answer = httpx.get(house.url + "/api/v1/session", cookies={"slipway_session": cookie}, trust_env=False)
    assert answer.status_code == 401


def test_unsafe_methods_need_the_csrf_token(house, browser):
    csrf = sign_in(house, browser).json()["csrf_token"]
    body = {"slug": "by-browser", "name": "By browser"}
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "x" * len(csrf)}, {"x-csrf-token": csrf[:-1]}):
        answer = browser.post("/api/v1/use-cases", json=body, headers=headers)
        assert answer.status_code == 403, headers
        assert "CSRF" in answer.json()["detail"]
    assert browser.post("/api/v1/use-cases", json=body, headers={"x-csrf-token": csrf}).status_code == 201
    assert browser.post("/api/v1/use-cases", json=body, headers={"x-csrf-token": csrf}).status_code == 409


GUARDED = ["/session", "/overview", "/invocations", "/invocations/export?format=csv", "/invocations/stream",
           "/invocations/00000000-0000-7000-8000-000000000000", "/keys", "/use-cases", "/environments", "/models",
           "/connections", "/status"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"cookie": "slipway_session=wrong"}])
def test_strangers_see_nothing(house, browser, path, headers):
    answer = browser.get("/api/v1" + path, headers=headers)
    assert answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"


def test_api_keys_do_not_open_the_control_api(house, key):
    assert httpx.get(house.url + "/api/v1/keys", headers={"authorization": f"Bearer {key}"},
                     trust_env=False).status_code == 401
    assert house.v1("/models", method="GET", key=house.admin_token).status_code == 401


def test_security_headers(house, browser):
    page = browser.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip())
    assert directives["default-src"] in ("'self'", "'none'") and directives["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in directives.get("script-src", directives["default-src"])
    assert "'unsafe-eval'" not in policy and "http:" not in policy and "https:" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    # Nothing on the page comes from anywhere else.
    for address in re.findall(r"""(?:src|href)=["']([^"']+)""", page.text):
        assert not re.match(r"(https?:)?//", address), address


def test_control_api_answers_are_not_cached_or_sniffed(house):
    answer = house.api("GET", "/status")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("x-content-type-options") == "nosniff"


def test_pages_of_the_console_are_deep_links(browser):
    for path in ("/", "/invocations", "/keys", "/sign-in", "/invocations/some-id"):
        answer = browser.get(path)
        assert answer.status_code == 200 and "<html" in answer.text.lower()
    assert browser.get("/assets/nothing.js").status_code == 404
    assert browser.post("/").status_code in (404, 405)


def test_assets_are_compressed_and_revalidated(browser):
    page = browser.get("/")
    script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
    if script is None:
        pytest.skip("this build has no console (SLIPWAY_CONSOLE=OFF)")
    asset = browser.get(script.group(1))
    assert asset.headers["content-encoding"] == "gzip" and "immutable" in asset.headers["cache-control"]
    again = browser.get(script.group(1), headers={"if-none-match": asset.headers["etag"]})
    assert again.status_code == 304 and not again.content
    plain = browser.get(script.group(1), headers={"accept-encoding": "identity"})
    assert plain.content == asset.content


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/%2e%2e%2fetc%2fpasswd",
    "/..\\..\\etc\\passwd", "//etc/passwd", "/assets//../../slipway.db", "/%00", "/assets/\u00e9", "/.git/config",
    "/api/../data/slipway.db"])
def test_paths_lead_nowhere_else(house, path):
    import socket
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1.1 (200|400|404) ", head), head
    assert b"root:" not in body and b"SQLite" not in body
    assert not head.startswith(b"HTTP/1.1 200") or b"<html" in body.lower()


def test_the_contract_is_served(browser):
    answer = browser.get("/api/openapi.yaml")
    assert answer.status_code == 200
    assert answer.text == (TOP / "api/openapi.yaml").read_text()


# ---- the contract, held against answers

CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())


def check_schema(value, path, method="get", status="200"):
    schema = CONTRACT["paths"][path][method]["responses"][status]
    if "$ref" in schema:
        schema = CONTRACT["components"]["responses"][schema["$ref"].rsplit("/", 1)[1]]
    (content,) = schema["content"].values()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)


@pytest.fixture(scope="module")
def called(house):
    key = house.make_key()
    answers = [house.chat("one", key=key), house.chat("two", key=key, stream=True),
               house.chat("three", key=key, headers={"x-simulate": "status=503"}), house.chat("four", key="sk-wrong"),
               house.v1("/embeddings", {"model": "simulated-embedding", "input": "five"}, key=key)]
    return [house.wait_record(answer) for answer in answers]


def test_contract_of_records(called):
    for record in called:
        check_schema(record, "/api/v1/invocations/{id}")


@pytest.mark.parametrize("path, query", [
    ("/invocations", {}), ("/overview", {"group_by": "model"}), ("/overview", {"to": "2020-01-01T00:00:00Z"}),
    ("/keys", {}), ("/use-cases", {}), ("/environments", {}), ("/models", {"environment": "dev"}),
    ("/connections", {}), ("/status", {}), ("/session", {})])
def test_contract_of_lists(house, called, path, query):
    check_schema(house.api("GET", path, params=query, expect=200), "/api/v1" + path)


def test_contract_of_writes(house, key):
    made = house.api("POST", "/keys", expect=201, json={"name": "n", "use_case": key.use_case, "environment": "dev"})
    check_schema(made, "/api/v1/keys", "post", "201")
    rotated = house.api("POST", f"/keys/{key.id}/rotate", json={}, expect=200)
    check_schema(rotated, "/api/v1/keys/{id}/rotate", "post")


@pytest.mark.parametrize("method, path, content, status", [
    ("GET", "/nothing", None, 404), ("PATCH", "/keys", None, None), ("POST", "/keys", b"{", None),
    ("POST", "/keys", b"[]", None), ("GET", "/invocations/xyz", None, 404), ("DELETE", "/keys/none", None, 404),
    ("POST", "/keys/none/rotate", b"{}", 404), ("POST", "/keys", b"\xff\xfe", None), ("POST", "/use-cases", b"", None)])
def test_problems_keep_the_contract(house, method, path, content, status):
    answer = house.api(method, path, content=content)
    assert 400 <= answer.status_code < 500 and (status is None or answer.status_code == status)
    problem = answer.json()
    assert problem["status"] == answer.status_code and problem["detail"][0].isupper()
    assert answer.headers["content-type"] == "application/problem+json"
    check_schema(problem, "/api/v1/invocations/{id}", status="404")


# ---- playground

def test_playground(house, browser):
    csrf = sign_in(house, browser).json()["csrf_token"]
    body = {"environment": "dev", "model": "simulated-small", "messages": [{"role": "user", "content": "Hello"}]}
    assert browser.post("/api/v1/playground/chat/completions", json=body).status_code == 403
    whole = browser.post("/api/v1/playground/chat/completions", json=body, headers={"x-csrf-token": csrf})
    assert whole.status_code == 200 and whole.json()["choices"]
    record = house.wait_record(whole)
    assert record["use_case"] == "playground" and record["environment"] == "dev"
    streamed = browser.post("/api/v1/playground/chat/completions", json=body | {"stream": True},
                            headers={"x-csrf-token": csrf})
    summary = re.search(r"event: slipway.summary\ndata: (.+)\n\ndata: \[DONE\]\n\n$", streamed.text)
    told = json.loads(summary.group(1))
    record = house.wait_record(told["invocation_id"])
    assert told["usage"]["output"] == record["usage"]["output"] > 0 and told["cost_usd"] == record["cost_usd"]
    wrong = browser.post("/api/v1/playground/chat/completions", json=body | {"environment": "nowhere"},
                         headers={"x-csrf-token": csrf})
    assert wrong.status_code in (400, 404, 422) and "nowhere" in wrong.text


def test_connections_tell_how_they_fare(house, upstream):
    from support.upstream import error
    key = house.make_key()
    assert house.chat(model=upstream.fresh(None), key=key).status_code == 200

    def state(name):
        return next(c["state"] for c in house.api("GET", "/connections", expect=200)["items"] if c["name"] == name)

    assert house.chat(model="dead-1", key=key).status_code == 502
    eventually(lambda: state("dead") == "failing", "the connection's state")
    assert house.chat(model=upstream.fresh(error(500)), key=key).status_code == 500
    assert house.chat(model=upstream.fresh(None), key=key).status_code == 200
