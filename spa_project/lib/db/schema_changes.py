"""System check of online schema change: a migration that would hold up work is refused.

`migrate` runs it before anything is changed. It reads the SQL of the pending migrations, and how
many rows the tables have. InnoDB makes some changes in its dictionary alone, adds an index beside
other work, and copies the whole table for the rest, in which nobody can write. A Galera cluster
commits nothing while it adds an index either (`wsrep_OSU_method=TOI`).

It depends on what Django does not document: `MigrationLoader.collect_sql`, and the shape of the
statements of its MySQL schema editor (`spa_project/tests/lib/db/test_schema_changes.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

#: Rows of a table whose copy people notice: about a second's work.
MANY = 100_000


class Work(IntEnum):
    """What the database does to a table for a statement."""

    #: It changes its dictionary alone.
    INSTANT = 0
    #: It reads the table to add an index, while others write.
    INDEX = 1
    #: It copies or changes the rows, while others wait.
    ROWS = 2


_NAME = r"[`\"]?(\w+)[`\"]?"
#: The table that a statement changes, for each kind of statement that is not always instant.
_CHANGES = (
    (re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON {_NAME}"), Work.INDEX),
    (re.compile(rf"(?:UPDATE|DELETE FROM|INSERT INTO) {_NAME}"), Work.ROWS),
)
_ALTER = re.compile(rf"ALTER TABLE {_NAME} (.*)", re.DOTALL)
#: Changes of a table that are in the dictionary alone, unless they bring a constraint.
_INSTANT = re.compile(
    r"(?:ADD COLUMN|DROP COLUMN|RENAME|ALTER COLUMN \S+ (?:SET|DROP) DEFAULT"
    r"|DROP (?:INDEX|KEY|FOREIGN KEY|CONSTRAINT|CHECK))\b"
)
_ADDS_INDEX = re.compile(r"\bUNIQUE\b")
_ADDS_CONSTRAINT = re.compile(r"\b(?:REFERENCES|CHECK \(|CHECK\()")


def work_of(statement: str) -> tuple[str, Work]:
    """Return the table that a statement of a migration changes, and the work that this is."""
    for pattern, work in _CHANGES:
        if found := pattern.match(statement):
            return found[found.lastindex or 1], work
    altered = _ALTER.match(statement)
    if altered is None:  # a table is created, dropped or renamed
        return "", Work.INSTANT
    table, change = altered.groups()
    return table, _work_of_change(change)


def _work_of_change(change: str) -> Work:
    if change.startswith("ADD") and _ADDS_CONSTRAINT.search(change):
        return Work.ROWS
    if change.startswith("ADD") and _ADDS_INDEX.search(change):
        return Work.INDEX
    return Work.INSTANT if _INSTANT.match(change) else Work.ROWS


def check_pending_migrations(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each pending migration that would hold up work in these databases."""
    return [message for alias in databases or () for message in _check(connections[alias])]


def _check(connection: Any) -> Iterator[CheckMessage]:
    if connection.vendor != "mysql":  # SQLite is one machine's, and small
        return
    rows = _large_tables(connection)
    if not rows:
        return
    executor = MigrationExecutor(connection)
    most = Work.INSTANT if _is_cluster(connection) else Work.INDEX
    for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        statements = executor.loader.collect_sql([(migration, False)])
        yield from judge(migration, statements, rows, most)


def judge(
    migration: Migration, statements: Sequence[str], rows: Mapping[str, int], most: Work
) -> Iterator[CheckMessage]:
    """Find what is more than the `most` work on a table with many `rows`."""
    for statement in statements:
        table, work = work_of(statement)
        if work > most and table in rows:
            yield Error(
                f"{migration} would hold up all work: {statement} ({rows[table]:,} rows).",
                hint="Close the spa and run `migrate --skip-checks`, or split the change:"
                " docs/operations.md, “Change a large table”.",
                id="spa.E021",
            )
    if any(not operation.reduces_to_sql for operation in migration.operations):
        yield Warning(
            f"{migration} runs Python, and there are large tables: {', '.join(sorted(rows))}.",
            hint="Look whether it changes their rows, and if so whether it does it in batches.",
            id="spa.W022",
        )


def _large_tables(connection: Any) -> dict[str, int]:
    """Return the tables with many rows, and about how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, table_rows FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_rows > %s",
            [MANY],
        )
        return dict(cursor.fetchall())


def _is_cluster(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
        return bool(cursor.fetchone() == ("wsrep_on", "ON"))
