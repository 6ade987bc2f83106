"""Tests that the replica is read while it is fresh, and never by a claim."""

import datetime
import subprocess
import sys
from types import SimpleNamespace

import pytest
import time_machine
from django.db import OperationalError, router
from django.utils import timezone

from queueing.models import Transaction
from spa_project.lib.db import replica
from spa_project.lib.db.replica import State, read_for_reports, source_for_reports
from spa_project.lib.db.router import REPORTS, Router
from tools.servers import PROJECT


@pytest.fixture
def with_replica(settings, monkeypatch) -> None:
    monkeypatch.setitem(settings.DATABASES, "reports", settings.DATABASES["default"])


def test_without_a_replica_everything_is_read_from_the_primary():
    assert source_for_reports() == ("default", State.NO_REPLICA, datetime.timedelta())


def test_a_row_that_was_read_from_the_replica_is_written_to_the_primary(with_replica):
    row = Transaction()
    row._state.db = REPORTS
    assert router.db_for_write(Transaction, instance=row) == "default"
    assert router.db_for_read(Transaction) == "default"


def test_the_replica_is_never_migrated():
    assert not Router().allow_migrate("reports", "queueing")
    assert Router().allow_migrate("default", "queueing")


#: Runs in a process of its own that knows both databases: prints what the list, the screens and the
#: claim see of a customer who has not reached the replica yet.
LOOK = """
from django.test import Client, RequestFactory
from django.contrib import admin
from accounts.models import Branch, Therapist, User
from catalog.models import ServiceClassification
from queueing import services
from queueing.models import Transaction
branch = Branch.objects.get()
choices = [services.Choice(ServiceClassification.objects.first().pk)]
made = services.confirm_selection(branch, choices=choices, customer_name="Ana")
request = RequestFactory().get("/")
request.user = User.objects.create_superuser("owner", password="x" * 20)
listed = admin.site._registry[Transaction].get_queryset(request)
claimed = services.confirm_next(Therapist.objects.first())
client = Client()
client.force_login(request.user)
page = client.get("/admin/queueing/transaction/", headers={"host": "localhost"})
print(listed.db, listed.count(), Transaction.objects.count(), claimed.pk == made.pk,
      page.status_code, made.code in page.content.decode())
"""


@pytest.mark.slow
def test_lists_lag_and_claims_do_not(two_databases):
    run = [sys.executable, "manage.py", "shell", "-v", "0", "-c", LOOK]
    done = subprocess.run(run, cwd=PROJECT, env=two_databases, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["reports", "0", "1", "True", "200", "False"]


@pytest.fixture
def behind(settings, monkeypatch, with_replica):
    """Return a function that sets since when the replica lacks something."""
    settings.REPORTS_MAX_AGE = 300
    monkeypatch.setattr(replica, "_last_entry", lambda: 7)

    def lacks_since(seconds: float | None) -> None:
        ago = timezone.now() - datetime.timedelta(seconds=seconds) if seconds is not None else None
        monkeypatch.setattr(replica, "_first_after", {7: ago}.__getitem__)

    return lacks_since


@pytest.mark.parametrize(
    ("seconds", "alias", "state"),
    [
        (None, "reports", State.REPLICA),
        (299, "reports", State.REPLICA),
        (301, "default", State.LATE),
    ],
)
def test_the_replica_is_read_until_it_is_too_far_behind(behind, seconds, alias, state):
    with time_machine.travel(timezone.now(), tick=False):
        behind(seconds)
        source = source_for_reports()
    assert source == (alias, state, datetime.timedelta(seconds=seconds or 0))


def test_an_error_in_the_middle_of_a_report_turns_to_the_primary(behind, monkeypatch):
    behind(None)
    monkeypatch.setattr(replica, "connections", {"reports": SimpleNamespace(close=lambda: None)})
    asked = []

    def read(alias: str) -> str:
        asked.append(alias)
        if alias == "reports":
            raise OperationalError("Lost connection")
        return "rows"

    rows, source = read_for_reports(read)
    assert (asked, rows, source.state) == (["reports", "default"], "rows", State.UNREACHABLE)


@pytest.mark.parametrize(
    ("state", "seconds", "words"),
    [
        (State.NO_REPLICA, 0, ""),
        (State.NAMED, 0, ""),
        (State.REPLICA, 0, "Read from the replica, up to date."),
        (State.REPLICA, 12, "Read from the replica, 12 s behind."),
        (State.LATE, 301, "Read from the primary, because the replica is 301 s behind."),
        (State.UNREACHABLE, 0, "Read from the primary, because the replica cannot be reached."),
    ],
)
def test_a_command_says_what_it_has_read(state, seconds, words):
    age = datetime.timedelta(seconds=seconds)
    assert replica.Source("default", state, age).in_words() == words


@pytest.mark.parametrize(("state", "behind"), [(State.REPLICA, 12), (State.LATE, 0)])
def test_only_figures_of_the_replica_are_behind(state, behind):
    source = replica.Source("default", state, datetime.timedelta(seconds=12))
    assert source.seconds_behind == behind


def test_an_error_of_the_primary_is_not_hidden():
    def read(alias: str) -> str:
        raise OperationalError("Lost connection")

    with pytest.raises(OperationalError):
        read_for_reports(read)
