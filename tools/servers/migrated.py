"""Migrated databases: the tables of the first are kept, and copied into those that follow."""

import hashlib
import os
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import mkstemp

import environ

from tools.servers.mysql import MYSQL_HOME
from tools.servers.process import PROJECT, program, run_quietly

#: What decides the tables and rows of a migrated database.
SOURCES = ("*/migrations/*.py", "requirements.txt", "tools/servers/migrated.py")


def migrate(**settings: str) -> None:
    """Migrate an empty database; raise `ServerFailed`.

    Migrations render all models anew at each of their steps, which takes most of ten seconds. So
    what the first have made is kept in the virtual environment, by a name that is another once a
    migration or a pinned library changes.
    """
    url = settings["DATABASE_URL"]
    kept = _place_of(url)
    if kept is None:
        _run_migrations(settings)
    elif kept.exists():
        _load(kept, url)
    else:
        _run_migrations(settings)
        _keep(kept, url)


def _run_migrations(settings: dict[str, str]) -> None:
    run_quietly([sys.executable, "manage.py", "migrate", "-v", "0"], **settings)


def _place_of(url: str) -> Path | None:
    """Return the file for a database's tables, or None: no virtual environment, or MySQL."""
    if sys.prefix == sys.base_prefix or os.environ.get(MYSQL_HOME):
        return None
    return Path(sys.prefix) / "migrated" / f"{_digest()}.{'sqlite3' if _path_of(url) else 'sql'}"


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(PROJECT.glob(pattern)):
            digest.update(f"{path.relative_to(PROJECT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _path_of(url: str) -> str:
    """Return the path of a database in a file, or an empty text."""
    return url.removeprefix("sqlite:///") if url.startswith("sqlite:") else ""


def _keep(kept: Path, url: str) -> None:
    """Copy the tables of a database into a file, which is there at once as a whole."""
    kept.parent.mkdir(exist_ok=True)
    number, unfinished = mkstemp(dir=kept.parent)
    os.close(number)
    if path := _path_of(url):
        _copy(path, unfinished)
    else:
        _run_tool("mariadb-dump", url, f"--result-file={unfinished}")
    os.replace(unfinished, kept)


def _load(kept: Path, url: str) -> None:
    if path := _path_of(url):
        _copy(str(kept), path)
    else:
        _run_tool("mariadb", url, f"--execute=source {kept}")


def _copy(one: str, other: str) -> None:
    with closing(sqlite3.connect(one)) as source, closing(sqlite3.connect(other)) as target:
        source.backup(target)


def _run_tool(name: str, url: str, *options: str) -> None:
    """Run one of MariaDB's own tools on a database."""
    database = environ.Env.db_url_config(url)
    place = [f"--host={database['HOST']}", f"--port={database['PORT']}"]
    user = f"--user={database['USER']}"
    command = [program(name), "--no-defaults", *place, user, *options, str(database["NAME"])]
    run_quietly(command, MYSQL_PWD=database["PASSWORD"])
