"""A counter's number is given once, whichever key it has and however many ask."""

import datetime

import pytest

from payments.models import ReceiptCounter
from queueing.models import TransactionCounter
from spa_project.lib.db.counters import increment

pytestmark = pytest.mark.django_db

MONDAY = datetime.date(2026, 11, 23)


def test_a_counter_starts_at_one_and_grows_by_one(branch):
    assert [increment(ReceiptCounter, branch_id=branch.pk) for _each in range(3)] == [1, 2, 3]
    assert ReceiptCounter.objects.get(branch=branch).last == 3


def test_each_key_counts_by_itself(branch, other_branch):
    day, next_day = MONDAY, MONDAY + datetime.timedelta(days=1)
    keys = [(branch, day), (branch, next_day), (other_branch, day), (branch, day)]
    counted = [
        increment(TransactionCounter, branch_id=spa.pk, business_date=date) for spa, date in keys
    ]
    assert counted == [1, 1, 1, 2]
