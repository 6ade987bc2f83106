"""Number of examples of the hostile tests, for every run or for `make hostile`."""

import os

from django.conf import settings

from spa_project.tests.extent import SAMPLE

#: `make hostile` sets it.
FULL = os.environ.get("HOSTILE") == "full"


def volume(usual: int, full: int) -> int:
    """Return the number of examples; a fifth of them on the embedded database, and in a sample."""
    if FULL:
        return full
    return max(1, usual // 5) if settings.EMBEDDED or SAMPLE else usual
