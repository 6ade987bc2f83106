"""System checks of the database: only a kind on which the queue was tested may be used.

The guarantees "never twice, never lost" need SKIP LOCKED, READ COMMITTED, a strict server and
commits that survive a power cut. `manage.py check --database default`, `migrate` and the server's
start ask the database itself, whatever the settings say.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

MARIADB_AT_LEAST = (10, 6)
MYSQL_AT_LEAST = (8, 0, 11)
#: Seconds that a start waits for the database's answers.
START_WAIT = 10.0

Check: TypeAlias = Callable[[BaseDatabaseWrapper], list[CheckMessage]]


@dataclass(frozen=True)
class MySQLAnswers:
    """Properties of a MariaDB or MySQL server and of our connection to it."""

    is_mariadb: bool
    version: tuple[int, ...]
    isolation: str
    sql_mode: str
    engine: str
    connection_charset: str
    database_charset: str
    not_innodb: tuple[str, ...]  # those of our tables


@dataclass(frozen=True)
class SQLiteAnswers:
    """Properties of our connection to SQLite."""

    journal_mode: str
    synchronous: int
    transaction_mode: str


def check_databases(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with these databases, each with what to change."""
    return [error for alias in databases or () for error in check(connections[alias])]


def check(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """Return what is wrong with one database; raise Django's errors when it cannot be reached."""
    if connection.vendor not in _KINDS:
        hint = "Use MariaDB, MySQL or SQLite: DATABASE_URL says which."
        return [Error(f"{connection.display_name} is not supported.", hint=hint, id="spa.E000")]
    ask, judge = _KINDS[connection.vendor]
    return list(judge(ask(connection)))


def check_database_before_serving(*others: Check) -> None:
    """Raise `ImproperlyConfigured`, with what to change, when the server must not start.

    The production checks use the same connection. A database that does not answer now is no reason
    not to start: it may return, and until then requests are answered with an error.
    """
    found: list[CheckMessage | NotSupportedError] = []
    # Runs on a thread of its own: the caller may be on an event loop, where Django refuses to
    # query, and the connection made here ends with the thread.
    asking = threading.Thread(
        target=_ask_into, args=(found, others), name="database-check", daemon=True
    )
    asking.start()
    asking.join(START_WAIT)
    if asking.is_alive():
        logger.warning("The database has not answered yet; it was not checked.")
    if found:
        raise ImproperlyConfigured("\n\n".join(in_words(reason) for reason in found))


def _ask_into(found: list[CheckMessage | NotSupportedError], others: Sequence[Check]) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        for ask in (check, *others):
            found += ask(connection)
    except NotSupportedError as error:  # Django itself refuses very old servers
        found.append(error)
    except Exception as error:
        logger.warning("The database cannot be asked now; it was not checked: %s", error)
    finally:
        connection.close()


def in_words(reason: CheckMessage | NotSupportedError) -> str:
    """Return what is wrong and what to change, as one sentence after the other."""
    return f"{reason.msg} {reason.hint}" if isinstance(reason, CheckMessage) else str(reason)


# -- MariaDB and MySQL --------------------------------------------------------------------------


def _ask_mysql(connection: Any) -> MySQLAnswers:
    is_mariadb = connection.mysql_is_mariadb
    isolation = "@@tx_isolation" if is_mariadb else "@@transaction_isolation"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {isolation}, @@sql_mode, @@default_storage_engine,"
            " @@character_set_connection, @@character_set_database"
        )
        answers: tuple[str, str, str, str, str] = cursor.fetchone()
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND engine <> 'InnoDB' ORDER BY table_name"
        )
        others = [name for (name,) in cursor.fetchall()]
    ours = connection.introspection.django_table_names()
    not_innodb = tuple(name for name in others if name in ours)
    return MySQLAnswers(is_mariadb, connection.mysql_version, *answers, not_innodb)


