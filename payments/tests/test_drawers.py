"""Tests of cash drawers: open, sell, move cash, count and close."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Cashier
from accounts.screen_lock import set_pin
from conftest import make_cashier
from payments import approvals, drawers, payment, terminal
from payments.drawer_figures import figures_of
from payments.errors import ApprovalNeeded, CloseYesterdayFirst, DrawerClosed, DrawerIsOpen
from payments.models import CashMovement, DrawerClose, DrawerCount, DrawerSession, Payment
from queueing.errors import WrongState
from queueing.states import Status
from spa_project.lib.errors import Conflict, Invalid

FLOAT = {"1000.00": 2}
PIN = "4711"


@pytest.fixture
def with_drawers(branch, carl):
    branch.drawers = True
    branch.save()
    return branch


@pytest.fixture
def drawer(with_drawers, carl) -> DrawerSession:
    return drawers.open_drawer(carl, counts=FLOAT)


@pytest.fixture
def sell(make_transaction, carl):
    def sell(amount: str = "500.00", **more):
        due = make_transaction(Status.AWAITING_PAYMENT, cashier=more.get("cashier", carl))
        till = due.cashier
        return payment.pay(
            till,
            transaction_id=due.pk,
            amount_paid=Decimal(amount),
            method=more.get("method", "cash"),
        )

    return sell


def close(carl: Cashier, counts: dict[str, int], **more) -> DrawerClose:
    drawers.count_drawer(carl, counts=counts)
    return drawers.close_drawer(carl, counts=counts, **more)


def test_without_the_setting_payments_need_no_drawer(sell):
    assert sell().payment.drawer is None


def test_without_the_setting_no_drawer_is_opened(carl):
    with pytest.raises(WrongState):
        drawers.open_drawer(carl, counts=FLOAT)


def test_a_payment_without_an_open_drawer_is_refused(with_drawers, carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    for method in ("cash", "card"):
        with pytest.raises(DrawerClosed):
            payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500), method=method)
    due.refresh_from_db()
    assert due.status == Status.AWAITING_PAYMENT
    assert not Payment.objects.exists()


def test_a_cashier_does_not_sell_after_the_drawer_was_closed(drawer, carl, make_transaction):
    """As in frappe/erpnext issue 46570."""
    close(carl, FLOAT)
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(DrawerClosed):
        payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))


def test_every_payment_belongs_to_its_drawer_session(drawer, sell):
    """As in frappe/erpnext issue 43855."""
    assert sell().payment.drawer == drawer


def test_a_payment_belongs_to_one_session_only(drawer, carl, cora, sell):
    """As in frappe/erpnext issue 25656."""
    theirs = drawers.open_drawer(cora, counts=FLOAT)
    sell()
    sell(cashier=cora)
    sell()
    assert [figures_of(each).cash_taken for each in (drawer, theirs)] == [1000, 500]


def test_a_second_session_of_a_day_does_not_sum_the_whole_day(drawer, carl, sell):
    """As in opensourcepos issue 3253."""
    sell()
    close(carl, {"1000.00": 2, "500.00": 1})
    second = drawers.open_drawer(carl, counts={"1000.00": 2, "500.00": 1})
    sell()
    assert figures_of(second).cash_taken == Decimal("500.00")
    assert figures_of(second).expected == Decimal("3000.00")


def test_a_failed_close_leaves_the_drawer_open(drawer, carl, sell):
    """As in frappe/erpnext issue 57157."""
    counts = {"1000.00": 1}
    drawers.count_drawer(carl, counts=counts)
    with pytest.raises(Invalid):
        drawers.close_drawer(carl, counts=counts)
    with pytest.raises(ApprovalNeeded):
        drawers.close_drawer(carl, counts=counts, note="lost")
    assert not DrawerClose.objects.exists()
    assert sell().status == Status.PAID
    assert close(carl, {"1000.00": 2, "500.00": 1}).z_number == 1


def test_expected_cash_is_float_sales_and_movements(drawer, carl, sell):
    sell("1000.00")  # change of 500.00
    for kind, amount in (("in", "50"), ("out", "20.50"), ("safe_drop", "300"), ("tip_payout", "7")):
        drawers.move_cash(carl, kind=kind, amount=Decimal(amount), reason="why")
    count = drawers.count_drawer(carl, counts=FLOAT)
    assert count.expected_amount == Decimal("2222.50")
    assert count.variance == Decimal("-222.50")


def test_a_card_payment_is_none_of_the_cash(drawer, carl, sell):
    due = sell(method="card")
    terminal.payment_result(carl.user, transaction_id=due.pk, approved=True)
    figures = figures_of(drawer)
    assert figures.expected == Decimal(2000)
    assert figures.cash_taken == Decimal(0)
    assert [(it.method, it.amount) for it in figures.methods] == [("card", Decimal("500.00"))]


def test_a_drawer_whose_terminal_is_asked_does_not_close(drawer, carl, sell):
    due = sell(method="card")
    with pytest.raises(WrongState, match="terminal"):
        close(carl, FLOAT)
    terminal.payment_result(carl.user, transaction_id=due.pk, approved=True)
    assert close(carl, FLOAT).figures["methods"][0]["amount"] == "500.00"


def test_an_open_drawer_is_not_opened_again_by_a_colleague_at_the_counter(drawer, branch, carl):
    with pytest.raises(DrawerIsOpen):
        drawers.open_drawer(carl, counts=FLOAT)
    with pytest.raises(DrawerIsOpen):
        drawers.open_drawer(make_cashier("Cleo", branch, "1"), counts=FLOAT)


def test_yesterdays_open_drawer_is_closed_first(drawer, carl, make_transaction):
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        due = make_transaction(Status.AWAITING_PAYMENT)
        with pytest.raises(CloseYesterdayFirst):
            drawers.open_drawer(carl, counts=FLOAT)
        with pytest.raises(CloseYesterdayFirst):
            payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))
        close(carl, FLOAT)
        drawers.open_drawer(carl, counts=FLOAT)
        payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))


def test_a_float_that_is_not_the_last_count_needs_a_note(drawer, carl):
    close(carl, FLOAT)
    with pytest.raises(Invalid, match=r"₱2,000\.00"):
        drawers.open_drawer(carl, counts={"1000.00": 1})
    assert drawers.open_drawer(carl, counts={"1000.00": 1}, note="banked").number == 2


def test_a_drawer_is_counted_before_it_is_closed(drawer, carl):
    with pytest.raises(WrongState):
        drawers.close_drawer(carl, counts=FLOAT)
    drawers.count_drawer(carl, counts=FLOAT)
    with pytest.raises(WrongState):
        drawers.close_drawer(carl, counts={"1000.00": 3})


def test_cash_that_moves_after_the_count_is_counted_again(drawer, carl, sell):
    drawers.count_drawer(carl, counts=FLOAT)
    sell()
    with pytest.raises(WrongState, match="again"):
        drawers.close_drawer(carl, counts=FLOAT)


@pytest.mark.parametrize(("limit", "is_asked"), [("500.00", False), ("499.99", True)])
def test_a_difference_needs_a_note_above_the_first_limit(drawer, branch, carl, limit, is_asked):
    branch.variance_note_above = Decimal(limit)
    counts = {"1000.00": 1, "500.00": 1}
    drawers.count_drawer(carl, counts=counts)
    if is_asked:
        with pytest.raises(Invalid):
            drawers.close_drawer(carl, counts=counts)
    assert drawers.close_drawer(carl, counts=counts, note="lost" * is_asked).z_number == 1


def test_a_difference_above_the_second_limit_is_approved_by_a_manager(drawer, carl, maria):
    set_pin(maria, PIN)
    short: dict[str, Any] = {"counts": {"1000.00": 1}, "note": "lost"}
    drawers.count_drawer(carl, counts=short["counts"])
    with pytest.raises(ApprovalNeeded, match=r"₱1,000\.00"):
        drawers.close_drawer(carl, **short)
    approval = approve(carl, short)
    assert drawers.close_drawer(carl, **short, approval=approval).approved_by == maria


def test_an_approval_does_not_cover_a_later_count(drawer, carl, maria, sell):
    set_pin(maria, PIN)
    short: dict[str, Any] = {"counts": {"1000.00": 1}, "note": "lost"}
    drawers.count_drawer(carl, counts=short["counts"])
    approval = approve(carl, short)
    sell()
    drawers.count_drawer(carl, counts=short["counts"])
    with pytest.raises(ApprovalNeeded):
        drawers.close_drawer(carl, **short, approval=approval)


def approve(carl: Cashier, closing) -> str:
    return approvals.approve(
        carl.user, username="maria", pin=PIN, command=drawers.CLOSE, content=closing
    )


def test_z_reports_are_numbered_by_branch(drawer, carl, cora):
    drawers.open_drawer(cora, counts=FLOAT)
    assert [close(each, FLOAT).z_number for each in (carl, cora)] == [1, 2]


def test_a_z_report_never_changes(drawer, branch, carl, sell):
    sell()
    z = close(carl, {"1000.00": 2, "500.00": 1})
    drawers.open_drawer(carl, counts={"1000.00": 2, "500.00": 1})
    sell()
    kept = DrawerClose.objects.get(z_number=1)
    assert kept.figures == z.figures
    assert kept.figures["expected"] == "2500.00"
    with pytest.raises(TypeError):
        kept.delete()


def test_movements_and_counts_are_kept(drawer, carl):
    drawers.move_cash(carl, kind="in", amount=Decimal(5), reason="coins")
    drawers.count_drawer(carl, counts={"1000.00": 1})
    drawers.count_drawer(carl, counts=FLOAT)
    assert DrawerCount.objects.count() == 2
    [moved] = CashMovement.objects.all()
    assert (moved.by, moved.reason) == (carl.user, "coins")


def test_a_movement_sent_twice_moves_the_cash_once(drawer, carl):
    sent: dict[str, Any] = {"kind": "out", "amount": Decimal(5), "reason": "ice"}
    for _ in range(2):
        assert drawers.move_cash(carl, **sent, request_id="moved-01") == drawer
    assert figures_of(drawer).expected == Decimal("1995.00")
    with pytest.raises(Conflict):
        drawers.move_cash(carl, **sent | {"amount": Decimal(6)}, request_id="moved-01")
    assert CashMovement.objects.count() == 1


def test_a_repeated_movement_is_answered_after_the_drawer_was_closed(drawer, carl):
    sent: dict[str, Any] = {"kind": "in", "amount": Decimal(1000), "reason": "coins"}
    drawers.move_cash(carl, **sent, request_id="moved-01")
    close(carl, {"1000.00": 3})
    assert drawers.move_cash(carl, **sent, request_id="moved-01") == drawer
    with pytest.raises(DrawerClosed):
        drawers.move_cash(carl, **sent, request_id="moved-02")


def test_a_key_used_at_another_counter_is_a_conflict(drawer, carl, cora):
    drawers.open_drawer(cora, counts=FLOAT)
    sent: dict[str, Any] = {"kind": "in", "amount": Decimal(5), "reason": "coins"}
    drawers.move_cash(carl, **sent, request_id="moved-01")
    with pytest.raises(Conflict):
        drawers.move_cash(cora, **sent, request_id="moved-01")


def test_no_cash_is_no_movement(drawer, carl):
    with pytest.raises(Invalid):
        drawers.move_cash(carl, kind="in", amount=Decimal(0), reason="none")


def test_a_count_beyond_all_money_is_refused(drawer, carl):
    with pytest.raises(Invalid):
        drawers.count_drawer(carl, counts={"99999999.99": 2})
