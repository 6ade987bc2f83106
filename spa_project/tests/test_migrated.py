"""Tests of databases that get the tables of one that was migrated before."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb
import pytest

from spa_project.tests.test_backup_of_servers import new_database
from tools.servers import migrate, migrated, run_quietly


@pytest.fixture
def _nothing_kept(tmp_path, monkeypatch) -> None:
    """Keep the tables in a folder of the test."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    (tmp_path / "environment").mkdir()


@pytest.fixture
def migrations(monkeypatch) -> list[str]:
    """Return the databases for which migrations run."""
    ran: list[str] = []

    def run(command, **settings):
        if "migrate" in command:
            ran.append(settings["DATABASE_URL"])
        run_quietly(command, **settings)

    monkeypatch.setattr(migrated, "run_quietly", run)
    return ran


def rows_of_mariadb(url: str) -> list[object]:
    """Return how each table is made, and its rows."""
    place = urlsplit(url)
    connection = MySQLdb.connect(
        host=place.hostname, port=place.port, user=place.username, password=place.password
    )
    connection.select_db(place.path[1:])
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        found: list[object] = []
        for (table,) in cursor.fetchall():
            for statement in (f"SHOW CREATE TABLE {table}", f"SELECT * FROM {table}"):
                cursor.execute(statement)
                found += cursor.fetchall()
        return found


@pytest.mark.slow
@pytest.mark.sample(0)
@pytest.mark.usefixtures("_nothing_kept")
def test_a_copied_database_is_the_migrated_one(tmp_path, migrations):
    urls = [f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("one", "two")]
    for url in urls:
        migrate(DATABASE_URL=url)
    assert migrations == urls[:1]
    one, two = (Path(url.removeprefix("sqlite:///")) for url in urls)
    with closing(sqlite3.connect(one)) as first, closing(sqlite3.connect(two)) as second:
        assert list(first.iterdump()) == list(second.iterdump())
        assert len(list(first.iterdump())) > 200


@pytest.mark.servers
@pytest.mark.sample(0)
@pytest.mark.usefixtures("_nothing_kept")
def test_a_copied_database_of_a_server_is_the_migrated_one(spa_database, migrations):
    urls = [new_database(spa_database, name) for name in ("migrated_one", "migrated_two")]
    for url in urls:
        migrate(DATABASE_URL=url)
    assert migrations == urls[:1]
    one, two = map(rows_of_mariadb, urls)
    assert one == two
    assert len(one) > 200
