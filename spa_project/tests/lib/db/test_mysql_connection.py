"""Tests of deferred statements on MariaDB: fewer packets, and nothing is lost."""

import asyncio
import os
import socket
import time

import MySQLdb
import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    IntegrityError,
    OperationalError,
    connection,
    connections,
)
from django.db.transaction import TransactionManagementError, atomic, on_commit
from django.utils import timezone

from queueing.models import Room, TransactionEvent
from queueing.states import Status
from spa_project.lib.db.compiled_queries import (
    CompiledQuery,
    Param,
    insert,
    read_together,
    update_one,
)
from spa_project.lib.db.mysql.connection import FRESH_SECONDS, UNACKNOWLEDGED_SECONDS
from spa_project.lib.db.pool import DatabasePool
from spa_project.lib.db.stale_row import StaleRow
from spa_project.lib.db.time_limits import ANSWER_SECONDS, IDLE_SECONDS
from spa_project.tests.concurrency import another_connection, skip_on_mysql

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "mysql", reason="how MariaDB is spoken to"),
]

REASON = "It's 100 % “done”: \\"
ROOM = CompiledQuery(lambda: Room.objects.filter(number=Param("number")).values_list("status"))


class Packets(list[list[str]]):
    """First words of the statements in each sent packet."""

    def note(self, query: bytes) -> None:
        self.append([part.split()[0] for part in query.decode().split(";")])


@pytest.fixture
def packets(maya, monkeypatch) -> Packets:
    packets = Packets()
    send = MySQLdb.connections.Connection.query

    def query(self, query):
        packets.note(query)
        send(self, query)

    monkeypatch.setattr(MySQLdb.connections.Connection, "query", query)
    connection.ensure_connection()
    return packets


@pytest.fixture
def event(make_transaction):
    """Return the event of a step of a waiting customer."""
    was = make_transaction(Status.PENDING_THERAPIST)

    def event(version: int) -> dict:
        return {
            "transaction": was,
            "version": version,
            "from_status": Status.PENDING_THERAPIST,
            "to_status": Status.CANCELLED,
            "at": timezone.now(),
            "by": None,
            "reason": REASON,
            "is_undo": False,
        }

    return event


def test_a_transaction_begins_with_its_first_statement(packets):
    with atomic():
        assert ROOM.first(number="1") == ("available",)
        assert Room.objects.filter(number="1").exists()
    assert packets == [["BEGIN", "SELECT"], ["SELECT"], ["COMMIT"]]


@pytest.mark.parametrize("microsecond", [0, 7])
def test_a_time_is_read_as_it_was_written(event, microsecond):
    at = timezone.now().replace(microsecond=microsecond)
    with atomic():
        insert(TransactionEvent, [event(7) | {"at": at}])
    compiled = CompiledQuery(lambda: TransactionEvent.objects.filter(version=7).values_list("at"))
    assert compiled.all() == list(TransactionEvent.objects.filter(version=7).values_list("at"))
    assert compiled.first() == (at,)


def test_a_violated_constraint_is_an_integrity_error(maya):
    with pytest.raises(IntegrityError), atomic():
        update_one(Room, {"number": "1"}, {"status": "no such status"})


def test_nothing_is_run_in_a_broken_transaction(maya):
    with atomic():
        with pytest.raises(IntegrityError), atomic(savepoint=False):
            Room.objects.filter(number="1").update(status="no such status")
        with pytest.raises(TransactionManagementError):
            ROOM.first(number="1")
        connection.set_rollback(True)


def test_a_transaction_without_a_statement_is_never_begun(packets):
    with atomic():
        pass
    with pytest.raises(ZeroDivisionError), atomic():
        raise ZeroDivisionError
    assert packets == []


