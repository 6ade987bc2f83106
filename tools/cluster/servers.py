"""Servers of a cluster, each from its file of deploy/, on one of the machines."""

import csv
import os
import pwd
import re
import shutil
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import MySQLdb
import redis

from spa_project.galera_health import state_of, why_no_reader
from tools.cluster.files import command_of, deployed
from tools.cluster.machines import Machine
from tools.servers import HOST, PROJECT, AppServer, Redis, Server, program, run_quietly
from tools.servers.redis import AT_ONCE

HEALTH_UNIT = "cluster/systemd/spa-galera-health.service"
PROCESS_UNIT = "cluster/systemd/spa@.service.d/cluster.conf"
PYTHON = "/srv/spa/venv/bin/python"
#: The port of HAProxy for the writer, on each machine itself.
WRITER_PORT = 3307
#: The user who runs MariaDB: a node that joins starts programs which expect its own.
OWNER = "mysql"
#: The position of a node without data.
NOWHERE = "00000000-0000-0000-0000-000000000000:-1"


class GaleraNode(Server):
    """MariaDB as a node of the cluster; the first one begins it."""

    name = "galera"

    def __init__(self, machine: Machine, *, begins: bool = False) -> None:
        super().__init__()
        self.machine = machine
        self.port, self.place = 3306, machine.place
        self._begins = begins
        self.socket = self.directory / "socket"
        self._data = self.directory / "data"
        self._config = self.directory / "my.cnf"

    def prepare(self) -> None:
        """Write the configuration; create the system tables of the first node."""
        self._config.write_text(self._settings())
        self.directory.chmod(0o755)
        _give_to_owner(self.directory)
        self._make_data()
        if self._begins:
            own = ("--no-defaults", f"--datadir={self._data}", f"--user={OWNER}")
            more = ("--auth-root-authentication-method=normal", "--skip-test-db")
            run_quietly([program("mariadb-install-db"), *own, *more])

    def command(self) -> list[str]:
        """Return the command line of the server."""
        begin = (
            "--wsrep-new-cluster" if self._begins else f"--wsrep-start-position={self._position}"
        )
        return [*self._program(), begin]

    def start(self) -> None:
        """Start, and return once the node has joined and is up to date."""
        self._position = self._recovered_position()
        super().start()
        self._begins = False

    def answers(self) -> bool:
        """Return whether the node may be read."""
        try:
            connection = self._connect()
        except MySQLdb.Error:
            return False
        try:
            return not list(why_no_reader(state_of(connection)))
        finally:
            connection.close()

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement as root; return the rows."""
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def forget(self) -> None:
        """Lose all data, as a machine that is replaced."""
        shutil.rmtree(self._data)
        self._make_data()

    def _make_data(self) -> None:
        self._data.mkdir()
        _give_to_owner(self._data)

    def _program(self) -> list[str]:
        return [program("mariadbd"), f"--defaults-file={self._config}", f"--user={OWNER}"]

    def _recovered_position(self) -> str:
        """Return where the node was when it was killed, as Debian's `galera_recovery` does.

        Without it the node would get a whole copy (SST) in place of what it missed (IST).
        """
        if self._begins or not (self._data / "ibdata1").exists():
            return NOWHERE
        log = self.directory / "recovery.log"
        log.unlink(missing_ok=True)
        run_quietly([*self._program(), "--wsrep-recover", f"--log-error={log}"])
        found = re.findall(r"WSREP: Recovered position: (\S+)", log.read_text())
        return found[-1] if found else NOWHERE

    def _connect(self) -> MySQLdb.Connection:
        return MySQLdb.connect(
            unix_socket=str(self.socket), user="root", autocommit=True, read_timeout=30
        )

    def _settings(self) -> str:
        names = {"@NAME@": self.machine.name, "@ADDRESS@": self.machine.address}
        places = {
            "datadir": self._data,
            "socket": self.socket,
            "pid-file": self.directory / "pid",
            "tmpdir": self.directory,
        }
        return "\n".join(
            [
                deployed("mariadb.cnf", {"512M": "64M", "256M": "32M"}),
                deployed("cluster/galera.cnf", names | {"gcache.size=512M": "gcache.size=32M"}),
                *(f"{name} = {path}" for name, path in places.items()),
            ]
        )


def _give_to_owner(path: Path) -> None:
    owner = pwd.getpwnam(OWNER)
    os.chown(path, owner.pw_uid, owner.pw_gid)


class Health(Server):
    """The health service of a node."""

    name = "health"

    def __init__(self, node: GaleraNode) -> None:
        super().__init__()
        self.port, self.place = 9200, node.machine.place
        self._node = node

    def command(self) -> list[str]:
        """Return the command line of the unit."""
        line = command_of(HEALTH_UNIT, {"SPA_ADDRESS": self.place.host})
        ours = {
            PYTHON: sys.executable,
            "/run/mysqld/mysqld.sock": str(self._node.socket),
            "spa": "root",
        }
        return [ours.get(word, word) for word in line]

    def answers(self) -> bool:
        """Return whether it answers, whatever it says."""
        try:
            urllib.request.urlopen(f"http://{self.place.host}:{self.port}/reader", timeout=3)
        except HTTPError as said:
            said.close()
        except OSError:
            return False
        return True


class HAProxy(Server):
    """HAProxy of one machine; without a machine, of the people's own."""

    name = "haproxy"

    def __init__(self, machine: Machine | None = None) -> None:
        super().__init__()
        self.port = WRITER_PORT
        if machine:
            self.place = machine.place
        self._admin = self.directory / "admin.sock"

    def command(self) -> list[str]:
        """Return the command line of HAProxy in the foreground."""
        config = self.directory / "haproxy.cfg"
        here = {"/run/haproxy/admin.sock": str(self._admin)}
        config.write_text(deployed("cluster/haproxy.cfg", here))
        return [program("haproxy"), "-db", "-f", str(config)]

    def answers(self) -> bool:
        """Return whether it has found a writer."""
        try:
            return bool(self.writer())
        except OSError:
            return False

    def writer(self) -> str:
        """Return the machine to which new connections go, or an empty text when there is none."""
        rows = csv.DictReader(self._say("show stat").lstrip("# ").splitlines())
        fit = [
            row["svname"]
            for row in rows
            if (row["pxname"], row["check_status"]) == ("writer", "L7OK")
            and row["status"].startswith("UP")
        ]
        return fit[0] if fit else ""

    def _say(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self._admin))
            line.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: line.recv(65536), b"")).decode()


