"""Server processes of all sides, each started as its documentation says."""

import json
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tools.servers import HOST, Server, serving

#: As our own, except that plain Daphne applies the message limit to sent messages, too.
DAPHNE = ("--websocket-max-message-size", "4194304", "--websocket-max-frame-size", "16384")
#: The fastest flags by the documentation: https://www.uvicorn.org/settings/#websockets
UVICORN = ("--ws", "wsproto", "--ws-per-message-deflate", "false", "--lifespan", "off")
#: A thread for each socket, as Flask-SocketIO's threading mode requires.
GUNICORN = (
    *("--worker-class", "gthread", "--workers", "1", "--threads", "1000"),
    *("--worker-connections", "2000"),
)


class Side(Server):
    """Server process of one side; `settings` are its environment variables."""

    name = "side"

    def __init__(self, module: str, settings: Mapping[str, str]) -> None:
        super().__init__()
        self._module = f"benchmarks.peers.{module}"
        self._settings = settings

    @property
    def title(self) -> str:
        """Return the side's name for a line of progress."""
        return f"{self._module.rpartition('.')[2]} ({type(self).__name__})"

    @property
    def pid(self) -> int:
        """Return the id of the process that holds the sockets."""
        assert self._process is not None
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the given settings."""
        return super().environment() | self._settings

    def publish(self, count: int, pause: float = 0.0) -> list[float]:
        """Make the server publish events; return the moment of each, on the monotonic clock."""
        url = f"http://{HOST}:{self.port}/publish?count={count}&pause={pause}"
        with urllib.request.urlopen(url, timeout=120) as response:
            moments: list[float] = json.load(response)
        return moments

    def answers(self) -> bool:
        """Return whether the server accepts requests."""
        try:
            return self.publish(0) == []
        except OSError:
            return False

    def memory(self) -> int:
        """Return the bytes of memory that belong to this process alone."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        private = (line.split() for line in rollup.splitlines() if line.startswith("Private_"))
        return sum(int(words[1]) for words in private) * 1024

    def cpu_seconds(self) -> float:
        """Return the processor time of the process and its workers so far."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(_cpu_seconds(pid) for pid in (self.pid, *workers))


def _cpu_seconds(pid: int | str) -> float:
    """Return the CPU time of all threads, by the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime(~int(pid) << 3 | 2)


class OnDaphne(Side):
    """ASGI application on Daphne, without its access log."""

    def command(self) -> list[str]:
        """Return the command line of one process."""
        listen = ("-v", "0", "-b", HOST, "-p", str(self.port))
        return [sys.executable, "-m", "daphne", *listen, *DAPHNE, f"{self._module}:application"]


class OnUvicorn(Side):
    """ASGI application on uvicorn."""

    def command(self) -> list[str]:
        """Return the command line of one process."""
        listen = ("--host", HOST, "--port", str(self.port), "--log-level", "warning")
        return [sys.executable, "-m", "uvicorn", *listen, *UVICORN, f"{self._module}:application"]


class AsInProduction(Side):
    """Our application as production starts it; on uvicorn when `SERVED_BY` says so."""

    def command(self) -> list[str]:
        """Return the command line of one process."""
        served_by = self.environment().get("SERVED_BY", "")
        return serving(f"{self._module}:application", self.port, served_by)


class OnGunicorn(Side):
    """WSGI application on gunicorn's threads."""

    def command(self) -> list[str]:
        """Return the command line of one process with many threads."""
        listen = ("--bind", f"{HOST}:{self.port}", "--log-level", "warning")
        ending = ("--graceful-timeout", "1")
        return [
            *(sys.executable, "-m", "gunicorn", *GUNICORN, *listen, *ending),
            f"{self._module}:app",
        ]
