"""Check of single statements: each names one branch, or rows by their keys.

A statement that does neither reads or locks rows of every branch: it grows with the chain, shows
one branch's customers to another, and lets branches wait for each other.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

APPS_OF_A_BRANCH = ("queueing", "payments", "accounts")
#: What managers set up for all branches, and the branches themselves: few rows, which do not grow
#: with the customers. The menu (`catalog`) is another app's.
SHARED = frozenset({"Branch", "Discount", "PaymentMethod"})
_TABLE = re.compile(r'^\s*(?:SELECT .*? FROM|UPDATE|DELETE FROM)\s+["`](\w+)["`]', re.DOTALL)
_WHERE = re.compile(r"\bWHERE\b(.*)", re.DOTALL)
#: A column that is compared with one value, or is one of several keys.
_COMPARED = re.compile(r'["`](\w+)["`](?: =| IN) ')


def crosses_branches(sql: str) -> bool:
    """Return whether a statement names neither a branch nor rows by their keys."""
    found = _TABLE.match(sql)
    if not found or found[1] not in _tables():
        return False
    where = _WHERE.search(sql)
    compared = set(_COMPARED.findall(where[1])) if where else set()
    return not compared & _tables()[found[1]]


@cache
def _tables() -> dict[str, set[str]]:
    """Return the columns that name a branch or single rows, of each table of a branch."""
    kept = (model for app in APPS_OF_A_BRANCH for model in apps.get_app_config(app).get_models())
    return {
        model._meta.db_table: {"branch_id", *_keys(model)}
        for model in kept
        if model.__name__ not in SHARED
    }


def _keys(model: type[models.Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if field.unique or isinstance(field, models.ForeignKey):
            assert field.column
            yield field.column


class Audit:
    """Execute wrapper (`connection.execute_wrapper`) that notes statements across branches."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.seen = 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run a statement, and note it when it names no branch."""
        self.seen += 1
        if crosses_branches(sql):
            self.found.append(sql)
        return execute(sql, params, many, context)
