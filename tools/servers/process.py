"""A process of our own, and what the servers need to start one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Self

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
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
