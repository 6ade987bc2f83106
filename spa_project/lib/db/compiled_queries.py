"""Compiled queries: querysets turned into SQL once for each connection.

Django turns a queryset into SQL with every use, and for a small statement that takes longer than
the database's answer (docs/decisions/0004). The few statements on the path of a claim are written
as querysets like any other, compiled once for each connection, and run again with other values.

It depends on what Django does not document (`spa_project/tests/lib/test_internals.py`,
`spa_project/tests/lib/db/test_compiled_queries.py`):

* `QuerySet.query`, `Query.get_compiler`, `select_for_update` and `values_select`.
* `SQLCompiler.as_sql`, `select`, `klass_info`, `annotation_col_map`, `get_converters` and
  `apply_converters`; `ModelIterable.__iter__` and `RelatedPopulator.populate` make objects of them
  in the same way.
* `ModelState`; a model object has all that it is in `__dict__`: its `_state`, and its columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Model, QuerySet
from django.db.models.base import ModelState
from django.db.transaction import TransactionManagementError

from spa_project.lib.db.stale_row import StaleRow

R = TypeVar("R")


def execute(
    connection: Any,
    sql: str,
    values: Sequence[Any],
    read: Callable[[Any], Any] | None = None,
) -> Any:
    """Run one statement and return what `read` takes from its cursor.

    Where the database can (`spa_project.lib.db.mysql`), it is run without Django's cursor, and a
    statement whose result nobody reads goes with the transaction's next one.
    """
    if is_direct(connection):
        if read is None and connection.in_atomic_block:
            return connection.defer(sql, values)
        return connection.run(sql, values, read)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return read and read(cursor)


def is_direct(connection: Any) -> bool:
    """Return whether statements need no cursor of Django's.

    They do where a log of queries or an execute wrapper is to see each of them.
    """
    return hasattr(connection, "run") and not (
        connection.queries_logged or connection.execute_wrappers
    )


class Param(Expression):
    """The placeholder of a value in a compiled query; the value comes with each run."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Return a placeholder, with this object as its parameter."""
        return "%s", (self,)


class CompiledQuery(Generic[R]):
    """A queryset, compiled once for each connection.

    `CompiledQuery(lambda: Room.objects.filter(pk=Param("pk")))` is run by `first(pk=3)`.
    Its rows are model objects, with what `select_related` and `annotate` add, or tuples where the
    queryset says `values_list`.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, R]]) -> None:
        self._build = build

    def first(self, **values: Any) -> R | None:
        """Return the first row or None."""
        return next(iter(self.all(**values)), None)

    def all(self, **values: Any) -> list[R]:
        """Return every row; a locking query raises `TransactionManagementError` in autocommit."""
        connection = connections[DEFAULT_DB_ALIAS]
        return self.on(connection).run(connection, values)

    def on(self, connection: BaseDatabaseWrapper) -> "_Compiled[R]":
        """Return the query, compiled for this connection."""
        # Stored on the connection itself, so that both end with its thread.
        compiled: dict[Any, _Compiled[R]] = vars(connection).setdefault("compiled", {})
        if self not in compiled:
            compiled[self] = _Compiled(self._build(), connection)
        return compiled[self]


#: A compiled query, and the values of one run.
Reading = tuple[CompiledQuery[Any], Mapping[str, Any]]


def read_together(*readings: Reading) -> list[list[Any]]:
    """Return the rows of several queries, run in this order, in one round trip where that works.

    They are separate statements: what one locks is locked when the next one reads.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    queries = [(query.on(connection), values) for query, values in readings]
    if not is_direct(connection):
        return [query.run(connection, values) for query, values in queries]
    sql = ";".join(query.sql for query, _values in queries)
    params = [param for query, values in queries for param in query.params(connection, values)]
    results = execute(connection, sql, params, lambda cursor: _results(cursor, len(queries)))
    return [query.rows(rows) for (query, _values), rows in zip(queries, results, strict=True)]


def _results(cursor: Any, count: int) -> list[Any]:
    """Return the rows of each statement of one packet.

    It is not asked for more than there are: each question hands over the GIL.
    """
    results = [cursor.fetchall()]
    while len(results) < count:
        cursor.nextset()
        results.append(cursor.fetchall())
    return results


