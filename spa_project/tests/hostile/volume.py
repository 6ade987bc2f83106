"""Number of examples of the hostile tests, for every run or for `make hostile`."""

import os

from django.conf import settings

#: `make hostile` sets it.
FULL = os.environ.get("HOSTILE") == "full"


def volume(usual: int, full: int) -> int:
    """Return the number of examples; on the embedded database a fifth of them is enough."""
    if FULL:
        return full
    return max(1, usual // 5) if settings.EMBEDDED else usual
