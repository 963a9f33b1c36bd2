# SPDX-License-Identifier: Apache-2.0
"""From pushed assets to what runs: cut, notes, evidence, approvals, promotion, canary, blue-green, rollback."""

import concurrent.futures
import datetime
import hashlib
import json
import pathlib
import re
import signal
import threading
import time

import jsonschema
import pytest
import yaml

from support.server import Server, eventually

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = yaml.safe_load((TOP / "api/openapi.yaml").read_text())
ENVIRONMENTS = {"dev": {"capture": "full"}, "preprod": {"capture": "full"}, "prod": {"capture": "metadata"}, "quiet": None}
SAFETY = "shared/evaluation/safety"

counter = iter(range(10_000))


def conforms(value, path, method="get", status="200"):
    content = CONTRACT["paths"]["/api/v1" + path][method]["responses"][status]["content"]["application/json"]
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(document | content["schema"]).validate(value)
    return value


@pytest.fixture(scope="module")
def yard():
    with Server({"environments": ENVIRONMENTS}) as server:
        yield server


class Person:
    """Somebody with a service account of their own."""

    def __init__(self, server, *roles):
        name = f"person-{next(counter)}"
        grants = [dict(zip(("role", "use_case", "environment"), role.split("@"))) for role in roles]
        made = server.api("POST", "/principals", expect=201, json={"kind": "service", "name": name, "grants": grants})
        self.server, self.name, self.secret = server, name, made["token"]

    def api(self, method, path, *, expect=None, **options):
        return self.server.api(method, path, expect=expect,
                               headers={"authorization": f"Bearer {self.secret}"}, **options)


