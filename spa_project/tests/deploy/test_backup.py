"""Tests of the backup drill: back up a working floor, restore elsewhere, verify the ledger."""

import asyncio
import gzip
import os
import stat
import subprocess
import sys
from pathlib import Path

import MySQLdb
import pytest

from spa_project.tests.deploy.installation import MANAGE
from tools.faults.people import Shift, staff_of
from tools.servers import HOST, PROJECT, AppServer, open_spa
from tools.servers.clients import PASSWORD, Floor

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]


def manage(*arguments: str, **settings: str) -> str:
    run = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        run, cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def count_payments(url: str) -> int:
    code = "from payments.models import Payment; print(Payment.objects.count())"
    return int(manage("shell", "-v", "0", "-c", code, DATABASE_URL=url).split()[-1])


async def copies_made_at_work(
    floor: Floor, directory: Path, settings: dict[str, str]
) -> list[Path]:
    """Return two backups, each made while a shift serves customers without an error."""
    shift = Shift([floor.one], staff_of(floor.one))
    await shift.serve()
    paths = []
    async with shift.open():
        for _each in range(2):
            said = await asyncio.to_thread(manage, "backup", str(directory), **settings)
            paths.append(Path(said.split(" (")[0]))
            await shift.serves_one_more()
    return paths


def new_database(port: int, name: str) -> str:
    connection = MySQLdb.connect(host=HOST, port=port, user="spa", password="spa")
    connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    connection.close()
    return f"mysql://spa:spa@{HOST}:{port}/{name}"


@pytest.mark.sample(0)
async def test_a_copy_made_at_work_is_whole_on_mariadb(production, floor, tmp_path):
    first, second = await copies_made_at_work(floor, tmp_path, production.settings)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    found = []
    for number, path in enumerate((first, second)):
        url = new_database(production.database.port, f"copy{number}")
        settings = production.settings | {"DATABASE_URL": url}
        assert "data is consistent" in manage("restore", str(path), **settings)
        found.append(count_payments(url))
    assert 0 < found[0] < found[1] <= count_payments(production.settings["DATABASE_URL"])


async def test_a_copy_goes_into_no_database_that_has_something(production, floor, tmp_path):
    path = Path(manage("backup", str(tmp_path), **production.settings).split(" (")[0])
    done = subprocess.run(
        [*MANAGE, "restore", str(path)],
        cwd=PROJECT,
        env=os.environ | production.settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "not empty" in done.stderr


@pytest.mark.sample(0)
async def test_a_copy_made_at_work_is_whole_on_sqlite(tmp_path):
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3",
        "REDIS_URL": "",
        "STATIC_ROOT": str(tmp_path / "static"),
        "RATE_LIMITS": "off",
    }
    open_spa("--password", PASSWORD, **settings)
    with AppServer(**settings) as app:
        first, _second = await copies_made_at_work(Floor(app, app), tmp_path / "copies", settings)
    url = f"sqlite:///{tmp_path}/copy.sqlite3"
    assert "data is consistent" in manage("restore", str(first), **settings | {"DATABASE_URL": url})
    assert count_payments(url) > 0


async def test_a_broken_copy_is_refused(tmp_path):
    broken = tmp_path / "spa.sqlite3.gz"
    broken.write_bytes(gzip.compress(b"x" * 5000)[:-20])
    done = subprocess.run(
        [*MANAGE, "restore", str(broken)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3", "REDIS_URL": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "cannot be read" in done.stderr


async def test_old_copies_go(tmp_path):
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3", "REDIS_URL": ""}
    copies = tmp_path / "copies"
    for _each in range(3):
        manage("backup", str(copies), "--keep", "2", **settings)
    assert len(list(copies.iterdir())) == 2
