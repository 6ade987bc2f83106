"""Tests of operations in lock conflicts: they are retried as a whole, at most three times."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from prometheus_client import REGISTRY

from accounts.auth import Caller
from payments.integrity import all_rules
from queueing import codes, services
from queueing.models import Room, RoomStatus, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.commands import answer_safely
from spa_project.lib.db.transactions import TRIES, durable
from spa_project.lib.errors import Busy
from spa_project.tests.concurrency import (
    PATIENCE,
    another_connection,
    aside,
    sequence,
    somebody_waits_for_a_lock,
    wait_until,
)

pytestmark = pytest.mark.django_db(transaction=True)

LOCKED_CAUSE = {"mysql": "lock_wait", "sqlite": "sqlite_busy"}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"spa_{name}_total", labels) or 0


def retries(operation: str, cause: str | None = None) -> float:
    return counted(
        "transaction_retries", operation=operation, cause=cause or LOCKED_CAUSE[connection.vendor]
    )


@contextmanager
def in_other_hands(table: str) -> Iterator[BaseDatabaseWrapper]:
    """Open a second connection whose transaction has locked the rows (SQLite: everything).

    Our own connection's lock timeout is zero meanwhile, so that the test need not wait.
    """
    _set_patience(0)
    with another_connection() as other:
        other.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        with other.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET branch_id = branch_id")
            cursor.execute(f"SELECT branch_id FROM {table}{_for_update()}")
        yield other
    connection.close()  # and with it the lock timeout


def _set_patience(seconds: int) -> None:
    settings = {
        "mysql": f"SET SESSION innodb_lock_wait_timeout = {seconds}",
        "sqlite": f"PRAGMA busy_timeout = {seconds * 1000}",
    }
    with connection.cursor() as cursor:
        cursor.execute(settings[connection.vendor])


def _for_update() -> str:
    return " FOR UPDATE" if connection.vendor == "mysql" else ""


def test_a_verb_whose_way_stays_barred_is_tried_three_times_and_changes_nothing(
    maya, make_transaction
):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    tries, busy = retries("confirm_next"), counted("busy", cause="lock")
    with in_other_hands("queueing_room"), pytest.raises(Busy):
        services.confirm_next(maya)
    assert retries("confirm_next") == tries + TRIES - 1
    assert counted("busy", cause="lock") == busy + 1
    assert Transaction.objects.get() == waiting
    assert Transaction.objects.get().version == waiting.version
    assert Room.objects.get().status == RoomStatus.AVAILABLE


def test_a_number_that_cannot_be_taken_is_tried_three_times_and_nobody_stands_in_line(branch, hour):
    codes.next_number(branch)
    tries = retries("next_number")
    with in_other_hands("queueing_transactioncounter"), pytest.raises(Busy):
        services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert retries("next_number") == tries + TRIES - 1
    assert not Transaction.objects.exists()


def test_a_verb_whose_way_comes_free_is_run_again_as_a_whole(monkeypatch, maya, make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    tries = retries("confirm_next")
    with in_other_hands("queueing_room") as other:
        monkeypatch.setattr(
            "spa_project.lib.db.transactions.time.sleep", lambda _seconds: other.rollback()
        )
        claimed = services.confirm_next(maya)
    assert claimed == waiting
    assert claimed.version == waiting.version + 1
    assert claimed.events.count() == claimed.version
    assert retries("confirm_next") == tries + 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's disk can be made full")
def test_a_full_disk_is_busy_and_what_was_refused_left_nothing(branch, hour, settings):
    settings.RATE_LIMITS = False
    order = {"items": [{"service_classification_id": hour.pk}]}

    def confirm() -> str:
        visitor = Caller(None, branch)
        return answer_safely(visitor, "customer_confirm_selection", order)[0].get("code", "ok")

    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # free pages of other tests
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        answers = [confirm() for _each in range(100)]
        cursor.execute(f"PRAGMA max_page_count = {2**30}")
    assert set(answers) == {"ok", "busy"}
    assert Transaction.objects.count() == answers.count("ok")
    assert confirm() == "ok"
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


@pytest.mark.servers
def test_the_victim_of_a_deadlock_is_run_again_and_succeeds(maya, make_transaction):
    """The victim of the deadlock is the operation.

    It has the therapist and requests the room; the other has the room and requests the therapist,
    and has changed so much more that InnoDB rolls the operation back.
    """
    waiting = make_transaction(Status.PENDING_THERAPIST)
    tries = retries("confirm_next", "deadlock")
    with another_connection() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE queueing_room SET version = version + 100")
            cursor.execute(
                "INSERT INTO django_session (session_key, session_data, expire_date)"
                f" SELECT seq, '', NOW() FROM {sequence(100)}"
            )
            claim = aside(services.confirm_next, maya)
            wait_until(somebody_waits_for_a_lock, "the claim stands before the room")
            cursor.execute("SELECT id FROM accounts_therapist FOR UPDATE")
        other.rollback()
    assert claim.result(PATIENCE) == waiting
    assert retries("confirm_next", "deadlock") == tries + 1
    assert waiting.events.count() == 2


def test_a_fault_that_is_nobodys_lock_is_not_tried_again():
    runs = []

    @durable
    def broken() -> None:
        runs.append(1)
        raise OperationalError(1054, "Unknown column")

    with pytest.raises(OperationalError):
        broken()
    assert len(runs) == 1


@pytest.mark.parametrize("number", [1213, 1205, 1020])
def test_each_number_that_means_try_again_is_tried_again(number):
    runs = []

    @durable
    def barred() -> str:
        runs.append(1)
        if len(runs) < TRIES:
            raise OperationalError(number, "somebody was in the way")
        return "done"

    assert barred() == "done"
    assert len(runs) == TRIES


def test_metrics_show_what_was_counted(client, maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    with in_other_hands("queueing_room"), pytest.raises(Busy):
        services.confirm_next(maya)
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain; version=")
    text = response.content.decode()
    cause = LOCKED_CAUSE[connection.vendor]
    assert f'spa_transaction_retries_total{{cause="{cause}",operation="confirm_next"}}' in text
    assert 'spa_busy_total{cause="lock"}' in text
