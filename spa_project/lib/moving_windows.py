"""Moving windows in memory: the storage of the library `limits`, with bounds on time and memory.

The library's own expiry is a thread that is started by a hit and visits every key it has ever
counted. With 10,000 addresses that is 12 ms of work for a hit, long after the addresses left. Here
each hit forgets what is out of date, and the keys are kept in the order of their use.

This depends on undocumented internals of `MemoryStorage`: the method that starts the thread, and
`events`, which has the newest entry of a key first. `tests/lib/test_moving_windows.py` fails when
they change.
"""

import time
from collections import OrderedDict

from limits.storage import MemoryStorage
from limits.storage.memory import Entry


class BoundedMemory(MemoryStorage):
    """Memory of the most recently used keys, at most `maximum`; for one thread at a time."""

    def __init__(self, maximum: int) -> None:
        super().__init__()
        self.maximum = maximum
        # A plain dict takes longer to find its first key the more keys were removed before it.
        self.events: OrderedDict[str, list[Entry]] = OrderedDict()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Return whether the key may have one more entry; if so, add it."""
        acquired = super().acquire_entry(key, limit, expiry, amount)
        if key in self.events:  # a limit of 0 adds none
            del self.events[key][limit:]  # older entries refuse nothing
            self.events.move_to_end(key)
        self._forget()
        return acquired

    def _forget(self) -> None:
        """Remove the keys used longest ago, while they are out of date or too many."""
        now = time.time()
        while self.events:
            key, entries = next(iter(self.events.items()))
            if len(self.events) <= self.maximum and entries and entries[0].expiry > now:
                return
            self.clear(key)

    def _MemoryStorage__schedule_expiry(self) -> None:
        """Start no thread: `_forget` does its work."""
