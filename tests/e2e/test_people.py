# SPDX-License-Identifier: Apache-2.0
"""Invitations, roles, service accounts and deactivation, over HTTP and by the command line."""

import json
import re

import httpx
import jsonschema
import pytest
import yaml

from support.server import TOP, eventually

CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())
PASSWORD = "correct horse battery"


def check_schema(name, value):
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | CONTRACT["components"]["schemas"][name]).validate(value)


class Person:
    """Somebody at a browser."""

    def __init__(self, server, **credentials):
        self.http = httpx.Client(base_url=server.url + "/api/v1", trust_env=False, timeout=30)
        answer = self.http.post("/session", json=credentials)
        self.status = answer.status_code
        self.session = answer.json()
        if self.status == 200:
            self.http.headers["x-csrf-token"] = self.session["csrf_token"]

    def __call__(self, method, path, expect=None, **options):
        answer = self.http.request(method, path, **options)
        if expect is None:
            return answer
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def server(make_server):
    return make_server()


def invite(server, name, *roles, email=None):
    made = server.api("POST", "/principals", expect=201, json={
        "kind": "user", "name": name, "email": email or f"{name.lower()}@example.com", "grants": list(roles)})
    check_schema("PrincipalWithSecret", made)
    return made


def join(server, made):
    person = Person(server, token=made["token"])
    assert person.status == 200, person.session
    person("PUT", "/me/password", expect=204, json={"new_password": PASSWORD})
    return person


def grant(role, **scope):
    return {"role": role} | scope


def test_from_invitation_to_work(server):
    made = invite(server, "Anna", grant("viewer"))
    assert made["path"] == "/welcome#token=" + made["token"] and made["principal"]["state"] == "invited"
    anna = join(server, made)
    assert anna.session["principal"]["grants"][0]["role"] == "viewer"
    assert Person(server, token=made["token"]).status == 401, "a link works once"
    again = Person(server, email="ANNA@example.com", password=PASSWORD)
    assert again.status == 200
    assert again("GET", "/keys").status_code == 200
    refused = again("POST", "/keys", json={"name": "k", "use_case": "getting-started", "environment": "dev"})
    assert refused.status_code == 403 and "platform" in refused.json()["detail"]
    for path in ("/principals", "/audit"):
        assert again("GET", path).status_code == 403, path
    listed = server.api("GET", "/principals", expect=200)
    check_schema("PrincipalPage", listed)
    assert {p["name"]: p["state"] for p in listed["items"]}["Anna"] == "active"


def test_roles_hold_where_they_are_given_and_at_once(server):
    for slug in ("support", "sales"):
        server.api("POST", "/use-cases", expect=201, json={"slug": slug, "name": slug})
    made = invite(server, "Dev", grant("developer", use_case="support", environment="dev"))
    dev = join(server, made)

    def key(use_case, environment):
        body = {"name": "k", "use_case": use_case, "environment": environment}
        return dev("POST", "/keys", json=body).status_code

    assert key("support", "dev") == 201
    server.api("PUT", f"/principals/{made['principal']['id']}/roles", expect=200, json={"roles": []})
    assert key("support", "dev") == 403
    changed = server.api("PUT", f"/principals/{made['principal']['id']}/roles", expect=200,
                         json={"roles": [grant("reviewer", discipline="legal"), grant("platform")]})
    check_schema("PrincipalDetail", changed)
    assert key("sales", "prod") in (201, 403)  # a key for prod may need more than a role
    assert dev("GET", "/audit").status_code == 200
    # Looking at people is one thing, changing them another.
    assert dev("GET", "/principals").status_code == 200
    assert dev("POST", f"/principals/{made['principal']['id']}/deactivate", json={}).status_code == 403


def test_who_administers_a_use_case_does_not_administer_people(server):
    server.api("POST", "/use-cases", expect=201, json={"slug": "support", "name": "Support"})
    made = invite(server, "Local", grant("admin", use_case="support"))
    local = join(server, made)
    own = f"/principals/{made['principal']['id']}"
    attempts = [("POST", "/principals", {"kind": "user", "name": "X", "email": "x@example.com",
                                         "grants": [grant("admin")]}),
                ("PUT", own + "/roles", {"roles": [grant("admin")]}), ("POST", own + "/secret", {}),
                ("POST", "/session/link", {})]
    for method, path, body in attempts:
        answer = local(method, path, json=body)
        assert answer.status_code == 403, (path, answer.text)
    assert len(server.api("GET", "/principals", expect=200, params={"kind": "user"})["items"]) == 2