def _judge_mysql(answers: MySQLAnswers) -> Iterator[Error]:
    yield from _judge_version(answers)
    if (isolation := answers.isolation.upper()) != "READ-COMMITTED":
        yield Error(
            f"The database works at {isolation}, where asking an empty line locks it.",
            hint="Set OPTIONS['isolation_level'] of the database to 'read committed'.",
            id="spa.E002",
        )
    if "STRICT_TRANS_TABLES" not in answers.sql_mode.upper().split(","):
        yield Error(
            "The database is not strict: it cuts off what does not fit instead of refusing it.",
            hint="Set sql_mode='STRICT_TRANS_TABLES' in OPTIONS['init_command'] of the database.",
            id="spa.E003",
        )
    yield from _judge_engine(answers)
    yield from _judge_charset(answers)


def _judge_version(answers: MySQLAnswers) -> Iterator[Error]:
    name, needed = (
        ("MariaDB", MARIADB_AT_LEAST) if answers.is_mariadb else ("MySQL", MYSQL_AT_LEAST)
    )
    if answers.version < needed:
        yield Error(
            f"{name} {_dotted(answers.version)} cannot skip the rows that others hold.",
            hint=f"Use {name} {_dotted(needed)} or newer.",
            id="spa.E001",
        )


def _judge_engine(answers: MySQLAnswers) -> Iterator[Error]:
    if answers.engine != "InnoDB":
        yield Error(
            f"New tables would be kept by {answers.engine}, which has no transactions.",
            hint="Set default_storage_engine=InnoDB on the server.",
            id="spa.E004",
        )
    if answers.not_innodb:
        yield Error(
            f"These tables are not kept by InnoDB: {', '.join(answers.not_innodb)}.",
            hint="Change each of them: ALTER TABLE <name> ENGINE=InnoDB.",
            id="spa.E005",
        )


def _judge_charset(answers: MySQLAnswers) -> Iterator[Error]:
    if answers.connection_charset != "utf8mb4":
        yield Error(
            f"The connection speaks {answers.connection_charset}, which cannot write every name.",
            hint="Set OPTIONS['charset'] of the database to 'utf8mb4'.",
            id="spa.E006",
        )
    if answers.database_charset != "utf8mb4":
        yield Error(
            f"The database keeps {answers.database_charset}, which cannot hold every name.",
            hint="ALTER DATABASE <name> CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, and"
            " convert its tables: ALTER TABLE <name> CONVERT TO CHARACTER SET utf8mb4.",
            id="spa.E007",
        )


# -- SQLite -------------------------------------------------------------------------------------

_FULL = 2  # EXTRA is 3


def _ask_sqlite(connection: Any) -> SQLiteAnswers:
    with connection.cursor() as cursor:
        [journal_mode] = cursor.execute("PRAGMA journal_mode").fetchone()
        [synchronous] = cursor.execute("PRAGMA synchronous").fetchone()
    return SQLiteAnswers(journal_mode, synchronous, connection.transaction_mode or "DEFERRED")


def _judge_sqlite(answers: SQLiteAnswers) -> Iterator[Error]:
    if answers.journal_mode != "wal":
        yield Error(
            f"SQLite's journal is “{answers.journal_mode}”: whoever reads keeps others waiting.",
            hint="Put PRAGMA journal_mode=WAL into OPTIONS['init_command'] of the database,"
            " and keep the file on a local disk.",
            id="spa.E011",
        )
    if answers.synchronous < _FULL:
        yield Error(
            "SQLite does not wait for the disk: a payment could be lost with the power.",
            hint="Put PRAGMA synchronous=FULL into OPTIONS['init_command'] of the database.",
            id="spa.E012",
        )
    if answers.transaction_mode != "IMMEDIATE":
        yield Error(
            f"SQLite's transactions begin {answers.transaction_mode}: two claims could see the"
            " same customer, and one of them fail.",
            hint="Set OPTIONS['transaction_mode'] of the database to 'IMMEDIATE'.",
            id="spa.E013",
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


_Kind = tuple[Callable[[Any], Any], Callable[[Any], Iterator[Error]]]
_KINDS: dict[str, _Kind] = {
    "mysql": (_ask_mysql, _judge_mysql),
    "sqlite": (_ask_sqlite, _judge_sqlite),
}
