"""API endpoints for tokens, socket tickets and the screen lock."""

from typing import Annotated

from django.contrib.auth import logout as end_session
from django.contrib.auth import user_logged_in
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from pydantic import StringConstraints

from accounts import screen_lock
from accounts.auth import Caller, member_of_staff
from accounts.logins import end_every_login, end_login
from accounts.models import User
from accounts.tokens import new_ticket, new_token
from spa_project.lib.commands import Data
from spa_project.lib.db.transactions import retry_on_conflict
from spa_project.lib.errors import NotAuthenticated
from spa_project.lib.web.openapi import LOGIN_NEEDED, described_body
from spa_project.lib.web.responses import read, require_own_page

router = Router(tags=["login"])


class Credentials(Data):
    """A person's name and password."""

    username: str
    password: str


class LogoutData(Data):
    """The data of a logout.

    With `all`, every session and token of the person ends, on every device.
    """

    all: bool = False


class UnlockData(Data):
    """A person's PIN."""

    pin: Annotated[str, StringConstraints(pattern=screen_lock.PIN)]


@router.post("/login/", operation_id="login", openapi_extra=described_body(Credentials))
def login(request: HttpRequest) -> HttpResponse:
    """Return a new token for a name and a password."""
    user = _authenticate(request)
    token = new_token(user)
    # As after a login on a page: failed logins are reset, the time is recorded.
    user_logged_in.send(sender=User, request=request, user=user)
    return _secret_response(
        {
            "ok": True,
            "token": token.text,
            "expires_at": token.expires_at.isoformat(),
            "user": {
                "name": user.shown_name,
                "roles": sorted(user.roles),
                "branch": user.branch.slug if user.branch else None,
            },
        }
    )


@router.post(
    "/logout/", operation_id="logout", openapi_extra=described_body(LogoutData) | LOGIN_NEEDED
)
def logout(request: HttpRequest) -> HttpResponse:
    """End the token or session of the request, or with `all` every login of the person."""
    caller = _who_is_in(request)
    assert caller.user is not None
    if read(request, LogoutData).all:
        end_every_login(caller.user)
    if caller.is_sent_by_browser:
        end_session(request)
    elif caller.login is not None:
        end_login(caller.login)
    return _secret_response({"ok": True})


@router.post("/lock/", operation_id="lock", openapi_extra=LOGIN_NEEDED)
def lock(request: HttpRequest) -> HttpResponse:
    """Lock the request's session until its person enters their PIN; do nothing without a PIN."""
    caller = _who_is_in(request)
    assert caller.login is not None
    return _secret_response({"ok": True, "locked": screen_lock.lock(caller.person, caller.login)})


@router.post(
    "/unlock/", operation_id="unlock", openapi_extra=described_body(UnlockData) | LOGIN_NEEDED
)
@sensitive_variables()
def unlock(request: HttpRequest) -> HttpResponse:
    """Unlock a locked session; the fifth wrong PIN ends it."""
    caller = _who_is_in(request)
    assert caller.login is not None
    pin = read(request, UnlockData).pin
    try:
        screen_lock.unlock(caller.person, caller.login, pin)
    except NotAuthenticated:
        end_session(request)
        raise
    return _secret_response({"ok": True})


@router.post("/ws-ticket/", operation_id="ws_ticket", openapi_extra=LOGIN_NEEDED)
def ws_ticket(request: HttpRequest) -> HttpResponse:
    """Return a ticket for `?auth_token=` of a socket: valid once, for 30 seconds."""
    caller = _who_is_in(request)
    assert caller.login is not None
    ticket = new_ticket(caller.login)
    return _secret_response(
        {"ok": True, "ticket": ticket.text, "expires_at": ticket.expires_at.isoformat()}
    )


# Failed logins of one address, counted at the same moment, can meet in a deadlock.
@retry_on_conflict
@sensitive_variables()
def _authenticate(request: HttpRequest) -> User:
    """Return the user of a name and password; refuse every failure in the same words."""
    form = AuthenticationForm(request, read(request, Credentials).model_dump())
    user = form.get_user() if form.is_valid() else None
    if not isinstance(user, User):
        raise NotAuthenticated(_("Incorrect username or password."))
    return user


def _who_is_in(request: HttpRequest) -> Caller:
    caller = member_of_staff(request)
    require_own_page(request, caller)
    return caller


def _secret_response(data: dict[str, object]) -> HttpResponse:
    response = JsonResponse(data)
    response["Cache-Control"] = "no-store"
    return response