def test_nobody_raises_themselves_and_the_last_administrator_stays(server):
    made = invite(server, "Boss", grant("admin"))
    boss = join(server, made)
    own = f"/principals/{made['principal']['id']}"
    for method, path, body in [("PUT", own + "/roles", {"roles": [grant("viewer")]}),
                               ("POST", own + "/deactivate", {}), ("POST", own + "/secret", {})]:
        assert boss(method, path, json=body).status_code == 403
    admin = [p for p in server.api("GET", "/principals", expect=200)["items"] if p["name"] == "admin"][0]
    boss("POST", f"/principals/{admin['id']}/deactivate", expect=200, json={})
    # The command line on the server is a service: it may do everything, but people count people.
    for method, path, body in [("PUT", own + "/roles", {"roles": []}), ("POST", own + "/deactivate", {})]:
        refused = server.api(method, path, json=body)
        assert refused.status_code == 409 and "last active administrator" in refused.json()["detail"]
    # The link for whoever runs the server leads to her now.
    link = server.api("POST", "/session/link", expect=201)
    assert Person(server, token=link["token"]).session["principal"]["name"] == "Boss"


def test_deactivation_ends_sessions_and_tokens_at_once(server):
    made = invite(server, "Anna", grant("viewer"))
    anna = join(server, made)
    service = server.api("POST", "/principals", expect=201,
                         json={"kind": "service", "name": "ci", "grants": [grant("developer")]})
    assert service["path"] is None and service["principal"]["sign_in"] == ["token"]
    bearer = {"authorization": f"Bearer {service['token']}"}
    assert httpx.get(server.url + "/api/v1/keys", headers=bearer, trust_env=False).status_code == 200
    for principal in (made, service):
        path = f"/principals/{principal['principal']['id']}"
        assert server.api("POST", path + "/deactivate", json={}, expect=200)["state"] == "inactive"
    assert anna("GET", "/session").status_code == 401
    assert Person(server, email="anna@example.com", password=PASSWORD).status == 401
    assert httpx.get(server.url + "/api/v1/keys", headers=bearer, trust_env=False).status_code == 401
    path = f"/principals/{service['principal']['id']}"
    assert server.api("POST", path + "/secret", json={}).status_code == 409
    server.api("POST", path + "/activate", json={}, expect=200)
    assert httpx.get(server.url + "/api/v1/keys", headers=bearer, trust_env=False).status_code == 401
    renewed = server.api("POST", path + "/secret", json={}, expect=201)
    bearer = {"authorization": f"Bearer {renewed['token']}"}
    assert httpx.get(server.url + "/api/v1/keys", headers=bearer, trust_env=False).status_code == 200


def test_a_new_link_shows_to_whom_it_is_not_for(server):
    made = invite(server, "Anna", grant("viewer"))
    anna = join(server, made)
    renewed = server.api("POST", f"/principals/{made['principal']['id']}/secret", json={}, expect=201)
    assert renewed["principal"]["state"] == "invited"
    assert anna("GET", "/session").status_code == 401
    assert Person(server, email="anna@example.com", password=PASSWORD).status == 401
    join(server, renewed)


@pytest.mark.parametrize("body, field", [
    ({"kind": "user", "name": "A"}, "email"), ({"kind": "user", "name": "A", "email": "nobody"}, "email"),
    ({"kind": "robot", "name": "A"}, "kind"), ({"kind": "service", "name": ""}, "name"),
    ({"kind": "service", "name": "A", "grants": [{"role": "king"}]}, "grants[0]"),
    ({"kind": "service", "name": "A", "grants": [{"role": "viewer", "environment": "moon"}]}, "grants[0]"),
    ({"kind": "service", "name": "A", "grants": [{"role": "viewer", "use_case": "none"}]}, "roles"),
    ({"kind": "service", "name": "A", "grants": [{"role": "viewer/dev"}]}, "grants[0]"),
    ({"kind": "service", "name": "A", "grants": [{"role": "viewer", "environment": "dev,admin"}]}, "grants[0]"),
    ({"kind": "service", "name": "A", "grants": [{"role": "viewer", "discipline": "legal"}]}, "grants[0]"),
    ({"kind": "service", "name": "A", "grants": ["admin"]}, "grants[0]")])
