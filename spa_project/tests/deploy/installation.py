"""Production on one machine, from the files in deploy/: nginx, processes, MariaDB, Redis.

Only paths, ports and sizes are a test's own.
"""

import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.servers import (
    HOST,
    PROJECT,
    AppServer,
    MariaDB,
    Redis,
    Server,
    free_port,
    migrate,
    program,
    run_quietly,
)

DEPLOY = PROJECT / "deploy"
MANAGE = (sys.executable, "manage.py")
#: Where nginx keeps what it receives and sends; the compiled paths are root's.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def deployed_file(name: str, changes: Mapping[str, str]) -> str:
    """Return a file of deploy/ with each of these texts, which must be in it, replaced."""
    text = (DEPLOY / name).read_text()
    for theirs, ours in changes.items():
        assert theirs in text, f"{name} does not say {theirs}"
        text = text.replace(theirs, ours)
    return text


def allow_files() -> int:
    """Have this process and its servers open as many files as LimitNOFILE says, or as allowed."""
    _soft, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(unit("spa@.service")["LimitNOFILE"][0])
    files = wanted if allowed == resource.RLIM_INFINITY else min(wanted, allowed)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, allowed))
    return files


def unit(name: str) -> dict[str, list[str]]:
    """Return the settings of a systemd unit; each may be given several times."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text().replace("\\\n", "").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


class DeployedMariaDB(MariaDB):
    """MariaDB with deploy/mariadb.cnf."""

    def command(self) -> list[str]:
        """Return a command line with production's settings and less memory."""
        config = self.directory / "mariadb.cnf"
        config.write_text(deployed_file("mariadb.cnf", {"512M": "64M", "256M": "32M"}))
        [executable, _no_defaults, *ours] = super().command()
        places = ("--datadir", "--socket", "--pid-file", "--port", "--bind", "--tmpdir", "--user")
        return [executable, f"--defaults-file={config}", *(o for o in ours if o.startswith(places))]


class DeployedRedis(Redis):
    """Redis with deploy/redis.conf."""

    def command(self) -> list[str]:
        """Return a command line with production's settings on a port of its own."""
        config = os.fspath(DEPLOY / "redis.conf")
        place = ("--port", str(self.port), "--bind", HOST, "--dir", os.fspath(self.directory))
        return [program("redis-server"), config, *place]


class Unit(Server):
    """Process as deploy/systemd/spa@.service starts it: `web1`, `live2`."""

    name = "unit"

    def __init__(self, instance: str, run: Path, settings: Mapping[str, str]) -> None:
        super().__init__()
        self.instance = instance
        self._run = run
        self._settings = settings

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the spa's settings."""
        return os.environ | self._settings

    def command(self) -> list[str]:
        """Return the command line of the unit."""
        return self._line("ExecStart")

    def answers(self) -> bool:
        """Return whether the unit's readiness check passes."""
        if not (self._run / f"{self.instance}.sock").is_socket():
            return False
        return not subprocess.run(self._line("ExecStartPost"), capture_output=True).returncode

    def _line(self, key: str) -> list[str]:
        [line] = unit("spa@.service")[key]
        changes = {
            "%i": self.instance,
            "/run/spa": os.fspath(self._run),
            "/srv/spa/venv/bin/python": sys.executable,
            "--retry 60": "--retry 0",  # the readiness check is repeated anyway
        }
        for theirs, ours in changes.items():
            line = line.replace(theirs, ours)
        return shlex.split(line)


class Nginx(AppServer):
    """Server nginx with deploy/nginx/spa.conf, over https: the spa's public address."""

    name = "nginx"

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._run = run
        self.plain_port, self._inside_port = free_port(), free_port()
        self.certificate = self.directory / "fullchain.pem"
        self.access_log, self.error_log = (self.directory / f"spa{end}" for end in EXTENSIONS)

    @property
    def url(self) -> str:
        """Return the base URL of the pages."""
        return f"https://localhost:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return the base URL of the sockets."""
        return f"wss://localhost:{self.port}"

    @property
    def plain_url(self) -> str:
        """Return the http URL that redirects browsers to https."""
        return f"http://localhost:{self.plain_port}"

    @property
    def inside_url(self) -> str:
        """Return the loopback-only URL of each process's metrics."""
        return f"http://{HOST}:{self._inside_port}"

    def prepare(self) -> None:
        """Create the certificate and the files that nginx reads."""
        key = self.directory / "privkey.pem"
        run_quietly(
            [
                *("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", os.fspath(key), "-out", os.fspath(self.certificate)),
            ]
        )
        changes = {
            "spa.example": "localhost",
            "listen 80": f"listen {HOST}:{self.plain_port}",
            "listen 443": f"listen {HOST}:{self.port}",
            "/var/lib/spa/": f"{self.directory}/",
            "listen 127.0.0.1:9180": f"listen {HOST}:{self._inside_port}",
            "/run/spa/": f"{self._run}/",
            "/etc/ssl/spa/": f"{self.directory}/",
            "/var/log/nginx/": f"{self.directory}/",
            "/var/cache/nginx/": f"{self.directory}/",
        }
        (self.directory / "spa.conf").write_text(deployed_file("nginx/spa.conf", changes))
        self._config = self.directory / "nginx.conf"
        self._config.write_text(deployed_file("nginx/nginx.conf", self._main_changes()))

    def _main_changes(self) -> dict[str, str]:
        places = (f"{each}_temp_path {self.directory}/{each};" for each in TEMPORARY)
        return {
            # As root, to reach a test's own sockets; others run all of nginx as themselves.
            "user www-data;": "user root;" if os.geteuid() == 0 else "",
            "pid /run/": f"pid {self.directory}/",
            "error_log /var/log/nginx/error.log": "error_log stderr",
            "/etc/nginx/conf.d/*.conf": f"{self.directory}/spa.conf",
            "http {": "\n".join(["http {", *places]),
            # A container may allow less than a whole machine.
            "worker_rlimit_nofile 65536": f"worker_rlimit_nofile {allow_files()}",
        }

    def command(self) -> list[str]:
        """Return the command line of nginx in the foreground."""
        at = ("-c", os.fspath(self._config), "-p", os.fspath(self.directory))
        return [program("nginx"), *at, "-g", "daemon off;"]


EXTENSIONS = (".log", ".error.log")


@dataclass
class Installation:
    """Servers and processes of one production installation."""

    database: DeployedMariaDB
    broker: DeployedRedis
    units: dict[str, Unit]
    nginx: Nginx
    settings: dict[str, str]


@contextmanager
def installation(settings: Mapping[str, str], *instances: str) -> Iterator[Installation]:
    """Run production with these processes, migrated and empty."""
    allow_files()
    with ExitStack() as stack:
        database = stack.enter_context(DeployedMariaDB())
        broker = stack.enter_context(DeployedRedis())
        nginx = Nginx(database.directory)
        ours = {"DATABASE_URL": database.url, "REDIS_URL": broker.url, **settings}
        migrate(**ours)
        run_quietly([*MANAGE, "collectstatic", "--no-input"], **ours)
        units = {each: Unit(each, database.directory, ours) for each in instances}
        for each in units.values():
            stack.enter_context(each)
        # Programs trust nginx's certificate for as long as it runs.
        trust = stack.enter_context(pytest.MonkeyPatch.context())
        trust.setenv("SSL_CERT_FILE", os.fspath(nginx.certificate))
        stack.enter_context(nginx)
        yield Installation(database, broker, units, nginx, ours)
