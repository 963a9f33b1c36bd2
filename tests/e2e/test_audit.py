# SPDX-License-Identifier: Apache-2.0
"""The audit log as its readers meet it: pages, files, and whether it shows that somebody changed it."""

import csv
import datetime
import hashlib
import io
import json
import sqlite3

import jsonschema
import pytest
import yaml

from support.postgresql import psql
from support.server import TOP, eventually

CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())


def check_schema(name, value):
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | CONTRACT["components"]["schemas"][name]).validate(value)


def invite(server, name, role="viewer", **scope):
    return server.api("POST", "/principals", expect=201, json={
        "kind": "user", "name": name, "email": f"{name.lower()}@example.com", "grants": [{"role": role} | scope]})


@pytest.fixture
def server(make_server):
    started = make_server()
    for name in ("Anna", "Bert", "Carl"):
        made = invite(started, name)
        started.api("PUT", f"/principals/{made['principal']['id']}/roles", expect=200,
                    json={"roles": [{"role": "data"}]})
    return started


def entries(server, **filters):
    found, cursor = [], None
    while True:
        page = server.api("GET", "/audit", expect=200,
                          params={"limit": 3} | filters | ({"cursor": cursor} if cursor else {}))
        check_schema("AuditPage", page)
        found += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def exported(server, **filters):
    answer = server.api("GET", "/audit/export", params=filters)
    assert answer.status_code == 200, answer.text
    return answer


def lines(server, **filters):
    return [json.loads(line) for line in exported(server, **filters).text.splitlines()]


def test_filters(server):
    everything = entries(server)
    assert [e["seq"] for e in everything] == list(range(everything[0]["seq"], 0, -1))
    changed = entries(server, action="principal.set_roles")
    assert [e["object"] for e in changed] == ["carl@example.com", "bert@example.com", "anna@example.com"]
    assert changed[0]["detail"]["before"] == ["viewer"] and changed[0]["detail"]["after"] == ["data"]
    local = changed[0]["actor"]["name"]
    assert local.startswith("local command line")
    assert {e["action"] for e in entries(server, object="anna@example.com")} == {"principal.invite",
                                                                                 "principal.set_roles"}
    assert {e["action"].split(".")[0] for e in entries(server, action="principal.*")} == {"principal"}
    assert len(entries(server, q="BERT invite")) == 1
    assert entries(server, actor=local, action="session.*") == []
    middle = changed[1]["at"]
    assert all(e["at"] >= middle for e in entries(server, **{"from": middle}))
    assert all(e["at"] < middle for e in entries(server, to=middle))
    assert entries(server, use_case="nowhere") == []


@pytest.mark.parametrize("params, field", [
    ({"limit": "0"}, "limit"), ({"limit": "501"}, "limit"), ({"cursor": "x"}, "cursor"), ({"from": "soon"}, "from"),
    ({"q": "x" * 401}, "q")])
def test_bad_filters_are_named(house, params, field):
    answer = house.api("GET", "/audit", params=params)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("params, field", [({"format": "xml"}, "format"), ({"from": "soon"}, "from")])
def test_bad_exports_are_named(house, params, field):
    answer = house.api("GET", "/audit/export", params=params)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


def digest(entry):
    """Written from docs/audit.md, not from the program."""
    detail = json.dumps(entry["detail"], separators=(",", ":"), ensure_ascii=False)
    fields = [str(entry["seq"]), str(entry["at_us"]), entry["actor"]["id"], entry["actor"]["name"],
              entry["actor"]["kind"], entry["action"], entry["object_type"], entry["object"], entry["use_case"] or "",
              entry["environment"] or "", detail, entry["previous"]]
    text = "".join(f"{len(field.encode())}:{field}\n" for field in fields)
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_export_can_be_verified_by_anybody(server):
    invite(server, "Zoë", "annotator")
    chain = lines(server)
    assert chain[-1]["action"] == "audit.export", "who takes the log away is in it"
    previous = "0" * 64
    for number, entry in enumerate(chain, 1):
        assert entry["seq"] == number and entry["previous"] == previous
        assert digest(entry) == entry["digest"], entry
        previous = entry["digest"]


