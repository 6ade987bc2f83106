"""Tests of the move of one branch from a chain's installation into an empty one."""

import datetime
import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from django.apps import apps

from spa_project import branch_files
from spa_project.branch_files import AFTER_PEOPLE, BEFORE_PEOPLE, PEOPLE, SHARED, history_of
from spa_project.tests.test_backup_of_servers import new_database
from tools.servers import PROJECT, migrate, run_quietly

#: What is bound to the old installation, or has no rows of a branch.
LEFT_OUT = {
    "accounts.Workplace",
    "accounts.HistoricalWorkplace",
    "accounts.AuthToken",
    "accounts.PairedDevice",
    "accounts.SessionLock",
    "accounts.SocketTicket",
    "auth.Permission",
    "axes.AccessAttempt",
    "axes.AccessAttemptExpiration",
    "axes.AccessFailureLog",
    "axes.AccessLog",
    "catalog.PriceList",  # a proxy
    "contenttypes.ContentType",
    "payments.PinTries",
    "sessions.Session",
}
#: A second branch with a visit of its own, whose cashier took money in the first one.
CHAIN = """
from accounts.models import Branch, Cashier, Therapist, User
from catalog.models import ServiceClassification
from queueing.models import Room
from queueing.services import Choice, confirm_selection
other = Branch.objects.create(name="Elsewhere", slug="elsewhere")
room = Room.objects.create(branch=other, number="9")
user = User.objects.create_user("olga", password="a-walk-by-the-sea", branch=other)
Therapist.objects.create(user=user, display_name="Olga", own_room=room)
offer = ServiceClassification.objects.first()
confirm_selection(other, choices=[Choice(offer.pk)], customer_name="Zoe of elsewhere")
moved = Cashier.objects.get(user__username="cashier1").user
moved.branch = other
moved.save()
"""
GUEST = "from accounts.models import User; u = User.objects.get(username='cashier1'); print("
Settings = dict[str, str]


def manage(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "manage.py", *arguments]
    env = os.environ | settings
    return subprocess.run(run, cwd=PROJECT, env=env, capture_output=True, text=True)


