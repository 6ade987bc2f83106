"""What a refused request may have changed: no row of any table."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

#: Where a refusal may leave something: codes have gaps, and wrong passwords are counted.
MAY_CHANGE = frozenset({"queueing_transactioncounter", "axes_accessattempt"})
_READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET ")


def digest() -> dict[str, str]:
    """A digest of all rows, by table."""
    tables = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {
        table: hashlib.sha256(repr(_rows_of(model)).encode()).hexdigest()
        for table, model in tables.items()
        if table not in MAY_CHANGE
    }


def everything() -> str:
    """All rows of all tables as one text, to look for what must not be in it."""
    models = apps.get_models(include_auto_created=True)
    return "\n".join(repr(_rows_of(model)) for model in models)


def changed_since(before: dict[str, str]) -> list[str]:
    """The tables that are no longer as they were."""
    return [table for table, now in digest().items() if before[table] != now]


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that could change something while the block runs, on this connection.

    A digest takes long beside a refusal that writes nothing at all, so that is asked first."""
    seen: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not str(sql).lstrip().upper().startswith(_READS):
            seen.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def _rows_of(model: Any) -> list[Any]:
    return list(model._base_manager.order_by("pk").values_list())
