"""The limit of WebSocket frames, counted before the application receives a message."""

from django.conf import settings

from spa_project.lib.rate_limits import TokenBucket

#: Fragments of one message. Browsers send a message of our size in one.
MAX_FRAGMENTS = 32

TOO_BIG = 1009
TOO_FAST = 4429


class FrameLimit:
    """The frames of one socket: a token bucket for all of them, and a cap on a message's fragments.

    The bucket takes twice what the consumer allows in messages, so that a client which sends too
    many of those is told before it is closed (`LiveConsumer.receive`).
    """

    def __init__(self) -> None:
        rate = 2 * settings.MESSAGES_PER_SECOND
        self._bucket = TokenBucket(rate=rate, burst=2 * rate)
        self._fragments = 0

    def take(self, *, control: bool, first: bool) -> int | None:
        """Count a frame; return the close code when there are too many."""
        if not control:
            self._fragments = 1 if first else self._fragments + 1
            if self._fragments > MAX_FRAGMENTS:
                return TOO_BIG
        return None if self._bucket.take() else TOO_FAST