def test_csv(server):
    invite(server, "=cmd", "viewer")
    answer = exported(server, format="csv", action="principal.invite")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [r["object"] for r in rows] == ["anna@example.com", "bert@example.com", "carl@example.com",
                                           "'=cmd@example.com"], "no formula for a spreadsheet"
    assert json.loads(rows[0]["detail"])["roles"] == ["viewer"]


def test_a_whole_log_verifies(server):
    report = server.api("POST", "/audit/verify", json={}, expect=200)
    check_schema("AuditVerification", report)
    assert report["ok"] and report["entries"] >= 8 and report["problems"] == []
    anchors = server.data_dir / "audit-anchors.jsonl"
    eventually(anchors.exists, "the first anchor")
    anchor = json.loads(anchors.read_text())
    assert anchor["date"] == datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    known = [e for e in lines(server) if e["seq"] == anchor["seq"]][0]
    assert known["digest"] == anchor["digest"]
    assert server.api("POST", "/audit/verify", json={}, expect=200)["anchors"] == {"file": str(anchors), "checked": 1}
    assert server.cli("audit", "verify").stdout.startswith("The audit log is whole")
    assert offline(server, expect=0).startswith("The audit log is whole")


def offline(server, *arguments, expect):
    return server.cli("audit", "verify", "--offline", "--config", server.config_file, *arguments, expect=expect).stdout


def tamper(server, statement):
    """As somebody with access to the database would; the server is not running."""
    if "store" in server.config:
        psql(server.config["store"]["url"], statement)
        return
    with sqlite3.connect(server.data_dir / "slipway.db") as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize("statement, said", [
    ("UPDATE audit_entries SET actor_name = 'somebody' WHERE seq = 5", "entry 5 was changed"),
    ("UPDATE audit_entries SET detail = '{}' WHERE seq = 5", "entry 5 was changed"),
    ("DELETE FROM audit_entries WHERE seq = 5", "entry 5 is missing"),
    ("UPDATE audit_entries SET seq = CASE seq WHEN 5 THEN -6 WHEN 6 THEN -5 END WHERE seq IN (5, 6)", "entry")])
def test_tampering_is_found(server, statement, said):
    server.stop()
    tamper(server, statement)
    if "CASE" in statement:
        tamper(server, "UPDATE audit_entries SET seq = -seq WHERE seq < 0")
    found = offline(server, expect=1)
    assert said in found, found
    server.start()
    report = json.loads(server.cli("audit", "verify", "--json", expect=1).stdout)
    check_schema("AuditVerification", report)
    assert not report["ok"] and report["problems"][0]["seq"] in (5, 6)
    # The log can still be read where it is broken.
    assert len(entries(server)) >= 7


def test_a_cut_off_end_shows_only_against_an_anchor_kept_elsewhere(server, tmp_path):
    newest = entries(server)[0]
    kept = tmp_path / "kept.jsonl"
    kept.write_text(json.dumps({"date": "2026-11-25", "seq": newest["seq"], "digest": newest["digest"]}) + "\n")
    server.stop()
    tamper(server, f"DELETE FROM audit_entries WHERE seq > {newest['seq'] - 2}")
    (server.data_dir / "audit-anchors.jsonl").unlink(missing_ok=True)
    assert "whole" in offline(server, expect=0)
    assert "the end was cut off" in offline(server, "--anchors", kept, expect=1)
    # What is appended afterwards makes it another log than the one that was anchored.
    server.start()
    found = server.cli("audit", "verify", "--anchors", kept, expect=1)
    assert f"entry {newest['seq']}" in found.stdout, found.stdout
    kept.write_text("not an anchor\n")
    assert "unreadable" in server.cli("audit", "verify", "--anchors", kept, expect=1).stdout
    assert server.cli("audit", "verify", "--anchors", tmp_path / "none", expect=None).returncode == 2


