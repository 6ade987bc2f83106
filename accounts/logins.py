"""Logins: the sessions and tokens of a person, their expiry and their revocation.

Both are treated alike once found: a row with an end, and a session hash that a new password
changes, which revokes every login.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import queries
from accounts.login_life import later_expiry
from accounts.models import AuthToken, SocketTicket, User
from accounts.sessions import end_of, extend
from accounts.signals import publish_person_changed

logger = logging.getLogger(__name__)

#: The length of a token's digest; the keys of sessions are shorter.
DIGEST_LENGTH = 64


@dataclass(frozen=True)
class Login:
    """One login of a person: the key of its row, and the person's session hash when it was made."""

    user_id: int
    key: str  # of a session, or the digest of a token
    stamp: str
    ends_at: datetime | None  # however much it is used; a session of before this rule has no end

    @property
    def is_token(self) -> bool:
        """Return whether the client sends it on purpose; browsers send cookies with any request."""
        return len(self.key) == DIGEST_LENGTH


def login_of_session(session: SessionBase) -> Login | None:
    """Return the login that a session carries, if any."""
    try:
        user_id, stamp = int(session[SESSION_KEY]), session[HASH_SESSION_KEY]
    except (KeyError, ValueError):
        return None
    return Login(user_id, session.session_key or "", stamp, end_of(session))


def person_of(login: Login) -> User | None:
    """Return the person as they are now, in one statement; None when the login has ended."""
    found = queries.person_of_login(login.user_id, login.key)
    if found is None or not _is_valid(login, found.user, found.expires_at):
        return None
    _extend(login, found.expires_at)
    return found.user


def people_of(logins: Collection[Login]) -> dict[Login, User]:
    """Return the people of many logins that are still valid, in two statements at most."""
    keys = {login.key for login in logins}
    tokens = AuthToken.objects.filter(digest__in=keys).values_list("digest", "expires_at")
    sessions = Session.objects.filter(session_key__in=keys).values_list(
        "session_key", "expire_date"
    )
    expiries = dict(tokens.union(sessions, all=True))
    people = User.objects.with_roles().in_bulk({login.user_id for login in logins})
    found = {}
    for login in logins:
        user, expires_at = people.get(login.user_id), expiries.get(login.key)
        if user is not None and _is_valid(login, user, expires_at):
            _extend(login, expires_at)
            found[login] = user
    return found


def end_login(login: Login) -> None:
    """Revoke a token and close its sockets; Django's `logout` ends sessions."""
    AuthToken.objects.filter(digest=login.key).delete()
    publish_person_changed(login.user_id)


def end_every_login(user: User) -> None:
    """Revoke every login of a person: sessions, tokens, tickets and sockets."""
    AuthToken.objects.filter(user=user).delete()
    SocketTicket.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(login_epoch=F("login_epoch") + 1)
    publish_person_changed(user.pk)


def _is_valid(login: Login, user: User, expires_at: datetime | None) -> bool:
    in_time = expires_at is not None and expires_at > timezone.now()
    return in_time and user.is_active and _is_session_hash_of(user, login.stamp)


def _is_session_hash_of(user: User, stamp: str) -> bool:
    """Return whether a session hash is the person's, under `SECRET_KEY_FALLBACKS` too."""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(stamp, known) for known in hashes)


def _extend(login: Login, expires_at: datetime | None) -> None:
    if login.ends_at is None or expires_at is None:
        return
    if not login.is_token:
        return extend(login.key, expires_at, login.ends_at)
    if (later := later_expiry(expires_at, login.ends_at)) is None:
        return
    try:
        AuthToken.objects.filter(digest=login.key).update(expires_at=later)
    except OperationalError as error:
        # A read-only database still serves reads; the next use extends the token.
        logger.warning("The end of a login was not put off: %s", error)
