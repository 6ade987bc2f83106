"""Tests of the integrity rules: operations break none, and every rule finds its own fault."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Model
from django.utils import timezone

from accounts.models import Cashier, Presence, TurnMode, User
from conftest import make_offer
from payments.discounts import apply_discount, remove_discount
from payments.integrity import all_rules, drawers, refunds
from payments.models import (
    AppliedDiscount,
    Discount,
    Payment,
    PaymentAttempt,
    ReceiptCounter,
    Tender,
    TipShare,
)
from payments.payment import Given, pay
from payments.terminal import payment_result
from queueing import holding, leaving, services
from queueing.models import (
    Consent,
    Room,
    Transaction,
    TransactionEvent,
    TransactionItem,
    TurnEntry,
)
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.db import integrity
from spa_project.lib.db.integrity import Broken, Outcome, Rows, Rule
from spa_project.tests.concurrency import skip_on_mysql

#: A key that leads nowhere.
NOBODY = 999

GUARDED = (
    *(User, Presence, Transaction, TransactionItem, TransactionEvent, Room),
    *(Payment, PaymentAttempt, ReceiptCounter, AppliedDiscount, Tender, TipShare),
)


@pytest.fixture
def floor(branch, maya, noor, carl, cora, make_transaction) -> dict[Status, Transaction]:
    """Create one customer in every status."""

    def left(step: Callable[..., Transaction], who: Any, after: Status, **why: str) -> Transaction:
        return step(who, transaction_id=make_transaction(after).pk, **why)

    desk = carl.user
    return {
        Status.PAID: make_transaction(Status.PAID),
        Status.NO_SHOW: left(leaving.no_show, maya, Status.THERAPIST_CONFIRMED),
        Status.CANCELLED: left(
            leaving.staff_cancel, desk, Status.PENDING_THERAPIST, reason="tired"
        ),
        Status.ON_HOLD: left(holding.hold, desk, Status.PENDING_THERAPIST),
        Status.PAYING: by_card(cora, make_transaction(Status.AWAITING_PAYMENT, cashier=cora)),
        Status.AWAITING_PAYMENT: discounted(carl, make_transaction(Status.AWAITING_PAYMENT)),
        Status.FINISHED: make_transaction(Status.FINISHED),
        Status.IN_SERVICE: make_transaction(Status.IN_SERVICE),
        Status.THERAPIST_CONFIRMED: make_transaction(Status.THERAPIST_CONFIRMED, therapist=noor),
        Status.PENDING_THERAPIST: make_transaction(Status.PENDING_THERAPIST),
        Status.SELECTING: Transaction.objects.create(
            branch=branch,
            business_date=branch.business_date(),
            running_number=9000,
            code="9000",
            active_code="9000",
        ),
    }


def by_card(cashier: Cashier, due: Transaction) -> Transaction:
    """Bring a transaction to a terminal that has not answered."""
    return pay(cashier, transaction_id=due.pk, amount_paid=due.total_amount, method="card")


def discounted(cashier: Cashier, due: Transaction) -> Transaction:
    """Give a transaction a discount, remove it, and give it again."""
    Discount.objects.create(code="promo", name="Promo", kind="percent", value=10)
    for change in (apply_discount, remove_discount, apply_discount):
        due = change(cashier.user, transaction_id=due.pk, discount="promo")
    return due


@pytest.fixture
def unguarded(floor) -> Iterator[dict[Status, Transaction]]:
    """Hide the tables behind temporary copies without the database's constraints.

    So every rule can be broken, also those that the database enforces itself.
    """
    with copies_without_guards(GUARDED):
        yield floor


@contextmanager
def copies_without_guards(models: Iterable[type[Model]]) -> Iterator[None]:
    """Hide tables behind temporary copies that have no constraints."""
    skip_on_mysql("temporary table that one statement may read twice")
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {table}")
        yield
        scope = {"mysql": "TEMPORARY TABLE ", "sqlite": "TABLE temp."}[connection.vendor]
        for table in tables:
            cursor.execute(f"DROP {scope}{table}")


def found() -> dict[str, list[str]]:
    """Return the findings of a run, by rule."""
    return {o.rule.sentence: o.findings for o in all_rules.run() if o.broken}


def test_a_floor_with_every_status_is_sound(floor):
    assert set(floor) == set(Status)
    assert found() == {}


def test_the_floor_without_its_guards_is_still_the_same_floor(unguarded):
    assert found() == {}


class Fault(NamedTuple):
    """A change made around the operations, and the finding it must lead to."""

    rule: str
    model: type[Model]
    changes: dict[str, Any]
    finding: str
    of: Status = Status.PAID


FAULTS = {
    "a lane that fits no request": Fault(
        "Who waits is in the lane of whom they asked for.",
        Transaction,
        {"lane": 7},
        "visit {pk}: it is in lane 7, but its request makes it 0",
        Status.PENDING_THERAPIST,
    ),
    "a note that is nowhere": Fault(
        "A visit has a note exactly where it says so.",
        Transaction,
        {"has_note": True},
        "visit {pk}: it has no note, but says so",
    ),
    "a treatment billed without an answer": Fault(
        "No visit is billed what its customer has not answered.",
        TransactionItem,
        {"consent": Consent.ASKED},
        "item {item}: it waits for an answer, but transaction {pk} is paid",
    ),
    "a visit of questions alone": Fault(
        "What a customer may still decline is never all of a visit.",
        TransactionItem,
        {"consent": Consent.ASKED},
        "visit {pk}: every treatment of it waits for the customer's answer",
        Status.IN_SERVICE,
    ),
    "an agreement that nobody gave": Fault(
        "What a customer agreed to or declined is in the log.",
        TransactionItem,
        {"consent": Consent.ACCEPTED},
        "visit {pk}: 1 of its items are accepted, its log has 0",
    ),
    "a treatment declined by nobody": Fault(
        "What a customer agreed to or declined is in the log.",
        Transaction,
        {"declined_items": [{"id": NOBODY}]},
        "visit {pk}: it lists 1 declined treatments, its log has 0",
    ),
    "a skill that no treatment needs": Fault(
        "A visit needs the skills of its items.",
        TransactionItem,
        {"skill": NOBODY},
        "visit {pk}: it needs the skills none, its items 999",
        Status.PENDING_THERAPIST,
    ),
    "a total written by hand": Fault(
        "A visit's total is the sum of its items.",
        Transaction,
        {"total_amount": "499.99"},
        "visit {pk}: its total is 499.99 and 60 minutes, its items add up to 500.00 and 60",
    ),
    "an item taken away": Fault(
        "A visit's total is the sum of its items.",
        TransactionItem,
        {"transaction": NOBODY},
        "visit {pk}: its total is 500.00 and 60 minutes, its items add up to 0.00 and 0",
        Status.PENDING_THERAPIST,
    ),
    "minutes written by hand": Fault(
        "A visit's total is the sum of its items.",
        Transaction,
        {"total_duration_minutes": 61},
        "visit {pk}: its total is 500.00 and 61 minutes, its items add up to 500.00 and 60",
    ),
    "a payment lost": Fault(
        "A paid visit has a payment.",
        Payment,
        {"transaction": NOBODY},
        "visit {pk}: it is paid, but has no payment",
    ),
    "money gone from the day": Fault(
        "A day's payments add up to the totals of its paid visits.",
        Payment,
        {"amount_due": "300.00"},
        "branch {branch} on {day}: paid visits total 500.00, their payments 300.00",
    ),
    "a paid customer sent back": Fault(
        "A payment belongs to a paid visit, which has no other.",
        Transaction,
        {"status": Status.AWAITING_PAYMENT},
        "payment {payment}: transaction {pk} is awaiting_payment",
    ),
    "an amount due that is not the total": Fault(
        "The amount due is the visit's total; the amount paid is the amount due plus change.",
        Payment,
        {"amount_due": "499.00", "amount_paid": "9998.00"},
        "payment {payment}: the total is 500.00, due 499.00, paid 9998.00, change 9499.00",
    ),
    "change out of nothing": Fault(
        "The amount due is the visit's total; the amount paid is the amount due plus change.",
        Payment,
        {"change_amount": "9499.01"},
        "payment {payment}: the total is 500.00, due 500.00, paid 9999.00, change 9499.01",
    ),
    "change below zero": Fault(
        "The amount due is the visit's total; the amount paid is the amount due plus change.",
        Payment,
        {"amount_paid": "400.00", "change_amount": "-100.00"},
        "payment {payment}: the total is 500.00, due 500.00, paid 400.00, change -100.00",
    ),
    "tax out of nothing": Fault(
        "A payment's tax is what its amount due contains at its rate.",
        Payment,
        {"tax_amount": "0.01"},
        "payment {payment}: of 500.00 at 0.00 %, its tax is 0.01",
    ),
    "a tip that nobody gets": Fault(
        "The shares of a tip add up to it.",
        Payment,
        {"tip_amount": "1.00", "change_amount": "9498.00"},
        "payment {payment}: its tip is 1.00, its shares add up to 0.00",
    ),
    "a split payment without parts": Fault(
        "The tenders of a split payment add up to it; any other payment has none.",
        Payment,
        {"is_split": True},
        "payment {payment}: paid 9999.00, change 9499.00; its parts are 0.00, change 0.00",
    ),
    "an amount that no terminal approved": Fault(
        "What an unpaid visit has received is what terminals have approved for it.",
        Transaction,
        {"received_amount": "1.00"},
        "visit {pk}: it is awaiting_payment and has received 1.00, terminals approved 0.00",
        Status.AWAITING_PAYMENT,
    ),
    "a discount written by hand": Fault(
        "A visit's discount is what its given discounts take off, line by line.",
        Transaction,
        {"discount_amount": "1.00"},
        "visit {pk}: its discount is 1.00, its bill's 50.00",
        Status.AWAITING_PAYMENT,
    ),
    "an item reduced by hand": Fault(
        "A visit's discount is what its given discounts take off, line by line.",
        TransactionItem,
        {"discount_amount": "1.00"},
        "visit {pk}: item {item} is reduced by 1.00, on its bill by 50.00",
        Status.AWAITING_PAYMENT,
    ),
    "a way that does not exist": Fault(
        "Every event is an allowed change of status.",
        TransactionEvent,
        {"to_status": Status.PAID},
        "event {first_event}: transaction {pk} changed from selecting to paid",
        Status.PENDING_THERAPIST,
    ),
    "a first event in the middle of life": Fault(
        "Every event starts from the status that the previous event ended in.",
        TransactionEvent,
        {"from_status": Status.FINISHED},
        "event {first_event}: version 1 of transaction {pk} starts from finished, "
        "the previous event ended in selecting",
        Status.PENDING_THERAPIST,
    ),
    "a version nobody has": Fault(
        "Every event starts from the status that the previous event ended in.",
        TransactionEvent,
        {"version": 0},
        "event {first_event}: version 0 of transaction {pk} starts from selecting, "
        "the previous event ended in nothing",
        Status.PENDING_THERAPIST,
    ),
    "an event missing in between": Fault(
        "Every event starts from the status that the previous event ended in.",
        TransactionEvent,
        {"version": F("version") + 1},
        "event {first_event}: version 2 of transaction {pk} starts from selecting, "
        "the previous event ended in nothing",
        Status.PENDING_THERAPIST,
    ),
    "a status written by hand": Fault(
        "A visit's status and version match its events.",
        Transaction,
        {"status": Status.CANCELLED},
        "visit {pk}: it is cancelled at version 1, its events (1) end in pending_therapist",
        Status.PENDING_THERAPIST,
    ),
    "a version counted without an event": Fault(
        "A visit's status and version match its events.",
        Transaction,
        {"version": 8},
        "visit {pk}: it is paid at version 8, its events (7) end in paid",
    ),
    "a clock that ran backwards": Fault(
        "A visit's times are in order.",
        Transaction,
        {"service_finish_at": F("service_start_at") - timedelta(seconds=1)},
        "visit {pk}: service_finish_at is before service_start_at",
    ),
    "a confirmation before the beginning": Fault(
        "A visit's times are in order.",
        Transaction,
        {"created_at": timezone.now() + timedelta(days=1)},
        "visit {pk}: selection_confirmed_at is before created_at",
    ),
    "a treatment that nobody gave, in no room": Fault(
        "A visit has every time and person that its status requires.",
        Transaction,
        {"therapist": None, "room_number": "", "service_start_at": None},
        "visit {pk}: it is in_service without therapist, room_number, service_start_at",
        Status.IN_SERVICE,
    ),
    "money that nobody took": Fault(
        "A visit has every time and person that its status requires.",
        Transaction,
        {"cashier": None, "paid_at": None},
        "visit {pk}: it is paid without cashier, paid_at",
    ),
    "a line joined at no time": Fault(
        "A visit has every time and person that its status requires.",
        Transaction,
        {"queued_at": None},
        "visit {pk}: it is finished without queued_at",
        Status.FINISHED,
    ),
    "a therapist not let go": Fault(
        "A visit holds its therapist, room, cashier and code only in the statuses that need them.",
        Transaction,
        {"active_therapist": F("therapist")},
        "visit {pk}: it is finished, but active_therapist is {therapist}",
        Status.FINISHED,
    ),
    "a treatment that holds nobody": Fault(
        "A visit holds its therapist, room, cashier and code only in the statuses that need them.",
        Transaction,
        {"active_therapist": None, "active_room": None, "active_code": None},
        "visit {pk}: it is in_service, but active_therapist is empty, "
        "active_room is empty, active_code is empty",
        Status.IN_SERVICE,
    ),
    "another's cashier held": Fault(
        "A visit holds its therapist, room, cashier and code only in the statuses that need them.",
        Transaction,
        {"active_cashier": NOBODY},
        "visit {pk}: it is awaiting_payment, but active_cashier is 999",
        Status.AWAITING_PAYMENT,
    ),
    "a room that looks free with a customer in it": Fault(
        "An occupied room has exactly one customer; any other room has none.",
        Room,
        {"status": "available"},
        "room {room}: number 1 is available; customers in it: 1",
        Status.IN_SERVICE,
    ),
    "a room nobody is in any more": Fault(
        "An occupied room has exactly one customer; any other room has none.",
        Transaction,
        {"active_room": None},
        "room {room}: number 1 is occupied; customers in it: 0",
        Status.IN_SERVICE,
    ),
    "a step taken back twice": Fault(
        "An undo reverses the event just before it.",
        TransactionEvent,
        {"is_undo": True},
        "event {first_event}: version 1 of transaction {pk}, undone by nobody, "
        "does not reverse the event before it",
        Status.PENDING_THERAPIST,
    ),
    "a waiting customer with a therapist": Fault(
        "A visit has no time or person of a later status.",
        Transaction,
        {"room_number": "1", "therapist_confirmed_at": F("selection_confirmed_at")},
        "visit {pk}: it is pending_therapist and has therapist_confirmed_at, room_number",
        Status.PENDING_THERAPIST,
    ),
    "a customer who jumped the line": Fault(
        "A place in line dates from when the customer joined the line.",
        Transaction,
        {"queued_at": None},
        "visit {pk}: it joined the line at {joined}, but its place dates from None",
        Status.PENDING_THERAPIST,
    ),
    "a call that nobody made": Fault(
        "The number of calls matches the log.",
        Transaction,
        {"calls": 2},
        "visit {pk}: it counts 2 calls, but the log has 1",
        Status.THERAPIST_CONFIRMED,
    ),
    "a hold without an end": Fault(
        "A visit holds its therapist, room, cashier and code only in the statuses that need them.",
        Transaction,
        {"held_until": None},
        "visit {pk}: it is on_hold, but held_until is empty",
        Status.ON_HOLD,
    ),
    "a room that is used and will be ready": Fault(
        "Only an occupied room is due to close, only a room being prepared to become ready.",
        Room,
        {"ready_at": timezone.now()},
        "room {room}: number 1 is due to become ready, but it is occupied",
        Status.IN_SERVICE,
    ),
    "a customer of a therapist on a break": Fault(
        "Whoever has a customer is on duty.",
        Presence,
        {"kind": "on_break"},
        "visit {pk}: therapist {therapist} treats it, but is not on duty",
        Status.IN_SERVICE,
    ),
    "a customer of a therapist who has left": Fault(
        "Whoever has a customer is on duty.",
        Presence,
        {"active_therapist": None, "ended_at": timezone.now()},
        "visit {pk}: therapist {therapist} treats it, but is not on duty",
        Status.THERAPIST_CONFIRMED,
    ),
    "a code without its zeros": Fault(
        "A code is derived from the running number.",
        Transaction,
        {"code": F("running_number")},
        "visit {pk}: its code is {number}, but its running number is {number}",
    ),
    "a code that is not of the number": Fault(
        "A code is derived from the running number.",
        Transaction,
        {"code": "4711"},
        "visit {pk}: its code is 4711, but its running number is {number}",
    ),
    "a request that cannot be compared": Fault(
        "An idempotency key belongs to one payment and has a digest.",
        Payment,
        {"request_id": "tap-00001", "request_digest": ""},
        "payment {payment}: key tap-00001 has no digest",
    ),
    "change from a card": Fault(
        "A card or e-wallet payment has an approval for its exact amount, and no change.",
        Payment,
        {"method": "card"},
        "payment {payment}: by card, due 500.00, change 9499.00, not approved",
    ),
    "a terminal forgotten": Fault(
        "A visit has one open terminal request while it is being paid, and none otherwise.",
        PaymentAttempt,
        {"ended_at": timezone.now()},
        "visit {pk}: it is paying; open terminal requests: 0",
        Status.PAYING,
    ),
    "half an answer of a terminal": Fault(
        "A terminal request is for the visit's total, and is answered once.",
        PaymentAttempt,
        {"approved": False},
        "payment attempt {attempt}: for transaction {pk} it is neither open nor answered",
        Status.PAYING,
    ),
    "a terminal asked for another amount": Fault(
        "A terminal request is for the visit's total, and is answered once.",
        PaymentAttempt,
        {"amount_due": "5000.00"},
        "payment attempt {attempt}: it requests 5000.00, but the total is 500.00",
        Status.PAYING,
    ),
    "a receipt missing": Fault(
        "A branch's receipts are numbered from 1 without a gap.",
        Payment,
        {"receipt_number": 3},
        "payment {payment}: its receipt number is 3, the one before it is missing",
    ),
    "a counter of receipts turned on": Fault(
        "The receipt counter equals the last receipt number.",
        ReceiptCounter,
        {"last": 7},
        "receipt counter {branch}: it is at 7, but the last receipt is 1",
    ),
    "a receipt of another spa": Fault(
        "A payment belongs to the same branch as its visit.",
        Payment,
        {"branch": NOBODY},
        "payment {payment}: it belongs to branch 999, its visit to {branch}",
    ),
    "an attempt of nobody": Fault(
        "The rows that the payment attempt refers to exist.",
        PaymentAttempt,
        {"transaction": NOBODY},
        "payment attempt {attempt}: it refers to transaction 999, which does not exist",
        Status.PAYING,
    ),
    "an attempt's request that cannot be compared": Fault(
        "An idempotency key belongs to one payment attempt and has a digest.",
        PaymentAttempt,
        {"request_id": "tap-00001", "request_digest": ""},
        "payment attempt {attempt}: key tap-00001 has no digest",
        Status.PAYING,
    ),
    "a room of another branch": Fault(
        "A visit's room belongs to the visit's branch, and has the number shown.",
        Room,
        {"branch": NOBODY},
        "visit {pk}: room 1 is number 1 of branch 999",
        Status.IN_SERVICE,
    ),
    "a room with a new number": Fault(
        "A visit's room belongs to the visit's branch, and has the number shown.",
        Room,
        {"number": "7"},
        "visit {pk}: room 1 is number 7 of branch {branch}",
        Status.IN_SERVICE,
    ),
    "a therapist who moved during a treatment": Fault(
        "The staff of a visit works in the visit's branch.",
        User,
        {"branch": NOBODY},
        "visit {pk}: its therapist belongs to another branch",
        Status.IN_SERVICE,
    ),
    "a therapist who kept a room elsewhere": Fault(
        "A therapist's own room belongs to the therapist's branch.",
        User,
        {"branch": NOBODY},
        "therapist {therapist}: own room {own_room} belongs to another branch",
        Status.IN_SERVICE,
    ),
    "an item of nobody": Fault(
        "The rows that the item refers to exist.",
        TransactionItem,
        {"transaction": NOBODY},
        "item {item}: it refers to transaction 999, which does not exist",
    ),
    "an item of no service": Fault(
        "The rows that the item refers to exist.",
        TransactionItem,
        {"service": NOBODY},
        "item {item}: it refers to service 999, which does not exist",
    ),
    "an event of nobody": Fault(
        "The rows that the event refers to exist.",
        TransactionEvent,
        {"transaction": NOBODY},
        "event {first_event}: it refers to transaction 999, which does not exist",
        Status.PENDING_THERAPIST,
    ),
    "a payment of nobody": Fault(
        "The rows that the payment refers to exist.",
        Payment,
        {"transaction": NOBODY},
        "payment {payment}: it refers to transaction 999, which does not exist",
    ),
    "a payment nobody took": Fault(
        "The rows that the payment refers to exist.",
        Payment,
        {"cashier": NOBODY},
        "payment {payment}: it refers to cashier 999, which does not exist",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_row_named(unguarded, name):
    fault = FAULTS[name]
    transaction = unguarded[fault.of]
    words = words_of(transaction)
    change(fault.model, transaction, fault.changes)
    assert fault.finding.format(**words) in found()[fault.rule]


def change(model: type[Model], transaction: Transaction, changes: dict[str, Any]) -> None:
    """Update the first row that belongs to a transaction, around the operations."""
    key = {
        Transaction: "pk",
        Room: "current_transaction",
        User: "therapist__current_transaction",
        Presence: "active_therapist__current_transaction",
        ReceiptCounter: "branch__transaction",
    }.get(model, "transaction")
    row = model._default_manager.filter(**{key: transaction.pk}).order_by("pk").first()
    assert row is not None
    assert model._default_manager.filter(pk=row.pk).update(**changes) == 1


def words_of(transaction: Transaction) -> dict[str, Any]:
    """Return the words that a finding may contain about a transaction."""
    events = TransactionEvent.objects.filter(transaction=transaction).order_by("pk")
    payment = Payment.objects.filter(transaction=transaction).first()
    return {
        "pk": transaction.pk,
        "number": transaction.running_number,
        "code": transaction.code,
        "branch": transaction.branch_id,
        "day": transaction.business_date,
        "joined": transaction.selection_confirmed_at,
        "therapist": transaction.therapist_id,
        "cashier": transaction.cashier_id,
        "room": transaction.active_room_id,
        "own_room": transaction.therapist and transaction.therapist.room_number,
        "item": transaction.item_list[0].pk if transaction.items.exists() else None,
        "first_event": events.values_list("pk", flat=True).first(),
        "payment": payment and payment.pk,
        "attempt": transaction.attempts.values_list("pk", flat=True).first(),
    }


SHARED = {
    "a running number used twice": (
        "No two visits of a day share a running number, and no two open visits share a code.",
        ("running_number",),
        "visit {two}: its running number {number} is also that of transaction {one}",
    ),
    "a code two open customers have": (
        "No two visits of a day share a running number, and no two open visits share a code.",
        ("code",),
        "visit {two}: its code {code} is also that of transaction {one}",
    ),
    "a therapist with two customers": (
        "No therapist or cashier has two customers at once.",
        ("therapist", "active_therapist"),
        "visit {two}: therapist {therapist} also has transaction {one}",
    ),
    "a request that made two": (
        "An idempotency key belongs to one visit and has a digest.",
        ("request_id",),
        "visit {two}: key tap-00001 also belongs to {one}",
    ),
}


PRESENCE_RULES = {
    "No two periods of a therapist's presence overlap.",
    "A break that waits for a customer belongs to a therapist who has one.",
}


@pytest.mark.parametrize("name", SHARED)
def test_what_two_customers_share_is_found_and_both_are_named(unguarded, name):
    rule, columns, finding = SHARED[name]
    one, two = unguarded[Status.IN_SERVICE], unguarded[Status.THERAPIST_CONFIRMED]
    Transaction.objects.filter(pk=one.pk).update(request_id="tap-00001")
    first = Transaction.objects.values(*columns).get(pk=one.pk)
    Transaction.objects.filter(pk=two.pk).update(**first)
    words = words_of(one) | {"one": one.pk, "two": two.pk}
    assert finding.format(**words) in found()[rule]


def test_a_break_that_waits_for_nobody_is_found(unguarded, maya):
    visit = unguarded[Status.IN_SERVICE]
    row = Presence.objects.get(active_therapist=maya)
    Presence.objects.filter(pk=row.pk).update(kind="break_next")
    Transaction.objects.filter(pk=visit.pk).update(active_therapist=None)
    assert found()["A break that waits for a customer belongs to a therapist who has one."] == [
        f"presence {row.pk}: therapist {maya.pk} has no customer"
    ]


def test_overlapping_periods_of_a_therapist_are_found(unguarded, maya):
    row = Presence.objects.values().get(active_therapist=maya)
    Presence.objects.bulk_create([Presence(**(row | {"id": row["id"] + 100}))])
    assert found() == {
        "No two periods of a therapist's presence overlap.": [
            f"presence {row['id'] + 100}: therapist {maya.pk} was on_duty"
            " before an earlier period ended"
        ]
    }


@pytest.fixture
def turn(branch, noor, make_transaction) -> TurnEntry:
    """Return the ledger's row of a call in a strict rotation."""
    branch.turn_mode = TurnMode.STRICT
    branch.save()
    make_transaction(Status.THERAPIST_CONFIRMED, therapist=noor)
    assert found() == {}
    return TurnEntry.objects.get()


