"""Query expressions that the integrity rules share."""

from collections.abc import Iterable
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    FloatField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Abs, Coalesce
from django.db.models.lookups import GreaterThan

from queueing.models import Transaction


def differ(one: Any, other: Any) -> GreaterThan:
    """Return whether two amounts differ by a cent or more: SQLite adds decimals as floats."""
    return GreaterThan(Abs(one - other, output_field=FloatField()), 0.005)


def sum_of(expression: Any) -> Coalesce:
    """Return a sum of money, 0 for no rows."""
    return Coalesce(Sum(expression), 0, output_field=DecimalField())


def column_of(model: type[Model], key: str, column: str) -> Subquery:
    """Return a column of the row that `key` leads to, NULL when it leads nowhere."""
    return Subquery(model._default_manager.filter(pk=OuterRef(key)).values(column))


def count_of(rows: QuerySet[Any, Any]) -> Coalesce:
    """Return how many of these rows a transaction has, filtered by `transaction`."""
    count = rows.values("transaction").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(count), 0)


def another_key(model: type[Model], **same: str) -> Subquery:
    """Return the key of another row with these columns equal to ours, if there is one."""
    equal = {column: OuterRef(ours) for column, ours in same.items()}
    others = model._default_manager.filter(**equal).exclude(pk=OuterRef("pk"))
    return Subquery(others.order_by().values("pk")[:1])


def any_of(conditions: Iterable[Q]) -> Q:
    """Return whether one of the conditions is true."""
    return Q(*conditions, _connector=Q.OR)


def is_empty(name: str) -> Q:
    """Return the condition that a transaction has nothing in this field."""
    field = Transaction._meta.get_field(name)
    return Q(**{f"{name}__isnull": True}) if field.null else Q(**{name: ""})


def value_of(row: Transaction, name: str) -> Any:
    """Return a transaction's value of a column; for a person, the key."""
    field: Any = Transaction._meta.get_field(name)
    return getattr(row, field.attname)
