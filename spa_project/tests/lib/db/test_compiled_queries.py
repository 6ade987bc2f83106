"""Tests that compiled queries return what their querysets do."""

import pytest
from django.db import DatabaseError, connection
from django.db.models.functions import Upper
from django.db.transaction import TransactionManagementError, atomic

from accounts.models import User
from conftest import make_therapist
from queueing.models import Room, RoomStatus, Transaction, TransactionEvent
from queueing.states import Status
from spa_project.lib.db.compiled_queries import (
    CompiledQuery,
    Param,
    insert,
    insert_new,
    read_together,
    update_one,
)
from spa_project.lib.db.stale_row import StaleRow
from spa_project.tests.concurrency import skip_on_mysql

pytestmark = pytest.mark.django_db

BY_NUMBER = CompiledQuery(lambda: Room.objects.filter(number=Param("number")))


def test_each_run_has_its_own_values(maya, noor):
    for number in ("1", "2"):
        assert BY_NUMBER.all(number=number) == list(Room.objects.filter(number=number))
    assert BY_NUMBER.first(number="none") is None


def test_it_is_compiled_once(maya):
    builds = []

    def build():
        builds.append(1)
        return Room.objects.filter(number=Param("number"))

    statement = CompiledQuery(build)
    for _each in range(3):
        statement.first(number="1")
    assert len(builds) == 1


def test_a_queryset_of_values_gives_tuples(maya):
    statement = CompiledQuery(lambda: Room.objects.filter(number=Param("number")).values_list("pk"))
    assert statement.all(number="1") == list(Room.objects.filter(number="1").values_list("pk"))
    assert statement.first(number="none") is None


def test_queries_read_together_return_what_each_does(maya, noor):
    numbers = ("2", "none", "1")
    together = read_together(*((BY_NUMBER, {"number": number}) for number in numbers))
    assert together == [BY_NUMBER.all(number=number) for number in numbers]