def test_a_transaction_is_begun_and_ended_by_one_statement_each(maya):
    def counted() -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SHOW SESSION STATUS WHERE Variable_name IN"
                " ('Com_begin', 'Com_commit', 'Com_rollback', 'Com_set_option')"
            )
            return {name: int(count) for name, count in cursor.fetchall()}

    @atomic
    def give_up():
        step()
        raise KeyError

    before = counted()
    with atomic():
        step()
    with pytest.raises(KeyError):
        give_up()
    after = counted()
    assert {name: after[name] - before[name] for name in after} == {
        "Com_begin": 2,
        "Com_commit": 1,
        "Com_rollback": 1,
        "Com_set_option": 0,
    }


def refuse(number: int) -> None:
    """Let the server answer the next statement, or the commit, with this error number."""
    connection.ensure_connection()
    connection.connection.defer(b"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = %d" % number)


def refused_statement(number: int) -> None:
    refuse(number)
    ROOM.first(number="1")


@atomic
def refused_commit(number: int) -> None:
    step()
    refuse(number)


@pytest.mark.parametrize("work", [refused_statement, refused_commit])
@pytest.mark.parametrize(
    ("number", "is_left"), [(1290, True), (1836, True), (1047, True), (1205, False)]
)
def test_a_server_that_changes_nothing_is_left(maya, work, number, is_left):
    """Connections to a read-only server are dropped like dead ones, before the next work."""
    with another_connection() as other:
        other.ensure_connection()
        with pytest.raises(OperationalError, match=str(number)):
            work(number)
        assert [each.is_usable() for each in (connection, other)] == [not is_left] * 2
    connection.close_if_unusable_or_obsolete()
    assert not Room.objects.filter(version=7)
    assert connection.is_usable(), "a new one is as good as any"


def test_what_nobody_reads_the_result_of_goes_with_the_commit(event, packets):
    with atomic():
        step()
        insert(TransactionEvent, [event(50)])
    assert packets == [["BEGIN", "UPDATE"], ["INSERT", "COMMIT"]]
    assert TransactionEvent.objects.get(version=50).reason == REASON


def test_who_reads_meanwhile_finds_it(event, packets):
    with atomic():
        insert(TransactionEvent, [event(50)])
        assert TransactionEvent.objects.filter(version=50).exists()
    assert packets == [["BEGIN", "INSERT", "SELECT"], ["COMMIT"]]


def step() -> None:
    """Write something whose result is read."""
    assert Room.objects.filter(number="1").update(version=7) == 1


STALE = {"number": "1", "version": 99}


def test_updates_of_one_row_go_with_the_next_statement(maya, noor, event, packets):
    with atomic():
        update_one(Room, {"number": "1"}, {"version": 7})
        update_one(Room, {"number": "2"}, {"version": 7})
        insert(TransactionEvent, [event(50)])
        assert ROOM.first(number="1") == ("available",)
    assert packets == [["BEGIN", "UPDATE", "UPDATE", "INSERT", "SELECT"], ["COMMIT"]]
    assert set(Room.objects.values_list("version", flat=True)) == {7}


def test_no_packet_commits_before_its_updates_are_checked(event, packets):
    with atomic():
        update_one(Room, {"number": "1"}, {"version": 7})
        insert(TransactionEvent, [event(50)])
    assert packets == [["BEGIN", "UPDATE", "INSERT"], ["COMMIT"]]


@pytest.mark.parametrize("versions", [(), (50,), (50, 51)])
def test_a_stale_row_is_a_conflict_at_the_commit(event, versions):
    sent: list[str] = []

    @atomic
    def change() -> None:
        on_commit(lambda: sent.append("news"))
        update_one(Room, STALE, {"version": 8})
        for version in versions:
            insert(TransactionEvent, [event(version)])

    with pytest.raises(StaleRow):
        change()
    assert is_undone()
    with atomic():
        assert ROOM.first(number="1") == ("available",)
    assert sent == []


def read_two() -> list[list[tuple[str]]]:
    """Read two results in one packet."""
    return read_together((ROOM, {"number": "1"}), (ROOM, {"number": "-"}))