TURN_FAULTS: dict[str, tuple[str, type[Model], dict[str, Any], str]] = {
    "a visit that counts too little": (
        "A visit in a rotation counts as its weightiest treatment, half if asked for.",
        Transaction,
        {"turn_quarters": 1},
        "visit {visit}: it counts 1 quarters of a turn, not 4",
    ),
    "a turn of other weight than its visit": (
        "Every visit in a rotation has its turn in the ledger.",
        TurnEntry,
        {"quarters": 3},
        "visit {visit}: it counts 4 quarters of a turn, the ledger has 3",
    ),
    "a turn of nobody's visit": (
        "A turn that no visit made has a reason.",
        TurnEntry,
        {"transaction": None},
        "turn {turn}: it is called of nobody's visit, by {by}: why?",
    ),
    "a turn of another therapist": (
        "A turn counts for the therapist who has the visit, and nobody else.",
        TurnEntry,
        {"therapist": NOBODY},
        "turn {turn}: therapist 999 has 4 quarters of a turn of visit {visit}, which is not theirs",
    ),
    "a turn of another day": (
        "A visit's turns belong to its branch and business day.",
        TurnEntry,
        {"business_date": "2001-01-01"},
        "turn {turn}: visit {visit} is of another branch or day",
    ),
}


@pytest.mark.parametrize("name", TURN_FAULTS)
def test_a_fault_of_the_turn_ledger_is_found_and_its_row_named(turn, name):
    rule, model, changes, finding = TURN_FAULTS[name]
    words = {"visit": turn.transaction_id, "turn": turn.pk, "by": turn.by_id}
    model._default_manager.update(**changes)
    assert finding.format(**words) in found()[rule]


