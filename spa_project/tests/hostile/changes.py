"""Detection of changes by a refused request, in the rows of all tables."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

#: Tables to which a refusal may write: codes have gaps, wrong passwords and PINs are counted.
MAY_CHANGE = frozenset({"queueing_transactioncounter", "axes_accessattempt", "payments_pintries"})
_READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET ")


def digest() -> dict[str, str]:
    """Return a digest of all rows, by table."""
    tables = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {
        table: hashlib.sha256(repr(_rows_of(model)).encode()).hexdigest()
        for table, model in tables.items()
        if table not in MAY_CHANGE
    }


def everything() -> str:
    """Return all rows of all tables as one text."""
    models = apps.get_models(include_auto_created=True)
    return "\n".join(repr(_rows_of(model)) for model in models)


def changed_since(before: dict[str, str]) -> list[str]:
    """Return the tables whose digest has changed."""
    return [table for table, now in digest().items() if before[table] != now]


@contextmanager
def writes() -> Iterator[list[str]]:
    """Collect the writing statements of this connection inside the block.

    A digest takes long beside a refusal that writes nothing at all, so this is checked first.
    """
    seen: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not str(sql).lstrip().upper().startswith(_READS):
            seen.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def _rows_of(model: Any) -> list[Any]:
    return list(model._base_manager.order_by("pk").values_list())
