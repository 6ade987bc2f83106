"""Middleware: the limits of a locked session, and the time zone of the admin."""

from collections.abc import Callable
from typing import TypeAlias, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from accounts.credentials import shows_token
from accounts.logins import login_of_session
from accounts.models import User
from accounts.screen_lock import is_locked, unlocking_page
from spa_project.lib.errors import Locked
from spa_project.lib.web.error_views import problem
from spa_project.lib.web.responses import API

View: TypeAlias = Callable[[HttpRequest], HttpResponse]

#: The snapshot of each page that a locked person may be redirected to (accounts/screen_lock.py): it
#: stays connected, and can unlock or log out.
SNAPSHOTS = {
    "therapist": "api-1:therapist_snapshot",
    "cashier": "api-1:cashier_snapshot",
    "desk": "api-1:monitor_snapshot",
}
#: URL names that stay open to a locked session (`urls.py`, `api.py`).
STILL_OPEN = frozenset(
    {
        *("api-1:lock", "api-1:unlock", "api-1:logout", "logout"),
        *("set_language", "offline", "manifest", "service_worker"),
        *("healthz", "readyz", "metrics"),
    }
)


def keep_locked(get_response: View) -> View:
    """Refuse pages and commands to a session that waits for its person's PIN."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _is_refused(request):
            return get_response(request)
        if request.path.startswith(API):
            return problem(request.path, Locked())
        return redirect(unlocking_page(cast("User", request.user)))

    return middleware


def _is_refused(request: HttpRequest) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or shows_token(request):
        return False
    view = _view_name(request.path_info)
    if view in STILL_OPEN:
        return False
    user = request.user
    if not isinstance(user, User) or view in _own_page_of(user):
        return False
    return is_locked(user, login_of_session(request.session))


def _own_page_of(user: User) -> tuple[str, str]:
    page = unlocking_page(user)
    return page, SNAPSHOTS.get(page, page)


def _view_name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def use_branch_time(get_response: View) -> View:
    """Read and write the admin's times in the zone of the manager's branch.

    Those of an owner without a branch are in the zone of the settings.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        branch = getattr(request.user, "branch", None)
        with timezone.override(branch.time_zone if branch else settings.TIME_ZONE):
            return get_response(request)

    return middleware