def said(settings: Settings, *arguments: str) -> list[str]:
    """Return the lines of a command that must succeed."""
    done = manage(settings, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def content(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


class Move(NamedTuple):
    """A branch that was moved: both installations, the file, and what both commands printed."""

    chain: Settings
    own: Settings
    file: Path
    exported: list[str]
    imported: list[str]


def settings_of(url: str) -> Settings:
    """Return the settings of an installation without Redis."""
    return {
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "spa_project.settings",
    }


def open_chain(settings: Settings) -> None:
    """Fill an empty database with two branches, of which one had an afternoon."""
    migrate(**settings)
    staff = ("--therapists", "4", "--cashiers", "2", "--password", "a-walk-by-the-sea")
    said(settings, "seed", "-v", "0", *staff)
    run_quietly([sys.executable, "-m", "tools.screens.demo_day"], **settings)
    said(settings, "shell", "-v", "0", "-c", CHAIN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("branches")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sqlite", marks=[pytest.mark.slow, pytest.mark.sample(0)]),
        pytest.param("server", marks=pytest.mark.servers),
    ],
)
def move(request, folder) -> Move:
    """Move a branch from a chain's installation into a new one of the same kind."""
    if request.param == "sqlite":
        urls = [f"sqlite:///{folder}/{name}.sqlite3" for name in ("chain", "own")]
    else:
        server = request.getfixturevalue("spa_database")
        number = len(server.ask("SHOW DATABASES"))
        urls = [new_database(server, f"branch{number}_{name}") for name in ("chain", "own")]
    chain, own = map(settings_of, urls)
    open_chain(chain)
    file = folder / f"{request.param}.gz"
    exported = said(chain, "export_branch", "main", str(file))
    migrate(**own)
    return Move(chain, own, file, exported, said(own, "import_branch", str(file)))


def test_a_branch_moves_with_all_its_rows_and_nothing_of_another(move, tmp_path):
    assert move.imported[0] == move.exported[1]
    assert "payments 5" in move.exported[1]
    assert "data is consistent" in move.imported[-1]
    assert "data is consistent" in said(move.chain, "verify_ledger")[-1]
    said(move.own, "export_branch", "main", str(tmp_path / "again"))
    assert content(tmp_path / "again") == content(move.file)
    assert not re.search("elsewhere", "\n".join(content(move.file)), re.IGNORECASE)


def test_times_are_moved_to_the_microsecond(move):
    rows = [json.loads(line).get("fields", {}) for line in content(move.file)]
    queued = [
        datetime.datetime.fromisoformat(row["queued_at"]) for row in rows if "queued_at" in row
    ]
    assert any(moment.microsecond % 1000 for moment in queued)


def test_who_belongs_to_another_branch_comes_along_without_a_login(move):
    state = f"{GUEST}u.branch.slug, u.is_active, u.has_usable_password())"
    assert said(move.own, "shell", "-v", "0", "-c", state) == ["main False False"]
    assert said(move.chain, "shell", "-v", "0", "-c", state) == ["elsewhere True True"]


def test_a_branch_goes_into_no_installation_that_has_something(move):
    done = manage(move.chain, "import_branch", str(move.file))
    assert done.returncode == 1
    assert "Nothing was imported. This installation is not empty" in done.stderr


def test_only_its_owner_can_read_the_file(move):
    assert move.file.stat().st_mode & 0o777 == 0o600


def test_a_branch_that_is_not_there_is_refused_with_those_that_are(move, tmp_path):
    done = manage(move.chain, "export_branch", "nowhere", str(tmp_path / "none"))
    assert "There is no branch “nowhere”, but: elsewhere, main." in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def empty(folder) -> Path:
    """Return a database after `migrate`."""
    migrate(**settings_of(f"sqlite:///{folder}/empty.sqlite3"))
    return folder / "empty.sqlite3"


@pytest.fixture
def refusal(empty, tmp_path) -> Callable[[list[str]], str]:
    def give(lines: list[str]) -> str:
        """Return why these lines are not imported; nothing is left of them."""
        database = shutil.copy(empty, tmp_path / "spa.sqlite3")
        (tmp_path / "file").write_bytes(gzip.compress("\n".join(lines).encode()))
        done = manage(settings_of(f"sqlite:///{database}"), "import_branch", f"{tmp_path}/file")
        assert done.returncode == 1
        with closing(sqlite3.connect(database)) as left:
            assert left.execute("SELECT COUNT(*) FROM accounts_branch").fetchone() == (0,)
        return done.stderr

    return give


def test_half_a_file_is_refused(move, refusal):
    assert "sums differ" in refusal(content(move.file)[:-1])


def test_a_file_that_lost_its_tips_and_payments_is_refused(move, refusal):
    lost = re.compile('"payments[.](payment|tipshare|tender|receiptprint)"')
    assert "sums differ" in refusal([x for x in content(move.file) if not lost.search(x)])


def test_a_file_of_other_tables_is_refused(move, refusal):
    head, *rows = content(move.file)
    other = json.loads(head)
    other["migrations"].append("queueing.9999_later")
    assert "of another version (queueing.9999_later)" in refusal([json.dumps(other), *rows])


def test_something_else_is_refused(move, refusal):
    assert "is no whole file of a branch" in refusal(["hello"])


def test_every_table_is_moved_or_left_out_on_purpose():
    owned = {*SHARED, *PEOPLE, *BEFORE_PEOPLE, *AFTER_PEOPLE}
    kept = (*branch_files.SHARED_WITH_HISTORY, *PEOPLE)
    histories = {
        history_of(model) for model in (*kept, *(m for m in BEFORE_PEOPLE if hasattr(m, "history")))
    }
    moved = {model._meta.label for model in {*owned, *histories}} | {"admin.LogEntry"}
    assert {model._meta.label for model in apps.get_models()} == moved | LEFT_OUT
