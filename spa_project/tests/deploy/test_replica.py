"""Tests that the replica is read while it is fresh, and never by a claim."""

import datetime
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import time_machine
from django.db import InterfaceError, OperationalError, router
from django.utils import timezone

from queueing.models import Transaction
from spa_project.lib.db import replica
from spa_project.lib.db.replica import State, read_for_reports, source_for_reports
from spa_project.lib.db.router import REPORTS, Router, replica_alone
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


#: Runs like `LOOK`: logs people in, whose sessions are due to be extended; then the replica has all
#: that the primary had, which cannot be opened any more. Prints the answers of some addresses, and
#: whether a session of the replica has changed.
READ_ON = """
import datetime, json
from pathlib import Path
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.db.models import F
from django.test import Client
from accounts.models import User
primary, replica = (Path(settings.DATABASES[each]["NAME"]) for each in ("default", "reports"))
clients = {}
for name in ("manager1", "therapist1"):
    clients[name] = Client(raise_request_exception=False, headers={"host": "localhost"})
    clients[name].force_login(User.objects.get(username=name))
Session.objects.update(expire_date=F("expire_date") - datetime.timedelta(hours=1))
connections.close_all()
primary.rename(replica)
primary.mkdir()
def ends():
    return sorted(Session.objects.using("reports").values_list("session_key", "expire_date"))
before = ends()
answers = {}
for name, method, path in json.loads(ASKED):
    answer = getattr(clients[name], method)(path)
    answers[f"{method} {path}"] = (answer.status_code, "no_primary" in answer.content.decode())
print(json.dumps(answers), before == ends())
"""


@pytest.mark.slow
def test_reports_are_read_without_the_primary_and_all_else_is_busy(two_databases, tmp_path):
    settings = dict(two_databases)
    for name in ("DATABASE_URL", "REPORTS_DATABASE_URL"):
        copy = tmp_path / name
        shutil.copyfile(settings[name].removeprefix("sqlite:///"), copy)
        settings[name] = f"sqlite:///{copy}"
    expected = {
        "get /reports/": [200, True],
        "get /api/days/therapist/": [200, False],
        "post /reports/": [503, False],
        "get /monitor/": [503, False],
        "get /api/snapshots/therapist/": [503, False],
        "get /admin/payments/payment/": [503, False],
    }
    who = {path: "therapist1" if "therapist" in path else "manager1" for path in expected}
    asked = json.dumps([[who[each], *each.split()] for each in expected])
    code = f"ASKED = {asked!r}\n{READ_ON}"
    run = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    done = subprocess.run(run, cwd=PROJECT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers, _space, is_unchanged = done.stdout.splitlines()[-1].rpartition(" ")
    assert json.loads(answers) == expected
    assert is_unchanged == "True"


#: The newest entry of the replica's log.
LAST_AT = datetime.datetime(2026, 11, 27, 10, tzinfo=datetime.UTC)


@pytest.fixture
def behind(settings, monkeypatch, with_replica):
    """Return a function that sets since when the replica lacks something."""
    settings.REPORTS_MAX_AGE = 300
    monkeypatch.setattr(replica, "_last_entry", lambda: replica._Entry(7, LAST_AT))

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
        (
            State.NO_PRIMARY,
            43,
            "Read from the replica, because the primary cannot be reached. Newest entry: 43 s ago.",
        ),
    ],
)
def test_a_command_says_what_it_has_read(state, seconds, words):
    age = datetime.timedelta(seconds=seconds)
    assert replica.Source("default", state, age).in_words() == words


@pytest.mark.parametrize(
    ("alias", "state", "behind"),
    [
        ("reports", State.REPLICA, 12),
        ("reports", State.NO_PRIMARY, 12),
        ("default", State.LATE, 0),
    ],
)
def test_only_figures_of_the_replica_are_behind(alias, state, behind):
    source = replica.Source(alias, state, datetime.timedelta(seconds=12))
    assert source.seconds_behind == behind


@pytest.mark.parametrize("error", [OperationalError(1047, "not ready"), InterfaceError(0, "")])
def test_the_replica_is_read_while_the_primary_does_not_answer(behind, monkeypatch, error):
    def fail(key: int) -> None:
        raise error

    monkeypatch.setattr(replica, "_first_after", fail)
    with time_machine.travel(LAST_AT + datetime.timedelta(hours=1), tick=False):
        rows, source = read_for_reports(lambda alias: f"rows of {alias}")
    assert rows == "rows of reports"
    assert source == ("reports", State.NO_PRIMARY, datetime.timedelta(hours=1))


def test_the_primary_is_not_asked_while_the_replica_is_alone(behind, monkeypatch):
    monkeypatch.setattr(replica, "_first_after", None)
    with replica_alone():
        assert source_for_reports().state == State.NO_PRIMARY


def test_everything_is_read_from_a_replica_alone_and_nothing_written(with_replica):
    row = Transaction()
    row._state.db = "default"
    with replica_alone():
        assert router.db_for_read(Transaction, instance=row) == "reports"
        with pytest.raises(OperationalError):
            router.db_for_write(Transaction, instance=row)
    assert router.db_for_read(Transaction, instance=row) == "default"


def test_an_error_of_the_primary_is_not_hidden():
    def read(alias: str) -> str:
        raise OperationalError("Lost connection")

    with pytest.raises(OperationalError):
        read_for_reports(read)
