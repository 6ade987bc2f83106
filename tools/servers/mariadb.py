"""MariaDB with production's settings, sized for tests."""

import os
from typing import Any

import MySQLdb

from tools.servers.process import Server, program, run_quietly


class MariaDB(Server):
    """MariaDB server with a user `spa` (password `spa`) who has all privileges but one.

    As in production, the user may not write while the server is read-only (before MariaDB 10.11
    they may).

    `durable` flushes every commit to the disk before it is answered, as production does; without it
    tests are faster, and only a crash of the whole machine could lose a commit. `options` are more
    options of its command line.
    """

    name = "mariadb"

    def __init__(self, *options: str, durable: bool = False) -> None:
        super().__init__()
        self._own_options = options
        self._durable = durable
        self.socket = self.directory / "socket"

    @property
    def url(self) -> str:
        """Return the value of `DATABASE_URL`."""
        return f"mysql://spa:spa@{self.place.host}:{self.port}/spa"

    def prepare(self) -> None:
        """Create the system tables."""
        run_quietly(
            [
                program("mariadb-install-db"),
                *self.options(),
                f"--tmpdir={self.directory}",  # see `command`
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]
        )

    def command(self) -> list[str]:
        """Return a command line with production's character set, and small buffers."""
        return [
            program("mariadbd"),
            *self.options(),
            f"--socket={self.socket}",
            f"--pid-file={self.directory / 'pid'}",
            f"--port={self.port}",
            f"--bind-address={self.place.host}",
            # A starting server deletes the temporary tables in its directory for them.
            f"--tmpdir={self.directory}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--innodb-buffer-pool-size=128M",
            f"--innodb-flush-log-at-trx-commit={1 if self._durable else 2}",
            "--max-connections=200",
            *self._own_options,
        ]

    def answers(self) -> bool:
        """Return whether a client can connect."""
        try:
            self.connect().close()
        except MySQLdb.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start the server; create the user and the database the first time."""
        super().start()
        connection = self.connect()
        try:
            cursor = connection.cursor()
            user = f"spa@'{self.place.client}'"
            cursor.execute(f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY 'spa'")
            cursor.execute(f"GRANT ALL ON *.* TO {user}")
            self.limit(cursor, user)
            cursor.execute("CREATE DATABASE IF NOT EXISTS spa")
        finally:
            connection.close()

    def limit(self, cursor: Any, user: str) -> None:
        """Take away the privilege to write while the server is read-only."""
        cursor.execute(f"REVOKE READ ONLY ADMIN ON *.* FROM {user}")

    def connect(self, database: str = "") -> MySQLdb.Connection:
        """Return a connection as root, whose privileges hold even on a read-only server."""
        return MySQLdb.connect(unix_socket=str(self.socket), user="root", database=database)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement as root in the spa's database; return the rows."""
        connection = self.connect("spa")
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            rows = list(cursor.fetchall())
            connection.commit()
        finally:
            connection.close()
        return rows

    def options(self) -> list[str]:
        """Return the options that the server and the installation of its system tables share."""
        # --no-defaults must come first: it ignores the machine's own configuration.
        options = ["--no-defaults", f"--datadir={self.directory / 'data'}", "--skip-name-resolve"]
        # MariaDB refuses to run as root unless the user is named.
        return [*options, "--user=root"] if os.geteuid() == 0 else options
