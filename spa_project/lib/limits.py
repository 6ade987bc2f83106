"""How fast anyone may ask."""

import time

from django.conf import settings


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
