"""Tests that migrations which hold up everybody's work are refused, and only those."""

import re
from collections.abc import Iterator, Sequence

import pytest
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Q
from django.db.utils import NotSupportedError

from queueing.models import Transaction
from spa_project.lib.db import schema_changes
from spa_project.lib.db.schema_changes import Work, judge, work_of
from spa_project.tests.concurrency import is_mysql

on_a_server = pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite is not checked")

STATEMENTS = [
    ("CREATE TABLE `spa_new` (`id` bigint)", "", Work.INSTANT),
    ("RENAME TABLE `spa_visit` TO `spa_stay`", "", Work.INSTANT),
    ("DROP TABLE `spa_visit` CASCADE", "", Work.INSTANT),
    ("ALTER TABLE `spa_visit` ADD COLUMN `a` integer NULL", "spa_visit", Work.INSTANT),
    ("ALTER TABLE `spa_visit` ADD COLUMN `a` integer NULL UNIQUE", "spa_visit", Work.INDEX),
    ("CREATE INDEX `by_a` ON `spa_visit` (`a`)", "spa_visit", Work.INDEX),
    ("CREATE UNIQUE INDEX `by_a` ON `spa_visit` (`a`)", "spa_visit", Work.INDEX),
    ("ALTER TABLE `spa_visit` MODIFY `a` bigint NULL", "spa_visit", Work.ROWS),
    (
        "ALTER TABLE `spa_visit` ADD COLUMN `a` integer NULL , "
        "ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `spa_room`(`id`)",
        "spa_visit",
        Work.ROWS,
    ),
    ("ALTER TABLE `spa_visit` ADD COLUMN `a` integer CHECK (`a` >= 0)", "spa_visit", Work.ROWS),
    ("ALTER TABLE `spa_visit` ADD CONSTRAINT `c` CHECK (`a` > 0)", "spa_visit", Work.ROWS),
    ("ALTER TABLE `spa_visit` ENGINE=InnoDB", "spa_visit", Work.ROWS),
    ("UPDATE `spa_visit` SET `a` = 1", "spa_visit", Work.ROWS),
    ("DELETE FROM spa_visit WHERE a = 1", "spa_visit", Work.ROWS),
    ("INSERT INTO spa_visit SELECT * FROM b", "spa_visit", Work.ROWS),
    ("ALTER TABLE spa_visit DROP INDEX `by_a`", "spa_visit", Work.INSTANT),
]


@pytest.mark.parametrize(("statement", "table", "work"), STATEMENTS)
def test_a_statement_is_known_by_what_it_does_to_a_table(statement, table, work):
    assert work_of(statement) == (table, work)


def planned(app: str, *operations: Operation) -> migrations.Migration:
    migration = migrations.Migration("0999_more", app)
    vars(migration)["operations"] = [*operations]
    return migration


def judged(statements: Sequence[str], rows: dict[str, int], most: Work) -> list[CheckMessage]:
    return list(judge(planned("spa"), statements, rows, most))


ADD_INDEX = "CREATE INDEX `by_a` ON `spa_visit` (`a`);"
MODIFY = "ALTER TABLE `spa_visit` MODIFY `a` bigint NULL;"


@pytest.mark.parametrize(
    ("statement", "most", "is_refused"),
    [
        (MODIFY, Work.INDEX, True),
        (ADD_INDEX, Work.INDEX, False),
        (ADD_INDEX, Work.INSTANT, True),  # a cluster
        ("ALTER TABLE `spa_visit` ADD COLUMN `a` integer NULL;", Work.INSTANT, False),
    ],
)
def test_a_change_of_a_large_table_is_refused(statement, most, is_refused):
    found = judged([statement], {"spa_visit": 1_200_000}, most)
    assert [each.id for each in found] == ["spa.E021"] * is_refused
    assert all("spa.0999_more" in each.msg and "1,200,000 rows" in each.msg for each in found)


def test_a_change_of_a_small_table_is_not_refused():
    assert judged([MODIFY], {"spa_payment": 1_200_000}, Work.INSTANT) == []


def test_python_beside_large_tables_is_told():
    migration = planned("spa", migrations.RunPython(migrations.RunPython.noop))
    [told] = judge(migration, [], {"spa_visit": 1_200_000}, Work.INSTANT)
    assert (told.id, told.is_serious()) == ("spa.W022", False)


# -- What the server itself says ----------------------------------------------------------------


def the_state() -> ProjectState:
    """Return a state with two tables: guests, and their stays."""
    state = ProjectState()
    state.add_model(ModelState("trial", "Guest", [("id", models.BigAutoField(primary_key=True))]))
    fields: list[tuple[str, models.Field]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("nights", models.IntegerField(null=True)),
        ("room", models.IntegerField(default=1)),
        ("guest", models.ForeignKey("trial.Guest", models.PROTECT)),
    ]
    indexes = [models.Index(fields=["room"], name="stay_by_room")]
    checks = [models.CheckConstraint(condition=Q(room__gt=0), name="stay_has_a_room")]
    options = {"indexes": indexes, "constraints": checks}
    state.add_model(ModelState("trial", "Stay", fields, options))
    return state


@pytest.fixture
def trial(transactional_db) -> Iterator[ProjectState]:
    state = the_state()
    tables = [state.apps.get_model("trial", name) for name in ("Guest", "Stay")]
    with connection.schema_editor() as editor:
        for table in tables:
            editor.create_model(table)
    yield state
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE trial_stay")
        cursor.execute("DROP TABLE trial_guest")


