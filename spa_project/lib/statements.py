"""Statements that are not built anew each time they run.

Django turns a queryset into SQL with every use, and for a small statement that takes longer than
the database's answer (docs/decisions/0004). The few statements on the path of a claim are written
as querysets like any other, compiled once for each connection, and run again with other values.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Model, QuerySet
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=Model)


class Param(Expression):
    """The place of a value in a prepared queryset; the value comes with each run."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """A mark, and this object as what the mark stands for."""
        return "%s", (self,)


class Prepared(Generic[M]):
    """A queryset of whole rows of one table, compiled once for each connection.

    `Prepared(lambda: Room.objects.filter(number=Param("number")))` is run by `first(number="3")`.
    """

    def __init__(self, build: Callable[[], QuerySet[M]]) -> None:
        self._build = build

    def first(self, **values: Any) -> M | None:
        """The first row, or nothing."""
        return next(iter(self.all(**values)), None)

    def all(self, **values: Any) -> list[M]:
        """Every row. A locking one raises `TransactionManagementError` outside a transaction."""
        connection = connections[DEFAULT_DB_ALIAS]
        # Kept on the connection itself, so that both go together when its thread ends.
        prepared: dict[Any, _Compiled[M]] = vars(connection).setdefault("prepared", {})
        if self not in prepared:
            prepared[self] = _Compiled(self._build(), connection)
        return prepared[self].run(connection, values)


class _Compiled(Generic[M]):
    """What a queryset comes to on one connection."""

    def __init__(self, queryset: QuerySet[M], connection: BaseDatabaseWrapper) -> None:
        self._model = queryset.model
        self._locks = queryset.query.select_for_update
        self._compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._params = self._compiler.as_sql()

    @cached_property
    def _names(self) -> list[str]:
        return [column.target.attname for column, _sql, _alias in self._compiler.select]

    @cached_property
    def _converters(self) -> Any:
        return self._compiler.get_converters([entry[0] for entry in self._compiler.select])

    def run(self, connection: BaseDatabaseWrapper, values: Mapping[str, Any]) -> list[M]:
        if self._locks and not connection.in_atomic_block:
            raise TransactionManagementError("A row is locked inside a transaction only.")
        params = [values[p.name] if isinstance(p, Param) else p for p in self._params]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows: Any = cursor.fetchall()
        if self._converters:
            rows = self._compiler.apply_converters(rows, self._converters)
        return [self._model.from_db(connection.alias, self._names, row) for row in rows]


def update_where(model: type[Model], where: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
    """As `model.objects.filter(**where).update(**changes)`, for plain values; the rows it met."""
    connection = connections[DEFAULT_DB_ALIAS]
    new, now = _columns(connection, model, changes), _columns(connection, model, where)
    table = connection.ops.quote_name(model._meta.db_table)
    assignments = ", ".join(f"{column} = %s" for column, _value in new)
    conditions = " AND ".join(f"{column} = %s" for column, _value in now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {assignments} WHERE {conditions}",
            [value for _column, value in [*new, *now]],
        )
        return int(cursor.rowcount)


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same fields, whose keys nobody asks for, in one statement."""
    connection = connections[DEFAULT_DB_ALIAS]
    columns = [_columns(connection, model, row) for row in rows]
    names = ", ".join(column for column, _value in columns[0])
    marks = "(" + ", ".join(["%s"] * len(columns[0])) + ")"
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES {', '.join([marks] * len(rows))}",
            [value for row in columns for _column, value in row],
        )


def _columns(
    connection: BaseDatabaseWrapper, model: type[Model], values: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """Quoted column and database value of each field; a related object counts as its key."""
    columns = []
    for name, value in values.items():
        field, column = _column(model, name)
        plain = value.pk if isinstance(value, Model) else value
        columns.append((column, field.get_db_prep_save(plain, connection=connection)))
    return columns


@cache
def _column(model: type[Model], name: str) -> tuple[Any, str]:
    field: Any = model._meta.get_field(name)
    return field, connections[DEFAULT_DB_ALIAS].ops.quote_name(field.column)
