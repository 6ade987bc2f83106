"""Tests of the payment methods as a part of every branch's setup."""

from payments.models import PaymentMethod
from queueing.snapshots import setup_digests


def test_a_change_of_the_methods_counts_in_every_branch(branch, other_branch):
    def versions() -> list[int]:
        digests = setup_digests([branch.pk, other_branch.pk])
        return [digests[each.pk]["setup"] for each in (branch, other_branch)]

    here, elsewhere = versions()
    PaymentMethod.objects.get(code="cash").save()
    assert versions() == [here + 1, elsewhere + 1]
    PaymentMethod.objects.update(active=False)
    assert versions() == [here + 2, elsewhere + 2]
