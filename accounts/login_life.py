"""How long a login lasts, whether a session or a token: one rule for both.

It ends 24 hours after its last use, and `TOKEN_MAX_DAYS` after the password was entered.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

#: Sliding lifetime of a login.
LIFE = timedelta(hours=24)
#: Extend it at most this often, not with every request.
EXTEND_AFTER = timedelta(minutes=1)


def last_end() -> datetime:
    """Return when a login that begins now ends, however much it is used."""
    return timezone.now() + timedelta(days=settings.TOKEN_MAX_DAYS)


def expiry(ends_at: datetime) -> datetime:
    """Return when a login that is used now expires."""
    return min(timezone.now() + LIFE, ends_at)


def later_expiry(expires_at: datetime, ends_at: datetime) -> datetime | None:
    """Return the expiry to write for a login that is used now; None where nothing need be."""
    later = expiry(ends_at)
    return later if later - expires_at >= EXTEND_AFTER else None
