"""How each side is started: a process that serves its application, as its documentation says."""

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tools.servers import HOST, Server, serving

#: As our own, but Daphne by itself holds the limit of a message against what it sends as well.
DAPHNE = ("--websocket-max-message-size", "4194304", "--websocket-max-frame-size", "16384")
#: The flags that are said to be fastest: https://www.uvicorn.org/settings/#websockets
UVICORN = ("--ws", "wsproto", "--ws-per-message-deflate", "false", "--lifespan", "off")
#: A thread for each socket, as Flask-SocketIO's threading mode wants it.
GUNICORN = (
    *("--worker-class", "gthread", "--workers", "1", "--threads", "1000"),
    *("--worker-connections", "2000"),
)


class Side(Server):
    """A server process of one side; `settings` are its environment variables."""

    name = "side"

    def __init__(self, module: str, settings: Mapping[str, str]) -> None:
        super().__init__()
        self._module = f"benchmarks.peers.{module}"
        self._settings = settings

    @property
    def title(self) -> str:
        """What to call it in a line of progress."""
        return f"{self._module.rpartition('.')[2]} ({type(self).__name__})"

    @property
    def pid(self) -> int:
        """The process that holds the sockets."""
        assert self._process is not None
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Our own environment and the given settings."""
        return super().environment() | self._settings

    def publish(self, count: int, pause: float = 0.0) -> list[float]:
        """Have the server send events; the moment of each, on the monotonic clock."""
        url = f"http://{HOST}:{self.port}/publish?count={count}&pause={pause}"
        with urllib.request.urlopen(url, timeout=120) as response:
            moments: list[float] = json.load(response)
        return moments

    def answers(self) -> bool:
        """Whether it takes orders."""
        try:
            return self.publish(0) == []
        except OSError:
            return False

    def memory(self) -> int:
        """Bytes of memory that belong to this process alone."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        private = (line.split() for line in rollup.splitlines() if line.startswith("Private_"))
        return sum(int(words[1]) for words in private) * 1024

    def cpu_seconds(self) -> float:
        """Processor time of the process and its workers so far; another's work is not in it."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(_cpu_seconds(pid) for pid in (self.pid, *workers))


def _cpu_seconds(pid: int | str) -> float:
    """The user's and the system's part, fields 14 and 15 of proc(5)'s stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class OnDaphne(Side):
    """An ASGI application on Daphne, without its access log."""

    def command(self) -> list[str]:
        """One process."""
        listen = ("-v", "0", "-b", HOST, "-p", str(self.port))
        return [sys.executable, "-m", "daphne", *listen, *DAPHNE, f"{self._module}:application"]


class OnUvicorn(Side):
    """An ASGI application on uvicorn."""

    def command(self) -> list[str]:
        """One process."""
        listen = ("--host", HOST, "--port", str(self.port), "--log-level", "warning")
        return [sys.executable, "-m", "uvicorn", *listen, *UVICORN, f"{self._module}:application"]


class AsInProduction(Side):
    """Our application as production starts it; on uvicorn where `SERVED_BY` says so."""

    def command(self) -> list[str]:
        """One process."""
        served_by = self.environment().get("SERVED_BY", "")
        return serving(f"{self._module}:application", self.port, served_by)


class OnGunicorn(Side):
    """A WSGI application on gunicorn's threads."""

    def command(self) -> list[str]:
        """One process with many threads."""
        listen = ("--bind", f"{HOST}:{self.port}", "--log-level", "warning")
        ending = ("--graceful-timeout", "1")
        return [
            *(sys.executable, "-m", "gunicorn", *GUNICORN, *listen, *ending),
            f"{self._module}:app",
        ]
