"""Screen lock: a session that waits for its person's PIN.

Its sockets stay open, so that a locked tablet still rings, but it gets no page and may send no
command until the PIN is entered. The fifth wrong PIN ends the session.
"""

import datetime
from typing import TypedDict

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.logins import Login
from accounts.models import Role, SessionLock, User
from spa_project.lib.errors import DomainError, NotAllowed, NotAuthenticated

TRIES = 5
#: The digits of a PIN.
PIN = r"^[0-9]{4,6}$"
#: The page on which people of each role unlock their session; the first role that they have counts.
UNLOCKING_PAGES = {Role.THERAPIST: "therapist", Role.CASHIER: "cashier", Role.MANAGER: "desk"}


class LockablePage(TypedDict):
    """The settings with which a page locks itself."""

    lock_minutes: int
    locked: bool
    logged_in_for: int


class WrongPin(DomainError):
    code = "wrong_pin"
    sentence = _("Incorrect PIN.")
    http_status = 403


def lockable_page(user: User, *, locked: bool) -> LockablePage:
    """Return what a page of this person needs to lock itself; never, without a PIN."""
    return {
        "lock_minutes": settings.LOCK_MINUTES if user.pin else 0,
        "locked": locked,
        "logged_in_for": _seconds_since(user.last_login),
    }


def unlocking_page(user: User) -> str:
    """Return the name of the page that a locked person is redirected to."""
    return next((page for role, page in UNLOCKING_PAGES.items() if role in user.roles), "login")


def _seconds_since(moment: datetime.datetime | None) -> int:
    return int((timezone.now() - moment).total_seconds()) if moment else 0


@sensitive_variables("pin")
def set_pin(user: User, pin: str) -> None:
    """Set a person's PIN; an empty one disables their screen lock."""
    User.objects.filter(pk=user.pk).update(pin=make_password(pin) if pin else "")


def lock(user: User, login: Login) -> bool:
    """Lock the session, unless its person has no PIN to unlock it with."""
    if not user.pin:
        return False
    _require_session(login)
    SessionLock.objects.get_or_create(session_id=login.key)
    return True


def is_locked(user: User, login: Login | None) -> bool:
    """Return whether the session waits for a PIN; without a query for people who have none."""
    if not user.pin or login is None or login.is_token:
        return False
    return SessionLock.objects.filter(session_id=login.key).exists()


@sensitive_variables("pin")
def unlock(user: User, login: Login, pin: str) -> None:
    """Unlock the session.

    Raises `WrongPin`, and at the fifth wrong PIN `NotAuthenticated`: the session must end. Each
    attempt is counted before it is checked, so that simultaneous attempts do not get more than five
    tries.
    """
    if not lock(user, login):
        return
    found = SessionLock.objects.filter(session_id=login.key)
    found.update(tries=F("tries") + 1)
    tries = found.values_list("tries", flat=True).first() or TRIES
    if tries <= TRIES and check_password(pin, user.pin):
        found.delete()
    elif tries >= TRIES:
        raise NotAuthenticated(_("Too many incorrect PINs. Log in again."))
    else:
        left = TRIES - tries
        told = ngettext(
            "Incorrect PIN. %(count)d try left.", "Incorrect PIN. %(count)d tries left.", left
        )
        raise WrongPin(told % {"count": left})


def _require_session(login: Login) -> None:
    """Refuse a token, which has no screen to lock."""
    if login.is_token:
        raise NotAllowed