def test_a_visit_without_its_turn_is_found(turn):
    TurnEntry.objects.all().delete()
    assert found() == {
        "Every visit in a rotation has its turn in the ledger.": [
            f"visit {turn.transaction_id}: it counts 4 quarters of a turn, the ledger has None"
        ]
    }


def test_an_approval_of_what_was_paid_in_cash_is_found(unguarded):
    paid = unguarded[Status.PAID]
    asked = PaymentAttempt.objects.filter(transaction=unguarded[Status.PAYING])
    asked.update(transaction=paid, active_transaction=None, approved=True)
    assert (
        f"payment {paid.payment.pk}: by cash, due 500.00, change 9499.00, approved"
        in found()[
            "A card or e-wallet payment has an approval for its exact amount, and no change."
        ]
    )


def test_a_discount_removed_from_another_visit_is_found(floor):
    paid = floor[Status.PAID].pk
    removal = AppliedDiscount.objects.exclude(removal_of=None)
    removal.update(transaction=paid)
    row = removal.get()
    assert found()["A discount is removed once, on the same visit."] == [
        f"given discount {row.pk}: it removes {row.removal_of_id} from transaction {paid}"
    ]


def test_an_exempt_payment_with_tax_is_found(branch, noor, cora, make_transaction):
    branch.tax_rate, branch.tax_label = Decimal(12), "VAT"
    branch.save()
    cashier = Cashier.objects.get(pk=cora.pk)
    visit = make_transaction(Status.AWAITING_PAYMENT, therapist=noor, cashier=cashier)
    Discount.objects.create(code="exempt", name="Exempt", kind="percent", value=20, tax_exempt=True)
    apply_discount(cashier.user, transaction_id=visit.pk, discount="exempt")
    pay(cashier, transaction_id=visit.pk, amount_paid=Decimal("357.14"))
    assert found() == {}
    Payment.objects.update(tax_amount="53.57")
    assert found() == {
        "A visit's discount is what its given discounts take off, line by line.": [
            f"visit {visit.pk}: its payment's tax is 53.57, its bill's 0.00"
        ]
    }


