"""Backup and restore of the whole database while people work.

MariaDB and MySQL are dumped by their own tool from one consistent snapshot, without a lock; SQLite
uses its own backup function. A backup holds everything, so only its owner can read it.
"""

import gzip
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.db.backends.base.base import BaseDatabaseWrapper

#: From one snapshot, row by row; the last option avoids a right that the spa's own user lacks.
DUMP = (
    *("--single-transaction", "--quick", "--hex-blob", "--no-tablespaces"),
    # MySQL's tool would set the server's own history, which needs another right when it is loaded.
    # MariaDB's does not know the option; `loose` means that it may be ignored.
    "--loose-set-gtid-purged=OFF",
)
#: MariaDB's names for its tools, then MySQL's.
DUMPERS, CLIENTS = ("mariadb-dump", "mysqldump"), ("mariadb", "mysql")


class BackupFailed(Exception):
    """An error when nothing reliable was written or read; the message has the reason."""


def back_up(connection: BaseDatabaseWrapper, directory: Path) -> Path:
    """Write a copy of the database into a directory; return its path. Raises `BackupFailed`."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = "sqlite3.gz" if connection.vendor == "sqlite" else "sql.gz"
    path = directory / f"spa-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.{kind}"
    write = _copy_sqlite if connection.vendor == "sqlite" else _dump
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with _private(unfinished) as raw, gzip.open(raw, "wb", compresslevel=6) as copy:
            write(connection, copy)
        unfinished.replace(path)  # whole, or not there
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def restore(connection: BaseDatabaseWrapper, path: Path) -> None:
    """Fill an empty database with a copy. Raises `BackupFailed`, also when it is not empty."""
    if connection.introspection.table_names():
        raise BackupFailed("The database is not empty: a copy goes into a new one.")
    connection.close()
    try:
        with gzip.open(path) as copy:
            (_load_sqlite if connection.vendor == "sqlite" else _load)(connection, copy)
    except (OSError, EOFError) as error:
        raise BackupFailed(f"{path} cannot be read: {error}") from error


def copy_pictures(source: Path, target: Path) -> None:
    """Copy the uploaded pictures that are not there yet; a picture never changes under its name."""
    for path in sorted(source.rglob("*.webp")):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            unfinished = copy.with_name(f".{copy.name}.unfinished")
            shutil.copyfile(path, unfinished)
            unfinished.replace(copy)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


# -- MariaDB and MySQL --------------------------------------------------------------------------


def _dump(connection: BaseDatabaseWrapper, copy: Any) -> None:
    with _login(connection) as login:
        command = [_program(DUMPERS), login, *DUMP, str(connection.settings_dict["NAME"])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
            assert tool.stdout is not None
            shutil.copyfileobj(tool.stdout, copy)
            _finish(tool)


def _load(connection: BaseDatabaseWrapper, copy: Any) -> None:
    with _login(connection) as login:
        command = [_program(CLIENTS), login, str(connection.settings_dict["NAME"])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
            assert tool.stdin is not None
            try:
                shutil.copyfileobj(copy, tool.stdin)
                tool.stdin.close()
            except BrokenPipeError:
                pass  # the tool has ended; its error is reported below
            _finish(tool)


def _finish(tool: subprocess.Popen[bytes]) -> None:
    assert tool.stderr is not None
    said = tool.stderr.read().decode(errors="replace")
    if tool.wait():
        raise BackupFailed(said.strip() or f"The tool ended with {tool.returncode}.")


@contextmanager
def _login(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Return the option with the credentials, in a file: everybody sees command lines."""
    settings = connection.settings_dict
    where = "socket" if str(settings["HOST"]).startswith("/") else "host"  # as Django reads it
    names = {"user": "USER", "password": "PASSWORD", where: "HOST", "port": "PORT"}
    lines = [f'{name}="{_quoted(settings[key])}"' for name, key in names.items() if settings[key]]
    with tempfile.NamedTemporaryFile("w", prefix="spa-login-") as file:
        file.write("\n".join(["[client]", *lines, ""]))
        file.flush()
        yield f"--defaults-extra-file={file.name}"


def _quoted(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"')


def _program(names: tuple[str, ...]) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise BackupFailed(f"{names[0]} is not installed.")
    return found


# -- SQLite -------------------------------------------------------------------------------------


def _copy_sqlite(connection: BaseDatabaseWrapper, copy: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="spa-backup-") as directory:
        whole = Path(directory) / "copy.sqlite3"
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=20)) as ours:
            ours.execute("VACUUM INTO ?", [os.fspath(whole)])
        with whole.open("rb") as file:
            shutil.copyfileobj(file, copy)


def _load_sqlite(connection: BaseDatabaseWrapper, copy: Any) -> None:
    path = Path(connection.settings_dict["NAME"])
    beside = path.with_name(f"{path.name}.restoring")
    with _private(beside) as file:
        shutil.copyfileobj(copy, file)
    for left_over in ("-wal", "-shm"):  # of the empty database that was just looked at
        path.with_name(path.name + left_over).unlink(missing_ok=True)
    beside.replace(path)
