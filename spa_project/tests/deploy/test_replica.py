"""Tests that only the admin's lists are read from the replica."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import router

from queueing.models import Transaction
from spa_project.lib.db.router import Router, for_reports
from tools.servers import PROJECT


@pytest.fixture
def with_replica(settings, monkeypatch) -> None:
    monkeypatch.setitem(settings.DATABASES, "reports", settings.DATABASES["default"])


def test_without_a_replica_everything_is_read_from_the_primary():
    assert for_reports() == "default"


def test_a_row_that_was_read_from_the_replica_is_written_to_the_primary(with_replica):
    row = Transaction()
    row._state.db = for_reports()
    assert row._state.db == "reports"
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


@pytest.fixture
def lagging(tmp_path: Path) -> dict[str, str]:
    """Return the URLs of a primary, and of a replica that lacks all customers."""
    ours = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3",
        "REDIS_URL": "",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    elsewhere = f"sqlite:///{tmp_path}/replica.sqlite3"

    def manage(*arguments: str, **settings: str) -> None:
        run = [sys.executable, "manage.py", *arguments]
        subprocess.run(run, cwd=PROJECT, env=ours | settings, check=True, capture_output=True)

    manage("migrate", "-v", "0")
    manage("collectstatic", "--no-input")
    manage("seed", "--password", "a-long-walk-to-the-sea", "-v", "0")
    manage("backup", str(tmp_path))
    [copy] = tmp_path.glob("*.gz")
    manage("restore", str(copy), DATABASE_URL=elsewhere)
    return ours | {"REPORTS_DATABASE_URL": elsewhere}


@pytest.mark.slow
def test_lists_lag_and_claims_do_not(lagging):
    run = [sys.executable, "manage.py", "shell", "-v", "0", "-c", LOOK]
    done = subprocess.run(run, cwd=PROJECT, env=lagging, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["reports", "0", "1", "True", "200", "False"]
