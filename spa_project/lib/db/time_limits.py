"""Time limits of the connections on the database pool's threads.

A network that loses its state (a firewall, NAT, a proxy) tells neither end: without a limit a
thread would wait for the answer for ever. Migrations and other commands have none, because their
statements may take any time.
"""

import threading

#: Seconds for which an answer is awaited: longer than a lock wait (3 s) and than any statement of a
#: page.
ANSWER_SECONDS = 10
#: Seconds after which the server ends a transaction whose process does not go on, so that its locks
#: are free before the process has noticed.
IDLE_SECONDS = 5


class _Thread(threading.local):
    is_limited = False


_thread = _Thread()


def limit_this_thread() -> None:
    """Limit the time of the connections that this thread will open."""
    _thread.is_limited = True


def is_this_thread_limited() -> bool:
    """Return whether the connections that this thread opens have time limits."""
    return _thread.is_limited
