"""How much the hostile tests try: enough for every run, or as much as one sitting bears."""

import os

#: `make hostile` sets it.
FULL = os.environ.get("HOSTILE") == "full"


def volume(usual: int, full: int) -> int:
    """So many tries now."""
    return full if FULL else usual
