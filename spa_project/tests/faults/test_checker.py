"""Tests that the checker of fault runs finds each kind of violation, and nothing else."""

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from accounts.models import Cashier
from payments import drawers
from payments.counter import claim_next as bring_to_counter
from payments.payment import pay
from payments.refunds import Wanted, refund
from queueing import leaving, services
from queueing.models import Transaction, TransactionEvent
from queueing.serializers import serialize_transaction
from queueing.services import Choice
from queueing.states import Status
from tools.faults.checker import Checker, log_findings, phantoms
from tools.faults.history import FAIL, INFO, OK, History, Operation, phase_of

CONFIRM, PAY = "customer_confirm_selection", "cashier_pay"


@pytest.fixture
def history(tmp_path) -> Iterator[History]:
    history = History(tmp_path / "history.jsonl")
    yield history
    history.close()


@pytest.fixture
def order(branch, hour, history):
    """Confirm an order and record it as acknowledged."""

    def order() -> Transaction:
        request = str(uuid.uuid4())
        made = services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id=request)
        data = {"items": [{"service_classification_id": hour.pk}], "request_id": request}
        tell(history, "", CONFIRM, data, OK, made, key=made.key)
        return made

    return order


@pytest.fixture
def called(order, maya, history) -> Transaction:
    """Claim the customer as Maya and record it as acknowledged."""
    order()
    claimed = services.confirm_next(maya)
    tell(history, "maya", "therapist_confirm_next", {}, OK, claimed)
    return claimed


def tell(
    history: History,
    client: str,
    command: str,
    data: dict[str, Any],
    phase: str,
    transaction: Transaction | None = None,
    began: float | None = None,
    **reply: Any,
) -> None:
    """Record an operation and its end."""
    if transaction is not None:
        transaction = Transaction.objects.with_people().get(pk=transaction.pk)
        reply["transaction"] = serialize_transaction(transaction)
    now = time.time()
    history.end(Operation(client, command, data, began or now, now, phase, reply))


def findings(history: History) -> str:
    return "\n".join(Checker(history).findings())


def test_what_was_acknowledged_and_is_there_is_no_finding(called, maya, carl, history):
    this = {"transaction_id": called.pk}
    for command, operation in (
        ("therapist_start_service", services.start_service),
        ("therapist_finish_service", services.finish_service),
    ):
        tell(history, "maya", command, this, OK, operation(maya, **this))
    tell(history, "carl", "cashier_claim_next", {}, OK, bring_to_counter(carl))
    request = str(uuid.uuid4())
    paid = pay(carl, **this, amount_paid=Decimal(500), request_id=request)
    tender = this | {"amount_paid": "500", "request_id": request}
    tell(history, "carl", PAY, tender, OK, paid)
    assert findings(history) == ""


def test_an_acknowledged_order_that_is_not_there_is_found(order, called, history):
    gone = order()
    TransactionEvent.objects.filter(transaction=gone).delete()
    gone.items.all().delete()
    Transaction.objects.filter(pk=gone.pk).delete()
    assert f"order {gone.request_id} was answered" in findings(history)


def test_an_order_nobody_sent_is_found(branch, hour, history):
    services.confirm_selection(branch, choices=[Choice(hour.pk)], request_id="from-nowhere")
    assert "request from-nowhere, which nobody sent" in findings(history)


def test_a_payment_that_is_not_there_is_found(called, history):
    tender = {"transaction_id": called.pk, "amount_paid": "500", "request_id": "12345678"}
    tell(history, "carl", PAY, tender, OK, called)
    assert "payment 12345678 was acknowledged and is not there" in findings(history)


