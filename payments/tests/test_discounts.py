"""Tests of discounts: what they take off, who may give them, and that no record is changed."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.auth import Caller
from accounts.screen_lock import set_pin
from conftest import make_offer
from payments.bill_items import add_item, remove_item
from payments.counter import claim_next, release
from payments.discounts import apply_discount, remove_discount
from payments.errors import ApprovalNeeded, DiscountNotAllowed
from payments.models import AppliedDiscount, Approval, Discount
from payments.payment import pay
from payments.reports import Period, report_of
from queueing.errors import PriceChanged, ServiceNotFound, WrongState
from queueing.models import Transaction, TransactionItem
from queueing.serializers import serialize_transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.commands import answer


def make_discount(code: str, value: str | None, **more: Any) -> Discount:
    defaults: dict[str, Any] = {"kind": "percent", "name": code.title()}
    return Discount.objects.create(code=code, value=value and Decimal(value), **defaults | more)


@pytest.fixture
def senior(db) -> Discount:
    return make_discount("senior", "20.00", scope="line", needs_id=True, tax_exempt=True)


@pytest.fixture
def promo(db) -> Discount:
    return make_discount("promo", "10.00", stacks=True)


@pytest.fixture
def vat(branch, carl):
    branch.tax_rate, branch.tax_label = Decimal("12.00"), "VAT"
    branch.save()
    carl.user.branch.refresh_from_db()


@pytest.fixture
def due(make_transaction, hour, compress) -> Transaction:
    choices = [Choice(hour.pk), Choice(compress.pk)]
    return make_transaction(Status.AWAITING_PAYMENT, choices=choices)


HOLDER: dict[str, Any] = {"id_number": "123-456", "name": "Ana Cruz"}


def test_a_percentage_is_taken_off_the_whole_bill(carl, due, promo):
    given = apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    assert (given.total_amount, given.amount_due) == (Decimal("600.50"), Decimal("540.45"))
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("600"))
    assert (paid.payment.amount_due, paid.payment.change_amount) == (
        Decimal("540.45"),
        Decimal("59.55"),
    )


def test_an_exempt_person_pays_no_tax_on_their_own_treatment_only(carl, vat, due, senior):
    [hour, _compress] = due.items.all()
    apply_discount(carl.user, transaction_id=due.pk, discount="senior", item_id=hour.pk, **HOLDER)
    shown = serialize_transaction(Transaction.objects.with_people().get(pk=due.pk))
    # 500 / 1.12 = 446.43, less 20 %: 357.14; the other 100.50 contain 10.77.
    assert shown["amount_due"] == "457.64"
    assert shown["tax"] is not None
    assert (shown["tax"]["amount"], shown["tax"]["exempted"]) == ("10.77", "53.57")
    [discount] = shown["discounts"]
    assert (discount["name"], discount["amount"]) == ("Senior", "89.29")
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("457.64"))
    assert paid.payment.tax_amount == Decimal("10.77")


def test_a_later_change_of_the_rate_leaves_a_given_exemption_as_it_was(
    branch, carl, vat, due, senior
):
    [hour, compress] = due.items.all()
    apply_discount(carl.user, transaction_id=due.pk, discount="senior", item_id=hour.pk, **HOLDER)
    branch.tax_rate = Decimal(15)
    branch.save()
    left = remove_item(carl.user, transaction_id=due.pk, item_id=compress.pk, reason="not done")
    assert left.amount_due == Decimal("357.14")


def test_the_holders_id_is_on_the_record_and_in_no_broadcast(carl, due, senior, heard):
    [hour, _compress] = due.items.all()
    order: dict[str, Any] = {"discount": "senior", "item_id": hour.pk}
    known: list[dict[str, Any]] = [{}, {"id_number": "123-456"}, {"name": "Ana Cruz"}]
    for part in known:
        with pytest.raises(DiscountNotAllowed, match="an ID number and a name"):
            apply_discount(carl.user, transaction_id=due.pk, **order, **part)
    sent = heard(
        lambda: apply_discount(
            carl.user, transaction_id=due.pk, discount="senior", item_id=hour.pk, **HOLDER
        )
    )
    row = AppliedDiscount.objects.get()
    assert (row.id_number, row.holder_name, row.by) == ("123-456", "Ana Cruz", carl.user)
    assert "123-456" not in str(sent)
    assert "Ana Cruz" not in str(sent)


def test_a_discount_that_does_not_combine_stays_alone(carl, due, promo, senior):
    [hour, _compress] = due.items.all()
    apply_discount(carl.user, transaction_id=due.pk, discount="senior", item_id=hour.pk, **HOLDER)
    with pytest.raises(DiscountNotAllowed, match="Promo can't be combined with Senior"):
        apply_discount(carl.user, transaction_id=due.pk, discount="promo")


def test_two_persons_of_a_group_each_have_their_own(carl, due, senior):
    for item in due.items.all():
        given = apply_discount(
            carl.user, transaction_id=due.pk, discount="senior", item_id=item.pk, **HOLDER
        )
    assert given.amount_due == Decimal("480.40")


def test_discounts_that_combine_apply_to_what_is_left(carl, due, promo):
    make_discount("voucher", "100.00", kind="amount", stacks=True)
    for code in ("promo", "voucher"):
        given = apply_discount(carl.user, transaction_id=due.pk, discount=code)
    assert given.amount_due == Decimal("440.45")


def test_the_same_discount_is_given_once(carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    with pytest.raises(DiscountNotAllowed, match="already given"):
        apply_discount(carl.user, transaction_id=due.pk, discount="promo")


def test_above_a_cashiers_limit_only_a_manager_gives_it(carl, maria, due):
    make_discount("sorry", None, cashier_limit=Decimal("10.00"), needs_reason=True)
    order = {"transaction_id": due.pk, "discount": "sorry", "reason": "cold room"}
    with pytest.raises(ApprovalNeeded, match="Sorry needs a manager's approval"):
        apply_discount(carl.user, **order, value=Decimal("10.01"))
    assert not AppliedDiscount.objects.exists()
    apply_discount(maria, **order, value=Decimal("50"))
    assert AppliedDiscount.objects.get().by == maria


def test_a_manager_approves_a_cashiers_discount_at_the_till(carl, maria, due):
    make_discount("sorry", None, cashier_limit=Decimal("10.00"), needs_reason=True)
    set_pin(maria, "4711")
    order: dict[str, Any] = {"transaction_id": due.pk, "discount": "sorry", "reason": "cold room"}
    order |= {"value": "50.00"}
    sent = {"username": "maria", "pin": "4711", "command": "cashier_apply_discount", "data": order}
    caller = Caller(carl.user, carl.user.branch)
    approval = answer(caller, "approve", sent)["approval"]
    for other in ({"value": "60.00"}, {"reason": "other"}):
        with pytest.raises(ApprovalNeeded):
            answer(caller, "cashier_apply_discount", order | other | {"approval": approval})
    assert answer(caller, "cashier_apply_discount", order | {"approval": approval})["ok"]
    assert Approval.objects.get().by == maria


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"discount": "none"}, "isn't available"),
        ({"discount": "off"}, "isn't available"),
        ({"discount": "sorry", "reason": "cold"}, "Enter how much"),
        ({"discount": "sorry", "reason": "cold", "value": Decimal("100.01")}, "exceed 100%"),
        ({"discount": "sorry", "value": Decimal(5)}, "needs a reason"),
        ({"discount": "promo", "value": Decimal(11)}, "has changed"),
        ({"discount": "promo", "item_id": 1}, "for the whole bill"),
        ({"discount": "senior", **HOLDER}, "for one treatment"),
    ],
)
def test_a_discount_is_refused_by_name(carl, due, promo, senior, order, words):
    make_discount("off", "10", active=False)
    make_discount("sorry", None, needs_reason=True)
    with pytest.raises(DiscountNotAllowed, match=words):
        apply_discount(carl.user, transaction_id=due.pk, **order)
    assert not AppliedDiscount.objects.exists()
    assert Transaction.objects.get(pk=due.pk).version == due.version


def test_a_treatment_of_another_bill_gets_none(carl, due, senior):
    with pytest.raises(ServiceNotFound):
        apply_discount(carl.user, transaction_id=due.pk, discount="senior", item_id=10**6, **HOLDER)


def test_a_discount_of_nothing_is_refused(carl, massage, make_transaction, promo):
    choices = [Choice(make_offer(massage, "Water", "0.00", 1).pk)]
    due = make_transaction(Status.AWAITING_PAYMENT, choices=choices)
    with pytest.raises(DiscountNotAllowed, match="take nothing off"):
        apply_discount(carl.user, transaction_id=due.pk, discount="promo")


def test_a_removed_discount_is_a_second_row(carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    left = remove_discount(carl.user, transaction_id=due.pk, discount="promo", reason="mistake")
    assert left.amount_due == due.total_amount
    given, removal = AppliedDiscount.objects.order_by("pk")
    assert (removal.removal_of, removal.reason, given.reason) == (given, "mistake", "")
    with pytest.raises(DiscountNotAllowed, match="isn't on this bill"):
        remove_discount(carl.user, transaction_id=due.pk, discount="promo")
    again = apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    assert again.amount_due == Decimal("540.45")


def test_a_given_discount_is_never_changed_or_deleted(carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    with pytest.raises(TypeError):
        AppliedDiscount.objects.get().delete()


def test_a_discount_changed_by_a_manager_leaves_bills_as_they_are(client, carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("540.45"))
    promo.value, promo.name = Decimal(50), "Half price"
    promo.save()
    page = client.get(f"/receipt/{paid.payment.receipt_key}/").content.decode()
    assert "Promo" in page
    assert "₱60.05" in page
    assert "Half price" not in page


def test_a_discount_covers_what_is_added_and_goes_with_its_treatment(
    carl, due, promo, senior, compress
):
    [hour, _compress] = due.items.all()
    apply_discount(carl.user, transaction_id=due.pk, discount="senior", item_id=hour.pk, **HOLDER)
    left = remove_item(carl.user, transaction_id=due.pk, item_id=hour.pk, reason="not done")
    assert left.amount_due == Decimal("100.50")
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    more = add_item(carl.user, transaction_id=due.pk, service_classification_id=compress.pk)
    assert more.amount_due == Decimal("180.90")


def test_each_item_keeps_what_was_taken_off_it(carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    reductions = TransactionItem.objects.order_by("pk").values_list("discount_amount", flat=True)
    assert list(reductions) == [Decimal("50.00"), Decimal("10.05")]


def test_a_payment_at_the_price_before_the_discount_is_refused(carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    with pytest.raises(PriceChanged):
        pay(
            carl,
            transaction_id=due.pk,
            amount_paid=Decimal("600.50"),
            expected_total=Decimal("600.50"),
        )


def test_a_discount_goes_with_the_customer_to_the_next_counter(carl, cora, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    release(carl.user, transaction_id=due.pk)
    claim_next(cora)
    paid = pay(cora, transaction_id=due.pk, amount_paid=Decimal("540.45"))
    assert paid.payment.change_amount == 0


def test_after_payment_no_discount_is_given(carl, due, promo):
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("600.50"))
    with pytest.raises(WrongState):
        apply_discount(carl.user, transaction_id=due.pk, discount="promo")


def test_reports_count_what_was_charged(branch, carl, due, promo):
    apply_discount(carl.user, transaction_id=due.pk, discount="promo")
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("540.45"))
    report = report_of(branch, Period(due.business_date, due.business_date))
    assert report.services == [("Swedish Massage", 2, Decimal("540.45"))]
    assert report.total.amount == Decimal("540.45")
    assert report.discounts == [("Promo", 1, Decimal("60.05"))]