class Case:
    """A use case with a prompt and a model."""

    def __init__(self, server):
        self.server = server
        self.slug = f"ship-{next(counter)}"
        server.api("POST", "/use-cases", json={"slug": self.slug, "name": "Support"}, expect=201)
        self.push({f"{self.slug}/model/main": {"connection": "simulated", "model": "simulated-small"}})
        self.prompt("Be kind.")

    def push(self, assets):
        items = []
        for full, content in assets.items():
            owner, kind, name = full.split("/")
            items.append({"owner": owner, "kind": kind, "name": name, "content": content})
        done = self.server.api("POST", "/assets/push", json={"message": "a change", "assets": items})
        assert done.status_code in (200, 201), done.text

    def prompt(self, text, **more):
        self.push({f"{self.slug}/prompt/answer": {
            "model": "main", "messages": [{"role": "system", "content": text}]} | more})

    def path(self, rest=""):
        return f"/use-cases/{self.slug}{rest}"

    def cut(self, text=None, **body):
        if text:
            self.prompt(text)
        answer = self.server.api("POST", self.path("/releases"), json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def promote(self, environment, release, *, by=None, expect=200, **more):
        return (by or self.server).api("POST", self.path("/promotions"), expect=expect,
                                       json={"environment": environment, "release": release} | more)

    def preview(self, environment, release, **more):
        return self.promote(environment, release, preview=True, **more)

    def act(self, environment, action, expect=200):
        return self.server.api("POST", self.path(f"/deployments/{environment}/actions"), json={"action": action},
                               expect=expect)

    def rollback(self, environment, expect=200, **more):
        return self.server.api("POST", self.path("/rollback"), expect=expect,
                               json={"environment": environment, "reason": "it was worse"} | more)

    def where(self, environment):
        items = self.server.api("GET", self.path("/deployments"), expect=200)["items"]
        return next(item for item in items if item["environment"] == environment)

    def history(self, environment):
        return self.server.api("GET", self.path(f"/deployments/{environment}/history"), expect=200)["items"]

    def evidence(self, release, result="pass", *, expect=201, **more):
        digest = "sha256:" + f"{next(counter):064x}"
        return self.server.api("POST", self.path(f"/releases/{release['number']}/evidence"), expect=expect, json={
            "name": SAFETY, "digest": digest, "subject": release["digest"], "result": result} | more)


@pytest.fixture
def case(yard):
    return Case(yard)


def policy(server, owner, environment, content):
    server.api("PUT", f"/policies/{owner}/{environment}", json=content, expect=200)


def failed(answer):
    return {check["name"] for check in answer["checks"] if not check["ok"]}


def test_cut_preview_and_the_same_again(case):
    preview = conforms(case.server.api("POST", case.path("/releases/preview"), json={}, expect=200),
                       "/use-cases/{slug}/releases/preview", "post")
    assert preview["problems"] == [] and len(preview["assets"]) == 2 and "Nothing ran before" in preview["notes_md"]
    assert case.server.api("GET", case.path("/releases"), expect=200)["items"] == []
    release = conforms(case.server.api("POST", case.path("/releases"), json={"message": "first"}, expect=201),
                       "/use-cases/{slug}/releases", "post", "201")
    assert release["id"] == f"{case.slug}@1" and release["digest"] == preview["digest"]
    assert release["entry"] == f"{case.slug}/prompt/answer"
    again = case.server.api("POST", case.path("/releases"), json={"message": "again"}, expect=200)
    assert again["number"] == 1 and again["message"] == "first"
    second = case.cut("Be kind and brief.")
    assert second["number"] == 2
    page = conforms(case.server.api("GET", case.path("/releases"), params={"limit": 1}, expect=200),
                    "/use-cases/{slug}/releases")
    assert [item["number"] for item in page["items"]] == [2] and page["next_cursor"]
    rest = case.server.api("GET", case.path("/releases"), params={"cursor": page["next_cursor"]}, expect=200)
    assert [item["number"] for item in rest["items"]] == [1]
    assert {asset["name"]: (asset["version"], asset["latest_version"]) for asset in rest["items"][0]["assets"]} == {
        "answer": (1, 2), "main": (1, 1)}
    one = conforms(case.server.api("GET", case.path("/releases/1"), expect=200), "/use-cases/{slug}/releases/{number}")
    assert set(one["may"]) == {"dev", "preprod", "prod"} and one["may"]["dev"]["allowed"]
    missing = case.server.api("GET", case.path("/releases/9"), expect=404)
    assert f"The newest is {case.slug}@2" in missing["detail"]
    case.server.api("GET", case.path("/releases/x"), expect=404)
    case.server.api("GET", "/use-cases/no-such-case/releases", expect=404)


def test_the_same_assets_have_the_same_digest_on_another_server(case, make_server):
    release = case.cut()
    other = Case(make_server({"environments": ENVIRONMENTS}))
    assert other.cut()["digest"] != release["digest"]  # another use case
    other.slug = case.slug
    other.server.api("POST", "/use-cases", json={"slug": case.slug, "name": "Elsewhere"}, expect=201)
    other.push({f"{case.slug}/model/main": {"model": "simulated-small", "connection": "simulated"}})
    other.prompt("Something else first.")
    other.prompt("Be kind.")
    there = other.cut()
    assert there["digest"] == release["digest"]
    assert there["assets"][1]["version"] == 2 and release["assets"][1]["version"] == 1


def test_what_is_deprecated_or_missing_is_refused(case):
    case.server.api("POST", f"/assets/{case.slug}/model/main/deprecate", json={"reason": "Too slow."}, expect=200)
    refused = case.server.api("POST", case.path("/releases"), json={}, expect=422)
    assert "model/main is deprecated" in refused["detail"]
    preview = case.server.api("POST", case.path("/releases/preview"), json={}, expect=200)
    assert preview["digest"] is None and preview["problems"][0]["path"] == "model"
    case.server.api("POST", case.path("/releases"), json={"versions": {"prompt/answer": 7}}, expect=422)
    case.server.api("POST", case.path("/releases"), json={"entry": "model/main"}, expect=422)
    assert case.server.api("GET", case.path("/releases"), expect=200)["items"] == []


def test_notes_in_three_formats(case):
    first = case.cut()
    case.promote("dev", first["number"])
    second = case.cut("Be kind, <b>please</b>, and brief.", message="Shorter", known_limits="Knows no <script>prices</script>")
    path = case.path(f"/releases/{second['number']}/notes")
    notes = conforms(case.server.api("GET", path, expect=200), "/use-cases/{slug}/releases/{number}/notes")
    assert notes["comparisons"][0]["environments"] == ["dev"]
    assert notes["comparisons"][0]["changed"][0]["asset"] == f"{case.slug}/prompt/answer"
    case.evidence(second, summary="All 40 cases", metrics={"unsafe": 0})
    markdown = case.server.api("GET", path, params={"format": "md"})
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "### Against dev (release 1)" in markdown.text and "All 40 cases" in markdown.text
    page = case.server.api("GET", path, params={"format": "html"})
    assert page.headers["content-type"].startswith("text/html") and "<script" not in page.text and "<b>please" not in page.text
    assert "&lt;script&gt;prices" in page.text and "src=" not in page.text
    case.server.api("GET", path, params={"format": "pdf"}, expect=422)


def test_gates_approvals_and_order(case):
    server = case.server
    policy(server, case.slug, "preprod", {"require_previous_environment": True})
    policy(server, case.slug, "prod", {"gates": [SAFETY], "evidence_max_age_hours": 24,
                                       "approvals": [{"role": "approver", "count": 1}], "require_previous_environment": True})
    release = case.cut()
    number = release["number"]
    refused = case.preview("prod", number)
    conforms(refused, "/use-cases/{slug}/promotions", "post")
    assert not refused["allowed"] and failed(refused) == {"previous_environment", f"gate {SAFETY}", "approvals approver"}
    problem = case.promote("prod", number, expect=409)
    assert "There is no evidence" in problem["detail"] and case.where("prod")["active"] is None
    case.promote("preprod", number, expect=409)
    case.promote("dev", number)
    case.promote("preprod", number)
    # Evidence: foreign, stale, fresh.
    other = case.cut("Another one.")
    foreign = case.evidence(release | {"digest": other["digest"]}, expect=409)
    assert "not about" in foreign["detail"]
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=30)).isoformat()
    stale = conforms(case.evidence(release, produced_at=old), "/use-cases/{slug}/releases/{number}/evidence", "post", "201")
    assert stale["evidence"][0]["stale"]
    assert f"gate {SAFETY}" in failed(case.preview("prod", number))
    case.evidence(release, result="inconclusive")
    assert f"gate {SAFETY}" in failed(case.preview("prod", number))
    case.evidence(release)
    assert failed(case.preview("prod", number)) == {"approvals approver"}
    # Approvals: not the author, not somebody without the role, not for elsewhere.
    approvals = case.path(f"/releases/{number}/approvals")
    yes = {"environment": "prod", "decision": "approve"}
    assert "You wrote part" in server.api("POST", approvals, json=yes, expect=403)["detail"]
    Person(server, "developer").api("POST", approvals, json=yes, expect=403)
    approver = Person(server, f"approver@{case.slug}")
    waiting = approver.api("GET", "/approvals", expect=200)
    conforms(waiting, "/approvals")
    assert [(item["type"], item["environment"]) for item in waiting["items"]] == []  # release 2 is the newest, not in preprod
    approved = conforms(approver.api("POST", approvals, json=yes, expect=200),
                        "/use-cases/{slug}/releases/{number}/approvals", "post")
    assert approved["approvals"][0]["decision"] == "approve" and approved["approvals"][0]["by"] == approver.name
    rejecter = Person(server, "approver")
    rejecter.api("POST", approvals, json={"environment": "prod", "decision": "reject"}, expect=422)
    rejecter.api("POST", approvals, json={"environment": "prod", "decision": "reject", "comment": "No"}, expect=200)
    assert failed(case.preview("prod", number)) == {"rejection"}
    rejecter.api("POST", approvals, json=yes, expect=200)
    # And who may promote.
    case.promote("prod", number, by=Person(server, "viewer"), expect=403)
    case.promote("prod", number, by=Person(server, f"developer@{case.slug}@dev"), expect=403)
    done = conforms(case.promote("prod", number, by=Person(server, f"developer@{case.slug}@prod")),
                    "/use-cases/{slug}/promotions", "post")
    assert done["deployment"]["active"] == number
    actions = [entry["action"] for entry in
               server.api("GET", "/audit", params={"use_case": case.slug, "limit": 100}, expect=200)["items"]]
    for action in ("release.cut", "release.attach_evidence", "release.approve", "release.reject", "deployment.promote"):
        assert action in actions
    assert server.api("POST", "/audit/verify", json={}, expect=200)["ok"]


