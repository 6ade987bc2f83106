"""Tests that a new connection to a node of a cluster begins with all that was acknowledged."""

from unittest.mock import Mock

import MySQLdb
import pytest

from spa_project.lib.db.mysql.connection import catch_up


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
def test_a_server_by_itself_has_nothing_to_catch_up_with(wsrep_on):
    server = Node(*wsrep_on)
    catch_up(server)
    assert len(server.statements) == 1


def test_a_node_that_is_too_far_behind_is_not_used():
    with pytest.raises(MySQLdb.OperationalError):
        catch_up(Node(("wsrep_on", "ON"), behind=True))
