"""Counters: rows that only ever grow, incremented by one upsert statement."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Model

from spa_project.lib.db.compiled_queries import execute

_UPSERT = {
    "mysql": """
        INSERT INTO {table} ({columns}, last) VALUES ({marks}, LAST_INSERT_ID(1))
        ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + 1)
    """,
    "sqlite": """
        INSERT INTO {table} ({columns}, last) VALUES ({marks}, 1)
        ON CONFLICT ({columns}) DO UPDATE SET last = last + 1 RETURNING last
    """,
}
#: The counter's value, read from the statement's cursor.
_LAST: dict[str, Callable[[Any], Any]] = {
    "mysql": lambda cursor: cursor.lastrowid,
    "sqlite": lambda cursor: cursor.fetchall()[0][0],
}


def increment(model: type[Model], **key: Any) -> int:
    """Add one to the counter with this key, or start it at 1, and return it.

    `key` names the columns of the model's unique constraint; its value is in the column `last`.
    The row stays locked until the database transaction ends, so in autocommit for a moment only.
    """
    statement = _UPSERT[connection.vendor].format(
        table=model._meta.db_table,
        columns=", ".join(key),
        marks=", ".join("%s" for _name in key),
    )
    return int(execute(connection, statement, list(key.values()), _LAST[connection.vendor]))