@pytest.mark.parametrize(
    ("told", "amount", "finding"),
    [
        (1, "1.00", ""),
        (2, "1.00", "refund refund-01 was acknowledged as {2}"),
        (1, "2.00", "is of 1.00"),
    ],
)
def test_a_refund_is_there_once_as_it_was_acknowledged(
    carl, make_transaction, history, told, amount, finding
):
    make_transaction(Status.PAID)
    wanted = Wanted(receipt_number=1, amount=Decimal(1), reason="cold")
    refund(carl, wanted, request_id="refund-01")
    data = {"amount": amount, "request_id": "refund-01"}
    tell(history, "carl", "cashier_refund", data, OK, refund={"number": told})
    found = [line for line in findings(history).splitlines() if "refund-01" in line]
    assert finding in "".join(found)
    assert bool(found) == bool(finding)


def test_a_refund_or_movement_that_is_not_there_is_found(db, history):
    data = {"amount": "5.00", "request_id": "12345678"}
    tell(history, "carl", "cashier_refund", data, OK, refund={"number": 1})
    tell(history, "carl", "cashier_move_cash", data, OK)
    assert "refund 12345678 was acknowledged as {1}" in findings(history)
    assert "cash movement 12345678 was acknowledged and is not there" in findings(history)


def test_a_movement_nobody_sent_or_of_another_amount_is_found(branch, carl, history):
    branch.drawers = True
    branch.save()
    drawers.open_drawer(carl, counts={"1000.00": 2})
    for request in ("moved-01", "moved-02"):
        moved: dict[str, Any] = {"kind": "in", "amount": Decimal(5), "reason": "coins"}
        drawers.move_cash(carl, **moved, request_id=request)
    data = {"amount": "6.00", "request_id": "moved-01"}
    tell(history, "carl", "cashier_move_cash", data, OK)
    assert "cash movement of request moved-02, which nobody sent" in findings(history)
    assert "cash movement moved-01" in findings(history)


@pytest.fixture
def counter(branch, carl) -> Cashier:
    branch.drawers = True
    branch.save()
    carl.user.branch = branch
    return carl


def tell_of_drawer(history: History, client: str, command: str, phase: str, **drawer: Any) -> None:
    told = {"counter_number": "1", "number": 1, **drawer}
    tell(history, client, f"cashier_{command}_drawer", {}, phase, drawer=told)


def test_a_drawer_opened_and_closed_as_acknowledged_is_no_finding(counter, history):
    name, where = counter.user.username, {"counter_number": counter.counter_number}
    drawers.open_drawer(counter, counts={"1000.00": 2})
    drawers.count_drawer(counter, counts={"1000.00": 2})
    drawers.close_drawer(counter, counts={"1000.00": 2})
    tell_of_drawer(history, name, "open", OK, **where)
    close = {"z_number": 1, "count": {"counted_amount": "2000.00"}}
    tell_of_drawer(history, name, "close", OK, **where, **close)
    assert findings(history) == ""
    tell_of_drawer(history, name, "close", OK, **where, **close | {"z_number": 2})
    found = findings(history)
    assert "was acknowledged twice" in found
    assert "the report is Z 1" in found


def test_a_drawer_that_was_not_opened_or_by_another_is_found(counter, history):
    tell_of_drawer(history, "carl", "open", OK)
    assert "cashier_open_drawer of drawer ('1', 1) was acknowledged and is not" in findings(history)


def test_a_drawer_nobody_was_told_of_needs_an_unclear_answer(counter, history):
    drawers.open_drawer(counter, counts={"1000.00": 2})
    assert "done 1 times unheard, unclear 0" in findings(history)
    tell(history, counter.user.username, "cashier_open_drawer", {}, INFO)
    assert findings(history) == ""


@pytest.mark.parametrize(
    ("phases", "done", "is_wrong"),
    [
        ([OK], False, True),
        ([OK], True, False),
        ([FAIL], True, True),
        ([FAIL], False, False),
        ([INFO], True, False),
        ([INFO], False, False),
        ([OK, OK], True, True),
    ],
)
def test_a_step_is_in_the_database_as_often_as_acknowledged(
    called, maya, history, phases, done, is_wrong
):
    this = {"transaction_id": called.pk}
    if done:
        services.start_service(maya, **this)
    for phase in phases:
        tell(history, "maya", "therapist_start_service", this, phase, called)
    assert ("therapist_start_service by maya" in findings(history)) == is_wrong


