"""Tests that no statement of a screen reads rows of every branch, and of the check itself."""

import pytest
from django.db import connection

from accounts.models import User
from catalog.models import Service
from conftest import session_of
from queueing.events import BOARD, CASHIERS, MONITOR, THERAPISTS
from queueing.models import Transaction, TransactionItem
from queueing.snapshots import digests_of, digests_of_menus, digests_of_tickets
from queueing.states import Status
from spa_project.tests.one_branch import Audit, crosses_branches


def crosses(queryset) -> bool:
    return crosses_branches(str(queryset.query))


@pytest.mark.parametrize(
    "rows",
    [
        Transaction.objects.all(),
        Transaction.objects.filter(status=Status.FINISHED),
        Transaction.objects.exclude(status=Status.PAID).order_by("branch_id"),
        TransactionItem.objects.filter(price__gt=10),
        User.objects.filter(is_active=True),
    ],
    ids=["all", "status", "order", "items", "people"],
)
def test_a_statement_about_every_branch_is_found(rows):
    assert crosses(rows)


@pytest.mark.parametrize(
    "rows",
    [
        Transaction.objects.filter(branch_id=1, status=Status.FINISHED),
        Transaction.objects.filter(pk__in=[1, 2]),
        TransactionItem.objects.filter(transaction_id=1),
        User.objects.filter(username="maya"),
        Service.objects.all(),
    ],
    ids=["branch", "keys", "of a visit", "login", "menu"],
)
def test_a_statement_about_one_branch_or_the_shared_menu_is_not(rows):
    assert not crosses(rows)


def test_every_statement_that_runs_is_looked_at(db):
    audit = Audit()
    with connection.execute_wrapper(audit):
        list(Transaction.objects.filter(status=Status.FINISHED))
        Transaction.objects.filter(pk=1).first()
    assert (audit.seen, len(audit.found)) == (2, 1)


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        ("maya", "/api/snapshots/therapist/"),
        ("carl", "/api/snapshots/cashier/"),
        ("mona", "/api/snapshots/monitor/"),
        ("mona", "/api/snapshots/board/?branch=makati"),
        ("mona", "/api/snapshots/menu/?branch=makati"),
        ("mona", "/api/tickets/{key}/"),
        ("maya", "/api/days/therapist/"),
        ("carl", "/api/days/cashier/"),
        ("maya", "/api/turns/"),
    ],
)
def test_a_screen_reads_one_branch(request, make_transaction, reader, path):
    visits = [make_transaction(status) for status in (Status.FINISHED, Status.PENDING_THERAPIST)]
    person = request.getfixturevalue(reader)
    client = session_of(getattr(person, "user", person))
    audit = Audit()
    with connection.execute_wrapper(audit):
        answer = client.get(path.format(key=visits[0].key))
    assert answer.status_code == 200
    assert audit.seen
    assert audit.found == []


@pytest.mark.parametrize("audience", [BOARD, CASHIERS, MONITOR, THERAPISTS])
def test_a_digest_reads_the_branches_that_are_shown(branch, make_transaction, audience):
    visit = make_transaction(Status.PENDING_THERAPIST)
    audit = Audit()
    with connection.execute_wrapper(audit):
        digests_of(audience.shows, [branch.pk], with_rooms=audience.shows_rooms)
        digests_of_tickets([visit.pk])
        digests_of_menus([branch.pk])
    assert audit.seen
    assert audit.found == []
