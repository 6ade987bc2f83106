"""How fast anyone may ask, and from where they ask.

A limit counts in each process by itself, in memory. Where there is Redis, those marked as shared
are also counted for all processes together, in windows of fixed length (so at the turn of two
windows twice as many may pass). Without an answer from Redis each process goes on by itself.
"""

import logging
import math
import threading
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from functools import cache

from django.conf import settings

from spa_project.lib.errors import RateLimited
from spa_project.lib.redis_config import client_of

logger = logging.getLogger(__name__)

#: Those a limit remembers at once; whoever was quiet for longest is forgotten first.
REMEMBERED = 10_000
#: Seconds to wait for Redis, and for how long it is left alone when it did not answer.
REDIS_TIMEOUT = 0.25
REDIS_PAUSE = 5.0


class TokenBucket:
    """`burst` at once, then `rate` a second; the setting `RATE_LIMITS` turns all of them off."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now; if so it is counted."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1 and settings.RATE_LIMITS:
            return False
        self._tokens -= 1
        return True

    @property
    def wait(self) -> int:
        """Seconds until one more will be allowed."""
        return max(1, math.ceil((1 - self._tokens) / self._rate))


class Limit:
    """So many a minute for each address or person; the setting of that name says how many."""

    def __init__(self, setting: str, *, shared: bool = False) -> None:
        self._setting = setting
        self._shared = shared
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._lock = threading.Lock()

    def hit(self, who: str) -> None:
        """Count one more; raises `RateLimited` with the seconds to wait."""
        if not settings.RATE_LIMITS:
            return
        self._hit_here(who)
        if self._shared and settings.REDIS_URL:
            shared_window().hit(f"{self._setting.lower()}:{who}", self._per_minute)

    def reset(self) -> None:
        """Begin anew with everybody."""
        self._buckets.clear()

    @property
    def remembered(self) -> int:
        """How many this process remembers now."""
        return len(self._buckets)

    @property
    def _per_minute(self) -> int:
        return int(getattr(settings, self._setting))

    def _hit_here(self, who: str) -> None:
        with self._lock:
            bucket = self._buckets.pop(who, None) or self._new_bucket()
            self._buckets[who] = bucket  # at the end: who was heard of last
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
            if not bucket.take():
                raise RateLimited(retry_after=bucket.wait)

    def _new_bucket(self) -> TokenBucket:
        return TokenBucket(rate=self._per_minute / 60, burst=self._per_minute)


class SharedWindow:
    """Counts for all processes together, in Redis; whoever asks it there is on a thread."""

    _SECONDS = 60

    def __init__(self, url: str) -> None:
        # Imported here: the embedded default has neither Redis nor its client.
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._redis = client_of(
            url,
            socket_connect_timeout=REDIS_TIMEOUT,
            socket_timeout=REDIS_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        self._failure: type[Exception] = redis.RedisError
        self._ask_again_at = 0.0

    def hit(self, name: str, limit: int) -> None:
        """Count one more in this minute; raises `RateLimited` with the seconds it still has."""
        now = time.time()
        if self._count(f"spa:limit:{name}:{int(now // self._SECONDS)}") > limit:
            raise RateLimited(retry_after=math.ceil(self._SECONDS - now % self._SECONDS))

    def reset(self) -> None:
        """Begin anew with everybody."""
        with suppress(self._failure):
            for key in self._redis.scan_iter("spa:limit:*"):
                self._redis.delete(key)

    def _count(self, key: str) -> int:
        """How many there are by now; none where Redis does not answer."""
        if time.monotonic() < self._ask_again_at:
            return 0
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, self._SECONDS)
                count, _expires = pipe.execute()
        except self._failure as error:
            logger.warning("Each process counts by itself: %s", error)
            self._ask_again_at = time.monotonic() + REDIS_PAUSE
            return 0
        return int(count)


@cache
def shared_window() -> SharedWindow:
    """This process's one connection pool for counting."""
    return SharedWindow(settings.REDIS_URL)


class OpenSockets:
    """The sockets that are open at this process, by address. Used from the event loop only."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, who: str) -> None:
        """Count one more; raises `RateLimited` when the address has enough."""
        if self._open[who] >= settings.SOCKETS_PER_ADDRESS and settings.RATE_LIMITS:
            raise RateLimited
        self._open[who] += 1

    def leave(self, who: str) -> None:
        """One less."""
        self._open[who] -= 1
        if self._open[who] <= 0:
            del self._open[who]

    def __getitem__(self, who: str) -> int:
        return self._open[who]


#: Each address: what it asks over HTTP (files apart), and the sockets it opens.
REQUESTS = Limit("REQUESTS_PER_MINUTE", shared=True)
#: Each address: logins tried, whoever they are for.
LOGINS = Limit("LOGINS_PER_MINUTE", shared=True)
#: Each address: what visitors change, such as an order confirmed on a kiosk.
ORDERS = Limit("ORDERS_PER_MINUTE", shared=True)
#: Each person who has logged in: commands of any kind.
COMMANDS = Limit("COMMANDS_PER_MINUTE")

open_sockets = OpenSockets()