def test_a_customer_given_to_two_is_found(called, history):
    tell(history, "noor", "therapist_confirm_next", {}, OK, called)
    assert "was given to maya and to noor" in findings(history)


def test_a_claim_that_nobody_can_have_made_is_found(order, maya, history):
    order()
    services.confirm_next(maya)
    assert "maya claimed 1 times unheard" in findings(history)
    tell(history, "maya", "therapist_confirm_next", {}, INFO)
    assert findings(history) == ""


@pytest.fixture
def overtaking(order, maya, history) -> str:
    """Let Maya claim the younger of two customers, and return the expected finding.

    It is as if the queue were served last in, first out.
    """
    first, second = order(), order()
    _let_time_pass(seconds=60)
    Transaction.objects.filter(pk=first.pk).update(queued_at="2100-01-01T00:00Z")
    claimed = services.confirm_next(maya)
    assert claimed.pk == second.pk
    tell(history, "maya", "therapist_confirm_next", {}, OK, claimed)
    return f"took {second.pk} before [{first.pk}]"


def test_whoever_is_overtaken_in_the_line_is_found(overtaking, history):
    assert overtaking in findings(history)


@pytest.mark.parametrize("at_once", [True, False])
def test_whom_another_is_just_being_given_is_not_overtaken(overtaking, noor, history, at_once):
    asked_at = time.time() - 10 if at_once else time.time()
    claimed = services.confirm_next(noor)
    tell(history, "noor", "therapist_confirm_next", {}, OK, claimed, began=asked_at)
    assert (overtaking in findings(history)) != at_once


def test_a_customer_who_leaves_overtakes_nobody(order, maya, history):
    order()
    younger = order()
    _let_time_pass(seconds=60)
    leaving.customer_cancel(younger.key)
    assert findings(history) == ""


def _let_time_pass(*, seconds: float) -> None:
    """Move everything so far into the past."""
    ago = timedelta(seconds=seconds)
    TransactionEvent.objects.update(at=F("at") - ago)
    Transaction.objects.update(selection_confirmed_at=F("selection_confirmed_at") - ago)


def test_a_fault_of_ours_is_found(db, history):
    tell(history, "maya", "therapist_confirm_next", {}, INFO, code="server_error", ok=False)
    assert "was told server_error" in findings(history)


def test_a_state_that_never_was_is_found(called):
    was = (called.pk, 2, "therapist_confirmed")
    assert list(phantoms([was])) == []
    assert len(list(phantoms([was, (called.pk, 3, "in_service"), (10**6, 1, "paid")]))) == 2


TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in x\n{}: no\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TRACEBACK.format("KeyError"), 1),
        (TRACEBACK.format("django.db.utils.OperationalError"), 0),
        (
            TRACEBACK.format("AttributeError")
            + "\nDuring handling of the above exception, another exception occurred:\n\n"
            + TRACEBACK.format("django.db.utils.OperationalError"),
            0,
        ),
        ("token=a-secret-token\n", 1),
        ("all is well\n", 0),
    ],
)
def test_logs_hold_no_unannounced_fault_and_no_secret(tmp_path, text, found):
    log = tmp_path / "log"
    log.write_text(text)
    assert len(list(log_findings(log, ["a-secret-token"]))) == found


def test_busy_may_have_been_done_a_refusal_not():
    assert phase_of({"ok": False, "code": "busy"}, keyed=True, copies=1) == INFO
    assert phase_of({"ok": False, "code": "wrong_state"}, keyed=False, copies=1) == FAIL
    assert phase_of({"ok": False, "code": "wrong_state"}, keyed=False, copies=2) == INFO
    assert phase_of({"ok": True}, keyed=True, copies=3) == OK
