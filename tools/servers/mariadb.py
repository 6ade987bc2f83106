"""MariaDB, as production has it but small."""

import os
from typing import Any

import MySQLdb

from tools.servers.process import HOST, Server, program, run_quietly


class MariaDB(Server):
    """A MariaDB server with a user `spa` (password `spa`) who may do everything, except, as in
    production, change what is read-only (before MariaDB 10.11 they may).

    `durable` writes every commit to the disk before it is answered, as production does; without
    it tests are faster, and only a crash of the whole machine could lose a commit.
    """

    name = "mariadb"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable
        self._socket = self.directory / "socket"

    @property
    def url(self) -> str:
        """What `DATABASE_URL` takes."""
        return f"mysql://spa:spa@{HOST}:{self.port}/spa"

    def prepare(self) -> None:
        """Make the system tables."""
        run_quietly(
            [
                program("mariadb-install-db"),
                *self.options(),
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]
        )

    def command(self) -> list[str]:
        """MariaDB with production's character set, and small enough to share a machine."""
        return [
            program("mariadbd"),
            *self.options(),
            f"--socket={self._socket}",
            f"--pid-file={self.directory / 'pid'}",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            # A starting server deletes the temporary tables it finds in its directory for them.
            f"--tmpdir={self.directory}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--innodb-buffer-pool-size=128M",
            f"--innodb-flush-log-at-trx-commit={1 if self._durable else 2}",
            "--max-connections=200",
        ]

    def answers(self) -> bool:
        """Whether a client can connect."""
        try:
            self.connect().close()
        except MySQLdb.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start; the first time, make the user and the database as well."""
        super().start()
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(f"CREATE USER IF NOT EXISTS spa@'{HOST}' IDENTIFIED BY 'spa'")
            cursor.execute(f"GRANT ALL ON *.* TO spa@'{HOST}'")
            cursor.execute(f"REVOKE READ ONLY ADMIN ON *.* FROM spa@'{HOST}'")
            cursor.execute("CREATE DATABASE IF NOT EXISTS spa")
        finally:
            connection.close()

    def connect(self, database: str = "") -> MySQLdb.Connection:
        """A connection as root, who may do everything, whatever the server is told."""
        return MySQLdb.connect(unix_socket=str(self._socket), user="root", database=database)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the server answers root, in the spa's database."""
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
        """What the server is told, and whoever makes its system tables."""
        # --no-defaults has to come first: it keeps the machine's own configuration out.
        options = ["--no-defaults", f"--datadir={self.directory / 'data'}", "--skip-name-resolve"]
        # MariaDB refuses to run as root unless it is told to.
        return [*options, "--user=root"] if os.geteuid() == 0 else options