def test_what_a_stale_row_leads_to_is_the_same_conflict(event):
    with atomic():
        insert(TransactionEvent, [event(50)])

    @atomic
    def change() -> None:
        update_one(Room, STALE, {"version": 8})
        insert(TransactionEvent, [event(50)])

    with pytest.raises(StaleRow):
        change()
    assert read_two() == [[("available",)], []]


@pytest.mark.parametrize("read", [read_two, Room.objects.count])
def test_a_stale_row_is_a_conflict_at_the_next_statement(event, read):
    """The results of the packet are read to the end: the connection is usable afterwards."""

    @atomic
    def change() -> None:
        update_one(Room, STALE, {"version": 8})
        insert(TransactionEvent, [event(50)])
        read()

    with pytest.raises(StaleRow):
        change()
    assert is_undone()
    assert read_two() == [[("available",)], []]


def is_undone() -> bool:
    """Return whether nothing of a transaction is left."""
    return not (TransactionEvent.objects.filter(version__gte=50) or Room.objects.filter(version=7))


BY_STATUS = CompiledQuery(lambda: Room.objects.filter(status=Param("status")).values_list("number"))
LOCKED = CompiledQuery(lambda: Room.objects.select_for_update().filter(pk=Param("pk")))


def test_several_queries_are_read_in_one_packet(maya, noor, packets):
    readings = [
        (ROOM, {"number": "2"}),
        (BY_STATUS, {"status": "available"}),
        (ROOM, {"number": "-"}),
    ]
    with atomic():
        assert read_together(*readings) == [[("available",)], [("1",), ("2",)], []]
        assert ROOM.first(number="1") == ("available",)
    assert packets == [["BEGIN", "SELECT", "SELECT", "SELECT"], ["SELECT"], ["COMMIT"]]


def test_the_driver_asks_for_no_second_result_of_one_statement(maya, monkeypatch):
    asked = []
    ask = MySQLdb.connections.Connection.next_result

    def next_result(self):
        asked.append(self)
        return ask(self)

    monkeypatch.setattr(MySQLdb.connections.Connection, "next_result", next_result)
    assert ROOM.first(number="1") == ("available",)
    assert asked == []
    assert read_together((ROOM, {"number": "1"}), (ROOM, {"number": "-"})) == [[("available",)], []]
    assert asked


def test_a_semicolon_within_a_value_is_a_value(maya):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["a;b"])
        assert cursor.fetchall() == (("a;b",),)
        assert not cursor.nextset()
    assert ROOM.first(number="1") == ("available",)


def test_every_result_of_a_stored_procedure_is_read(maya):
    with connection.cursor() as cursor:
        cursor.execute("CREATE PROCEDURE two_results() BEGIN SELECT 1; SELECT 2; END")
        try:
            cursor.callproc("two_results")
            assert cursor.fetchall() == ((1,),)
            assert cursor.nextset()
            assert cursor.fetchall() == ((2,),)
        finally:
            cursor.close()
            with connection.cursor() as another:
                another.execute("DROP PROCEDURE two_results")


def test_what_is_locked_together_with_a_query_stays_locked(maya):
    room = Room.objects.get(number="1")
    with atomic():
        [[locked], _status] = read_together((LOCKED, {"pk": room.pk}), (ROOM, {"number": "1"}))
        assert locked == room
        with another_connection() as other, other.cursor() as cursor:
            cursor.execute("SELECT id FROM queueing_room FOR UPDATE SKIP LOCKED")
            assert cursor.fetchall() == ()


@pytest.mark.parametrize("place", range(3))
def test_an_error_of_any_query_of_a_packet_is_djangos(maya, monkeypatch, place):
    """The connection is usable afterwards."""
    readings = [(ROOM, {"number": str(number)}) for number in range(3)]
    wrong = CompiledQuery(lambda: Room.objects.filter(number=Param("number")).values_list("status"))
    monkeypatch.setattr(
        wrong.on(connections[DEFAULT_DB_ALIAS]),
        "sql",
        "SELECT no_such_column, %s FROM queueing_room",
    )
    readings[place] = (wrong, {"number": "1"})
    for _each in range(2):
        with pytest.raises(OperationalError, match="no_such_column"), atomic():
            read_together(*readings)
        assert ROOM.first(number="1") == ("available",)


