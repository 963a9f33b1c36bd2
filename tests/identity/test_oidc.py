# SPDX-License-Identifier: Apache-2.0
"""Sign-in with the certified provider as it is: each way to sign, who gets in, and which roles they get."""

import httpx
import pytest

from conftest import Browser, with_provider

CLIENTS = {
    "basic": {"client_id": "basic", "client_secret": "a secret/with+signs:and%more"},
    "public": {"client_id": "public"},
    "edwards": {"client_id": "edwards", "client_secret": "another-long-secret-for-this-client"},
}
ROLES = {"scopes": ["openid", "email", "profile", "groups"], "roles_claim": "groups",
         "role_mapping": ["ml-platform=platform/dev", "staff=viewer"]}


@pytest.fixture
def serve(provider, slipway_port):
    started = []

    def start(client="basic", **oidc):
        server = with_provider(provider.issuer, slipway_port, **CLIENTS[client], **oidc)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
        server.clean()


def invite(server, name, email, roles=("viewer",)):
    return server.api("POST", "/principals", expect=201, json={
        "kind": "user", "name": name, "email": email, "grants": [{"role": role} for role in roles]})


@pytest.mark.parametrize("client", CLIENTS)
def test_each_kind_of_signature_and_client(serve, client):
    server = serve(client)
    invited = invite(server, "Anna", "anna@example.com", ["data"])
    browser = Browser(server)
    answer = browser.go("anna", "/keys?range=7d")
    assert answer.status_code == 302 and answer.headers["location"] == "/keys?range=7d", browser.notice()
    cookies = answer.headers.get_list("set-cookie")
    assert any(c.startswith("slipway_session=") and "HttpOnly" in c and "SameSite=Strict" in c for c in cookies)
    assert any(c.startswith("slipway_oidc=;") for c in cookies), "what was for the journey is taken away"
    principal = browser.session().json()["principal"]
    assert principal["id"] == invited["principal"]["id"] and principal["roles"] == ["data"]
    person = server.api("GET", f"/principals/{principal['id']}", expect=200)
    assert person["state"] == "active" and person["sign_in"] == ["oidc"]
    # The invitation is taken.
    assert httpx.post(server.url + "/api/v1/session", json={"token": invited["token"]},
                      trust_env=False).status_code == 401
    # A second time, from another browser: the same person.
    other = Browser(server)
    assert other.go("anna").status_code == 302
    assert other.session().json()["principal"]["id"] == principal["id"]
    actions = [e["action"] for e in server.api("GET", "/audit", expect=200)["items"]]
    assert actions[:3] == ["session.sign_in", "session.sign_in", "principal.link_identity"]


def test_the_sign_in_page_knows_the_provider(serve):
    server = serve()
    methods = httpx.get(server.url + "/api/v1/sign-in-methods", trust_env=False).json()
    assert methods == {"password": True, "oidc": {"name": "Example"}}


def test_only_a_verified_address_links(serve):
    server = serve()
    invited = invite(server, "Anna", "anna@example.com")
    browser = Browser(server)
    said = browser.refused(browser.go("mallory"))
    assert "verified" in said and "administrator" in said
    assert server.api("GET", f"/principals/{invited['principal']['id']}", expect=200)["state"] == "invited"


def test_uninvited_people_stay_outside(serve):
    server = serve()
    browser = Browser(server)
    assert "Nobody has invited stranger@elsewhere.example" in browser.refused(browser.go("stranger"))
    program = Browser(server, accept="application/json")
    answer = program.go("stranger")
    assert answer.status_code == 403 and answer.json()["code"] == "permission_denied"


def test_domains(serve):
    server = serve(allowed_domains=["Example.com"], default_roles=["annotator"])
    berta = Browser(server)
    assert berta.go("berta").status_code == 302
    assert berta.session().json()["principal"]["roles"] == ["annotator"]
    for login in ("stranger", "nameless", "mallory"):
        browser = Browser(server)
        assert "oidc.allowed_domains" in browser.refused(browser.go(login)), login


def test_groups_decide_about_roles_each_time(serve):
    server = serve(**ROLES)
    anna = Browser(server)
    assert anna.go("anna").status_code == 302, anna.notice()
    principal = anna.session().json()["principal"]
    assert principal["roles"] == ["platform/dev", "viewer"] and principal["email"] == "anna@example.com"
    server.api("PUT", f"/principals/{principal['id']}/roles", expect=200, json={"roles": [{"role": "admin"}]})
    again = Browser(server)
    assert again.go("anna").status_code == 302
    assert again.session().json()["principal"]["roles"] == ["platform/dev", "viewer"]
    nameless = Browser(server)
    assert nameless.go("nameless").status_code == 302
    assert nameless.session().json()["principal"] | {"id": "", "grants": []} == {
        "id": "", "name": "nameless", "email": None, "kind": "user", "roles": ["viewer"], "grants": []}
    stranger = Browser(server)
    assert "Nobody has invited" in stranger.refused(stranger.go("stranger"))


def test_a_deactivated_person_stays_outside(serve):
    server = serve(default_roles=["viewer"])
    browser = Browser(server)
    assert browser.go("berta").status_code == 302
    principal = browser.session().json()["principal"]["id"]
    server.api("POST", f"/principals/{principal}/deactivate", json={}, expect=200)
    assert browser.session().status_code == 401
    other = Browser(server)
    assert "inactive" in other.refused(other.go("berta"))


def test_a_wrong_secret_is_told(provider, slipway_port):
    with with_provider(provider.issuer, slipway_port, client_id="basic", client_secret="wrong") as server:
        browser = Browser(server)
        said = browser.refused(browser.go("anna"))
        assert "invalid_client" in said and "oidc.client_secret" in said


def test_passwords_can_be_switched_off(provider, slipway_port):
    server = with_provider(provider.issuer, slipway_port, **CLIENTS["basic"], default_roles=["viewer"])
    server.config["security"] = {"passwords": False}
    with server:
        answer = httpx.post(server.url + "/api/v1/session", json={"username": "admin", "password": "whatever it is"},
                            trust_env=False)
        assert answer.status_code == 403
        assert httpx.get(server.url + "/api/v1/sign-in-methods", trust_env=False).json()["password"] is False
        # Who runs the server still gets in.
        assert httpx.post(server.url + "/api/v1/session", json={"token": server.sign_in_token},
                          trust_env=False).status_code == 200
