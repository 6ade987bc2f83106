"""Tests of the payment methods as a part of every branch's setup."""

from conftest import session_of
from payments.models import Kind, PaymentMethod
from queueing.snapshots import setup_digests
from queueing.states import Status


def test_a_change_of_the_methods_counts_in_every_branch(branch, other_branch):
    def versions() -> list[int]:
        digests = setup_digests([branch.pk, other_branch.pk])
        return [digests[each.pk]["setup"] for each in (branch, other_branch)]

    here, elsewhere = versions()
    PaymentMethod.objects.get(code="cash").save()
    assert versions() == [here + 1, elsewhere + 1]
    PaymentMethod.objects.update(active=False)
    assert versions() == [here + 2, elsewhere + 2]


def test_a_method_can_be_paid_by_whatever_code_the_admin_accepts(carl, make_transaction):
    method = PaymentMethod(code="Bank_Transfer", name="Bank transfer", kind=Kind.CASH)
    method.full_clean()
    method.save()
    visit = make_transaction(Status.AWAITING_PAYMENT)
    reply = session_of(carl.user).post(
        "/api/commands/cashier_pay/",
        {"transaction_id": visit.pk, "amount_paid": "500.00", "method": method.code},
        content_type="application/json",
    )
    assert reply.json()["transaction"]["payment"]["method"] == method.code