def test_a_connection_lost_within_a_packet_replaces_the_others(maya, monkeypatch):
    skip_on_mysql("error of its own for a connection that ends itself")
    lost = CompiledQuery(lambda: Room.objects.filter(number=Param("number")).values_list("status"))
    monkeypatch.setattr(
        lost.on(connections[DEFAULT_DB_ALIAS]), "sql", "KILL CONNECTION_ID(); SELECT %s"
    )
    with another_connection() as other:
        other.ensure_connection()
        with pytest.raises(OperationalError):
            read_together((ROOM, {"number": "1"}), (lost, {"number": "1"}))
        assert not other.is_usable()
    connection.close()


def test_a_connection_is_asked_for_life_only_a_moment_after_its_last_answer(maya, monkeypatch):
    asked = []
    ping = MySQLdb.connections.Connection.ping

    def counted(self) -> None:
        asked.append(1)
        ping(self)

    monkeypatch.setattr(MySQLdb.connections.Connection, "ping", counted)
    ROOM.first(number="1")
    assert connection.is_usable()
    assert asked == []
    later = time.monotonic() + FRESH_SECONDS
    monkeypatch.setattr("spa_project.lib.db.mysql.connection.time.monotonic", lambda: later)
    assert connection.is_usable()
    assert asked == [1]


def test_an_error_of_what_rode_along_undoes_everything(event, packets):
    @atomic
    def fail_at_the_commit():
        step()
        insert(TransactionEvent, [event(50), event(50)])

    @atomic
    def fail_before():
        insert(TransactionEvent, [event(50), event(50)])
        step()

    for fail in (fail_at_the_commit, fail_before) * 2:  # the connection is usable afterwards
        with pytest.raises(IntegrityError):
            fail()
        assert is_undone()


def test_what_was_not_sent_before_a_rollback_never_is(event, packets):
    @atomic
    def give_up():
        step()
        insert(TransactionEvent, [event(50)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    assert packets == [["BEGIN", "UPDATE"]]
    assert is_undone()


def test_a_part_of_a_transaction_is_taken_back_with_what_rode_along(event):
    @atomic
    def give_up():
        insert(TransactionEvent, [event(50)])
        raise ZeroDivisionError

    with atomic():
        with pytest.raises(ZeroDivisionError):
            give_up()
        insert(TransactionEvent, [event(51)])
    assert [each.version for each in TransactionEvent.objects.filter(version__gte=50)] == [51]


# -- Time limits ----------------------------------------------------------------------------------


def variable(name: str) -> int:
    """Return a variable of a new connection of this thread."""
    with another_connection() as other, other.cursor() as cursor:
        cursor.execute(f"SELECT @@{name}")
        return int(cursor.fetchone()[0])


def test_the_server_ends_idle_transactions_of_the_pool_alone():
    skip_on_mysql("idle_transaction_timeout")
    assert asyncio.run(DatabasePool(1).run(variable, "idle_transaction_timeout")) == IDLE_SECONDS
    assert variable("idle_transaction_timeout") == 0


def test_an_answer_is_awaited_for_longer_than_a_lock_and_than_an_idle_transaction():
    """Who waits for a lock is answered, and the locks of who is gone are free by then."""
    assert variable("innodb_lock_wait_timeout") + 1 < ANSWER_SECONDS
    assert ANSWER_SECONDS > IDLE_SECONDS


def test_the_kernel_ends_a_connection_whose_peer_acknowledges_nothing():
    with another_connection() as other:
        other.ensure_connection()
        with socket.socket(fileno=os.dup(other.connection.fileno())) as line:
            limit = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert limit == UNACKNOWLEDGED_SECONDS * 1000
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
