"""Run a command with private servers in its `DATABASE_URL` and `REDIS_URL`.

python -m tools.servers -- pytest
python -m tools.servers --workers 2 -- pytest -n 2

With `--workers`, each worker of pytest-xdist has servers of its own, in `DATABASE_URL_0`,
`REDIS_URL_0` and so on; spa_project/tests/settings.py takes those of its worker.
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

from tools.servers import Redis, ServerFailed, database_server
from tools.servers.process import STOP_SECONDS


@contextmanager
def foreground(command: Sequence[str], **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the foreground; terminate it when the block ends."""
    with subprocess.Popen(command, env=os.environ | settings) as process:
        try:
            yield process
        except KeyboardInterrupt:
            # Ctrl-C went to the command too: let it finish its output.
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            raise
        finally:
            process.terminate()  # no effect on a command that has ended


def main(arguments: list[str]) -> int:
    """Run a command with fresh servers in `DATABASE_URL` and `REDIS_URL`; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.servers", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    # A shell starts background commands with SIGINT ignored, and what is ignored stays so in
    # every child. What has a handler is the default in children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(45))
    try:
        with ExitStack() as running:
            settings = _start_servers(running, options.workers)
            with foreground(options.command, **settings) as process:
                return process.wait()
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _start_servers(running: ExitStack, workers: int) -> dict[str, str]:
    """Start the servers of each worker; return what the command finds in its environment."""
    settings: dict[str, str] = {}
    for number in range(workers):
        urls = {
            "DATABASE_URL": running.enter_context(database_server()).url,
            "REDIS_URL": running.enter_context(Redis()).url,
        }
        settings = urls | settings  # the names without a number are the first worker's
        settings |= {f"{name}_{number}": url for name, url in urls.items()}
    return settings


def _leave(number: int, frame: FrameType | None) -> None:
    """Exit by an exception, so that every block on the way out stops what it started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
