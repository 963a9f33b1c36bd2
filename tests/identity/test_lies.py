# SPDX-License-Identifier: Apache-2.0
"""A provider, or somebody in between, that does one thing wrong: nobody gets in, and the sentence says why."""

import urllib.parse

import pytest

from conftest import Browser, free_port, with_provider

CLIENT = {"client_id": "slipway", "client_secret": "the-secret", "default_roles": ["viewer"]}


@pytest.fixture(scope="module")
def server(liar):
    with with_provider(liar.issuer, **CLIENT) as started:
        yield started


@pytest.fixture(autouse=True)
def truth_afterwards(liar):
    yield
    liar.lie("")


def test_the_truth_works(server):
    browser = Browser(server)
    assert browser.go("").headers["location"] == "/", browser.notice()
    assert browser.session().status_code == 200


@pytest.mark.parametrize("lie, said", [
    ("unsigned", "signed with 'none'"), ("public key as secret", "signed with 'HS256'"),
    ("foreign key", "signature is wrong"), ("changed claims", "signature is wrong"), ("unknown key", "no RS256 key"),
    ("wrong issuer", "https://evil.example"), ("wrong audience", "another client"), ("two audiences", "another client"),
    ("wrong nonce", "another sign-in"), ("no nonce", "another sign-in"), ("expired", "has expired"),
    ("of the future", "of the future"), ("no subject", "who it is about"), ("long subject", "no proper subject"),
    ("wrong state", "another sign-in than the one begun here"), ("mixed up", "https://evil.example"),
    ("refuses", "access_denied (The user said no[31m)"), ("rejects the client", "invalid_client"),
    ("breaks", "answered 500"), ("no JSON", "no ID token"), ("no token", "no ID token"), ("endless", "broke off"),
    ("silent", "can't be reached"),
])
def test_a_lie_is_seen(server, liar, lie, said):
    liar.lie(lie)
    browser = Browser(server)
    sentence = browser.refused(browser.go(""))
    assert said in sentence, sentence
    assert "\x1b" not in sentence and sentence[0].isupper()


def test_an_unverified_address_is_no_address(liar):
    with with_provider(liar.issuer, **CLIENT) as server:
        liar.lie("unverified")  # email_verified is the string "true"
        browser = Browser(server)
        assert browser.go("").status_code == 302
        principal = browser.session().json()["principal"]
        assert (principal["name"], principal["email"]) == ("Anna", None)


def test_new_keys_are_taken(server, liar):
    liar.lie("rotated")
    browser = Browser(server)
    # Keys are asked for at most every ten seconds: an unknown one before may have used that up.
    from support.server import eventually
    assert eventually(lambda: browser.go("").headers.get("location") == "/" or None, "the new key to be known",
                      pause_s=1)


@pytest.mark.parametrize("lie, said", [("other name", "calls itself"), ("no token endpoint", "does not name all")])
def test_metadata_is_checked(liar, lie, said):
    liar.lie(lie)
    with with_provider(liar.issuer, **CLIENT) as server:
        browser = Browser(server)
        assert said in browser.refused(browser.begin())


def test_a_provider_that_is_away(liar):
    with with_provider(f"http://127.0.0.1:{free_port()}", **CLIENT) as server:
        browser = Browser(server)
        sentence = browser.refused(browser.begin())
        assert "can't be reached" in sentence and "oidc.issuer" in sentence
        program = Browser(server, accept="application/json").begin()
        assert program.status_code == 503 and program.json()["code"] == "unavailable"


def callback_of(server, liar, browser):
    """Our callback's address as the provider would call it, not yet called."""
    begun = browser.begin()
    location = browser.http.get(begun.headers["location"]).headers["location"]
    assert location.startswith(server.url + "/api/v1/oidc/callback?")
    return location


def test_a_sign_in_belongs_to_its_browser(server, liar):
    victim, attacker = Browser(server), Browser(server)
    link = callback_of(server, liar, attacker)
    assert "not begun in this browser" in victim.refused(victim.http.get(link))
    # Also not with a journey of the victim's own under way.
    victim.begin()
    assert "another sign-in" in victim.refused(victim.http.get(link))
    assert attacker.http.get(link).headers["location"] == "/"


def test_a_code_works_once(server, liar):
    browser = Browser(server)
    link = callback_of(server, liar, browser)
    trip = browser.http.cookies.get("slipway_oidc")
    assert browser.http.get(link).headers["location"] == "/"
    again = Browser(server)
    again.http.cookies.set("slipway_oidc", trip, domain="127.0.0.1", path="/api/v1/oidc")
    assert "invalid_grant" in again.refused(again.http.get(link))


def test_a_strangers_words_are_not_shown(server):
    browser = Browser(server)
    answer = browser.http.get(server.url + "/api/v1/oidc/callback",
                              params={"error": "pay", "error_description": "Send money to evil.example", "state": "x"})
    assert "money" not in browser.refused(answer)


@pytest.mark.parametrize("next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "keys", "/sign-in",
                                       "/api/v1/session", "/a\r\nset-cookie: x=y", "/" + "a" * 3000])
def test_the_way_back_leads_nowhere_else(server, next_path):
    browser = Browser(server)
    assert browser.go("", next_path).headers["location"] == "/"


def test_what_is_sent_to_the_provider(server, liar):
    browser = Browser(server)
    begun = browser.begin()
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun.headers["location"]).query))
    assert query["redirect_uri"] == server.url + "/api/v1/oidc/callback"
    cookie = [c for c in begun.headers.get_list("set-cookie") if c.startswith("slipway_oidc=")][0]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/api/v1/oidc" in cookie
    for secret in (query["state"], query["nonce"], "the-secret"):
        assert secret not in cookie
    other = Browser(server).begin().headers["location"]
    assert query["state"] not in other and query["code_challenge"] not in other


def test_a_private_address_needs_permission(liar):
    issuer = liar.issuer.replace("http://", "https://")
    with with_provider(issuer, allow_private=False, **CLIENT) as server:
        browser = Browser(server)
        assert "oidc.allow_private" in browser.refused(browser.begin())
