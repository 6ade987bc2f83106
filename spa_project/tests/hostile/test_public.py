"""Tests of a whole day in public: codes, rooms and times, but no name and no money."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.models import ServiceClassification
from conftest import make_offer
from payments import counter, payment
from queueing import holding, leaving, services
from queueing.models import RoomStatus, Transaction
from queueing.screens import board_screen, ticket_screen
from queueing.services import Choice
from queueing.states import Status
from spa_project.tests.hostile.visits import Floor, Whose

pytestmark = pytest.mark.django_db
CUSTOMERS = 4


class Day:
    """Customers with distinct names and prices, and every message that each topic received."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.offers = [
            make_offer(floor.offer.service, f"Kind {n}", f"{7301 + n}.{n}7", 60)
            for n in range(CUSTOMERS)
        ]
        self.visits: list[Transaction] = []
        self.told: list[tuple[str, str]] = []

    def live(self) -> None:
        """Take customers through service, hold, release, cancellation, no-show and undo."""
        maya, carl = self.floor.pairs[Whose.OWN]
        for number, offer in enumerate(self.offers):
            self._join(number, offer)
        first, second, third, fourth = self.visits
        holding.hold(maya.user, transaction_id=fourth.pk)
        self._look()
        holding.release_hold(maya.user, transaction_id=fourth.pk)
        services.confirm_next(maya)
        holding.release(maya, transaction_id=first.pk, reason="Planted-reason")
        services.confirm_next(maya)
        holding.recall(maya, transaction_id=first.pk)
        self._look()
        services.start_service(maya, transaction_id=first.pk)
        services.add_service(
            maya, transaction_id=first.pk, service_classification_id=self.offers[0].pk
        )
        services.finish_service(maya, transaction_id=first.pk)
        services.room_set_status(_branch(first), "1", RoomStatus.AVAILABLE)
        counter.claim_next(carl)
        self._look()
        paid = payment.pay(carl, transaction_id=first.pk, amount_paid=Decimal("15000"))
        assert paid.status == Status.PAID
        services.confirm_next(maya)
        leaving.no_show(maya, transaction_id=second.pk)
        holding.reopen(maya.user, code=second.code)
        leaving.customer_cancel(third.key)
        self._look()

    def _join(self, number: int, offer: ServiceClassification) -> None:
        branch = self.floor.pairs[Whose.OWN].therapist.user.branch
        assert branch is not None
        visit = services.confirm_selection(
            branch, choices=[Choice(offer.pk)], customer_name=f"Planted-name-{number}"
        )
        self.visits.append(visit)

    def _look(self) -> None:
        """Record the snapshots and the next heartbeats of screens that open now."""
        branch = _branch(self.visits[0])
        board = Client().get("/api/snapshots/board/?branch=makati").content.decode()
        self.told.append((f"board.{branch.pk}", board))
        read, key = board_screen(_Here(branch)).digest  # type: ignore[arg-type]
        self.told.append((f"board.{branch.pk}", str(read([key]))))
        for visit in self.visits:
            page = Client().get(f"/api/tickets/{visit.key}/").content.decode()
            read, key = ticket_screen(visit.key).digest
            self.told += [(f"txn_{visit.pk}", page), (f"txn_{visit.pk}", str(read([key])))]


class _Here:
    def __init__(self, branch: Any) -> None:
        self.here = branch


def _branch(visit: Transaction) -> Any:
    return visit.branch


@pytest.fixture
def day(floor, monkeypatch, django_capture_on_commit_callbacks) -> Day:
    day = Day(floor)
    monkeypatch.setattr(
        "spa_project.lib.realtime.publish.hub.publish",
        lambda *events: day.told.extend(events),
    )
    with django_capture_on_commit_callbacks(execute=True):
        day.live()
    return day


def secrets_of(day: Day, number: int) -> list[str]:
    """Return a customer's name, the amounts of the visit, and the key of the ticket."""
    visit = Transaction.objects.get(pk=day.visits[number].pk)
    money = {str(day.offers[number].price), str(visit.total_amount)}
    if hasattr(visit, "payment"):
        payment = visit.payment
        money |= {str(payment.amount_paid), str(payment.change_amount), payment.receipt_key}
    return [visit.customer_name, visit.key, *money]


def test_the_day_was_told_to_everybody(day):
    topics = {topic.split(".")[0].split("_")[0] for topic, _text in day.told}
    assert {"board", "txn", "therapist", "cashier", "monitor"} <= topics
    assert any("Planted-name-0" in text for topic, text in day.told if topic.startswith("monitor"))


def test_the_board_hears_no_name_and_no_money(day):
    told = "\n".join(text for topic, text in day.told if topic.startswith("board."))
    everybodys = [secret for number in range(CUSTOMERS) for secret in secrets_of(day, number)]
    assert len(told) > 1_000
    found = [secret for secret in [*everybodys, "Planted", "Maya", "Carl"] if secret in told]
    assert found == []


@pytest.mark.parametrize("number", range(CUSTOMERS))
def test_a_customer_hears_nothing_of_the_others(day, number):
    own = f"txn_{day.visits[number].pk}"
    told = "\n".join(text for topic, text in day.told if topic == own)
    others = [
        secret for other in range(CUSTOMERS) if other != number for secret in secrets_of(day, other)
    ]
    assert f"Planted-name-{number}" in told
    assert [secret for secret in others if secret in told] == []


def test_no_topic_ever_hears_a_key_that_opens_a_visit(day):
    told = "\n".join(text for _topic, text in day.told)
    assert [visit.key for visit in day.visits if visit.key in told] == []


def test_a_boards_rows_have_seven_fields_and_no_other(day):
    rows = [
        json.loads(text)["data"]["transaction"]
        for topic, text in day.told
        if topic.startswith("board.") and '"board_updated"' in text
    ]
    assert rows
    assert {frozenset(row) for row in rows} == {
        frozenset({"id", "version", "code", "status", "room_number", "calls", "counter_number"})
    }


def test_keys_cannot_be_guessed(day):
    keys = [visit.key for visit in day.visits]
    assert all(len(key) >= 32 for key in keys)
    assert len({key[:8] for key in keys}) == CUSTOMERS