def test_a_receipt_number_used_twice_is_found(unguarded):
    payment = Payment.objects.get()
    one, two = payment.pk, payment.pk + 1
    payment.pk = two
    payment.save()
    assert found()["A branch's receipts are numbered from 1 without a gap."] == [
        f"payment {one}: its receipt number is 1, payment {two} has the same number",
        f"payment {two}: its receipt number is 1, payment {one} has the same number",
    ]


def test_a_cashier_with_two_customers_is_found(unguarded, carl):
    one, two = unguarded[Status.AWAITING_PAYMENT], unguarded[Status.PAYING]
    Transaction.objects.filter(pk=two.pk).update(cashier=carl, active_cashier=carl)
    assert found() == {
        "No therapist or cashier has two customers at once.": [
            f"visit {mine}: cashier {carl.pk} also has transaction {other}"
            for mine, other in ((two.pk, one.pk), (one.pk, two.pk))
        ]
    }


def test_two_customers_in_one_room_are_found(unguarded, maya):
    room = Room.objects.get(number=maya.room_number)
    Transaction.objects.filter(pk=unguarded[Status.THERAPIST_CONFIRMED].pk).update(
        active_room=room, room_number=room.number
    )
    [findings] = found().values()
    assert f"room {room.pk}: number 1 is occupied; customers in it: 2" in findings