def test_bad_input_names_its_field(house, body, field):
    answer = house.api("POST", "/principals", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_lists_are_paged_and_searched(server):
    for number in range(12):
        invite(server, f"Person{number:02}", email=f"p{number}@{'a' if number % 2 else 'b'}.example")
    names, cursor = [], None
    while True:
        page = server.api("GET", "/principals", expect=200,
                          params={"limit": 5, "kind": "user"} | ({"cursor": cursor} if cursor else {}))
        names += [p["name"] for p in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert names == ["admin"] + [f"Person{n:02}" for n in range(12)]
    assert len(server.api("GET", "/principals", expect=200, params={"q": "@A.exam"})["items"]) == 6
    for params, field in [({"limit": 0}, "limit"), ({"kind": "x"}, "kind"), ({"cursor": "x"}, "cursor"),
                          ({"q": "x" * 201}, "q")]:
        answer = server.api("GET", "/principals", params=params)
        assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field
    assert server.api("GET", "/principals/none").status_code == 404


def test_secrets_are_nowhere_on_disk_or_in_the_log(server):
    made = invite(server, "Anna", grant("viewer"))
    service = server.api("POST", "/principals", expect=201, json={"kind": "service", "name": "ci", "grants": []})
    join(server, made)
    server.stop()
    everything = b"".join(path.read_bytes() for path in server.data_dir.rglob("*")
                          if path.is_file() and path.name != "admin.token")
    everything += "\n".join(server.log).encode()
    for secret in (made["token"], service["token"], PASSWORD):
        assert secret.encode() not in everything
    assert b"anna@example.com" in everything
    server.start()


# ---- the command line

def test_the_command_line(server):
    link = server.cli("user", "invite", "Anna Berg", "--email", "anna@example.com", "--role", "viewer",
                      "--role", "reviewer:legal").stdout.strip()
    token = re.fullmatch(re.escape(server.url) + r"/welcome#token=(\S+)", link).group(1)
    assert Person(server, token=token).status == 200
    listed = json.loads(server.cli("user", "list", "--json").stdout)["items"]
    assert {p["name"] for p in listed} == {"admin", "Anna Berg"}
    assert "reviewer:legal" in server.cli("user", "list", "berg").stdout
    server.cli("role", "add", "anna@example.com", "data", "viewer")
    server.cli("role", "remove", "Anna Berg", "reviewer:legal")
    shown = json.loads(server.cli("user", "list", "anna", "--json").stdout)["items"][0]
    assert [g["role"] for g in shown["grants"]] == ["viewer", "data"]
    assert "has no role" in server.cli("role", "set", "Anna Berg").stdout
    assert "is inactive" in server.cli("user", "deactivate", "Anna Berg").stdout
    server.cli("user", "activate", "Anna Berg")
    assert "/welcome#token=" in server.cli("user", "link", "Anna Berg").stdout
    missing = server.cli("role", "set", "Ana Berg", "viewer", expect=None)
    assert missing.returncode != 0 and 'did you mean "Anna Berg"' in missing.stderr
    wrong = server.cli("role", "add", "Anna Berg", "viewr", expect=2)
    assert "Did you mean 'viewer'" in wrong.stderr
    assert "approver" in server.cli("role", "list").stdout


def test_a_service_of_the_command_line_works(server):
    token = server.cli("service", "create", "ci", "--role", "developer").stdout.strip()
    as_ci = {"SLIPWAY_TOKEN": token}
    assert "ID" in server.cli("key", "list", environment=as_ci).stdout
    refused = server.cli("user", "list", environment=as_ci, expect=None)
    assert refused.returncode != 0 and "audit log" in refused.stderr
    renewed = server.cli("service", "token", "ci").stdout.strip()
    assert server.cli("key", "list", environment=as_ci, expect=None).returncode != 0
    server.cli("key", "list", environment={"SLIPWAY_TOKEN": renewed})
    server.cli("service", "deactivate", "ci")
    assert server.cli("key", "list", environment={"SLIPWAY_TOKEN": renewed}, expect=None).returncode != 0
    listed = json.loads(server.cli("service", "list", "--json").stdout)["items"]
    assert {p["name"]: p["state"] for p in listed} == {"ci": "inactive", "local command line": "active"}


def test_last_seen_is_known(server):
    anna = join(server, invite(server, "Anna", grant("viewer")))
    anna("GET", "/session", expect=200)
    seen = eventually(lambda: [p for p in server.api("GET", "/principals", expect=200)["items"]
                               if p["name"] == "Anna"][0]["last_seen_at"], "somebody to have been seen")
    assert seen.endswith("Z")
