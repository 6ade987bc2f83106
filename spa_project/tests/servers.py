"""Private servers for tests: MariaDB, Redis and the application itself, each a real process.

They listen on free loopback ports, keep their files in temporary directories and end with the
block that started them. A shell has them too, for as long as one command runs:

    python -m spa_project.tests.servers -- pytest
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import ClassVar, Self

import MySQLdb
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
# redis-py by itself waits longer and longer between its tries.
AT_ONCE = Retry(NoBackoff(), 0)
# However the tests end, even killed, none of their servers stays behind.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
# The kernel takes the end of the thread that started a process for ours: this one outlives all.
_STARTER = ThreadPoolExecutor(1, "starter")
LOG_TAIL = 4000  # characters of a log that an error shows


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with the last lines of its log."""


class Server:
    """A process of our own. Subclasses say how it is started and when it answers.

    As a context manager it runs inside the block; `kill` and `start` in between are a crash and
    a restart on the same port with the same data.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.port = free_port()
        # Straight under the temporary directory: the path of a Unix socket has 107 bytes at most.
        self._directory = tempfile.TemporaryDirectory(prefix=f"spa-{self.name}-")
        self.directory = Path(self._directory.name)
        self.log = self.directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._directory.cleanup()

    def prepare(self) -> None:
        """What is done once, before the first start."""

    def command(self) -> list[str]:
        """The command line of the server."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The environment of the server."""
        return dict(os.environ)

    def answers(self) -> bool:
        """Whether the server serves a client now."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return once it answers; raises `ServerFailed`."""
        with self.log.open("ab") as log:
            self._process = _STARTER.submit(
                subprocess.Popen,
                [*DIES_WITH_US, *self.command()],
                cwd=PROJECT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests; they stop their servers in order
            ).result()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{self.name} did not start:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ask the process to end, and wait for it; one that does not end is killed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self._end(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Send the process a signal; SIGSTOP makes it deaf and mute until SIGCONT."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def log_tail(self) -> str:
        """The last lines of the log."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:] if self.log.exists() else ""

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class MariaDB(Server):
    """A MariaDB server with a user `spa` (password `spa`) who may do everything.

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
                *self._common(),
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ]
        )

    def command(self) -> list[str]:
        """MariaDB with production's character set, and small enough to share a machine."""
        return [
            program("mariadbd"),
            *self._common(),
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
            self._connect().close()
        except MySQLdb.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start; the first time, make the user and the database as well."""
        super().start()
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(f"CREATE USER IF NOT EXISTS spa@'{HOST}' IDENTIFIED BY 'spa'")
            cursor.execute(f"GRANT ALL ON *.* TO spa@'{HOST}'")
            cursor.execute("CREATE DATABASE IF NOT EXISTS spa")
        finally:
            connection.close()

    def _connect(self) -> MySQLdb.Connection:
        return MySQLdb.connect(unix_socket=str(self._socket), user="root")

    def _common(self) -> list[str]:
        # --no-defaults has to come first: it keeps the machine's own configuration out.
        options = ["--no-defaults", f"--datadir={self.directory / 'data'}", "--skip-name-resolve"]
        # MariaDB refuses to run as root unless it is told to.
        return [*options, "--user=root"] if os.geteuid() == 0 else options


class Redis(Server):
    """A Redis server that keeps nothing on the disk."""

    name = "redis"

    @property
    def url(self) -> str:
        """What `REDIS_URL` takes."""
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        """Redis in the foreground, in memory only."""
        options = {
            "port": self.port,
            "bind": HOST,
            "save": "",
            "appendonly": "no",
            "dir": self.directory,
            "daemonize": "no",
        }
        pairs = (pair for name, value in options.items() for pair in (f"--{name}", str(value)))
        return [program("redis-server"), *pairs]

    def answers(self) -> bool:
        """Whether it answers a ping."""
        try:
            with redis.Redis(host=HOST, port=self.port, retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


#: The other server (docs/operations.md): `SERVED_BY=uvicorn` in the environment or the settings.
UVICORN = (
    *("--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-max-size", "16384"),
    *("--log-level", "warning", "--no-server-header", "--no-proxy-headers"),
    *("--lifespan", "off", "--timeout-graceful-shutdown", "4"),
)


class AppServer(Server):
    """One process of the application, with `settings` as its environment variables.

    On Daphne as production starts it, unless the variable `SERVED_BY` is `uvicorn`.
    """

    name = "app"
    application: ClassVar[str] = "spa_project.asgi:application"

    def __init__(self, **settings: str) -> None:
        super().__init__()
        self._settings = settings

    @property
    def url(self) -> str:
        """Where its pages are, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where its sockets are, without a slash at the end."""
        return f"ws://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Our own environment and the given settings."""
        return os.environ | self._settings

    def command(self) -> list[str]:
        """The server on a port of its own."""
        served_by = self.environment().get("SERVED_BY", "")
        return serving(self.application, self.port, served_by)

    def answers(self) -> bool:
        """Whether `/healthz` says so."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # URLError is one
            return False


def serving(application: str, port: int, served_by: str = "") -> list[str]:
    """The command of one process on a port, on Daphne unless it is `uvicorn` that serves it."""
    at = ("--port", str(port))
    if served_by == "uvicorn":
        server = ["uvicorn", "--host", HOST, *at, *UVICORN]
    else:
        server = ["spa_project.server", "--bind", HOST, *at]
    return [sys.executable, "-m", *server, application]


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """The path of an installed program; raises `ServerFailed`."""
    # Debian keeps servers where an ordinary user's PATH does not look.
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise ServerFailed(f"{name} is not installed; `make test` says what to install.")
    return found


def run_quietly(command: Sequence[str], **settings: str) -> None:
    """Run a command to its end; raises `ServerFailed` with its output when it fails."""
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServerFailed(f"{' '.join(command)} failed:\n{done.stdout[-LOG_TAIL:]}")


@contextmanager
def foreground(command: Sequence[str], **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the foreground; whatever ends the block ends the command first."""
    with subprocess.Popen(command, env=os.environ | settings) as process:
        try:
            yield process
        except KeyboardInterrupt:
            # Ctrl-C was for the command too: let it say what it has to say.
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            raise
        finally:
            process.terminate()  # does nothing to a command that has ended


def main(arguments: list[str]) -> int:
    """Run a command with fresh servers in `DATABASE_URL` and `REDIS_URL`; return its exit code."""
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(45))
    try:
        with MariaDB() as database, Redis() as broker:
            settings = {"DATABASE_URL": database.url, "REDIS_URL": broker.url}
            with foreground(arguments, **settings) as process:
                return process.wait()
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, frame: FrameType | None) -> None:
    """A plain exit, so that every block on the way out stops what it started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
