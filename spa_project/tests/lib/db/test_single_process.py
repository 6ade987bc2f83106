"""Tests that a second process without Redis is refused at start, with the way to fix it."""

import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

START = "import spa_project.asgi"


def start(database: str, redis: str = "", *, then: str = "") -> subprocess.Popen[str]:
    """Start a process that loads the application as a server does, and goes on with `then`."""
    return subprocess.Popen(
        [sys.executable, "-c", f"{START}; print('serving', flush=True); {then}"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": secrets.token_urlsafe(45)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def first(tmp_path):
    """Run a process on a database of its own, until the test is over."""
    database = f"sqlite:///{tmp_path / 'spa.sqlite3'}"
    process = start(database, then="input()")
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    yield database
    process.communicate("\n", timeout=20)


def test_a_second_process_without_redis_is_refused(first):
    _out, errors = start(first).communicate(timeout=20)
    assert "Another process serves this database already" in errors
    assert "REDIS_URL" in errors


def test_on_sqlite_redis_does_not_make_it_two(first):
    _out, errors = start(first, redis="redis://127.0.0.1:1").communicate(timeout=20)
    assert "Another process serves this database already" in errors


def test_with_mariadb_and_redis_there_may_be_several():
    away = "mysql://spa:spa@127.0.0.1:1/spa"
    one = start(away, redis="redis://127.0.0.1:1", then="input()")
    assert one.stdout is not None
    assert one.stdout.readline() == "serving\n"
    output, _errors = start(away, redis="redis://127.0.0.1:1").communicate(timeout=20)
    assert output == "serving\n"
    one.communicate("\n", timeout=20)


def test_another_database_is_another_matter(first, tmp_path):
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    output, _errors = start(other).communicate(timeout=20)
    assert output == "serving\n"
