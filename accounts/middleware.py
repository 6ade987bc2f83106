"""What a locked session may still ask for."""

from collections.abc import Callable
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.carriers import shows_token
from accounts.locks import is_locked
from accounts.logins import login_of_session
from accounts.models import User
from spa_project.lib.errors import Locked
from spa_project.lib.http import API
from spa_project.lib.middleware import UNLIMITED
from spa_project.lib.problems import problem

View: TypeAlias = Callable[[HttpRequest], HttpResponse]

#: Where a locked screen waits: it is shown, goes on listening, and lets its person in or out.
WAITING_ROOM = "/therapist/"
STILL_OPEN = UNLIMITED | {
    WAITING_ROOM,
    "/api/snapshots/therapist/",
    "/api/lock/",
    "/api/unlock/",
    "/api/logout/",
    "/accounts/logout/",
    "/language/",
    "/offline/",
    "/manifest.webmanifest",
    "/service-worker.js",
}


def keep_locked(get_response: View) -> View:
    """Middleware: no page and no command for a session that waits for its person's PIN."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in STILL_OPEN or not _is_locked(request):
            return get_response(request)
        if request.path.startswith(API):
            return problem(request.path, Locked())
        return HttpResponseRedirect(WAITING_ROOM)

    return middleware


def _is_locked(request: HttpRequest) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or shows_token(request):
        return False
    user = request.user
    return isinstance(user, User) and is_locked(user, login_of_session(request.session))