def test_the_queue_of_approvals(case):
    policy(case.server, case.slug, "prod", {"approvals": [{"role": "approver", "count": 1}]})
    release = case.cut()
    approver = Person(case.server, f"approver@{case.slug}")
    assert approver.api("GET", "/approvals", expect=200)["items"] == [], "it runs nowhere from where it could come"
    case.promote("dev", release["number"])
    case.promote("preprod", release["number"])
    (item,) = conforms(approver.api("GET", "/approvals", expect=200), "/approvals")["items"]
    assert item["type"] == "release_approval" and item["release"] == release["number"] and item["may_decide"]
    author = [i for i in case.server.api("GET", "/approvals", params={"mine": "false"}, expect=200)["items"]
              if i["use_case"] == case.slug]
    assert len(author) == 1 and not author[0]["may_decide"] and "You wrote" in author[0]["why_not"]
    approver.api("POST", case.path(f"/releases/{release['number']}/approvals"),
                 json={"environment": "prod", "decision": "approve"}, expect=200)
    assert approver.api("GET", "/approvals", expect=200)["items"] == []


def test_freeze_and_emergency(case):
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"from": (now - datetime.timedelta(hours=1)).isoformat(), "until": (now + datetime.timedelta(hours=1)).isoformat(),
              "reason": "Christmas"}
    server = case.server
    shared = server.api("GET", "/policies/shared/prod", expect=200)
    policy(server, "shared", "prod", {"emergency": {"allowed": True, "roles": ["platform"]}})
    try:
        policy(server, case.slug, "prod", {"freeze": [window]})
        number = case.cut()["number"]
        assert "Christmas" in case.promote("prod", number, expect=409)["detail"]
        short = case.promote("prod", number, emergency={"reason": "now"}, expect=422)
        assert short["errors"][0]["field"] == "emergency.reason"
        reason = {"reason": "The old one leaks customers' names"}
        developer = Person(server, "developer")
        assert "emergency" in failed(case.preview("prod", number, by=developer, emergency=reason))
        case.promote("prod", number, by=developer, emergency=reason, expect=409)
        done = case.promote("prod", number, by=Person(server, "platform"), emergency=reason)
        assert done["allowed"] and failed(done) == {"freeze", "previous_environment"}
        event = conforms(server.api("GET", case.path("/deployments/prod/history"), expect=200),
                         "/use-cases/{slug}/deployments/{environment}/history")["items"][0]
        assert event["emergency"] and event["detail"] == reason["reason"]
        assert eventually(lambda: server.log_events("deployment.emergency"), "a loud line in the log")
        entries = server.api("GET", "/audit", params={"use_case": case.slug}, expect=200)["items"]
        assert any(entry["action"] == "deployment.emergency_promote" for entry in entries)
    finally:
        policy(server, "shared", "prod", shared["content"])


