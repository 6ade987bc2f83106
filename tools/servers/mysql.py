"""MySQL with production's settings, from packages that were extracted into a folder.

Debian's stable suite has MariaDB alone. `.ci/mysql` downloads the packages of MySQL with the C
library that they were built for, and extracts them; nothing is installed. So each of its programs
is started by that library's own loader.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from tools.servers.mariadb import MariaDB
from tools.servers.process import ServerFailed, run_quietly

#: The folder with the extracted packages; with it the tests use MySQL in place of MariaDB.
MYSQL_HOME = "MYSQL_HOME"
#: Roles of MySQL whose owner may write to a read-only server.
_WRITES_ANYWAY = "SUPER, CONNECTION_ADMIN"


def database_server(*options: str, durable: bool = False) -> MariaDB:
    """Return a database server of the kind that the tests are run on."""
    kind = MySQL if os.environ.get(MYSQL_HOME) else MariaDB
    return kind(*options, durable=durable)


def mysql_program(path: str) -> list[str]:
    """Return the command line of a program of the extracted packages, such as `usr/sbin/mysqld`."""
    home = Path(os.environ[MYSQL_HOME])
    loader = _loader(home)
    libraries = f"{loader.parent}:{home / 'usr/lib/mysql/private'}"
    return [str(loader), "--library-path", libraries, str(home / path)]


@cache
def _loader(home: Path) -> Path:
    found = next(home.glob("usr/lib/*/ld-linux-*.so.*"), None)
    if found is None:
        raise ServerFailed(f"{home} has no extracted packages of MySQL; `.ci/mysql` fetches them.")
    return found


class MySQL(MariaDB):
    """MySQL server with a user `spa` (password `spa`) who has all privileges but those."""

    name = "mysql"

    def prepare(self) -> None:
        """Create the system tables, with a root who has no password."""
        run_quietly([*mysql_program("usr/sbin/mysqld"), *self.options(), "--initialize-insecure"])

    def command(self) -> list[str]:
        """Return MariaDB's command line, without what one of the two does not know."""
        _mariadbd, *arguments = super().command()
        # No binary log, as with MariaDB: whether there is one changes nothing that is tested.
        return [*mysql_program("usr/sbin/mysqld"), *arguments, "--skip-log-bin"]

    def limit(self, cursor: Any, user: str) -> None:
        """Take away the privileges to write while the server is read-only."""
        cursor.execute(f"REVOKE {_WRITES_ANYWAY} ON *.* FROM {user}")

    def options(self) -> list[str]:
        """Return the options that every start of the server has."""
        home = Path(os.environ[MYSQL_HOME])
        ours = ["--secure-file-priv=NULL", "--mysqlx=OFF", f"--basedir={home / 'usr'}"]
        return [*super().options(), *ours]
