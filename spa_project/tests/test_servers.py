"""Tests of the private servers: start, crash, restart, and no process left behind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb
import pytest
import redis

from tools.servers import (
    HOST,
    PROJECT,
    AppServer,
    MariaDB,
    Redis,
    ServerFailed,
    database_server,
    free_port,
    why_no_network,
)

pytestmark = pytest.mark.servers

RUN_WITH_SERVERS = [sys.executable, "-m", "tools.servers", "--"]
# As a shell without job control starts `command &`.
STARTED_IN_BACKGROUND = ("env", "--ignore-signal=INT")


@pytest.fixture(scope="module")
def database() -> Iterator[MariaDB]:
    with database_server(durable=True) as server:
        yield server


def ask(database: MariaDB, statement: str) -> tuple:
    connection = MySQLdb.connect(
        host=HOST, port=database.port, user="spa", password="spa", database="spa", autocommit=True
    )
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return tuple(cursor.fetchall())
    finally:
        connection.close()


def wait_until_nobody_listens(port: int) -> None:
    deadline = time.monotonic() + 10
    with suppress(ConnectionRefusedError, ConnectionResetError):
        while time.monotonic() < deadline:
            socket.create_connection((HOST, port)).close()
            time.sleep(0.02)
        raise AssertionError(f"somebody still listens to port {port}")


def test_mariadb_keeps_what_was_committed_over_a_crash(database):
    ask(database, "CREATE TABLE towel (colour VARCHAR(10))")
    ask(database, "INSERT INTO towel VALUES ('white')")
    port = database.port
    database.kill()
    assert not database.running
    database.start()
    assert database.port == port
    assert ask(database, "SELECT colour FROM towel") == (("white",),)


def test_mariadb_is_set_up_as_production_is(database):
    [[charset, flush]] = ask(
        database, "SELECT @@character_set_server, @@innodb_flush_log_at_trx_commit"
    )
    assert (charset, flush) == ("utf8mb4", 1)


def test_redis_comes_back_empty_on_the_same_port():
    with Redis() as server:
        with redis.Redis(port=server.port) as client:
            client.set("towel", "white")
        server.restart()
        with redis.Redis(port=server.port) as client:
            assert client.get("towel") is None


def test_a_port_is_given_out_once_and_never_to_a_client(monkeypatch):
    port = free_port()
    clients = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert port < int(clients[0])
    monkeypatch.setattr("tools.servers.process.PORTS", range(port, port + 1))
    with pytest.raises(ServerFailed, match="in use"):
        free_port()


def test_a_server_outlives_the_thread_that_started_it():
    with Redis() as server:
        server.kill()
        thread = threading.Thread(target=server.start)
        thread.start()
        thread.join()
        while Path(f"/proc/self/task/{thread.native_id}").exists():
            time.sleep(0.01)
        assert server.answers()


def test_the_application_runs_crashes_and_runs_again(tmp_path):
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3", "REDIS_URL": ""}
    with AppServer(**settings) as app:
        assert app.answers()
        app.kill()
        assert not app.answers()
        app.start()
        assert app.answers()
    assert not app.answers()


def test_a_server_that_does_not_start_says_why():
    app = AppServer(DATABASE_URL="mysql://spa:spa@127.0.0.1/spa", SECRET_KEY="")
    with pytest.raises(ServerFailed, match=r"app did not start:[^§]*Set SECRET_KEY"):
        app.__enter__()
    assert not app.running


def test_the_files_of_a_server_go_with_it():
    with Redis() as server:
        assert server.directory.is_dir()
    assert not server.directory.exists()


def test_a_command_gets_both_servers_and_its_exit_code_comes_back():
    script = 'echo "$DATABASE_URL $REDIS_URL"; exit 7'
    done = subprocess.run(
        [*RUN_WITH_SERVERS, "sh", "-c", script], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 7
    database_url, redis_url = done.stdout.split()
    assert database_url.startswith("mysql://spa:spa@127.0.0.1:")
    assert redis_url.startswith("redis://127.0.0.1:")


@pytest.mark.sample(2)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("ignore_sigint", [False, True], ids=["foreground", "background"])
def test_no_server_stays_behind_however_the_command_ends(ending, ignore_sigint):
    with (
        tempfile.TemporaryDirectory() as directory,  # a killed command cannot remove its files
        subprocess.Popen(
            [
                *(STARTED_IN_BACKGROUND if ignore_sigint else ()),
                *(*RUN_WITH_SERVERS, "sh", "-c", 'echo "$REDIS_URL"; exec sleep 60'),
            ],
            cwd=PROJECT,
            env=os.environ | {"TMPDIR": directory},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline()).port or 0
        os.killpg(process.pid, ending)
        wait_until_nobody_listens(port)


def test_a_command_in_the_background_hears_an_interrupt():
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run(
        [*STARTED_IN_BACKGROUND, *RUN_WITH_SERVERS, sys.executable, "-c", script],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"


@pytest.mark.skipif(bool(why_no_network()), reason=why_no_network())
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_network_stays_behind_however_its_process_ends(ending):
    code = (
        "import time; from tools.servers import Network, Redis;"
        "network = Network().__enter__(); redis = Redis().at(network.place).__enter__();"
        "print(network.cable, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE)
    with process:
        assert process.stdout
        cable = Path("/sys/class/net", process.stdout.readline().decode().strip())
        try:
            assert cable.is_dir()
        finally:
            process.send_signal(ending)
    deadline = time.monotonic() + 10
    while cable.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