def test_roll_back(case):
    numbers = [case.cut(f"Version {i}")["number"] for i in range(3)]
    case.rollback("dev", expect=409)
    for number in numbers:
        case.promote("dev", number)
    began = time.monotonic()
    back = conforms(case.rollback("dev"), "/use-cases/{slug}/rollback", "post")
    assert time.monotonic() - began < 5  # a hang, not a measure: the bench measures
    assert (back["active"], back["previous"]) == (2, 1)
    assert case.rollback("dev")["active"] == 1
    case.rollback("dev", expect=409)
    assert case.rollback("dev", to=3)["active"] == 3
    fourth = case.cut("Version 3.1")["number"]
    assert "never ran in dev" in case.rollback("dev", to=fourth, expect=409)["detail"]
    viewer = Person(case.server, "viewer")
    viewer.api("POST", case.path("/rollback"), json={"environment": "dev", "reason": "x"}, expect=403)
    case.server.api("POST", case.path("/rollback"), json={"environment": "dev"}, expect=422)
    assert [e["action"] for e in case.history("dev")] == ["rollback"] * 3 + ["promote"] * 3
    # The registry says what runs where.
    listed = conforms(case.server.api("GET", f"/use-cases?q={case.slug}", expect=200), "/use-cases", "get")
    assert [item["environments"] for item in listed["items"]] == [{"dev": f"{case.slug}@3"}]
    assert case.server.api("GET", case.path(), expect=200)["environments"] == {"dev": f"{case.slug}@3"}