class ClusterRedis(Redis):
    """One of the two Redis."""

    def __init__(self, machine: Machine, master: Redis | None = None) -> None:
        super().__init__()
        self.machine = machine
        self.port, self.place = 6379, machine.place
        self._master = master
        self._config = self.directory / "redis.conf"

    def prepare(self) -> None:
        """Write the configuration, into which Sentinel's decisions go later."""
        changes = {
            "@ADDRESS@": self.place.host,
            "/srv/spa/app/deploy/": f"{PROJECT}/deploy/",
        }
        text = f"{deployed('cluster/redis.conf', changes)}\ndir {self.directory}\n"
        if self._master:
            text += f"replicaof {self._master.place.host} {self._master.port}\n"
        self._config.write_text(text)

    def command(self) -> list[str]:
        """Return the command line of Redis."""
        return [program("redis-server"), str(self._config)]

    def role(self) -> str:
        """Return `master` or `slave`, or an empty text while it does not answer."""
        try:
            with redis.Redis(
                host=self.place.host, port=self.port, retry=AT_ONCE, decode_responses=True
            ) as client:
                return str(client.info("replication")["role"])
        except redis.RedisError:
            return ""


class Sentinel(Redis):
    """One of the three Sentinels."""

    name = "sentinel"

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.port, self.place = 26379, machine.place
        self._config = self.directory / "sentinel.conf"

    def prepare(self) -> None:
        """Write the configuration, into which the Sentinel writes what it learns."""
        text = deployed("cluster/sentinel.conf", {"@ADDRESS@": self.place.host})
        self._config.write_text(f"{text}\ndir {self.directory}\n")

    def command(self) -> list[str]:
        """Return the command line of the Sentinel."""
        return [program("redis-server"), str(self._config), "--sentinel"]

    def knows_all(self) -> bool:
        """Return whether it knows the replica and the other Sentinels."""
        with redis.Redis(host=self.place.host, port=self.port, decode_responses=True) as client:
            master: Any = client.sentinel_master("spa")
            return (master["num-slaves"], master["num-other-sentinels"]) == (1, 2)


class ClusterApp(AppServer):
    """A process of the application, as the unit of its machine starts it."""

    def __init__(self, machine: Machine, **settings: str) -> None:
        super().__init__(**settings)
        self.machine = machine
        self.port, self.place = 8001, machine.place

    def command(self) -> list[str]:
        """Return the command line of the unit's process `web1`."""
        line = command_of(PROCESS_UNIT, {"SPA_ADDRESS": self.place.host}, i="web1")
        ours = {PYTHON: sys.executable, "/run/spa/web1.sock": str(self.directory / "web1.sock")}
        return [ours.get(word, word) for word in line]


def database_url() -> str:
    """Return the value of `DATABASE_URL` on every machine: its own HAProxy."""
    return f"mysql://spa:spa@{HOST}:{WRITER_PORT}/spa"
