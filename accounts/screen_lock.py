"""Screens that lock themselves: a session that waits for its person's PIN.

It may go on listening, so that a locked tablet still rings. It opens no page and sends no command
until the PIN is entered; the fifth wrong one ends it.
"""

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.logins import Login
from accounts.models import SessionLock, User
from spa_project.lib.errors import DomainError, NotAllowed, NotAuthenticated

TRIES = 5
#: What a PIN is made of.
PIN = r"^[0-9]{4,6}$"


class WrongPin(DomainError):
    code = "wrong_pin"
    sentence = _("This PIN is not right.")
    http_status = 403


@sensitive_variables("pin")
def set_pin(user: User, pin: str) -> None:
    """Give a person another PIN, or with an empty one none: then nothing of theirs locks."""
    User.objects.filter(pk=user.pk).update(pin=make_password(pin) if pin else "")


def lock(user: User, login: Login) -> bool:
    """Lock the session; not that of somebody who has no PIN to open it again."""
    if not user.pin:
        return False
    _require_session(login)
    SessionLock.objects.get_or_create(session_id=login.key)
    return True


def is_locked(user: User, login: Login | None) -> bool:
    """Whether the session waits for a PIN; asks nothing about people without one."""
    if not user.pin or login is None or login.is_token:
        return False
    return SessionLock.objects.filter(session_id=login.key).exists()


@sensitive_variables("pin")
def unlock(user: User, login: Login, pin: str) -> None:
    """Open the session again. Raises `WrongPin`, the fifth time `NotAuthenticated`: it must end.

    Each try is counted before it is looked at, so that many at once are no more than five."""
    if not lock(user, login):
        return
    found = SessionLock.objects.filter(session_id=login.key)
    found.update(tries=F("tries") + 1)
    tries = found.values_list("tries", flat=True).first() or TRIES
    if tries <= TRIES and check_password(pin, user.pin):
        found.delete()
    elif tries >= TRIES:
        raise NotAuthenticated(_("The PIN was wrong too often. Please log in again."))
    else:
        raise WrongPin


def _require_session(login: Login) -> None:
    """A token is no screen: whoever holds it sends it on purpose."""
    if login.is_token:
        raise NotAllowed