def test_blue_green(case):
    one, two = case.cut()["number"], case.cut("Two")["number"]
    case.promote("dev", two, mode="blue_green", expect=409)
    case.promote("dev", one)
    warm = case.promote("dev", two, mode="blue_green")["deployment"]
    assert (warm["active"], warm["standby"], warm["rollout"]["mode"]) == (one, two, "blue_green")
    case.promote("dev", two, expect=409)
    case.act("dev", "finish", expect=409)
    switched = conforms(case.act("dev", "switch"), "/use-cases/{slug}/deployments/{environment}/actions", "post")
    assert (switched["active"], switched["standby"], switched["previous"]) == (two, one, one)
    assert case.act("dev", "switch")["active"] == one
    case.act("dev", "switch")
    done = case.act("dev", "finish")
    assert (done["active"], done["standby"], done["rollout"]["state"]) == (two, None, "finished")


def test_canary_by_hand(case):
    one, two = case.cut()["number"], case.cut("Two")["number"]
    case.promote("dev", one)
    plan = {"steps": [{"percent": 5, "minutes": 10}, {"percent": 50, "minutes": 10}], "automatic": False,
            "guards": {"cost": None}}
    started = conforms(case.promote("dev", two, mode="canary", canary=plan), "/use-cases/{slug}/promotions", "post")
    rollout = started["deployment"]["rollout"]
    assert (rollout["percent"], rollout["step"], rollout["automatic"], rollout["next_step_at"]) == (5, 0, False, None)
    assert {figure["metric"] for figure in rollout["figures"]} == {"error_rate", "latency", "feedback"}
    listed = conforms(case.server.api("GET", case.path("/deployments"), expect=200), "/use-cases/{slug}/deployments")
    assert [item["environment"] for item in listed["items"]] == ["dev", "preprod", "prod"]
    release = case.server.api("GET", case.path(f"/releases/{two}"), expect=200)
    assert release["environments"] == {"dev": "candidate"}
    case.act("dev", "switch", expect=409)
    assert case.act("dev", "pause")["rollout"]["state"] == "paused"
    case.act("dev", "resume")
    assert case.act("dev", "step")["rollout"]["percent"] == 50
    assert case.act("dev", "step")["active"] == two
    case.promote("dev", case.cut("Three")["number"], mode="canary", canary=plan)
    back = case.rollback("dev")
    assert (back["active"], back["candidate"], back["rollout"]["state"]) == (two, None, "rolled_back")
    for wrong, field in (({"steps": []}, "canary.steps"), ({"guards": {"latency": 0.5}}, "canary.guards.latency"),
                         ({"steps": [{"percent": 120, "minutes": 1}]}, "canary.steps[0].percent")):
        answer = case.promote("dev", one, mode="canary", canary=wrong, expect=422)
        assert answer["errors"][0]["field"] == field
    case.act("dev", "jump", expect=409)  # nothing is under way
    case.promote("dev", one, mode="sideways", expect=422)
    case.promote("nowhere", one, expect=422)