def test_a_payment_taken_twice_is_found(unguarded, carl):
    paid = unguarded[Status.PAID].payment
    again = Payment.objects.values().get(pk=paid.pk) | {"id": paid.pk + 1, "request_id": None}
    Payment.objects.bulk_create([Payment(**again)])
    assert found()["A payment belongs to a paid visit, which has no other."] == [
        f"payment {mine}: transaction {paid.transaction_id} is paid and also has payment {other}"
        for mine, other in ((paid.pk, paid.pk + 1), (paid.pk + 1, paid.pk))
    ]


@pytest.fixture
def split(noor, cora, make_transaction) -> Payment:
    """Return a payment half by card, half in cash, with a tip."""
    due = make_transaction(Status.AWAITING_PAYMENT, therapist=noor, cashier=cora)
    halves = [Given("card", Decimal(300)), Given("cash", Decimal(300))]
    pay(cora, transaction_id=due.pk, tenders=halves, tip_amount=Decimal(50))
    return payment_result(cora.user, transaction_id=due.pk, approved=True).payment


def test_a_split_payment_is_sound(split):
    assert split.change_amount == 50
    assert found() == {}


def test_a_part_that_no_terminal_approved_is_found(split):
    card, cash = Tender.objects.order_by("pk")
    Tender.objects.filter(pk=card.pk).update(amount=Decimal(200))
    assert found() == {
        "A terminal's part of a split payment has an approval for its amount.": [
            f"part of a payment {card.pk}: 200.00 by card was not approved"
        ],
        "The tenders of a split payment add up to it; any other payment has none.": [
            f"payment {split.pk}: paid 600.00, change 50.00; its parts are 500.00, change 50.00"
        ],
    }
    assert cash.change_amount == 50


