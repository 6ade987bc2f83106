"""Server processes: start, stop, kill, and the helpers for it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, ClassVar, NamedTuple, Self

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 60.0  # two on an idle machine
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
# The kernel ends the servers with this process, however it ends (PR_SET_PDEATHSIG).
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
# That signal is sent when the thread that started a process ends, so one thread starts them all.
_STARTER = ThreadPoolExecutor(1, "starter")
# Below the ports that Linux gives to clients: a server that restarts finds its port free again.
PORTS = range(20_000, 30_000)
#: What this process holds of them until it ends.
_CLAIMS: list[socket.socket] = []
LOG_TAIL = 4000  # characters of a log that an error shows


class ServerFailed(RuntimeError):
    """Error of a server that did not start; the message ends with the last lines of its log."""


class Place(NamedTuple):
    """The place of a server: its address, that of its clients, and what starts it there."""

    host: str
    client: str
    inside: tuple[str, ...] = ()


class Server:
    """Server process. Subclasses define its command line and its readiness check.

    As a context manager it runs inside the block; `kill` and `start` in between are a crash and a
    restart on the same port with the same data.
    """

    name: ClassVar[str]
    #: On this machine, unless `at` says otherwise.
    place = Place(HOST, HOST)

    def __init__(self) -> None:
        self.port = free_port()
        # Directly in the temporary directory: the path of a Unix socket is limited to 107 bytes.
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

    def at(self, place: Place) -> Self:
        """Run at this place, such as in another network; return the server."""
        self.place = place
        return self

    def prepare(self) -> None:
        """Prepare the data directory, once, before the first start."""

    def command(self) -> list[str]:
        """Return the command line of the server."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return the environment of the server, without systemd's socket.

        MySQL reports each step of its start there, and waits until they are read.
        """
        return {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}

    def answers(self) -> bool:
        """Return whether the server serves a client now."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """Return the process id, or `None` while there is no process."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return once it answers; raise `ServerFailed`."""
        with self.log.open("ab") as log:
            command = [*self.place.inside, *self.command()]
            self._process = launch(command, env=self.environment(), output=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{self.name} did not start:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Terminate the process and wait for it; kill it when it does not end in time."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process at once, as a crash would."""
        self._end(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Send the process a signal; SIGSTOP freezes it until SIGCONT."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def log_tail(self) -> str:
        """Return the last lines of the log."""
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


def launch(
    command: Sequence[str], *, env: dict[str, str] | None = None, output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that ends with this one."""
    return _STARTER.submit(
        subprocess.Popen,
        [*DIES_WITH_US, *command],
        cwd=PROJECT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the tests; they stop the servers in order
    ).result()


def free_port() -> int:
    """Return a loopback port that is free, and that no other process gets from this function."""
    for port in random.sample(PORTS, len(PORTS)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            # A name in the abstract namespace has no file and ends with its process.
            claim.bind(f"\0spa-port-{port}")
            with socket.socket() as probe:
                probe.bind((HOST, port))
        except OSError:
            claim.close()
        else:
            _CLAIMS.append(claim)
            return port
    raise ServerFailed("All ports of tests are in use.")


def program(name: str) -> str:
    """Return the path of an installed program; raise `ServerFailed`."""
    # Debian installs servers outside an ordinary user's PATH.
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise ServerFailed(f"{name} is not installed; `make test` says what to install.")
    return found


def run_quietly(command: Sequence[str], **settings: str) -> None:
    """Run a command to its end; raise `ServerFailed` with its output when it fails."""
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
