# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster of its own for tests: on a temporary directory and a free port of 127.0.0.1, stopped again.

    python -m support.postgresql COMMAND...

runs COMMAND with $SLIPWAY_TEST_POSTGRESQL_URL, an empty database for unit tests, and $SLIPWAY_TEST_POSTGRESQL_SERVER, in
which every server of an end-to-end test gets a database of its own."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
PATIENCE_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def psql(url, statement):
    done = subprocess.run([str(PROGRAMS[-1] / "psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement, url],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def new_database(server):
    """The URL of an empty database on the server whose URL (without a database) is `server`."""
    name = "t" + uuid.uuid4().hex
    psql(server + "/postgres", f"CREATE DATABASE {name}")
    return f"{server}/{name}"


class Postgresql:
    """initdb and the server refuse to run as root, so root hands both to the user `postgres` of Debian's package."""

    def __init__(self):
        if not PROGRAMS:
            raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql-15")
        self.bin = PROGRAMS[-1]
        self.directory = tempfile.mkdtemp(prefix="slipway-postgresql-")
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.data = os.path.join(self.directory, "data")
        self.port = free_port()
        self._run("initdb", "-D", self.data, "-U", "slipway", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as settings:
            settings.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                           "fsync = off\nfull_page_writes = off\nmax_connections = 200\n")
        self.start()

    def _run(self, program, *arguments):
        done = subprocess.run([*self.as_user, str(self.bin / program), *arguments], capture_output=True, text=True, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr or done.stdout}")

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-t", str(PATIENCE_S), "-l", os.path.join(self.directory, "log"), "start")

    def stop(self, how="immediate"):
        self._run("pg_ctl", "-D", self.data, "-w", "-t", str(PATIENCE_S), "-m", how, "stop")

    @property
    def url(self):
        """Without a database."""
        return f"postgresql://slipway@127.0.0.1:{self.port}"

    def new_database(self):
        return new_database(self.url)

    def close(self):
        with contextlib.suppress(RuntimeError):
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    with Postgresql() as server:
        sys.exit(subprocess.run(sys.argv[1:], check=False, env=os.environ | {
            "SLIPWAY_TEST_POSTGRESQL_URL": server.new_database(), "SLIPWAY_TEST_POSTGRESQL_SERVER": server.url}).returncode)