def test_a_tip_shared_out_short_is_found(split):
    TipShare.objects.update(amount=Decimal("49.99"))
    assert found()["The shares of a tip add up to it."] == [
        f"payment {split.pk}: its tip is 50.00, its shares add up to 49.99"
    ]


def test_parts_and_tips_of_no_payment_are_found(unguarded, maya):
    paid = unguarded[Status.PAID].payment
    Tender.objects.bulk_create(
        [Tender(pk=1, payment_id=NOBODY, method_id="cash", amount=1, change_amount=0)]
    )
    TipShare.objects.bulk_create([TipShare(pk=1, payment_id=NOBODY, therapist=maya, amount=1)])
    assert {
        "The rows that the part of a payment refers to exist.": [
            f"part of a payment 1: it refers to payment {NOBODY}, which does not exist"
        ],
        "The rows that the tip refers to exist.": [
            f"tip 1: it refers to payment {NOBODY}, which does not exist"
        ],
    } == found()
    assert paid.pk


TILL_RULES = {
    "A terminal's part of a split payment has an approval for its amount.",
    "The rows that the part of a payment refers to exist.",
    "The rows that the tip refers to exist.",
    "A discount is removed once, on the same visit.",
    "The rows that the given discount refers to exist.",
}


def test_a_given_discount_of_nobody_is_found(unguarded):
    row = AppliedDiscount.objects.latest("pk")
    AppliedDiscount.objects.filter(pk=row.pk).update(transaction=NOBODY)
    assert found()["The rows that the given discount refers to exist."] == [
        f"given discount {row.pk}: it refers to transaction {NOBODY}, which does not exist"
    ]


