"""Tests that a backup is restored by the tools of MariaDB and by those of MySQL."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import MySQLdb
import pytest

from tools.servers import HOST, PROJECT, MariaDB
from tools.servers.mysql import MYSQL_HOME, mysql_program

pytestmark = pytest.mark.servers

NAMES = ("mysqldump", "mysql")


@pytest.fixture(params=["MariaDB's tools", "MySQL's tools"])
def tools_path(request, tmp_path) -> str:
    """Return a PATH with the tools of one of the two alone."""
    if request.param == "MariaDB's tools":
        return os.environ["PATH"]
    if not os.environ.get(MYSQL_HOME):
        pytest.skip("MySQL is not here")
    for name in NAMES:
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\nexec {shlex.join(mysql_program(f"usr/bin/{name}"))} "$@"\n')
        tool.chmod(0o700)
    return str(tmp_path)


def new_database(server: MariaDB, name: str) -> str:
    """Create a database whose user has no right beyond it; return the URL."""
    connection = server.connect()
    for statement in (
        f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
        f"CREATE USER {name}@'{HOST}' IDENTIFIED BY 'spa'",
        f"GRANT ALL ON {name}.* TO {name}@'{HOST}'",
    ):
        connection.cursor().execute(statement)
    connection.close()
    return f"mysql://{name}:spa@{HOST}:{server.port}/{name}"


def test_a_backup_is_restored_by_a_user_without_other_rights(
    spa, spa_database, processes, tools_path, tmp_path
):
    def manage(*arguments: str, **settings: str) -> str:
        run = [sys.executable, "manage.py", *arguments]
        env = os.environ | spa | {"PATH": tools_path} | settings
        done = subprocess.run(run, cwd=PROJECT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    path = Path(manage("backup", str(tmp_path / "copies")).split(" (")[0])
    name = f"copy_{len(spa_database.ask('SHOW DATABASES'))}"
    url = new_database(spa_database, name)
    assert "data is consistent" in manage("restore", str(path), DATABASE_URL=url)
    with MySQLdb.connect(host=HOST, port=spa_database.port, user=name, passwd="spa") as copy:
        copy.query(f"SELECT COUNT(*) FROM {name}.catalog_service")
        [[services]] = copy.store_result().fetch_row()
    assert [(services,)] == spa_database.ask("SELECT COUNT(*) FROM catalog_service")
