"""Delay of sockets from a client whose socket was just closed because it sent too much.

Opening a socket costs the server more than closing one, so a client that floods again as soon as it
is closed would slow the others down. Nobody is refused: where several people share an address, the
others' sockets open a second later.
"""

import time

SECONDS = 1.0
#: The clients remembered at most; all of them are forgotten at once.
REMEMBERED = 10_000


class FloodDelay:
    """The clients whose sockets were closed within the last second, by their rate limit names."""

    def __init__(self) -> None:
        self._closed_at: dict[str, float] = {}

    def note(self, name: str) -> None:
        """Remember that a socket of this client was closed because it sent too much."""
        if len(self._closed_at) >= REMEMBERED:
            self.reset()
        self._closed_at[name] = time.monotonic()

    def seconds(self, name: str) -> float:
        """Return after how many seconds the client's next socket may open; mostly 0."""
        if not self._closed_at or name not in self._closed_at:
            return 0.0
        left = self._closed_at[name] + SECONDS - time.monotonic()
        if left <= 0:
            del self._closed_at[name]
        return max(0.0, left)

    def reset(self) -> None:
        """Forget all clients."""
        self._closed_at.clear()


#: Those of this process.
flood_delay = FloodDelay()