REFUND_KEYS = {
    "An idempotency key belongs to one refund and has a digest.",
    "The rows that the refund refers to exist.",
    "The rows that the line of a refund refers to exist.",
    "The rows that the part of a refund refers to exist.",
    "The rows that the refunded tip refers to exist.",
}


def test_every_rule_has_a_fault_that_breaks_it():
    broken = {fault.rule for fault in FAULTS.values()} | {rule for rule, *_rest in SHARED.values()}
    broken |= {rule for rule, *_rest in TURN_FAULTS.values()}
    broken |= PRESENCE_RULES | TILL_RULES  # in tests of their own, above
    broken |= {rule.sentence for rule in drawers.rules.rules}  # in test_drawer_integrity.py
    broken |= {
        rule.sentence for rule in refunds.rules.rules
    } | REFUND_KEYS  # in test_refund_integrity
    assert broken == {rule.sentence for rule in all_rules.rules}


def test_change_in_cents_is_no_fault(maya, carl, massage, make_transaction):
    offers = [make_offer(massage, name, "0.10", 1) for name in ("a towel", "a tea", "a song")]
    choices = [Choice(offer.pk) for offer in offers]
    due = make_transaction(Status.AWAITING_PAYMENT, choices=choices)
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("0.50"))
    assert found() == {}


