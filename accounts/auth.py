"""Who is asking: the one answer, for pages, the API and sockets alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.cookie import parse_cookie
from django.utils.translation import gettext_lazy as _

from accounts.branches import visited_branch
from accounts.changes import person_topic
from accounts.models import Branch, Cashier, Role, Therapist, User
from spa_project.lib.errors import Invalid, NotAuthenticated

#: What a manager may change in the admin, and what they may look at there.
MANAGED_APPS = frozenset({"accounts", "catalog"})
MANAGED_MODELS = frozenset({"room"})
VIEWED_APPS = frozenset({"queueing", "payments"})


class StaffBackend(ModelBackend):
    """Django's own backend; loads roles in the same query and knows what managers may do."""

    def get_user(self, user_id: int) -> User | None:
        """The active user with branch, therapist and cashier, in one query."""
        user = User.objects.with_roles().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Managers' permissions follow from the lists above; nobody has others one by one."""
        app, _dot, codename = perm.partition(".")
        action, _dash, model = codename.partition("_")
        managed = app in MANAGED_APPS or model in MANAGED_MODELS
        viewed = app in VIEWED_APPS and action == "view"
        return self.has_module_perms(user_obj, app) and (managed or viewed)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the admin's index shows the app to this person."""
        is_manager = user_obj.is_active and getattr(user_obj, "is_staff", False)
        return is_manager and app_label in MANAGED_APPS | VIEWED_APPS


@dataclass(frozen=True)
class Caller:
    """Who sends a command, and in which branch. No user: a visitor, such as a customer."""

    user: User | None
    branch: Branch | None

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody has logged in."""
        return self.user is not None

    @property
    def roles(self) -> frozenset[Role]:
        """None without a branch: a person acts in the branch they belong to."""
        return self.user.roles if self.user and self.user.branch else frozenset()

    @property
    def topic(self) -> str | None:
        """Where a change of this person is told (accounts/changes.py)."""
        return person_topic(self.user.pk) if self.user else None

    @property
    def here(self) -> Branch:
        """The branch the caller is in; raises `Invalid` when the address names none."""
        if self.branch is None:
            raise Invalid(_("Please choose a branch first."))
        return self.branch

    @property
    def therapist(self) -> Therapist:
        """The caller as a therapist; only for commands that demand that role."""
        assert self.user is not None
        return self.user.therapist

    @property
    def cashier(self) -> Cashier:
        """The caller as a cashier; only for commands that demand that role."""
        assert self.user is not None
        return self.user.cashier


def caller_of(request: HttpRequest) -> Caller:
    """The caller of an HTTP request: who has logged in, or a visitor of `?branch=`."""
    user = request.user
    if isinstance(user, User):
        return Caller(user, user.branch)
    return Caller(None, visited_branch(request.GET.get("branch")))


def staff_of(scope: dict[str, Any], *, anew: bool) -> Caller:
    """The member of staff on a socket, read afresh; raises `NotAuthenticated`.

    The session is read when the socket opens and `anew` when it may have ended; the person with
    every call, so that a changed password, role or switch is seen at the next command.
    """
    if anew or "staff_request" not in scope:
        scope["staff_request"] = _request_with_session(scope)
    user = get_user(scope["staff_request"])
    if not isinstance(user, User):
        raise NotAuthenticated
    return Caller(user, user.branch)


def _request_with_session(scope: dict[str, Any]) -> HttpRequest:
    cookies = parse_cookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
    request = HttpRequest()
    request.session = SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    return request


def page_for(*roles: Role) -> Callable[..., Callable[..., HttpResponse]]:
    """Declare who may open a page: others are sent to the login, or told it is not for them."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            caller = caller_of(request)
            if not caller.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not caller.roles & set(roles):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            response["Cache-Control"] = "no-store"
            return response

        return guarded

    return decorate