def test_a_replaced_log_is_told_at_the_next_start(make_server):
    server = make_server(expected_log=[r"audit\.chain_differs"])
    anchors = server.data_dir / "audit-anchors.jsonl"
    eventually(anchors.exists, "the first anchor")
    server.stop()
    anchor = json.loads(anchors.read_text())
    anchors.write_text(json.dumps(anchor | {"date": "2020-01-01", "digest": "0" * 64}) + "\n")
    server.start()
    eventually(lambda: server.log_events("audit.chain_differs"), "the alarm")
    assert len(anchors.read_text().splitlines()) == 2
    server.cli("audit", "verify", expect=1)


def test_anchors_elsewhere(make_server, tmp_path):
    file = tmp_path / "anchors.jsonl"
    server = make_server({"audit": {"anchors_file": str(file)}})
    eventually(file.exists, "the first anchor")
    report = server.api("POST", "/audit/verify", json={}, expect=200)
    assert report["anchors"] == {"file": str(file), "checked": 1}
    assert not (server.data_dir / "audit-anchors.jsonl").exists()


def test_who_reads_what(server):
    import httpx

    def status(token, path):
        return httpx.get(server.url + "/api/v1" + path, headers={"authorization": f"Bearer {token}"},
                         trust_env=False)

    def service(name, *grants):
        return server.api("POST", "/principals", expect=201,
                          json={"kind": "service", "name": name, "grants": list(grants)})["token"]

    assert status(service("v", {"role": "viewer"}), "/audit").status_code == 403
    assert status(service("r", {"role": "reviewer"}), "/audit").json()["items"]
    server.api("POST", "/use-cases", expect=201, json={"slug": "support", "name": "Support"})
    scoped = service("s", {"role": "approver", "use_case": "support"})
    assert {e["use_case"] for e in status(scoped, "/audit?limit=500").json()["items"]} <= {"support"}
    assert all(json.loads(line)["use_case"] == "support" for line in status(scoped, "/audit/export").text.splitlines())


def test_the_command_line(server):
    shown = server.cli("audit", "list", "--action", "principal.set_roles").stdout
    assert "anna@example.com" in shown and "local command line" in shown
    listed = json.loads(server.cli("audit", "list", "--limit", "2", "--json").stdout)["items"]
    assert len(listed) == 2
    text = server.cli("audit", "export", "--object", "bert@example.com").stdout
    assert len(text.splitlines()) == 2
    file = server.directory / "audit.csv"
    server.cli("audit", "export", "--format", "csv", "-o", file)
    assert file.read_text().startswith("seq,at,actor_id")
    assert "No entry fits" in server.cli("audit", "list", "--actor", "nobody").stderr


def test_sessions_are_in_the_log(server):
    import httpx
    with httpx.Client(base_url=server.url + "/api/v1", trust_env=False) as browser:
        csrf = browser.post("/session", json={"token": server.sign_in_token}).json()["csrf_token"]
        headers = {"x-csrf-token": csrf}
        browser.put("/me/password", json={"new_password": "correct horse battery"}, headers=headers)
        browser.request("DELETE", "/session", headers=headers)
        for _ in range(3):
            assert browser.post("/session", json={"username": "admin", "password": "guess"}).status_code == 401
        browser.post("/session", json={"username": "my secret in the wrong field", "password": "x"})
    found = entries(server, object="admin@localhost")
    actions = [e["action"] for e in reversed(found)]
    assert actions[:5] == ["principal.create", "session.create_link", "session.sign_in", "principal.set_password",
                           "session.sign_out"]
    assert set(actions[5:]) == {"session.sign_in_failed"} and len(actions) <= 7, "guessing does not fill the log"
    failed = found[0]
    assert failed["actor"]["kind"] == "anonymous" and failed["detail"]["address"] == "127.0.0.1"
    assert entries(server, q="secret in the wrong field") == []