@pytest.mark.parametrize("price", ["0.00", "0.10", "0.50", "99.99", "1120.00"])
def test_a_tax_rounded_to_the_cent_is_no_fault(branch, carl, massage, make_transaction, price):
    branch.tax_rate, branch.tax_label = Decimal("7.25"), "Tax"
    branch.save()
    choices = [Choice(make_offer(massage, "Tea", price, 5).pk)]
    due = make_transaction(Status.AWAITING_PAYMENT, choices=choices)
    pay(Cashier.objects.get(pk=carl.pk), transaction_id=due.pk, amount_paid=due.total_amount)
    assert Payment.objects.get().tax_rate == Decimal("7.25")
    assert found() == {}


def run() -> str:
    output = StringIO()
    call_command("verify_ledger", stdout=output)
    return output.getvalue()


def test_the_command_says_what_it_looked_at(floor):
    lines = run().splitlines()
    assert "A paid visit has a payment. ok, 11 visits" in lines
    assert lines[-1].startswith(f"The data is consistent: {len(all_rules.rules)} rules, ")


def test_the_command_fails_and_names_the_rows(floor, capsys):
    Transaction.objects.filter(pk=floor[Status.FINISHED].pk).update(total_amount=1)
    output = StringIO()
    with pytest.raises(CommandError, match=r"Problems found: 1$"):
        call_command("verify_ledger", stdout=output)
    lines = output.getvalue().splitlines()
    at = lines.index("A visit's total is the sum of its items. 1 WRONG of 11 visits")
    assert lines[at + 1].startswith(f"    visit {floor[Status.FINISHED].pk}: its total is")
    assert capsys.readouterr().err == ""  # no progress bar without a terminal


def test_many_findings_are_counted_and_the_first_shown(floor, monkeypatch):
    monkeypatch.setattr(integrity, "SHOWN", 3)
    monkeypatch.setattr(integrity, "CHUNK", 2)  # the count goes on over many reads
    Transaction.objects.update(total_duration_minutes=1)
    output = StringIO()
    with pytest.raises(CommandError, match=r"Problems found: 11$"):
        call_command("verify_ledger", stdout=output)
    assert output.getvalue().count("    visit ") == 3
    assert "    and 8 more\n" in output.getvalue()


def test_what_was_only_passing_is_not_a_finding(floor, monkeypatch):
    """Rows are read again, so a change in progress is no finding."""
    seen = []

    def passing(rows: Rows) -> Broken:
        seen.append(rows)
        return [] if len(seen) == 2 else [(1, "in the middle of something")]

    outcome = Outcome(Rule("Nothing happens.", Transaction, passing))
    outcome.look_at(Transaction.objects.all(), 1)
    assert (len(seen), outcome.broken) == (2, 0)


def test_the_number_of_statements_does_not_grow_with_the_rows(
    floor, branch, hour, captured_statements
):
    def statements() -> int:
        with captured_statements() as sent:
            found()
        return len(sent)

    before = statements()
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert statements() == before
