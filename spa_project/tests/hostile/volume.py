"""How much the hostile tests try: enough for every run, or as much as one sitting bears."""

import os

from django.conf import settings

#: `make hostile` sets it.
FULL = os.environ.get("HOSTILE") == "full"


def volume(usual: int, full: int) -> int:
    """So many tries now. A suite runs on two databases: on the embedded one a fifth will do."""
    if FULL:
        return full
    return max(1, usual // 5) if settings.EMBEDDED else usual
