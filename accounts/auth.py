"""Authentication and authorization of callers, the same for pages, the API and sockets."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, wraps
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

#: The models a manager may change in the admin, and those they may view there.
MANAGED_APPS = frozenset({"accounts", "catalog"})
MANAGED_MODELS = frozenset({"room", "paymentmethod", "discount"})
VIEWED_APPS = frozenset({"queueing", "payments"})


class StaffBackend(ModelBackend):
    """Django's model backend, with roles read in the same query and managers' permissions."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> Any:
        """Return the user of exactly this name: for MariaDB's collation "é" and "E" equal "e"."""
        user = super().authenticate(request, username, password, **credentials)
        return user if user is None or user.get_username() == username else None

    def get_user(self, user_id: int) -> User | None:
        """Return the active user with branch, therapist and cashier, in one query."""
        user = User.objects.with_roles().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Return whether a manager has this permission by the lists above; there are no others."""
        app, _dot, codename = perm.partition(".")
        action, _dash, model = codename.partition("_")
        managed = app in MANAGED_APPS or model in MANAGED_MODELS
        viewed = app in VIEWED_APPS and action == "view"
        return self.has_module_perms(user_obj, app) and (managed or viewed)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether the admin's index shows the app to this person."""
        is_manager = user_obj.is_active and getattr(user_obj, "is_staff", False)
        return is_manager and app_label in MANAGED_APPS | VIEWED_APPS


class AccessState(NamedTuple):
    """The rights a socket was opened with; the socket closes when any of them changes."""

    login: Login | None
    roles: tuple[Role, ...]
    branch_id: int | None


@dataclass(frozen=True)
class Caller:
    """The sender of a command and their branch; `user` is None for a visitor such as a customer."""

    user: User | None
    branch: Branch | None
    login: Login | None = None

    @property
    def is_authenticated(self) -> bool:
        """Return whether the caller has logged in."""
        return self.user is not None

    @property
    def is_sent_by_browser(self) -> bool:
        """Return whether a session cookie authenticates the caller, which needs CSRF protection."""
        return self.is_authenticated and not (self.login and self.login.is_token)

    @property
    def is_locked(self) -> bool:
        """Return whether the caller's session waits for a PIN (accounts/screen_lock.py)."""
        return self.user is not None and is_locked(self.user, self.login)

    @cached_property
    def roles(self) -> frozenset[Role]:
        """Return the caller's roles, none without a branch: roles apply in one's own branch."""
        return self.user.roles if self.user and self.user.branch else frozenset()

    @property
    def topic(self) -> str | None:
        """Return the topic on which changes of this person are published (accounts/signals.py)."""
        return person_topic(self.user.pk) if self.user else None

    @property
    def access_state(self) -> AccessState:
        """Return the rights that must not change while the caller's socket is open."""
        branch_id = self.branch.pk if self.branch else None
        return AccessState(self.login, tuple(sorted(self.roles)), branch_id)

    @property
    def here(self) -> Branch:
        """Return the caller's branch; raise `Invalid` when the address names none."""
        if self.branch is None:
            raise Invalid(_("Choose a branch first."))
        return self.branch

    @property
    def person(self) -> User:
        """Return the caller as a user; only for commands that demand a role."""
        assert self.user is not None
        return self.user

    @property
    def therapist(self) -> Therapist:
        """Return the caller as a therapist; only for commands that demand that role."""
        assert self.user is not None
        return self.user.therapist

    @property
    def cashier(self) -> Cashier:
        """Return the caller as a cashier; only for commands that demand that role."""
        assert self.user is not None
        return self.user.cashier


def caller_of(request: HttpRequest) -> Caller:
    """Return the caller of an HTTP request: a logged-in person, or a visitor of `?branch=`.

    Raises `NotAuthenticated` for a token that is unknown, expired or revoked.
    """
    if shows_token(request):
        return _member(login_of_request(request))
    user = request.user
    if isinstance(user, User):
        return Caller(user, user.branch, login_of_session(request.session))
    return Caller(None, visited_branch(request.GET.get("branch")))


def member_of_staff(request: HttpRequest) -> Caller:
    """Return the caller of a request; raise `NotAuthenticated` unless they have logged in."""
    caller = caller_of(request)
    if not caller.is_authenticated:
        raise NotAuthenticated
    return caller


def staff_of(scope: dict[str, Any]) -> Caller:
    """Return the member of staff on a socket as they are now; raise `NotAuthenticated`.

    The credentials are read when the socket opens. Whether the login is valid, and what its person
    may do, is read from the database with every call.
    """
    if "login" not in scope:
        scope["login"] = login_of_socket(scope)
    return _member(scope["login"])


def revoked_among(access_states: Collection[AccessState]) -> set[AccessState]:
    """Return those callers whose login has ended, or whose branch or roles have changed."""
    people = people_of({standing.login for standing in access_states if standing.login})
    now = {Caller(user, user.branch, login).access_state for login, user in people.items()}
    return {standing for standing in access_states if standing.login and standing not in now}


def _member(login: Login | None) -> Caller:
    user = person_of(login) if login else None
    if user is None:
        raise NotAuthenticated
    return Caller(user, user.branch, login)


def page_for(*roles: Role) -> Callable[..., Callable[..., HttpResponse]]:
    """Declare the roles that may open a page: redirect to the login, or answer 403."""

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
