"""Tests of what a node of the cluster answers to HAProxy."""

import subprocess
import time
from unittest.mock import Mock

import MySQLdb
import pytest

from spa_project import galera_health
from spa_project.galera_health import (
    NEEDED,
    Node,
    Watch,
    why_no_reader,
    why_no_writer,
    why_not_without_quorum,
)
from tools.cluster.servers import check_of
from tools.servers import PROJECT, MariaDB

FIT = Node(
    {"wsrep_ready": "ON", "wsrep_cluster_status": "Primary", "wsrep_local_state": "4"},
    {**NEEDED, "read_only": "OFF", "sql_mode": "ERROR_FOR_DIVISION_BY_ZERO,STRICT_TRANS_TABLES"},
)


def node(**changes: str) -> Node:
    """Return a fit node with these values of its status or of its variables instead."""
    return Node(*({name: changes.get(name, value) for name, value in r.items()} for r in FIT))


def test_a_fit_node_may_write_and_be_read():
    assert not list(why_no_writer(FIT))
    assert not list(why_no_reader(FIT))


@pytest.mark.parametrize(
    "change",
    [{"wsrep_ready": "OFF"}, {"wsrep_cluster_status": "non-Primary"}, {"wsrep_local_state": "1"}],
    ids=["not ready", "minority", "joining"],
)
def test_a_node_without_the_others_may_do_neither(change):
    assert list(why_no_writer(node(**change)))
    assert list(why_no_reader(node(**change)))


def test_a_node_that_has_lost_the_others_may_be_read_as_a_last_resort():
    assert not list(why_not_without_quorum(node(wsrep_cluster_status="non-Primary")))


@pytest.mark.parametrize(
    "fit", [FIT, node(wsrep_cluster_status="Disconnected"), Node({}, FIT.variables)]
)
def test_no_other_node_is_a_last_resort(fit):
    assert list(why_not_without_quorum(fit))


@pytest.mark.parametrize(
    "change", [{"read_only": "ON"}, {"wsrep_local_state": "2"}], ids=["switched", "donor"]
)
def test_a_node_that_takes_no_changes_may_be_read(change):
    assert list(why_no_writer(node(**change)))
    assert not list(why_no_reader(node(**change)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tx_isolation": "REPEATABLE-READ"}, "transaction_isolation = READ-COMMITTED"),
        ({"character_set_server": "latin1"}, "character_set_server = utf8mb4"),
        ({"binlog_format": "STATEMENT"}, "binlog_format = ROW"),
        ({"sql_mode": "ANSI_QUOTES"}, "sql_mode = STRICT_TRANS_TABLES"),
    ],
)
def test_a_node_with_other_settings_is_told_what_to_change(change, told):
    for why in (why_no_writer, why_no_reader):
        [reason] = why(node(**change))
        assert told in reason
    [reason] = why_not_without_quorum(node(wsrep_cluster_status="non-Primary", **change))
    assert told in reason


#: Options of a server, and what its unit says to change.
OTHER = {
    "--transaction-isolation=REPEATABLE-READ": "set transaction_isolation = READ-COMMITTED",
    "--sql-mode=ANSI_QUOTES": "set sql_mode = STRICT_TRANS_TABLES",
    "--character-set-server=latin1": "set character_set_server = utf8mb4",
    "--binlog-format=STATEMENT": "set binlog_format = ROW",
    "--innodb-autoinc-lock-mode=1": "set innodb_autoinc_lock_mode = 2",
}
RIGHT = (
    *("--transaction-isolation=READ-COMMITTED", "--binlog-format=ROW"),
    "--innodb-autoinc-lock-mode=2",
)


def checked(*options: str) -> subprocess.CompletedProcess[str]:
    """Start a database with these options, and run the check of its unit."""
    with MariaDB(*options) as database:
        check = check_of(database.socket)
        return subprocess.run(check, cwd=PROJECT.parent, capture_output=True, text=True)


@pytest.mark.servers
def test_the_start_of_a_database_with_other_settings_fails_and_tells_what_to_change():
    done = checked("--collation-server=latin1_swedish_ci", *OTHER)
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (1, len(OTHER))
    for told in OTHER.values():
        assert any(line.startswith(told) for line in lines), told


@pytest.mark.servers
def test_a_database_with_the_right_settings_starts():
    done = checked(*RIGHT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_database_that_does_not_answer_at_its_start_is_refused():
    refusal = galera_health.refusal_of({"unix_socket": "/nowhere", "user": "mysql"})
    assert refusal.startswith("the database does not answer")


def test_a_server_without_a_cluster_is_not_ready():
    assert list(why_no_reader(Node({}, FIT.variables)))


class Asked(Exception):
    """The end of a watch in a test."""


def watch_of(monkeypatch, *answers: Node | Exception) -> Watch:
    """Return a watch that has asked a database with these answers, one after the other."""
    left = list(answers)

    def answer(connection):
        if not left:
            raise Asked
        said = left.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(galera_health, "EVERY_SECONDS", 0)
    monkeypatch.setattr("spa_project.galera_health.MySQLdb.connect", lambda **address: Mock())
    monkeypatch.setattr(galera_health, "state_of", answer)
    watch = Watch({"unix_socket": "/nowhere", "user": "spa"})
    with pytest.raises(Asked):
        watch.run()
    return watch


def test_a_fit_node_is_200(monkeypatch):
    watch = watch_of(monkeypatch, FIT)
    assert [watch.answer(path)[0] for path in ("/writer", "/reader", "/")] == [200, 200, 404]
    assert watch.answer("/reader-without-quorum")[0] == 503


def test_a_database_that_does_not_answer_is_unfit(monkeypatch):
    watch = watch_of(monkeypatch, FIT, MySQLdb.OperationalError(2013, "Lost connection"))
    status, sentence = watch.answer("/writer")
    assert (status, "does not answer" in sentence) == (503, True)


def test_a_database_that_comes_back_is_fit(monkeypatch):
    watch = watch_of(monkeypatch, MySQLdb.OperationalError(2002, "refused"), FIT)
    assert watch.answer("/writer")[0] == 200


def test_a_frozen_database_is_unfit_within_a_second(monkeypatch):
    watch = watch_of(monkeypatch, FIT)
    now = time.monotonic()
    monkeypatch.setattr("spa_project.galera_health.time.monotonic", lambda: now + 1.5)
    status, sentence = watch.answer("/reader")
    assert (status, "has not answered" in sentence) == (503, True)


def test_nothing_is_fit_before_the_first_answer():
    assert Watch({"unix_socket": "/nowhere", "user": "spa"}).answer("/reader")[0] == 503
