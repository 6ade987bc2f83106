"""Tests of which pages, snapshots and commands read the primary, and which the replica."""

import gzip
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from spa_project.lib.web.admin import LookOnlyAdmin
from tools.servers import PROJECT

pytestmark = pytest.mark.slow

LISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model, page in admin.site._registry.items()
    if isinstance(page, LookOnlyAdmin)
]
#: What was, and nobody decides by; each of these pages shows how old its figures are.
FROM_THE_REPLICA = {
    "manager1": ["/reports/", *LISTS],
    "therapist1": ["/api/days/therapist/"],
}
#: What is now: people act on it, so it is never late.
FROM_THE_PRIMARY = {
    "manager1": ["/monitor/", "/desk/", "/cashier/drawer/", "/api/snapshots/monitor/"],
    "therapist1": ["/therapist/", "/api/snapshots/therapist/", "/api/turns/"],
    "cashier1": [
        *("/cashier/", "/cashier/drawer/", "/display/1/"),
        *("/api/snapshots/cashier/", "/api/snapshots/display/1/", "/api/days/cashier/"),
        *("/api/sales/", "/api/sales/?q=1", "/api/tips/"),
    ],
    "": ["/board/", "/api/snapshots/board/", "/api/snapshots/menu/", "/api/therapists/"],
}

#: Notes the databases in which visits, payments and other rows of a branch are read. Left out are
#: the log of operations, by which the age of the replica is measured, and what managers set up,
#: which filters offer.
NOTE = """
import json, re, sys
from contextlib import ExitStack
from django.core.management import call_command
from django.db import connections
from django.test import Client
from accounts.models import User
from payments.models import Discount, PaymentMethod
from queueing.models import TransactionEvent
OF_A_BRANCH = re.compile(r'FROM "((?:queueing|payments)_[a-z]+)"')
LEFT_OUT = {each._meta.db_table for each in (TransactionEvent, Discount, PaymentMethod)}
read = {}
def noting(alias):
    def note(execute, sql, params, many, context):
        read.setdefault(place, set()).update(
            alias for table in OF_A_BRANCH.findall(sql) if table not in LEFT_OUT
        )
        return execute(sql, params, many, context)
    return note
listening = ExitStack()
for alias in connections:
    listening.enter_context(connections[alias].execute_wrapper(noting(alias)))
"""
PAGES = """
for person, paths in json.loads(PLACES).items():
    client = Client(headers={"host": "localhost"})
    place = person
    if person:
        client.force_login(User.objects.get(username=person))
    for place in paths:
        answer = client.get(place)
        assert answer.status_code == 200, (place, answer.status_code)
"""
COMMANDS = """
for place, database in json.loads(PLACES):
    call_command("verify_ledger", database=database, stdout=sys.stderr)
"""
PRINT = "\nprint(json.dumps({place: sorted(found) for place, found in read.items()}))"


def noted(settings: dict[str, str], script: str, places: Any) -> tuple[dict[str, list[str]], str]:
    """Run a script on both databases; return the databases that it read by place, and its words."""
    code = f"PLACES = {json.dumps(places)!r}\n{NOTE}{script}{PRINT}"
    run = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    done = subprocess.run(run, cwd=PROJECT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return read, done.stderr


def manage(settings: dict[str, str], *arguments: str) -> str:
    run = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(run, cwd=PROJECT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("alias", "places"), [("reports", FROM_THE_REPLICA), ("default", FROM_THE_PRIMARY)]
)
def test_a_page_reads_one_of_the_databases(two_databases, alias, places):
    paths = {path for each in places.values() for path in each}
    read, _words = noted(two_databases, PAGES, places)
    found = {path: aliases for path, aliases in read.items() if path in paths and aliases}
    assert len(found) > len(paths) / 2
    assert set(map(tuple, found.values())) == {(alias,)}, found


def test_the_ledger_is_verified_on_the_replica_unless_another_database_is_named(two_databases):
    named = [("usual", None), ("primary", "default"), ("replica", "reports")]
    read, words = noted(two_databases, COMMANDS, named)
    assert read == {"usual": ["reports"], "primary": ["default"], "replica": ["reports"]}
    assert words.count("Read from the replica, up to date.") == 1


def backed_up(settings: dict[str, str], directory: Path, *options: str) -> tuple[int, str]:
    """Back up; return the mark of the database that was copied, and what the command says."""
    said = manage(settings, "backup", str(directory), *options)
    copy = directory / "copy.sqlite3"
    copy.write_bytes(gzip.decompress(Path(said.split(" (")[0]).read_bytes()))
    with closing(sqlite3.connect(copy)) as connection:
        [mark] = connection.execute("PRAGMA user_version").fetchone()
    return mark, said


def test_a_backup_is_of_the_replica_unless_another_database_is_named(two_databases, tmp_path):
    replica = two_databases["REPORTS_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(replica)) as connection:
        connection.execute("PRAGMA user_version = 7")
    mark, said = backed_up(two_databases, tmp_path)
    assert (mark, said.splitlines()[-1]) == (7, "Read from the replica, up to date.")
    mark, said = backed_up(two_databases, tmp_path, "--database", "default")
    assert (mark, "Read from" in said) == (0, False)
