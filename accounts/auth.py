"""Who is asking: the one answer, for pages, the API and sockets alike."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.branches import visited_branch
from accounts.credentials import login_of_request, login_of_socket, shows_token
from accounts.logins import Login, login_of_session, people_of, person_of
from accounts.models import Branch, Cashier, Role, Therapist, User
from accounts.screen_lock import is_locked
from accounts.signals import person_topic
from spa_project.lib.errors import Invalid, NotAuthenticated

#: What a manager may change in the admin, and what they may look at there.
MANAGED_APPS = frozenset({"accounts", "catalog"})
MANAGED_MODELS = frozenset({"room", "paymentmethod"})
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


class AccessState(NamedTuple):
    """What a socket was opened with: it ends when any of it changes."""

    login: Login | None
    roles: tuple[Role, ...]
    branch_id: int | None


@dataclass(frozen=True)
class Caller:
    """Who sends a command, and in which branch. No user: a visitor, such as a customer."""

    user: User | None
    branch: Branch | None
    login: Login | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody has logged in."""
        return self.user is not None

    @property
    def is_sent_by_browser(self) -> bool:
        """Whether a session says who it is: a browser sends it with whatever page asks."""
        return self.is_authenticated and not (self.login and self.login.is_token)

    @property
    def is_locked(self) -> bool:
        """Whether the caller's session waits for a PIN (accounts/screen_lock.py)."""
        return self.user is not None and is_locked(self.user, self.login)

    @property
    def roles(self) -> frozenset[Role]:
        """None without a branch: a person acts in the branch they belong to."""
        return self.user.roles if self.user and self.user.branch else frozenset()

    @property
    def topic(self) -> str | None:
        """Where a change of this person is told (accounts/signals.py)."""
        return person_topic(self.user.pk) if self.user else None

    @property
    def access_state(self) -> AccessState:
        """What must stay as it is while the caller's socket is open."""
        branch_id = self.branch.pk if self.branch else None
        return AccessState(self.login, tuple(sorted(self.roles)), branch_id)

    @property
    def here(self) -> Branch:
        """The branch the caller is in; raises `Invalid` when the address names none."""
        if self.branch is None:
            raise Invalid(_("Please choose a branch first."))
        return self.branch

    @property
    def person(self) -> User:
        """The caller as a person; only for commands that demand a role."""
        assert self.user is not None
        return self.user

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
    """The caller of an HTTP request: who has logged in, or a visitor of `?branch=`.

    Raises `NotAuthenticated` for a token that is not good, or no longer.
    """
    if shows_token(request):
        return _member(login_of_request(request))
    user = request.user
    if isinstance(user, User):
        return Caller(user, user.branch, login_of_session(request.session))
    return Caller(None, visited_branch(request.GET.get("branch")))


def member_of_staff(request: HttpRequest) -> Caller:
    """The caller of a request, who must have logged in; raises `NotAuthenticated`."""
    caller = caller_of(request)
    if not caller.is_authenticated:
        raise NotAuthenticated
    return caller


def staff_of(scope: dict[str, Any]) -> Caller:
    """The member of staff on a socket, as they are now; raises `NotAuthenticated`.

    The login is looked for when the socket opens; whether it stands, and what its person may do,
    is read with every call.
    """
    if "login" not in scope:
        scope["login"] = login_of_socket(scope)
    return _member(scope["login"])


def revoked_among(access_states: Collection[AccessState]) -> set[AccessState]:
    """Those whose login is over, or who have another branch or other roles than when they came."""
    people = people_of({standing.login for standing in access_states if standing.login})
    now = {Caller(user, user.branch, login).access_state for login, user in people.items()}
    return {standing for standing in access_states if standing.login and standing not in now}


def _member(login: Login | None) -> Caller:
    user = person_of(login) if login else None
    if user is None:
        raise NotAuthenticated
    return Caller(user, user.branch, login)


def page_for(*roles: Role) -> Callable[..., Callable[..., HttpResponse]]:
    """Declare who may open a page: others are sent to the login, or told it is not for them."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                caller = member_of_staff(request)
            except NotAuthenticated:
                return redirect_to_login(request.get_full_path())
            if not caller.roles & set(roles):
                raise PermissionDenied
            assert caller.user is not None
            request.user = caller.user  # also for a token: the page says who is there
            response = view(request, *args, **kwargs)
            response["Cache-Control"] = "no-store"
            return response

        return guarded

    return decorate
