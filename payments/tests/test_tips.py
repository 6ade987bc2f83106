"""Tests of tips: on top of what is due, no revenue, the therapist's own."""

from decimal import Decimal

import pytest

from payments import drawers
from payments.day_summary import day_of
from payments.errors import InsufficientPayment
from payments.models import CashMovement, Payment, TipShare
from payments.payment import Given, pay
from payments.refunds import Wanted, refund
from payments.reports import Period, report_of
from payments.tenders import Share
from payments.terminal import payment_result
from payments.tips import tips_of_day
from queueing.day_summary import day_of_therapist
from queueing.models import Transaction
from queueing.serializers import serialize_transaction
from queueing.states import Status
from queueing.statistics import takings_of
from spa_project.lib.errors import Invalid


@pytest.fixture
def due(make_transaction) -> Transaction:
    return make_transaction(Status.AWAITING_PAYMENT)


def test_change_kept_as_a_tip_leaves_no_change(client, branch, maya, carl, due):
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal(600), tip_amount=Decimal(100))
    assert (paid.payment.amount_due, paid.payment.change_amount) == (Decimal(500), Decimal(0))
    assert TipShare.objects.values_list("therapist", "amount").get() == (maya.pk, Decimal(100))
    assert day_of_therapist(branch, maya)["tips"] == "100.00"
    assert "₱100.00" in client.get(f"/receipt/{paid.payment.receipt_key}/").content.decode()


def test_a_tip_is_no_revenue_but_is_in_the_drawer(branch, carl, due):
    pay(carl, transaction_id=due.pk, amount_paid=Decimal(700), tip_amount=Decimal(100))
    assert takings_of(branch)["revenue_today"] == "500.00"
    report = report_of(branch, Period(due.business_date, due.business_date))
    assert report.total.amount == Decimal(500)
    assert [(row.name, row.amount) for row in report.tips] == [("Maya", Decimal(100))]
    day = day_of(carl)
    assert (day["amount"], day["tips"], day["totals"][0]["amount"]) == (
        "500.00",
        "100.00",
        "600.00",
    )


def test_paid_must_reach_what_is_due_and_the_tip(carl, due):
    with pytest.raises(InsufficientPayment, match=r"₱550\.00 is less than the total of ₱600\.00"):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal(550), tip_amount=Decimal(100))
    assert not Payment.objects.exists()


def test_a_tip_by_card_is_charged_with_the_bill(carl, due):
    asked = pay(
        carl,
        transaction_id=due.pk,
        amount_paid=Decimal(550),
        method="card",
        tip_amount=Decimal(50),
    )
    assert serialize_transaction(asked)["tip_amount"] == "50.00"
    paid = payment_result(carl.user, transaction_id=due.pk, approved=True)
    assert (paid.payment.amount_paid, paid.payment.tip_amount) == (Decimal(550), Decimal(50))
    assert TipShare.objects.get().amount == Decimal(50)


def test_a_tip_is_shared_as_the_till_says_also_after_a_terminal(carl, maya, noor, due):
    shares = [Share(maya.pk, Decimal("33.34")), Share(noor.pk, Decimal("16.66"))]
    pay(
        carl,
        transaction_id=due.pk,
        tenders=[Given("card", Decimal(300)), Given("cash", Decimal(250))],
        tip_amount=Decimal(50),
        tip_shares=shares,
    )
    payment_result(carl.user, transaction_id=due.pk, approved=True)
    found = TipShare.objects.order_by("-amount").values_list("therapist", "amount")
    assert list(found) == shares


@pytest.mark.parametrize(
    "amounts", [("10", "39.99"), ("50", "0")], ids=["not the tip", "a share of nothing"]
)
def test_shares_must_add_up_to_the_tip(carl, maya, noor, due, amounts):
    shares = [Share(who.pk, Decimal(sum_)) for who, sum_ in zip((maya, noor), amounts, strict=True)]
    with pytest.raises(Invalid):
        pay(
            carl,
            transaction_id=due.pk,
            amount_paid=Decimal(550),
            tip_amount=Decimal(50),
            tip_shares=shares,
        )


def test_a_share_for_another_branchs_therapist_is_refused(carl, olga, due):
    with pytest.raises(Invalid, match="this branch"):
        pay(
            carl,
            transaction_id=due.pk,
            amount_paid=Decimal(550),
            tip_amount=Decimal(50),
            tip_shares=[Share(olga.pk, Decimal(50))],
        )


@pytest.fixture
def drawer(branch, carl):
    branch.drawers = True
    branch.save()
    return drawers.open_drawer(carl, counts={"1000.00": 2})


def pay_out(cashier, therapist, amount: str, **more) -> None:
    drawers.move_cash(
        cashier,
        kind=more.pop("kind", "tip_payout"),
        amount=Decimal(amount),
        reason="End of shift",
        therapist_id=therapist.pk,
        **more,
    )


def test_a_payout_names_its_therapist_and_leaves_what_is_still_owed(
    drawer, branch, carl, maya, noor, due
):
    shares = [Share(maya.pk, Decimal("66.67")), Share(noor.pk, Decimal("33.33"))]
    pay(
        carl,
        transaction_id=due.pk,
        amount_paid=Decimal(600),
        tip_amount=Decimal(100),
        tip_shares=shares,
    )
    pay_out(carl, maya, "60")
    assert [
        (each["name"], each["earned"], each["paid_out"], each["owed"])
        for each in tips_of_day(branch)["therapists"]
    ] == [("Maya", "66.67", "60.00", "6.67"), ("Noor", "33.33", "0.00", "33.33")]
    day = day_of_therapist(branch, maya)
    assert (day["tips"], day["tips_paid_out"]) == ("66.67", "60.00")


def test_a_refunded_tip_is_no_longer_owed(drawer, branch, carl, maya, due):
    pay(carl, transaction_id=due.pk, amount_paid=Decimal(600), tip_amount=Decimal(100))
    pay_out(carl, maya, "100")
    refund(carl, Wanted(receipt_number=1, tip=True, reason="cold"))
    [hers, *_others] = tips_of_day(branch)["therapists"]
    assert (hers["earned"], hers["owed"]) == ("0.00", "-100.00")


def test_only_a_therapist_of_the_branch_is_paid_tips(drawer, carl, maya, olga):
    with pytest.raises(Invalid, match="of this branch"):
        pay_out(carl, olga, "50")
    with pytest.raises(Invalid):
        pay_out(carl, maya, "50", kind="out")
    assert not CashMovement.objects.exists()


def test_a_till_reads_the_tips_of_its_branch_alone(client, drawer, carl, maya, olga, due):
    client.force_login(carl.user)
    pay(carl, transaction_id=due.pk, amount_paid=Decimal(600), tip_amount=Decimal(100))
    people = client.get("/api/tips/").json()["therapists"]
    assert [(each["therapist_id"], each["owed"]) for each in people] == [(maya.pk, "100.00")]
