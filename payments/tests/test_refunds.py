"""Tests of refunds and voids: no more than is left, from today's drawer, as rows of their own."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Cashier
from accounts.screen_lock import set_pin
from conftest import make_offer
from payments import approvals, drawers, payment, terminal
from payments.discounts import apply_discount
from payments.drawer_figures import figures_of
from payments.errors import (
    AlreadyRefunded,
    ApprovalNeeded,
    DrawerClosed,
    MethodNotOffered,
    NotEnoughLeft,
    ReceiptNotFound,
)
from payments.integrity import all_rules
from payments.models import Discount, Payment, Refund, RefundedTip, RefundLine, RefundTender
from payments.payment import Given
from payments.refunds import REFUND, Wanted, refund
from queueing.errors import ServiceNotFound, WrongState
from queueing.models import Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Conflict, Invalid

PIN = "4711"
DUE = Decimal("500.00")
WHY = "The customer felt unwell."


@pytest.fixture
def sell(make_transaction, carl, massage):
    """Return a function that sells treatments at these prices, and returns the payment."""

    def sell(*prices: str, tenders=None, tip: str = "0", cashier: Cashier = carl) -> Payment:
        count = massage.classifications.count()
        choices = [
            Choice(make_offer(massage, f"Offer {count + place}", price, 30).pk)
            for place, price in enumerate(prices)
        ]
        more: dict[str, Any] = {"choices": choices} if prices else {}
        due = make_transaction(Status.AWAITING_PAYMENT, cashier=cashier, **more)
        given = tenders or [("cash", due.total_amount + Decimal(tip))]
        parts = [Given(method, Decimal(amount)) for method, amount in given]
        payment.pay(cashier, transaction_id=due.pk, tenders=parts, tip_amount=Decimal(tip))
        for _part in parts:
            if Transaction.objects.get(pk=due.pk).status == Status.PAYING:
                terminal.payment_result(cashier.user, transaction_id=due.pk, approved=True)
        return Payment.objects.get(transaction=due)

    return sell


def give_back(cashier: Cashier, sold: Payment, **wanted) -> Any:
    keys = {name: wanted.pop(name) for name in ("request_id", "approval") if name in wanted}
    known: dict[str, Any] = {"receipt_number": sold.receipt_number, "reason": WHY}
    return refund(cashier, Wanted(**known | wanted), **keys)


def items_of(sold: Payment) -> list[int]:
    return [item.pk for item in sold.transaction.items.order_by("pk")]


def parts_of(made: Refund) -> Any:
    return dict(RefundTender.objects.filter(refund=made).values_list("method", "amount"))


def assert_sound() -> None:
    assert {o.rule.sentence: o.findings for o in all_rules.run() if o.broken} == {}


def approval_for(cashier: Cashier, **wanted) -> str:
    known: dict[str, Any] = {"reason": WHY}
    content = Wanted(**known | wanted).content
    return approvals.approve(
        cashier.user, username="maria", pin=PIN, command=REFUND, content=content
    )


@pytest.fixture
def boss(maria):
    set_pin(maria, PIN)
    return maria


@pytest.fixture
def drawer(branch, carl):
    branch.drawers = True
    branch.save()
    carl.user.branch = branch
    return drawers.open_drawer(carl, counts={"1000.00": 2})


def close(carl: Cashier, counts: dict[str, int]) -> None:
    drawers.count_drawer(carl, counts=counts)
    drawers.close_drawer(carl, counts=counts)


def test_a_whole_refund_is_a_numbered_row_of_its_own_and_the_visit_stays_paid(carl, sell):
    sold = sell()
    before = Payment.objects.values().get()
    made = give_back(carl, sold)
    assert (made.number, made.payment, made.amount, made.tip_amount) == (1, sold, DUE, 0)
    assert Payment.objects.values().get() == before
    visit = Transaction.objects.get()
    assert (visit.status, visit.refunded_amount) == (Status.PAID, DUE)
    last = visit.events.latest("version")
    assert (last.from_status, last.to_status, last.by) == ("paid", "paid", carl.user)
    assert last.reason == f"R1: -500.00 {WHY}"
    assert_sound()


def test_refunds_are_numbered_apart_from_receipts_and_without_a_gap(carl, sell):
    first, second = sell(), sell()
    assert [give_back(carl, sold).number for sold in (second, first)] == [1, 2]
    assert sell().receipt_number == 3
    assert_sound()


def test_what_was_refunded_whole_is_not_refunded_again(carl, sell):
    sold = sell()
    give_back(carl, sold)
    for again in ({}, {"amount": Decimal(1)}, {"lines": items_of(sold)}, {"void": True}):
        with pytest.raises(AlreadyRefunded):
            give_back(carl, sold, **again)
    assert Refund.objects.count() == 1


def test_a_treatment_is_refunded_once(carl, sell):
    sold = sell("300.00", "200.00")
    one, two = items_of(sold)
    assert give_back(carl, sold, lines=[one]).amount == Decimal("300.00")
    with pytest.raises(AlreadyRefunded):
        give_back(carl, sold, lines=[one])
    with pytest.raises(AlreadyRefunded):
        give_back(carl, sold, lines=[one, two])
    assert give_back(carl, sold).amount == Decimal("200.00")
    assert_sound()


def test_no_more_than_is_left_is_refunded(carl, sell):
    sold = sell("300.00", "200.00")
    give_back(carl, sold, amount=Decimal("450.01"))
    with pytest.raises(NotEnoughLeft, match=r"Only .49\.99 of receipt 1"):
        give_back(carl, sold, amount=Decimal("50.00"))
    assert give_back(carl, sold, amount=Decimal("49.99")).amount == Decimal("49.99")
    assert_sound()


def test_an_amount_and_then_a_treatment_give_back_what_is_left_of_it(carl, sell):
    sold = sell("300.00", "200.00")
    give_back(carl, sold, amount=Decimal("50.00"))
    made = give_back(carl, sold, lines=items_of(sold)[:1])
    assert made.amount == Decimal("270.00")
    assert give_back(carl, sold).amount == Decimal("180.00")
    assert_sound()


def test_treatments_of_another_receipt_are_refused(carl, sell):
    sold, other = sell(), sell()
    with pytest.raises(ServiceNotFound):
        give_back(carl, sold, lines=items_of(other))


@pytest.mark.parametrize(
    "wanted",
    [
        {"lines": [1], "amount": Decimal(1)},
        {"void": True, "amount": Decimal(1)},
        {"void": True, "tip": True},
        {"void": True, "method": "cash"},
        {"receipt_key": "another"},
        {"receipt_number": None},
    ],
)
def test_a_refund_is_of_one_receipt_and_one_kind(carl, sell, wanted):
    with pytest.raises(Invalid):
        give_back(carl, sell(), **wanted)


def test_a_receipt_is_found_by_its_link_too(carl, sell):
    sold = sell()
    assert give_back(carl, sold, receipt_number=None, receipt_key=sold.receipt_key).payment == sold


def test_a_receipt_of_another_branch_is_not_found(carl, sell, other_branch):
    sold = sell()
    carl.user.branch = other_branch
    with pytest.raises(ReceiptNotFound):
        give_back(carl, sold)
    with pytest.raises(ReceiptNotFound):
        give_back(carl, sold, receipt_number=99)


def test_a_free_visit_has_nothing_to_refund(carl, sell):
    with pytest.raises(NotEnoughLeft):
        give_back(carl, sell("0.00"))


def test_a_repeated_request_returns_the_first_refund(carl, sell):
    sold = sell()
    made = [
        give_back(carl, sold, amount=Decimal(100), request_id="refund-01") for _time in range(2)
    ]
    assert made[0] == made[1]
    assert Transaction.objects.get().refunded_amount == 100
    with pytest.raises(Conflict):
        give_back(carl, sold, amount=Decimal(101), request_id="refund-01")
    with pytest.raises(Conflict):
        give_back(carl, sell(), amount=Decimal(100), request_id="refund-01")


def test_the_tip_stays_unless_it_is_asked_back(carl, sell, maya):
    sold = sell(tip="60")
    assert give_back(carl, sold).tip_amount == 0
    made = give_back(carl, sold, tip=True)
    assert (made.amount, made.tip_amount) == (0, 60)
    assert RefundedTip.objects.get(therapist=maya).amount == 60
    with pytest.raises(AlreadyRefunded):
        give_back(carl, sold, tip=True)
    assert_sound()


def test_a_treatment_goes_back_with_the_tip(carl, sell):
    sold = sell("300.00", "200.00", tip="60")
    made = give_back(carl, sold, lines=items_of(sold)[:1], tip=True)
    assert (made.amount, made.tip_amount) == (300, 60)
    assert give_back(carl, sold, tip=True).tip_amount == 0
    assert_sound()


def test_discount_and_tax_go_back_as_they_were_on_the_bill(branch, carl, sell, monkeypatch):
    branch.tax_rate, branch.tax_label = Decimal(12), "VAT"
    branch.save()
    carl = Cashier.objects.get(pk=carl.pk)
    Discount.objects.create(code="promo", name="Promo", kind="percent", value=Decimal("33.3"))
    pay = payment.pay

    def discounted(cashier, *, transaction_id, tenders, **more):
        due = apply_discount(cashier.user, transaction_id=transaction_id, discount="promo")
        return pay(cashier, transaction_id=due.pk, amount_paid=due.amount_due, **more)

    monkeypatch.setattr(payment, "pay", discounted)
    sold = sell("99.99", "50.01", "10.00", cashier=carl)
    made = [give_back(carl, sold, lines=[key]) for key in items_of(sold)]
    assert sum(each.amount for each in made) == sold.amount_due < 150
    assert sum(each.tax_amount for each in made) == sold.tax_amount
    assert_sound()


def test_money_goes_back_by_the_methods_that_took_it_terminals_first(carl, sell):
    sold = sell(tenders=[("cash", "320"), ("card", "200")])
    assert parts_of(give_back(carl, sold, amount=Decimal(50))) == {"card": 50}
    assert parts_of(give_back(carl, sold, amount=Decimal(250))) == {"card": 150, "cash": 100}
    assert parts_of(give_back(carl, sold)) == {"cash": 200}
    assert_sound()


def test_two_parts_by_one_method_are_one_sum(carl, sell):
    sold = sell(tenders=[("card", "200"), ("card", "300")])
    assert parts_of(give_back(carl, sold)) == {"card": 500}


def test_cash_for_a_card_sale_needs_a_manager(carl, sell, boss):
    sold = sell(tenders=[("card", "500")])
    assert parts_of(give_back(carl, sold, amount=Decimal(10), method="card")) == {"card": 10}
    wanted = {"receipt_number": sold.receipt_number, "method": "cash"}
    with pytest.raises(ApprovalNeeded):
        give_back(carl, sold, method="cash")
    made = give_back(carl, sold, method="cash", approval=approval_for(carl, **wanted))
    assert (parts_of(made), made.approved_by) == ({"cash": 490}, boss)
    assert_sound()


def test_more_by_one_method_than_it_took_needs_a_manager(carl, sell):
    sold = sell(tenders=[("cash", "300"), ("card", "200")])
    assert parts_of(give_back(carl, sold, method="cash", amount=Decimal(300))) == {"cash": 300}
    with pytest.raises(ApprovalNeeded):
        give_back(carl, sold, method="cash")


def test_a_method_that_is_not_offered_is_refused(carl, sell):
    with pytest.raises(MethodNotOffered):
        give_back(carl, sell(), method="shells")


def test_a_colleagues_sale_needs_a_manager(carl, cora, sell, boss):
    sold = sell()
    with pytest.raises(ApprovalNeeded, match="Carl"):
        give_back(cora, sold)
    approval = approval_for(cora, receipt_number=sold.receipt_number)
    assert give_back(cora, sold, approval=approval).approved_by == boss
    assert_sound()


def test_an_approval_is_for_one_refund_with_this_content(carl, cora, sell, boss):
    sold, other = sell("300.00", "200.00"), sell()
    wanted = {"receipt_number": sold.receipt_number, "amount": Decimal(100)}
    approval = approval_for(cora, **wanted)
    for elsewhere in (
        {"sold": other, "amount": Decimal(100)},
        {"sold": sold, "amount": Decimal(101)},
        {"sold": sold, "amount": Decimal(100), "tip": True},
        {"sold": sold, "amount": Decimal(100), "reason": "another"},
        {"sold": sold},
    ):
        with pytest.raises(ApprovalNeeded):
            give_back(cora, approval=approval, **elsewhere)
    give_back(cora, sold, amount=Decimal(100), approval=approval)
    with pytest.raises(ApprovalNeeded):
        give_back(cora, sold, amount=Decimal(100), approval=approval)


def test_a_cashier_who_manages_approves_what_they_do(carl, cora, sell):
    sold = sell()
    cora.user.is_staff = True
    cora.user.save()
    boss = Cashier.objects.select_related("user__branch").get(pk=cora.pk)
    assert give_back(boss, sold).approved_by == boss.user
    assert_sound()


def test_without_an_open_drawer_no_refund_is_paid(branch, carl, sell):
    sold = sell()
    branch.drawers = True
    branch.save()
    carl.user.branch = branch
    for method in (None, "cash"):
        with pytest.raises(DrawerClosed):
            give_back(carl, sold, method=method)
    assert not Refund.objects.exists()


def test_todays_drawer_pays_for_a_sale_of_a_closed_session(drawer, carl, sell, boss):
    sold = sell()
    full = {"1000.00": 2, "500.00": 1}
    close(carl, full)
    today = drawers.open_drawer(carl, counts=full)
    with pytest.raises(ApprovalNeeded, match="closed"):
        give_back(carl, sold)
    approval = approval_for(carl, receipt_number=sold.receipt_number)
    made = give_back(carl, sold, approval=approval)
    assert (made.drawer, made.approved_by) == (today, boss)
    figures: Any = figures_of(today)
    assert (figures.cash_taken, figures.cash_refunded, figures.expected) == (0, 500, 2000)
    assert figures_of(drawer).expected == 2500
    close(carl, {"1000.00": 2})
    assert_sound()


def test_a_sale_of_an_earlier_day_needs_a_manager_and_counts_today(carl, sell, boss):
    sold = sell()
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        with pytest.raises(ApprovalNeeded, match="earlier day"):
            give_back(carl, sold)
        approval = approval_for(carl, receipt_number=sold.receipt_number)
        made = give_back(carl, sold, approval=approval)
    assert made.business_date == sold.business_date + timedelta(days=1)
    assert_sound()


def test_a_card_refund_takes_no_cash_out_of_the_drawer(drawer, carl, sell):
    give_back(carl, sell(tenders=[("card", "500")]))
    figures = figures_of(drawer)
    assert [(it.method, it.amount) for it in figures.refunds] == [("card", DUE)]
    assert figures.expected == 2000
    close(carl, {"1000.00": 2})
    assert_sound()


def test_a_sale_of_this_session_is_void_whole_with_its_tip(drawer, carl, sell):
    sold = sell(tip="60")
    made = give_back(carl, sold, void=True)
    assert (made.is_void, made.amount, made.tip_amount) == (True, DUE, 60)
    assert figures_of(drawer).expected == 2000
    assert_sound()


def test_a_sale_is_not_void_after_its_z(drawer, carl, sell, boss):
    sold = sell()
    full = {"1000.00": 2, "500.00": 1}
    close(carl, full)
    drawers.open_drawer(carl, counts=full)
    with pytest.raises(WrongState, match="Refund it instead"):
        give_back(carl, sold, void=True)


def test_a_sale_of_another_drawer_is_not_void(drawer, carl, cora, sell):
    sold = sell()
    cora.user.branch = carl.user.branch
    drawers.open_drawer(cora, counts={})
    with pytest.raises(WrongState):
        give_back(cora, sold, void=True)


def test_a_partly_refunded_sale_is_not_void(carl, sell):
    sold = sell()
    give_back(carl, sold, amount=Decimal(1))
    with pytest.raises(AlreadyRefunded):
        give_back(carl, sold, void=True)


def test_without_drawers_a_sale_is_void_by_its_cashier_on_its_day(carl, cora, sell):
    sold, tomorrow = sell(), timezone.now() + timedelta(days=1)
    with pytest.raises(WrongState):
        give_back(cora, sold, void=True)
    with time_machine.travel(tomorrow), pytest.raises(WrongState):
        give_back(carl, sold, void=True)
    assert give_back(carl, sold, void=True).is_void


def test_records_of_refunds_are_neither_changed_nor_deleted(carl, sell):
    made = give_back(carl, sell())
    for row in (made, RefundLine.objects.get(), RefundTender.objects.get()):
        with pytest.raises(TypeError):
            row.delete()