def test_many_at_once(case):
    numbers = [case.cut(f"Version {i}")["number"] for i in range(6)]
    start = threading.Barrier(len(numbers))

    def one(number):
        start.wait()
        return case.server.api("POST", case.path("/promotions"), json={"environment": "dev", "release": number})

    with concurrent.futures.ThreadPoolExecutor(len(numbers)) as pool:
        answers = list(pool.map(one, numbers))
    statuses = [answer.status_code for answer in answers]
    assert 200 in statuses and set(statuses) <= {200, 409}, statuses
    for answer in answers:
        if answer.status_code == 409:
            assert "by somebody else" in answer.json()["detail"]
    history = case.history("dev")
    assert len(history) == statuses.count(200) and history[0]["release"] == case.where("dev")["active"]
    for later, earlier in zip(history, history[1:]):
        assert later["from_release"] == earlier["release"]


def test_a_crash_leaves_the_old_or_the_new(make_server):
    server = make_server({"environments": ENVIRONMENTS})
    case = Case(server)
    numbers = [case.cut(f"Version {i}")["number"] for i in range(2)]
    case.promote("dev", numbers[0])
    stop = threading.Event()
    answered = [numbers[0]]

    def flip():
        at = 0
        while not stop.is_set():
            at += 1
            try:
                case.promote("dev", numbers[at % 2])
                answered.append(numbers[at % 2])
            except Exception:
                return  # the server is gone

    thread = threading.Thread(target=flip)
    thread.start()
    eventually(lambda: len(answered) > 20, "some promotions")
    server.process.send_signal(signal.SIGKILL)
    stop.set()
    thread.join()
    server.kill()
    server.start()
    there = case.where("dev")
    history = case.history("dev")
    assert there["active"] in numbers and history[0]["release"] == there["active"]
    # What was answered is there; at most the one under way when it died may be there, too.
    total = server.api("GET", case.path("/deployments/dev/history"), params={"limit": 500}, expect=200)["items"]
    if len(answered) < 500:
        assert len(total) - len(answered) in (0, 1)
        assert there["active"] == total[0]["release"]