def add(field: models.Field) -> Operation:
    return migrations.AddField("stay", "more", field)


def constrain(constraint: models.BaseConstraint) -> Operation:
    return migrations.AddConstraint("stay", constraint)


#: What MariaDB does in its dictionary, and MySQL by a copy, counts as a copy.
DIFFERS = "a number of 0 or more"
OPERATIONS = {
    "a column that may be empty": (add(models.IntegerField(null=True)), Work.INSTANT),
    "a column with a default of the database": (
        add(models.IntegerField(db_default=1)),
        Work.INSTANT,
    ),
    "a column with a default": (add(models.CharField(max_length=9, default="a")), Work.INSTANT),
    DIFFERS: (add(models.PositiveIntegerField(null=True)), Work.ROWS),
    "a longer text": (add(models.TextField(null=True)), Work.INSTANT),
    "a unique column": (add(models.IntegerField(null=True, unique=True)), Work.INDEX),
    "an index": (
        migrations.AddIndex("stay", models.Index(fields=["nights"], name="stay_by_nights")),
        Work.INDEX,
    ),
    "a unique constraint": (
        constrain(models.UniqueConstraint(fields=["room", "nights"], name="stay_once")),
        Work.INDEX,
    ),
    "a foreign key": (
        add(models.ForeignKey("trial.Guest", models.PROTECT, null=True, related_name="+")),
        Work.ROWS,
    ),
    "a check": (
        constrain(models.CheckConstraint(condition=Q(nights__gt=0), name="stay_lasts")),
        Work.ROWS,
    ),
    "a larger number": (
        migrations.AlterField("stay", "nights", models.BigIntegerField(null=True)),
        Work.ROWS,
    ),
    "another type": (migrations.AlterField("stay", "name", models.TextField()), Work.ROWS),
    "a column less": (migrations.RemoveField("stay", "nights"), Work.INSTANT),
    "another name": (migrations.RenameField("stay", "nights", "days"), Work.INSTANT),
    "an index less": (migrations.RemoveIndex("stay", "stay_by_room"), Work.INSTANT),
    "a check less": (migrations.RemoveConstraint("stay", "stay_has_a_room"), Work.INSTANT),
    "a foreign key less": (
        migrations.AlterField(
            "stay", "guest", models.ForeignKey("trial.Guest", models.PROTECT, db_constraint=False)
        ),
        Work.INSTANT,
    ),
}
#: What the server must be able to do: change its dictionary, or work beside others. What it drops
#: without reading a row is not called INSTANT.
BESIDE = "ALGORITHM=INPLACE, LOCK=NONE"
PINNED = {Work.INSTANT: "ALGORITHM=INSTANT", Work.INDEX: BESIDE}


def pinned(statement: str, work: Work) -> str:
    """Return a statement that the server refuses when it would take more than this work."""
    # MariaDB takes no algorithm in DROP INDEX, which is short for this.
    statement = re.sub(
        r"^DROP INDEX (\S+) ON (\S+)$", r"ALTER TABLE \2 DROP INDEX \1", statement[:-1]
    )
    drops = re.search(r"\bDROP (?!COLUMN|DEFAULT)", statement)
    how = BESIDE if drops else PINNED[work]
    if statement.startswith("ALTER"):
        return f"{statement}, {how}"
    return f"{statement} {how.replace(',', '')}"


def is_done(statement: str) -> bool:
    """Execute a statement; return whether the server did it as it was told to."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except (NotSupportedError, OperationalError) as error:
            if error.args[0] not in (1845, 1846):  # this algorithm or lock is not supported
                raise
            return False
    return True


@on_a_server
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_server_agrees(trial, name):
    operation, expected = OPERATIONS[name]
    after = trial.clone()
    operation.state_forwards("trial", after)
    with connection.schema_editor(collect_sql=True) as editor:
        operation.database_forwards("trial", editor, trial, after)
    works = [work_of(statement)[1] for statement in editor.collected_sql]
    assert max(works) == expected, editor.collected_sql
    for statement, work in zip(editor.collected_sql, works, strict=True):
        if name == DIFFERS:
            assert is_done(pinned(statement, Work.INSTANT)) != is_mysql()
        elif work == Work.ROWS:
            assert not is_done(pinned(statement, Work.INSTANT))
            assert not is_done(pinned(statement, Work.INDEX))
        else:
            assert is_done(pinned(statement, work)), statement


@on_a_server
@pytest.mark.django_db
def test_migrate_refuses_before_it_changes_anything(monkeypatch):
    """`migrate` runs the check of its database first."""
    table = Transaction._meta.db_table
    monkeypatch.setattr(schema_changes, "_large_tables", lambda connection: {table: 1_200_000})
    field = models.BigIntegerField()
    alter = migrations.AlterField("transaction", "total_duration_minutes", field)
    plan = [(planned("queueing", alter), False)]
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: plan)
    sql = f"ALTER TABLE `{table}` MODIFY `total_duration_minutes` bigint NOT NULL;"
    monkeypatch.setattr(MigrationLoader, "collect_sql", lambda *_: [sql])
    with pytest.raises(SystemCheckError, match=r"spa\.E021.*queueing\.0999_more"):
        call_command("migrate", verbosity=0, skip_checks=False)
