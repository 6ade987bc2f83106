"""The session store of browsers: sessions end as tokens do (accounts/login_life.py).

The row's `expire_date` slides with use; the cookie lasts until the absolute end, which is a part of
the session's data, so that no cookie has to be sent again.
"""

import logging
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone

from accounts.login_life import expiry, last_end, later_expiry

logger = logging.getLogger(__name__)

ENDS_AT = "_login_ends_at"


def end_of(session: Any) -> datetime | None:
    """Return when a session ends however much it is used; None before a login."""
    text = session.get(ENDS_AT)
    return datetime.fromisoformat(text) if text else None


class SessionStore(DatabaseStore):
    """Django's session store in the database, with a sliding and an absolute end."""

    def begin_login(self) -> None:
        """Set the absolute end, counted from the password."""
        self[ENDS_AT] = last_end().isoformat()

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return the seconds the cookie lasts: until the absolute end."""
        ends_at = end_of(self)
        if ends_at is None:
            return super().get_expiry_age(**kwargs)
        return max(0, round((ends_at - timezone.now()).total_seconds()))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to save, which expires after its sliding lifetime."""
        row: Any = super().create_model_instance(data)
        if (ends_at := end_of(self)) is not None:
            row.expire_date = expiry(ends_at)
        return row

    def load(self) -> dict[str, Any]:
        """Return the data of a session that has not expired, and extend it by this use."""
        row = self._get_session_from_db()  # type: ignore[attr-defined]  # not in the stubs
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        if text := data.get(ENDS_AT):
            extend(row.session_key, row.expire_date, datetime.fromisoformat(text))
        return data

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return Django's own model: its table stays as it is."""
        return Session


def extend(session_key: str, expires_at: datetime, ends_at: datetime) -> None:
    """Extend a session that is used now, at most once a minute."""
    later = later_expiry(expires_at, ends_at)
    if later is None:
        return
    try:
        Session.objects.filter(session_key=session_key).update(expire_date=later)
    except OperationalError as error:
        # A read-only database still serves reads; the next use extends the session.
        logger.warning("The end of a session was not put off: %s", error)