def test_an_execute_wrapper_sees_each_query_that_is_read_together(maya):
    seen = []

    def listen(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        read_together((BY_NUMBER, {"number": "1"}), (BY_NUMBER, {"number": "2"}))
    assert [sql.count("SELECT") for sql in seen] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_query_that_locks_is_read_together_in_a_transaction_alone(branch):
    locking = CompiledQuery(lambda: Room.objects.select_for_update().filter(pk=Param("pk")))
    with pytest.raises(TransactionManagementError):
        read_together((BY_NUMBER, {"number": "1"}), (locking, {"pk": 1}))


def test_an_execute_wrapper_sees_every_statement(maya):
    seen = []

    def listen(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        BY_NUMBER.first(number="1")
        update_one(Room, {"number": "1"}, {"version": 7})
    assert [sql.split()[0] for sql in seen] == ["SELECT", "UPDATE"]


def test_an_error_of_the_database_is_djangos_and_breaks_nothing_after_it(maya):
    for _each in range(2):
        with pytest.raises(DatabaseError), atomic():
            update_one(Room, {"number": "1"}, {"status": "no such status"})
        assert BY_NUMBER.first(number="1") == Room.objects.get(number="1")


@pytest.mark.django_db(transaction=True)
def test_a_connection_opened_again_is_used(branch):
    make_therapist("Maya", branch, "1")
    for _each in range(2):
        with atomic():
            assert BY_NUMBER.first(number="1") is not None
        connection.close()


def test_values_are_values_and_never_sql(maya):
    assert BY_NUMBER.first(number="1' OR '1'='1") is None


def test_rows_come_back_as_the_model_has_them(make_transaction):
    made = make_transaction(Status.PAID)
    statement = CompiledQuery(lambda: Transaction.objects.filter(pk=Param("pk")))
    found, expected = statement.first(pk=made.pk), Transaction.objects.get(pk=made.pk)
    assert found is not None
    for field in Transaction._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(expected, field.attname)


def test_fields_left_out_are_read_when_asked_for(maya):
    statement = CompiledQuery(lambda: Room.objects.only("pk").filter(number=Param("number")))
    found = statement.first(number="1")
    assert found is not None
    assert found.get_deferred_fields() >= {"branch_id", "number", "status", "version"}
    assert found.status == RoomStatus.AVAILABLE


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused(branch):
    make_therapist("Maya", branch, "1")
    statement = CompiledQuery(
        lambda: Room.objects.select_for_update().filter(number=Param("number"))
    )
    with pytest.raises(TransactionManagementError):
        statement.first(number="1")


@pytest.mark.django_db(transaction=True)
def test_an_update_is_guarded_by_what_was_seen(branch):
    make_therapist("Maya", branch, "1")
    room = Room.objects.get()
    seen = {"id": room.pk, "version": room.version}
    update_one(Room, seen, {"status": RoomStatus.PREPARING, "version": 2})
    with pytest.raises(StaleRow), atomic():
        update_one(Room, seen, {"status": RoomStatus.AVAILABLE, "version": 2})
    room.refresh_from_db()
    assert room.status == RoomStatus.PREPARING


def test_related_objects_and_times_are_written_as_the_orm_writes_them(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    stamp = called.therapist_confirmed_at
    update_one(
        Transaction, {"id": called.pk}, {"service_start_at": stamp, "active_therapist": maya}
    )
    called.refresh_from_db()
    assert called.service_start_at == stamp
    assert called.active_therapist == maya


def test_several_rows_are_inserted_in_one_statement(make_transaction, captured_statements):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    row = {
        "transaction": waiting,
        "at": waiting.queued_at,
        "by": None,
        "from_status": "a",
        "to_status": "b",
        "reason": "%s ' quoted",
    }
    with captured_statements() as statements:
        insert(TransactionEvent, [row | {"version": version} for version in (2, 3)])
    assert len(statements) == 1
    assert [event.reason for event in waiting.events.filter(version__gt=1)] == ["%s ' quoted"] * 2


def test_related_rows_and_annotations_come_in_the_same_statement(maya, carl, captured_statements):
    everybody = User.objects.select_related("branch", "therapist").annotate(shout=Upper("username"))
    statement = CompiledQuery(lambda: everybody.filter(pk=Param("pk")))
    with captured_statements() as statements:
        found = statement.first(pk=maya.user.pk)
        other = statement.first(pk=carl.user.pk)
        assert found is not None
        assert (found.branch, found.therapist, found.shout) == (maya.user.branch, maya, "MAYA")
        assert other is not None
        assert not hasattr(other, "therapist")
    assert len(statements) == 2


def test_a_new_row_is_what_save_would_have_written(branch):
    rows = [Room(branch=branch, number=number) for number in ("8", "9")]
    insert_new(rows[0])
    rows[1].save()
    [ours, saved] = [Room.objects.filter(pk=row.pk).values().get() for row in rows]
    assert ours | {"id": saved["id"], "number": "9"} == saved
    rows[0].number = "10"
    rows[0].save()  # an UPDATE: the object is not new
    assert Room.objects.get(pk=ours["id"]).number == "10"


def test_several_new_rows_get_their_keys(branch):
    skip_on_mysql("INSERT ... RETURNING")
    rows = [Room(branch=branch, number=number) for number in ("8", "9")]
    insert_new(*rows)
    found = {room.number: room.pk for room in Room.objects.filter(number__in=["8", "9"])}
    assert {row.number: row.pk for row in rows} == found


def test_several_new_rows_have_no_keys_where_the_database_returns_none(branch, monkeypatch):
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    rows = [Room(branch=branch, number=number) for number in ("8", "9")]
    insert_new(*rows)
    assert [row.pk for row in rows] == [None, None]
    assert Room.objects.filter(number__in=["8", "9"]).count() == len(rows)