class _Compiled(Generic[R]):
    """A queryset's SQL on one connection."""

    def __init__(self, queryset: QuerySet[Any, R], connection: BaseDatabaseWrapper) -> None:
        query = queryset.query
        self._compiler = query.get_compiler(connection=connection)
        self.sql, self._params = self._compiler.as_sql()
        columns = [column for column, _sql, _alias in self._compiler.select]
        self._converters = self._compiler.get_converters(columns)
        self._locks = query.select_for_update
        compiler = self._compiler
        self._rows = None if query.values_select else _Rows(compiler.klass_info, compiler.select)
        self._annotations = compiler.annotation_col_map

    def run(self, connection: BaseDatabaseWrapper, values: Mapping[str, Any]) -> list[R]:
        params = self.params(connection, values)
        return self.rows(execute(connection, self.sql, params, lambda cursor: cursor.fetchall()))

    def params(self, connection: BaseDatabaseWrapper, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters of one run; a locking query needs a transaction."""
        if self._locks and not connection.in_atomic_block:
            raise TransactionManagementError("A row is locked inside a transaction only.")
        return [values[p.name] if isinstance(p, Param) else p for p in self._params]

    def rows(self, rows: Any) -> list[R]:
        """Return what the statement's rows stand for."""
        if self._converters:
            rows = self._compiler.apply_converters(rows, self._converters)
        if self._rows is None:
            return [tuple(row) for row in rows]  # type: ignore[misc]
        return [self._annotated(self._rows.object_of(row), row) for row in rows]

    def _annotated(self, instance: Any, row: Sequence[Any]) -> Any:
        for name, position in self._annotations.items():
            setattr(instance, name, row[position])
        return instance


class _Rows:
    """The mapping from a statement's columns to objects of a model, and of those related to it."""

    def __init__(self, klass_info: Mapping[str, Any], select: Sequence[Any]) -> None:
        own = klass_info["select_fields"]
        self._model = klass_info["model"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column.target.attname for column, *_text in select[self._own]]
        self._key = own[0] + self._names.index(self._model._meta.pk.attname)
        self._related = [
            (_Rows(related, select), related["local_setter"], related["remote_setter"])
            for related in klass_info.get("related_klass_infos", ())
        ]

    def object_of(self, row: Sequence[Any]) -> Any:
        """Return the object, None where an outer join found no row."""
        if row[self._key] is None:
            return None
        instance = _saved(self._model, zip(self._names, row[self._own], strict=True))
        for rows, set_here, set_there in self._related:
            related = rows.object_of(row)
            set_here(instance, related)
            if related is not None:
                set_there(related, instance)
        return instance


def _saved(model: Any, columns: Iterable[tuple[str, Any]]) -> Any:
    """Return an object for a row, made as unpickling makes one.

    No field is set to its default first, and a deferred column is read when it is needed.
    """
    instance = model.__new__(model)
    instance._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    vars(instance).update(columns)
    return instance


def update_one(model: type[Model], where: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Run `model.objects.filter(**where).update(**changes)`, for plain values of one row.

    Raises `StaleRow` where no row is so any more (optimistic concurrency). On MariaDB the statement
    goes with the next one, which raises it then; the commit does at the latest.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    sql = _update_sql(model, tuple(changes), tuple(where))
    values = [*_values(connection, model, changes), *_values(connection, model, where)]
    if is_direct(connection) and connection.in_atomic_block:
        connection.defer(sql, values, rows=1)
    elif execute(connection, sql, values, lambda cursor: cursor.rowcount) != 1:
        raise StaleRow


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same fields in one statement, without returning their keys.

    On MariaDB it goes with the next statement or the commit, which then raises what is wrong.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    sql = _insert_sql(model, tuple(rows[0]), len(rows))
    values = [value for row in rows for value in _values(connection, model, row)]
    execute(connection, sql, values)


def insert_new(*instances: Model) -> None:
    """Insert new objects of one model as `save()` does, for models without automatic fields.

    No signal is sent. Their keys are set, but for several on MySQL, which does not return them.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    model = type(instances[0])
    own = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    sql = _insert_sql(model, tuple(own), len(instances))
    values = [
        value
        for instance in instances
        for value in _values(connection, model, {name: getattr(instance, name) for name in own})
    ]
    keys = _new_keys(connection, model, sql, values, len(instances))
    for instance, key in zip(instances, keys, strict=True):
        instance.pk = key
        instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def _new_keys(
    connection: BaseDatabaseWrapper, model: type[Model], sql: str, values: list[Any], rows: int
) -> list[Any]:
    """Run an INSERT; return the keys of its rows, None for each where the database has none."""
    if rows == 1:
        return [execute(connection, sql, values, lambda cursor: cursor.lastrowid)]
    if not connection.features.can_return_rows_from_bulk_insert:
        execute(connection, sql, values)
        return [None] * rows
    sql = f"{sql} RETURNING {_column(model, model._meta.pk.name)}"
    return [key for (key,) in execute(connection, sql, values, lambda cursor: cursor.fetchall())]


@cache
def _update_sql(model: type[Model], changes: tuple[str, ...], where: tuple[str, ...]) -> str:
    assignments = ", ".join(f"{_column(model, name)} = %s" for name in changes)
    conditions = " AND ".join(f"{_column(model, name)} = %s" for name in where)
    return f"UPDATE {_quoted(model._meta.db_table)} SET {assignments} WHERE {conditions}"


@cache
def _insert_sql(model: type[Model], names: tuple[str, ...], rows: int) -> str:
    columns = ", ".join(_column(model, name) for name in names)
    marks = ", ".join(["(" + ", ".join(["%s"] * len(names)) + ")"] * rows)
    return f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES {marks}"


def _column(model: type[Model], name: str) -> str:
    return _quoted(_field(model, name).column)


def _quoted(name: str) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(name)


@cache
def _field(model: type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def _values(
    connection: BaseDatabaseWrapper, model: type[Model], values: Mapping[str, Any]
) -> list[Any]:
    """Return the database value of each field; a related object counts as its key.

    Values are of their field's own type, so none is parsed.
    """
    return [
        # Text and whole numbers need no conversion; times and amounts are converted by their field.
        plain
        if plain is None or isinstance(plain, (str, int))
        else _field(model, name).get_db_prep_value(plain, connection, prepared=True)
        for name, value in values.items()
        for plain in [value.pk if isinstance(value, Model) else value]
    ]
