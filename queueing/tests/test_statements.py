"""Tests of how many SQL statements a command costs, from a socket's frame to its reply.

Counted on a warm connection: authentication, BEGIN, the operation, what the reply and the events
need, COMMIT. The numbers are properties of the code, not of the machine: an added query fails here.
No statement locks rows of two tables: MariaDB would lock the branch for everybody in it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection

from accounts.models import TurnMode
from conftest import Socket, make_therapist, open_socket
from queueing.models import RotationLock
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.db.pool import DatabasePool, pool

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

MOST_FOR_A_CLAIM = 12
#: The first claim of a day reads whether a row is open, and adds the one that clocks in.
MOST_FOR_THE_FIRST_CLAIM = MOST_FOR_A_CLAIM + 1
MOST_FOR_A_CONFIRMATION = 8
#: What the quoted wait is estimated from: the line, who is on duty, the day's treatments.
MOST_FOR_A_QUOTE = 3
MOST_FOR_ANY_OTHER = 9
#: A strict rotation costs a claim four statements inside its transaction (its lock, who is present,
#: the day's ledger, the new row), and three after it, which read the new order for the screens.
MOST_FOR_A_CLAIM_IN_TURN = MOST_FOR_A_CLAIM + 7


class Meter:
    """A database pool of one thread, and the statements sent on its connection."""

    def __init__(self) -> None:
        self.pool = DatabasePool(1)

    async def statements_of(self, socket: Socket, command: str, **data: Any) -> list[str]:
        """Send a command that must succeed; return its statements."""
        await self.pool.run(_record)
        reply = await socket.ask(command, **data)
        statements = await self.pool.run(_recorded)
        assert reply["ok"], reply
        return statements


def _record() -> None:
    connection.ensure_connection()
    connection.force_debug_cursor = True
    connection.queries_log.clear()


def _recorded() -> list[str]:
    connection.force_debug_cursor = False
    return [query["sql"] for query in connection.queries_log]


def _disconnect() -> None:
    connection.close()


@pytest_asyncio.fixture
async def meter(monkeypatch) -> AsyncIterator[Meter]:
    meter = Meter()
    monkeypatch.setattr("spa_project.lib.realtime.consumer.pool", meter.pool)
    yield meter
    await meter.pool.run(_disconnect)


@asynccontextmanager
async def desk_of(person) -> AsyncIterator[Socket]:
    """Open the therapist's or cashier's socket, and wait for its screen."""
    path = f"/ws/{type(person).__name__.lower()}/"
    async with open_socket(path, person.user) as socket:
        await socket.hear("snapshot")
        yield socket


def assert_frugal(limit: int, statements: list[str]) -> None:
    listing = "\n".join(f"{number:2} {sql[:150]}" for number, sql in enumerate(statements, 1))
    assert any(sql.startswith("BEGIN") for sql in statements), listing
    assert "COMMIT" in statements, listing
    assert not [sql for sql in statements if "FOR UPDATE" in sql and " JOIN " in sql], listing
    assert len(statements) <= limit, f"{len(statements)} statements:\n{listing}"


async def test_a_confirmation(meter, make_transaction, branch, hour, compress):
    await pool.run(make_transaction, Status.FINISHED)
    data = {
        "items": [{"service_classification_id": offer.pk} for offer in (hour, compress)],
        "customer_name": "Ana",
        "expected_total": "600.50",
        "request_id": "once-only",
    }
    async with open_socket("/ws/customer/?branch=makati") as socket:
        await socket.hear("snapshot")
        statements = await meter.statements_of(socket, "customer_confirm_selection", **data)
    # MySQL does not tell the keys of rows that are inserted together: they are read.
    knows = await pool.run(lambda: connection.features.can_return_rows_from_bulk_insert)
    more = 0 if knows else 2
    assert_frugal(MOST_FOR_A_CONFIRMATION + MOST_FOR_A_QUOTE + more, statements)


async def test_a_therapists_claim(meter, maya, make_transaction):
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(desk, "therapist_confirm_next")
    assert_frugal(MOST_FOR_A_CLAIM, statements)


async def test_a_claim_in_a_strict_rotation(meter, branch, maya, make_transaction):
    branch.turn_mode = TurnMode.STRICT
    await pool.run(branch.save)
    await pool.run(RotationLock.objects.create, branch=branch)
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(desk, "therapist_confirm_next")
    assert_frugal(MOST_FOR_A_CLAIM_IN_TURN, statements)
    inside = statements[: statements.index("COMMIT")]
    assert len(inside) <= MOST_FOR_A_CLAIM + 4 - 1, inside


async def test_the_steps_after_a_claim_cost_no_more_in_a_strict_rotation(
    meter, branch, maya, make_transaction
):
    branch.turn_mode = TurnMode.STRICT
    await pool.run(branch.save)
    called = await pool.run(make_transaction, Status.THERAPIST_CONFIRMED)
    async with desk_of(maya) as desk:
        for command in ("therapist_start_service", "therapist_finish_service"):
            statements = await meter.statements_of(desk, command, transaction_id=called.pk)
            assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_the_first_claim_of_a_therapists_day(meter, branch, make_transaction):
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with desk_of(await pool.run(make_therapist, "Nadia", branch, "7")) as desk:
        statements = await meter.statements_of(desk, "therapist_confirm_next")
    assert_frugal(MOST_FOR_THE_FIRST_CLAIM, statements)


async def test_a_claim_by_who_already_has_a_customer(meter, maya, make_transaction):
    await pool.run(make_transaction, Status.THERAPIST_CONFIRMED)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(desk, "therapist_confirm_next")
    assert_frugal(MOST_FOR_A_CLAIM, statements)


async def test_a_cashiers_claim(meter, carl, make_transaction):
    await pool.run(make_transaction, Status.FINISHED)
    async with desk_of(carl) as desk:
        statements = await meter.statements_of(desk, "cashier_claim_next")
    assert_frugal(MOST_FOR_A_CLAIM, statements)


async def test_a_start(meter, maya, make_transaction):
    called = await pool.run(make_transaction, Status.THERAPIST_CONFIRMED)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(
            desk, "therapist_start_service", transaction_id=called.pk
        )
    assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_an_added_service(meter, maya, compress, make_transaction):
    treated = await pool.run(make_transaction, Status.IN_SERVICE)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(
            desk,
            "therapist_add_service",
            transaction_id=treated.pk,
            service_classification_id=compress.pk,
            expected_price="100.50",
        )
    assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_a_removed_service(meter, maya, hour, compress, make_transaction):
    choices = [Choice(hour.pk), Choice(compress.pk)]
    treated = await pool.run(make_transaction, Status.IN_SERVICE, choices=choices)
    [item, _other] = await pool.run(list, treated.items.all())
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(
            desk, "therapist_remove_item", transaction_id=treated.pk, item_id=item.pk
        )
    assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_a_finish(meter, maya, make_transaction):
    treated = await pool.run(make_transaction, Status.IN_SERVICE)
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(
            desk, "therapist_finish_service", transaction_id=treated.pk
        )
    assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_a_room_made_ready(meter, maya):
    async with desk_of(maya) as desk:
        statements = await meter.statements_of(
            desk, "room_set_status", room_number=maya.room_number, status="preparing"
        )
    assert_frugal(MOST_FOR_ANY_OTHER, statements)


async def test_a_payment(meter, carl, make_transaction):
    due = await pool.run(make_transaction, Status.AWAITING_PAYMENT)
    payment = {
        "transaction_id": due.pk,
        "amount_paid": "500",
        "expected_total": "500.00",
        "request_id": "once-only",
    }
    async with desk_of(carl) as desk:
        statements = await meter.statements_of(desk, "cashier_pay", **payment)
        again = await meter.statements_of(desk, "cashier_pay", **payment)
    assert_frugal(MOST_FOR_ANY_OTHER, statements)
    assert_frugal(MOST_FOR_ANY_OTHER, again)
