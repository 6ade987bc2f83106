"""Rate limits (throttling): how often an address or a person may ask.

A limit counts in each process, in memory. Where there is Redis, those marked as shared are also
counted for all processes together. Both use the moving window of the library `limits`: in no
minute, wherever it begins, do more pass than the limit says. A socket has a token bucket.
"""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from spa_project.lib.errors import RateLimited
from spa_project.lib.moving_windows import BoundedMemory
from spa_project.lib.redis_config import client_of

logger = logging.getLogger(__name__)

#: The number of keys a limit remembers; the one unused for longest is forgotten first.
REMEMBERED = 10_000
#: Seconds to wait for Redis, and for how long it is left alone when it did not answer.
REDIS_TIMEOUT = 0.25
REDIS_PAUSE = 5.0


class TokenBucket:
    """A token bucket: `burst` at once, then `rate` a second.

    The setting `RATE_LIMITS` turns all of them off.
    """

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Return whether one more is allowed now; if so, count it."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1 and settings.RATE_LIMITS:
            return False
        self._tokens -= 1
        return True

    @property
    def wait(self) -> int:
        """Return the seconds until one more will be allowed."""
        return max(1, math.ceil((1 - self._tokens) / self._rate))


class Limit:
    """A rate limit: so many a minute for each address or person, in a moving window.

    The setting of the given name says how many; two limits of one setting differ in their `name`. A
    `shared` one is also counted for all processes.
    """

    def __init__(self, setting: str, *, name: str = "", shared: bool = False) -> None:
        self._setting = setting
        self._name = name or setting
        self._shared = shared
        self._storage = BoundedMemory(REMEMBERED)
        self._window = MovingWindowRateLimiter(self._storage)
        self._lock = threading.Lock()

    def hit(self, key: str) -> None:
        """Count one more; raise `RateLimited` with the seconds to wait."""
        self._ask(key, count=True)

    def check(self, key: str) -> None:
        """Raise `RateLimited` if one more would be refused; count nothing."""
        self._ask(key, count=False)

    def _ask(self, key: str, *, count: bool) -> None:
        if not settings.RATE_LIMITS:
            return
        per_minute = RateLimitItemPerMinute(int(getattr(settings, self._setting)))
        with self._lock:
            allows = self._window.hit if count else self._window.test
            allowed = allows(per_minute, self._name, key)
        if not allowed:
            raise _refusal(self._window, per_minute, self._name, key)
        if self._shared and settings.REDIS_URL:
            shared = shared_window()
            (shared.hit if count else shared.check)(per_minute, self._name, key)

    def reset(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._storage.reset()

    @property
    def remembered(self) -> int:
        """Return how many keys this process remembers now."""
        return len(self._storage.events)


class SharedWindow:
    """Counts of all processes together, in Redis; to be used on a thread, not on the loop."""

    def __init__(self, url: str) -> None:
        # Imported here: the embedded default has neither Redis nor its client.
        import redis
        from limits.storage import RedisStorage
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client = client_of(
            url,
            socket_connect_timeout=REDIS_TIMEOUT,
            socket_timeout=REDIS_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        # Our own pool: the library's URLs know neither our Sentinels nor our timeouts.
        self._storage = RedisStorage(
            "redis://", connection_pool=client.connection_pool, key_prefix="spa:limit"
        )
        self._window = MovingWindowRateLimiter(self._storage)
        self._failure: type[Exception] = redis.RedisError
        self._ask_again_at = 0.0

    def hit(self, limit: RateLimitItem, *key: str) -> None:
        """Count one more; raise `RateLimited`. Without an answer from Redis nothing is refused.

        Redis is then left alone for `REDIS_PAUSE` seconds, and each process counts by itself.
        """
        self._ask(self._window.hit, limit, *key)

    def check(self, limit: RateLimitItem, *key: str) -> None:
        """Raise `RateLimited` as `hit` would; count nothing."""
        self._ask(self._window.test, limit, *key)

    def _ask(self, allows: Callable[..., bool], limit: RateLimitItem, *key: str) -> None:
        if time.monotonic() < self._ask_again_at:
            return
        try:
            if not allows(limit, *key):
                raise _refusal(self._window, limit, *key)
        except self._failure as error:
            logger.warning("Each process counts by itself: %s", error)
            self._ask_again_at = time.monotonic() + REDIS_PAUSE

    def reset(self) -> None:
        """Forget all counts."""
        with suppress(self._failure):
            self._storage.reset()


def _refusal(window: RateLimiter, limit: RateLimitItem, *key: str) -> RateLimited:
    """Return the refusal with the seconds until the oldest hit leaves the window."""
    reset_at = window.get_window_stats(limit, *key).reset_time
    return RateLimited(retry_after=max(1, math.ceil(reset_at - time.time())))


@cache
def shared_window() -> SharedWindow:
    """Return this process's one connection pool for counting."""
    return SharedWindow(settings.REDIS_URL)


class OpenSockets:
    """The open sockets of this process, by address; used from the event loop only."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, who: str) -> None:
        """Count one more; raise `RateLimited` when the address has enough."""
        if self._open[who] >= settings.SOCKETS_PER_ADDRESS and settings.RATE_LIMITS:
            raise RateLimited
        self._open[who] += 1

    def leave(self, who: str) -> None:
        """Count one less."""
        self._open[who] -= 1
        if self._open[who] <= 0:
            del self._open[who]

    def __getitem__(self, who: str) -> int:
        return self._open[who]


#: A client is a person or a paired device (known_clients.py), else an address.
#: Per client: HTTP requests (static files apart) and sockets opened.
REQUESTS = Limit("REQUESTS_PER_MINUTE", shared=True)
#: Per client: login attempts, for any account.
LOGINS = Limit("LOGINS_PER_MINUTE", shared=True)
#: Per client and command: changes by visitors, such as an order confirmed on a kiosk.
ORDERS = Limit("ORDERS_PER_MINUTE", shared=True)
#: The same for those that were refused.
REFUSED_ORDERS = Limit("ORDERS_PER_MINUTE", name="REFUSED_ORDERS", shared=True)
#: Per socket: its visitor's commands that were refused.
REFUSED_ON_SOCKET = Limit("ORDERS_PER_MINUTE", name="REFUSED_ON_SOCKET")
#: Per logged-in person: commands of any kind.
COMMANDS = Limit("COMMANDS_PER_MINUTE")

open_sockets = OpenSockets()
