"""Tests that a new connection to a node of a cluster begins with all that was acknowledged."""

from unittest.mock import Mock

import MySQLdb
import pytest

from spa_project.lib.db.mysql import base
from spa_project.lib.db.mysql.connection import allow_dirty_reads, catch_up


class Node:
    """Connection to a server with this value of `wsrep_on`, which records the statements."""

    def __init__(self, *wsrep_on: tuple[str, str], behind: bool = False) -> None:
        self.statements: list[str] = []
        self._rows = list(wsrep_on)
        self._behind = behind

    def cursor(self) -> Mock:
        cursor = Mock()
        cursor.execute = self._execute
        cursor.fetchone = lambda: self._rows[0] if self._rows else None
        return cursor

    def _execute(self, statement: str) -> None:
        self.statements.append(statement)
        if self._behind and "SELECT" in statement:
            raise MySQLdb.OperationalError(1205, "Lock wait timeout exceeded")


def test_a_node_of_a_cluster_is_waited_for():
    node = Node(("wsrep_on", "ON"))
    catch_up(node)
    assert node.statements[1:] == ["SET STATEMENT wsrep_sync_wait=1 FOR SELECT 1"]


@pytest.mark.parametrize("wsrep_on", [[("wsrep_on", "OFF")], []], ids=["MariaDB alone", "MySQL"])
@pytest.mark.parametrize("prepare", [catch_up, allow_dirty_reads])
def test_a_server_by_itself_has_nothing_to_catch_up_with(wsrep_on, prepare):
    server = Node(*wsrep_on)
    prepare(server)
    assert len(server.statements) == 1


def test_a_node_that_is_cut_off_or_too_far_behind_is_not_used():
    with pytest.raises(MySQLdb.OperationalError):
        catch_up(Node(("wsrep_on", "ON"), behind=True))


def test_a_node_that_is_cut_off_is_read_for_reports():
    node = Node(("wsrep_on", "ON"), behind=True)
    allow_dirty_reads(node)
    assert node.statements[1:] == ["SET wsrep_dirty_reads=ON"]


@pytest.mark.parametrize(("alias", "reads"), [("default", ["catch_up"]), ("reports", ["dirty"])])
def test_only_the_replica_is_read_without_a_quorum(monkeypatch, alias, reads):
    prepared: list[str] = []
    monkeypatch.setattr(base, "DeferringConnection", Mock())
    monkeypatch.setattr(base, "catch_up", lambda connection: prepared.append("catch_up"))
    monkeypatch.setattr(base, "allow_dirty_reads", lambda connection: prepared.append("dirty"))
    base.DatabaseWrapper({}, alias).get_new_connection({"conv": {}, "init_command": ""})
    assert prepared == reads
