"""Servers of a cluster, each from its file of deploy/, on one of the machines."""

import csv
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import MySQLdb
import redis

from spa_project.galera_health import state_of, why_no_reader
from tools.cluster.files import command_of, deployed
from tools.cluster.machines import Machine
from tools.cluster.slow_network import READY
from tools.servers import HOST, PROJECT, AppServer, Redis, Server, program, run_quietly
from tools.servers.redis import AT_ONCE

HEALTH_UNIT = "cluster/systemd/spa-galera-health.service"
#: What is added to the unit of the database.
DATABASE_UNIT = "cluster/systemd/mariadb.service.d/spa.conf"
PROCESS_UNIT = "cluster/systemd/spa@.service.d/cluster.conf"
PYTHON, SOCKET = "/srv/spa/venv/bin/python", "/run/mysqld/mysqld.sock"
#: The ports of HAProxy for the writer and for readers, on each machine itself.
WRITER_PORT, READER_PORT = 3307, 3308
#: What to change in haproxy.cfg for the second machine to write to its own database, against the
#: rules.
_TWO = "server {} check on-marked-up shutdown-backup-sessions\n    server {} check backup"
_ONE, _OTHER = "spa-1 10.0.0.11:3306", "spa-2 10.0.0.12:3306"
ITS_OWN = {_TWO.format(_ONE, _OTHER): _TWO.format(_OTHER, _ONE)}
#: The spa's floating address, of keepalived.conf, and nginx's port in a run: TLS is left out.
PUBLIC, PUBLIC_PORT = "10.0.0.10", 8443
#: The lines of keepalived.conf that differ on the second machine, as docs/cluster.md changes them.
SECOND = {
    "priority 100": "priority 90",
    "10.0.0.11": "TEMPORARY",
    "10.0.0.12": "10.0.0.11",
    "TEMPORARY": "10.0.0.12",
}
#: Where nginx keeps what it receives and sends; the compiled paths are root's.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
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
        """Start, and return once the node has joined and is up to date, with the right settings."""
        self._position = self._recovered_position()
        super().start()
        self._begins = False
        run_quietly(check_of(self.socket))

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


def check_of(database: Path) -> list[str]:
    """Return the command line by which the unit of a database with this socket checks its settings.

    The accounts of a run have no passwords, so root may ask.
    """
    line = command_of(DATABASE_UNIT, {}, setting="ExecStartPost")
    ours = {
        PYTHON: sys.executable,
        "--chdir=/srv/spa/app": f"--chdir={PROJECT}",
        SOCKET: str(database),
        OWNER: "root",
    }
    return [ours.get(word, word) for word in line]


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
            SOCKET: str(self._node.socket),
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
        self._changes: dict[str, str] = {}

    def choose(self, changes: dict[str, str]) -> None:
        """Restart with another list of writers."""
        self._changes = changes
        self.restart()

    def command(self) -> list[str]:
        """Return the command line of HAProxy in the foreground."""
        config = self.directory / "haproxy.cfg"
        here = {"/run/haproxy/admin.sock": str(self._admin)} | self._changes
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


class Family(Server):
    """A server with processes of its own, which a kill ends with it."""

    def kill(self) -> None:
        """Kill all of its processes at once."""
        if self.pid and self.running:
            os.killpg(self.pid, signal.SIGKILL)
        super().kill()


