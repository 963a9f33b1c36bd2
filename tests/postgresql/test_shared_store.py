# SPDX-License-Identifier: Apache-2.0
"""Several nodes on one PostgreSQL database, a database that goes away, and the move from the embedded store."""

import json
import pathlib
import re
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.postgresql import Postgresql, psql  # noqa: E402
from support.server import Server, eventually, run_cli  # noqa: E402

# What a node says while the database is away.
AWAY = ["store.changes_not_seen", "changes.not_published", '"level":"error"']


@pytest.fixture
def database():
    with Postgresql() as server:
        yield server


@pytest.fixture
def nodes(database):
    """Two nodes with data directories of their own on one database."""
    config = {"store": {"url": database.new_database()}}
    with Server(config, expected_log=AWAY) as one, Server(config, expected_log=AWAY) as other:
        yield one, other


def answers(server, key):
    return server.chat(key=key).status_code


def test_a_key_made_on_one_node_opens_the_other(nodes):
    one, other = nodes
    key = one.make_key()
    eventually(lambda: answers(other, key) == 200, "the key on the other node")
    assert answers(one, key) == 200
    assert key.id in [item["id"] for item in other.api("GET", "/keys", expect=200)["items"]]


def test_a_key_revoked_on_one_node_is_refused_by_the_other(nodes):
    one, other = nodes
    key = one.make_key()
    eventually(lambda: answers(other, key) == 200, "the key on the other node")
    one.api("DELETE", f"/keys/{key.id}", expect=204)
    eventually(lambda: answers(other, key) == 401, "the refusal on the other node")


def test_the_local_command_line_of_each_node_keeps_working(nodes):
    for node in nodes:
        assert "ID" in node.cli("key", "list").stdout


def test_both_nodes_write_at_once_and_the_audit_chain_holds(nodes):
    made = []

    def write(node):
        made.extend(node.make_key().id for _ in range(15))

    writers = [threading.Thread(target=write, args=(node,)) for node in nodes for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(set(made)) == 60
    known = {item["id"] for item in nodes[0].api("GET", "/keys", expect=200)["items"]}
    assert set(made) <= known
    rows = psql(nodes[0].config["store"]["url"], "SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM audit_entries").split("|")
    assert rows[0] == rows[1], "entries without gaps"


def test_calls_go_on_without_the_database_and_changes_wait(nodes, database):
    one, other = nodes
    key = one.make_key()
    eventually(lambda: answers(other, key) == 200, "the key on the other node")
    database.stop("immediate")
    for node in nodes:
        assert answers(node, key) == 200
        eventually(lambda: node.get("/healthz").status_code == 200, "health")
    refused = one.http.get("/api/v1/keys", headers={"authorization": f"Bearer {one.admin_token}"})
    assert refused.status_code == 503, refused.text
    assert "PostgreSQL" in refused.json()["detail"]
    eventually(lambda: "store.changes_not_seen" in "".join(one.log), "a word in the log")
    database.start()
    eventually(lambda: one.api("GET", "/keys").status_code == 200, "the control API again")
    fresh = one.make_key()
    eventually(lambda: answers(other, fresh) == 200, "a new key on the other node")
    eventually(lambda: all(check["state"] == "ok" for check in other.status()["checks"]), "all checks are well again")


def test_a_database_that_can_not_be_reached_is_said_at_the_start_without_its_password(tmp_path):
    (tmp_path / "slipway.yaml").write_text("store:\n  url: postgresql://slipway:s3cret@127.0.0.1:1/slipway\n"
                                           "server: {port: 0}\n")
    done = run_cli("serve", "--config", str(tmp_path / "slipway.yaml"), "--data-dir", str(tmp_path / "data"), expect=3,
                   environment={"HOME": str(tmp_path)})
    assert "store.url" in done.stderr and "PostgreSQL server" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_migrate_moves_everything_and_proves_it(database, tmp_path):
    server = Server({"store": None}, directory=tmp_path)
    server.start()
    key = server.make_key()
    assert answers(server, key) == 200
    running = server.cli("migrate", "--to", database.new_database(), expect=1)
    assert "another Slipway uses this data directory" in running.stderr
    server.stop()
    url = database.new_database()
    moved = run_cli("migrate", "--to", url, "--data-dir", str(server.data_dir), "--json", environment=server.environment)
    tables = {table["name"]: table for table in json.loads(moved.stdout)["tables"]}
    assert tables["api_keys"]["rows"] == int(psql(url, "SELECT COUNT(*) FROM api_keys")) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", table["digest"]) for table in tables.values())
    again = run_cli("migrate", "--to", url, "--data-dir", str(server.data_dir), expect=1, environment=server.environment)
    assert "rows in" in again.stderr
    server.config["store"] = {"url": url}
    server.start()
    assert answers(server, key) == 200
    server.stop()


def test_migrate_says_what_it_lacks(tmp_path):
    nothing = run_cli("migrate", "--to", "postgresql://127.0.0.1/x", "--data-dir", str(tmp_path / "none"), expect=2,
                      environment={"HOME": str(tmp_path)})
    assert "no embedded store" in nothing.stderr
    missing = run_cli("migrate", "--data-dir", str(tmp_path), expect=2, environment={"HOME": str(tmp_path)})
    assert "--to postgresql://" in missing.stderr
