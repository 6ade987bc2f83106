"""Tests that an unsuitable database is refused, with a message that states the fix."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import MySQLdb
import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import NotSupportedError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler

from spa_project.lib.db import checks
from spa_project.lib.db.checks import MySQLAnswers, SQLiteAnswers, check_database_before_serving
from tools.servers import HOST, AppServer, MariaDB, ServerFailed, database_server, free_port

GOOD_MARIADB = MySQLAnswers(
    is_mariadb=True,
    version=(10, 6, 0),
    isolation="READ-COMMITTED",
    sql_mode="STRICT_TRANS_TABLES,NO_ZERO_DATE",
    engine="InnoDB",
    connection_charset="utf8mb4",
    database_charset="utf8mb4",
    not_innodb=(),
)
GOOD_MYSQL = replace(GOOD_MARIADB, is_mariadb=False, version=(8, 0, 11))
GOOD_SQLITE = SQLiteAnswers(journal_mode="wal", synchronous=2, transaction_mode="IMMEDIATE")

WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "an old MariaDB": (GOOD_MARIADB, {"version": (10, 5, 29)}, "Use MariaDB 10.6 or newer"),
    "an old MySQL": (GOOD_MYSQL, {"version": (8, 0, 10)}, "Use MySQL 8.0.11 or newer"),
    "gap locks": (GOOD_MARIADB, {"isolation": "REPEATABLE-READ"}, "'read committed'"),
    "an indulgent server": (GOOD_MYSQL, {"sql_mode": "NO_ZERO_DATE"}, "STRICT_TRANS_TABLES"),
    "no mode at all": (GOOD_MARIADB, {"sql_mode": ""}, "STRICT_TRANS_TABLES"),
    "another engine": (GOOD_MARIADB, {"engine": "MyISAM"}, "default_storage_engine=InnoDB"),
    "a table of another": (GOOD_MARIADB, {"not_innodb": ("a_towel",)}, "ENGINE=InnoDB"),
    "a narrow connection": (GOOD_MARIADB, {"connection_charset": "latin1"}, "['charset']"),
    "a narrow database": (GOOD_MARIADB, {"database_charset": "utf8mb3"}, "ALTER DATABASE"),
    "a rollback journal": (GOOD_SQLITE, {"journal_mode": "delete"}, "journal_mode=WAL"),
    "commits in the air": (GOOD_SQLITE, {"synchronous": 1}, "synchronous=FULL"),
    "late locks": (GOOD_SQLITE, {"transaction_mode": "DEFERRED"}, "'IMMEDIATE'"),
}

Answer = Callable[..., None]


@pytest.fixture
def answer(monkeypatch) -> Answer:
    """Make the database of the suite answer something else, or raise."""

    def pretend(answers: Any) -> None:
        def ask(connection: BaseDatabaseWrapper) -> Any:
            if isinstance(answers, Exception):
                raise answers
            return answers

        kind = "sqlite" if isinstance(answers, SQLiteAnswers) else "mysql"
        _ask, judge = checks._KINDS[kind]
        monkeypatch.setitem(checks._KINDS, connection.vendor, (ask, judge))

    return pretend


@pytest.mark.parametrize("good", [GOOD_MARIADB, GOOD_MYSQL, GOOD_SQLITE])
def test_a_good_database_is_let_in(answer, good):
    answer(good)
    assert checks.check(connection) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_database_is_told_what_to_change(answer, name):
    good, wrong, what_to_change = WRONG[name]
    answer(replace(good, **wrong))
    [error] = checks.check(connection)
    assert error.is_serious()
    assert what_to_change in str(error.hint)


def test_every_kind_of_error_has_a_number_of_its_own():
    found = set()
    for good, wrong, _hint in WRONG.values():
        _ask, judge = checks._KINDS["sqlite" if good is GOOD_SQLITE else "mysql"]
        found |= {error.id for error in judge(replace(good, **wrong))}
    assert len(found) == len(WRONG) - 2  # two ways to be too old, two not to be strict


def test_a_database_nobody_tried_is_refused(monkeypatch):
    monkeypatch.delitem(checks._KINDS, connection.vendor)
    [error] = checks.check(connection)
    assert "Use MariaDB, MySQL or SQLite" in str(error.hint)


# -- The real database --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_of_the_suite_is_good():
    assert checks.check(connection) == []


@pytest.mark.django_db
def test_the_check_command_asks_the_database(answer):
    call_command("check", tags=["database"], databases=["default"])
    answer(replace(GOOD_SQLITE, synchronous=0))
    with pytest.raises(SystemCheckError, match=r"spa\.E012[^§]*PRAGMA synchronous=FULL"):
        call_command("check", tags=["database"], databases=["default"])
    call_command("check", tags=["database"])  # no database is named, and none is queried


@pytest.mark.django_db
def test_a_wrong_database_is_not_migrated(answer):
    answer(replace(GOOD_MARIADB, version=(10, 5)))
    with pytest.raises(SystemCheckError, match=r"MariaDB 10\.6 or newer"):
        call_command("migrate", skip_checks=False, verbosity=0)


@pytest.fixture
def configured() -> Iterator[Callable[..., BaseDatabaseWrapper]]:
    """Return a connection to the suite's database (or `NAME`), with other options."""
    made: list[BaseDatabaseWrapper] = []

    def connect(**changes: Any) -> BaseDatabaseWrapper:
        handler = ConnectionHandler({"default": connection.settings_dict | changes})
        made.append(handler["default"])
        return made[-1]

    yield connect
    for each in made:
        each.close()


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [error.id for error in found]


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_sqlite_as_django_sets_it_up_is_not_enough(configured, tmp_path):
    plain = configured(NAME=str(tmp_path / "plain.sqlite3"), OPTIONS={})
    assert ids(checks.check(plain)) == ["spa.E011", "spa.E013"]
    fast = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}
    assert ids(checks.check(configured(OPTIONS=fast))) == ["spa.E012", "spa.E013"]


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'mysql'")
def test_mariadb_with_other_options_is_found_out(configured):
    options = {
        "charset": "latin1",
        "isolation_level": "repeatable read",
        "init_command": "SET sql_mode='', default_storage_engine=MyISAM",
    }
    found = ids(checks.check(configured(OPTIONS=options)))
    assert found == ["spa.E002", "spa.E003", "spa.E004", "spa.E006"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'mysql'")
def test_a_table_that_innodb_does_not_keep_is_named(monkeypatch):
    names = connection.introspection.django_table_names()
    monkeypatch.setattr(connection.introspection, "django_table_names", lambda: [*names, "towel"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE towel (colour VARCHAR(10)) ENGINE=MyISAM")
        cursor.execute("CREATE TABLE not_ours (colour VARCHAR(10)) ENGINE=MyISAM")
        [error] = checks.check(connection)
        cursor.execute("DROP TABLE towel, not_ours")
    assert error.msg == "These tables are not kept by InnoDB: towel."


# -- The start of a server ----------------------------------------------------------------------


@pytest.mark.django_db
def test_the_start_goes_on_with_a_good_database(caplog):
    check_database_before_serving()
    assert not caplog.records


def test_the_start_is_refused_with_all_that_is_to_change(answer):
    answer(replace(GOOD_MARIADB, version=(10, 5), sql_mode=""))
    with pytest.raises(ImproperlyConfigured) as refusal:
        check_database_before_serving()
    assert "MariaDB 10.5 cannot skip" in str(refusal.value)
    assert "Use MariaDB 10.6 or newer." in str(refusal.value)
    assert "STRICT_TRANS_TABLES" in str(refusal.value)


def test_a_server_that_django_itself_refuses_is_refused(answer):
    answer(NotSupportedError("MariaDB 10.5 or later is required (found 10.3)."))
    with pytest.raises(ImproperlyConfigured, match=r"found 10\.3"):
        check_database_before_serving()


def test_a_database_that_is_away_does_not_prevent_the_start(answer, caplog):
    answer(OperationalError(2002, "Can't connect to server"))
    check_database_before_serving()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "Can't connect to server" in record.getMessage()


def test_a_database_that_does_not_answer_does_not_hold_the_start_up(caplog, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(checks, "START_WAIT", 0.01)
    monkeypatch.setitem(
        checks._KINDS, connection.vendor, (lambda _connection: answered.wait(), lambda _answer: ())
    )
    check_database_before_serving()
    answered.set()
    assert "has not answered yet" in caplog.text


@pytest.mark.django_db
@pytest.mark.asyncio
async def test_the_start_may_be_on_an_event_loop(caplog):
    """Some servers import the application there; Django refuses to ask a database from it."""
    check_database_before_serving()
    assert asyncio.get_running_loop().is_running()
    assert not caplog.records


@pytest.mark.django_db
def test_the_start_leaves_no_connection_behind():
    opened = []

    def note(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        opened.append(connection)

    connection_created.connect(note)
    check_database_before_serving()
    connection_created.disconnect(note)
    assert {each.connection for each in opened} == {None}


@pytest.mark.servers
def test_daphne_does_not_start_on_a_database_that_cannot_hold_every_name():
    with database_server() as server:
        create_database(server, "narrow CHARACTER SET latin1")
        url = server.url.removesuffix("spa") + "narrow"
        with pytest.raises(ServerFailed, match="ALTER DATABASE"):
            with AppServer(DATABASE_URL=url, REDIS_URL=""):
                pass


@pytest.mark.servers
def test_daphne_starts_while_the_database_is_away():
    away = f"mysql://spa:spa@{HOST}:{free_port()}/spa"
    with AppServer(DATABASE_URL=away, REDIS_URL="") as app:
        assert app.answers()
        assert "was not checked" in app.log_tail()


def create_database(server: MariaDB, name: str) -> None:
    other = MySQLdb.connect(host=HOST, port=server.port, user="spa", password="spa")
    try:
        other.cursor().execute(f"CREATE DATABASE {name}")
    finally:
        other.close()