class Nginx(Family):
    """One of the two nginx, without TLS, in front of the process of each machine."""

    name = "nginx"

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.port, self.place = PUBLIC_PORT, machine.place
        self._config = self.directory / "nginx.conf"

    def prepare(self) -> None:
        """Write the files that nginx reads."""
        own = self.directory / "conf.d"
        own.mkdir()
        (own / "spa.conf").write_text(self._spa())
        (own / "upstreams.conf").write_text(self._upstreams())
        places = "".join(f"\n{each}_temp_path {self.directory}/{each};" for each in TEMPORARY)
        changes = {
            "user www-data;": "user root;",
            "pid /run/": f"pid {self.directory}/",
            "error_log /var/log/nginx/error.log": "error_log stderr",
            "/etc/nginx/conf.d/": f"{own}/",
            "http {": f"http {{{places}",
            "worker_rlimit_nofile 65536;": "",
        }
        self._config.write_text(deployed("nginx/nginx.conf", changes))

    def command(self) -> list[str]:
        """Return the command line of nginx in the foreground."""
        at = ("-c", str(self._config), "-p", str(self.directory))
        return [program("nginx"), *at, "-g", "daemon off;"]

    def answers(self) -> bool:
        """Return whether a page comes through it."""
        return answers_at(self.place.host)

    def _spa(self) -> str:
        changes = {
            "listen 443 ssl http2 default_server;\n    ssl_reject_handshake on;\n": "",
            "listen 443 ssl http2;\n    server_name spa.example;\n": f"listen {PUBLIC_PORT};\n",
            "/var/log/nginx/": f"{self.directory}/",
            "/var/cache/nginx/": f"{self.directory}/",
        }
        text = re.sub(r"^    ssl_.*\n", "", deployed("nginx/spa.conf", changes), flags=re.MULTILINE)
        # As docs/cluster.md does with sed.
        return re.sub(r"^upstream .*?^}\n", "", text, flags=re.MULTILINE | re.DOTALL)

    def _upstreams(self) -> str:
        """Return the upstreams with the one process that each machine has in a run."""
        text = deployed("cluster/nginx/upstreams.conf", {":8003": ":8001"})
        return re.sub(r"^    server \S+:(8002|8004) .*\n", "", text, flags=re.MULTILINE)


class Keepalived(Family):
    """keepalived of a machine: the floating address is on the first whose nginx answers."""

    name = "keepalived"

    def __init__(self, machine: Machine, *, first: bool) -> None:
        super().__init__()
        self.place = machine.place
        self._first = first
        self._pid_file = self.directory / "vrrp.pid"

    def prepare(self) -> None:
        """Let the user of the script into the directory."""
        self.directory.chmod(0o755)

    def command(self) -> list[str]:
        """Return the command line of keepalived in the foreground."""
        config = self.directory / "keepalived.conf"
        config.write_text(deployed("cluster/keepalived.conf", {} if self._first else SECOND))
        own = (f"--pid={self.directory}/pid", f"--vrrp_pid={self._pid_file}")
        # The number may be somebody else's by now, for whom it would wait.
        for path in self.directory.glob("*pid"):
            path.unlink()
        line = ("--vrrp", "--dont-fork", "--log-console", f"--use-file={config}")
        return [program("keepalived"), *line, *own]

    def answers(self) -> bool:
        """Return whether it has begun to watch nginx."""
        return self._pid_file.exists()

    def has_address(self) -> bool:
        """Return whether the floating address is here, by its last decision."""
        return re.findall(r"Entering (\w+) STATE", self.log_tail())[-1:] == ["MASTER"]


class SlowNetwork(Server):
    """Late and lost packets between the machines, while it runs."""

    name = "slow-network"

    def __init__(self, machines: Iterable[Machine], *, delay: float, loss: float) -> None:
        super().__init__()
        self._machines = list(machines)
        self._weather = (f"--delay={delay}", f"--loss={loss}")

    def command(self) -> list[str]:
        """Return the command line of the program that carries the packets."""
        machines = [f"{each.address}={each.pid}" for each in self._machines]
        return [sys.executable, "-m", "tools.cluster.slow_network", *self._weather, *machines]

    def answers(self) -> bool:
        """Return whether all packets go through it."""
        return READY in self.log_tail()


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

    def upgrade(self, settings: str) -> None:
        """Restart with the code of the next version, which is a module of settings."""
        self._settings["DJANGO_SETTINGS_MODULE"] = settings
        self.restart()

    def command(self) -> list[str]:
        """Return the command line of the unit's process `web1`."""
        line = command_of(PROCESS_UNIT, {"SPA_ADDRESS": self.place.host}, i="web1")
        ours = {PYTHON: sys.executable, "/run/spa/web1.sock": str(self.directory / "web1.sock")}
        return [ours.get(word, word) for word in line]


def answers_at(host: str) -> bool:
    """Return whether a page comes through nginx at this address."""
    try:
        with urllib.request.urlopen(f"http://{host}:{PUBLIC_PORT}/healthz", timeout=3):
            return True
    except OSError:
        return False


def database_url(port: int = WRITER_PORT) -> str:
    """Return the value of `DATABASE_URL` on every machine: its own HAProxy."""
    return f"mysql://spa:spa@{HOST}:{port}/spa"
