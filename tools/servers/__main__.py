"""Run a command with private servers in its `DATABASE_URL` and `REDIS_URL`.

python -m tools.servers -- pytest
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from tools.servers import MariaDB, Redis, ServerFailed
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
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    # A shell starts background commands with SIGINT ignored, and what is ignored stays so in
    # every child. What has a handler is the default in children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
    """Exit by an exception, so that every block on the way out stops what it started."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