def test_by_command_line(case):
    cli, slug = case.server.cli, case.slug
    assert f"Cut {slug}@1 sha256:" in cli("release", "cut", slug, "-m", "first").stdout
    assert f"Nothing has changed since {slug}@1" in cli("release", "cut", slug).stdout
    assert "Release " in cli("release", "notes", slug, "1").stdout
    preview = cli("promote", slug, "--env", "dev", "--release", "1", "--preview")
    assert "may go to dev" in preview.stdout and case.where("dev")["active"] is None
    assert f"{slug} in dev: release 1" in cli("promote", slug, "--env", "dev", "--release", "1").stdout
    case.prompt("Changed.")
    assert json.loads(cli("release", "cut", slug, "--json").stdout)["number"] == 2
    cli("promote", slug, "--env", "dev", "--release", "2", "--canary", "5,50", "--minutes", "30")
    shown = cli("deployments", slug).stdout
    assert "release 1, canary 2 at 5 %" in shown and "step 1 of 2" in shown
    assert "canary 2 at 50 %" in cli("rollout", "step", slug, "--env", "dev").stdout
    assert f"{slug} in dev: release 2" in cli("rollout", "finish", slug, "--env", "dev").stdout
    assert f"{slug} in dev: release 1" in cli("rollback", slug, "--env", "dev").stdout
    assert re.search(r"rollback\s+2 → 1", cli("deployments", slug, "--env", "dev", "--history", "5").stdout)
    policy(case.server, slug, "prod", {"gates": [SAFETY]})
    no = cli("promote", slug, "--env", "prod", "--release", "1", expect=1)
    assert f"gate {SAFETY}" in no.stdout and "There is no evidence" in no.stdout
    listed = cli("release", "list", slug).stdout
    assert f"{slug}@2" in listed and "dev active" in listed
    assert "may go to" in cli("release", "show", slug, "1").stdout.lower()
    approver = Person(case.server, "approver")
    done = cli("release", "approve", slug, "1", "--env", "prod", environment={"SLIPWAY_TOKEN": approver.secret})
    assert f"Approved {slug}@1 for prod" in done.stdout
    cli("release", "reject", slug, "1", "--env", "prod", expect=2)
    cli("promote", slug, "--env", "dev", "--release", "1", "--canary", "5,x", expect=2)
    digest = json.loads(cli("release", "show", slug, "1", "--json").stdout)["digest"]
    run = ["release", "evidence", slug, "1", "--name", SAFETY, "--digest", "sha256:" + 64 * "a", "--result", "pass"]
    foreign = cli(*run, "--subject", "sha256:" + 64 * "b", expect=2)
    assert f"not about {slug}@1" in foreign.stderr
    assert f"Attached {SAFETY} (pass) to {slug}@1" in cli(*run, "--subject", digest, "--metric", "unsafe=0").stdout
    cli(*run, "--subject", digest, "--metric", "unsafe=few", expect=2)
    assert re.search(SAFETY + r"\s+pass", cli("release", "show", slug, "1").stdout)
    for guard, said in (("latncy=2", "did you mean latency?"), ("cost=much", "is not NAME=NUMBER"),
                        ("latency=0.5", "Latency lies between 1 and 100")):
        no = cli("promote", slug, "--env", "dev", "--release", "2", "--canary", "5", "--guard", guard, expect=2)
        assert said in no.stderr
    assert "belong to a canary" in cli("promote", slug, "--env", "dev", "--release", "2", "--guard", "cost=off",
                                       expect=2).stderr
    assert "no rollout" in cli("rollout", "watch", slug, "--env", "prod", expect=2).stderr


def test_evidence_from_a_report(case):
    release = case.cut()
    report = case.server.directory / f"{case.slug}.json"
    attach = ["release", "evidence", case.slug, "1", "--file", report]

    def write(**fields):
        report.write_text(json.dumps({"name": SAFETY, "result": "pass", "metrics": {"unsafe": 0.25}, "cases": [1, 2]} | fields))

    write()
    assert "has no subject" in case.server.cli(*attach, expect=2).stderr
    write(subject=release["digest"], result="fail")
    assert f"Attached {SAFETY} (fail)" in case.server.cli(*attach).stdout
    (evidence,) = case.server.api("GET", case.path("/releases/1"), expect=200)["evidence"]
    assert evidence["digest"] == "sha256:" + hashlib.sha256(report.read_bytes()).hexdigest()
    assert (evidence["result"], evidence["metrics"]) == ("fail", {"unsafe": 0.25})
    report.write_text("[]")
    assert "must be a JSON object" in case.server.cli(*attach, expect=2).stderr
    notes = case.server.cli("release", "notes", case.slug, "1").stdout
    assert "unsafe 0.25" in notes


def test_where_used(case):
    number = case.cut()["number"]
    case.promote("dev", number)
    uses = case.server.api("GET", f"/assets/{case.slug}/model/main/where-used", expect=200)["items"]
    assert {(use["type"], use["id"]) for use in uses} >= {
        ("release", f"{case.slug}@1"), ("deployment", f"{case.slug} in dev"), ("asset", f"{case.slug}/prompt/answer")}
