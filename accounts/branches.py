"""The branch of a visitor, named by the address or remembered, and the branches of staff."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import Branch, User
from accounts.queries import branch_by_slug

BRANCH_COOKIE = "branch"
COOKIE_SECONDS = 365 * 24 * 3600


def open_branches() -> list[Branch]:
    """Return all branches a visitor can choose from."""
    return list(Branch.objects.filter(active=True))


def branches_of(person: User) -> QuerySet[Branch]:
    """Return where a person may work, their present branch included; an owner may everywhere."""
    if person.is_superuser:
        return Branch.objects.all()
    places = Q(pk=person.branch_id) | Q(pk__in=person.workplaces.values("branch"))
    return Branch.objects.filter(places)


def visited_branch(slug: str | None) -> Branch | None:
    """Return the branch of that name, open or not; without a name the only open one, if just one.

    A closed branch takes no new customers, but those who are inside still have their screens. Where
    none is open, the only branch is the one that is closed.
    """
    if slug:
        return branch_by_slug(slug)
    branches = open_branches() or list(Branch.objects.all()[:2])
    return branches[0] if len(branches) == 1 else None


def branch_of_page(request: HttpRequest) -> Branch | None:
    """Return the branch that the address names, else the remembered one while it is open."""
    if named := request.GET.get("branch"):
        return visited_branch(named)
    remembered = request.COOKIES.get(BRANCH_COOKIE)
    branch = visited_branch(remembered) if remembered else None
    return branch if branch and branch.active else visited_branch(None)


def branch_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pass the visited branch to a view, and remember it for the next page."""

    @wraps(view)
    def find_branch(request: HttpRequest) -> HttpResponse:
        branch = branch_of_page(request)
        if branch is None:
            return redirect("home")
        response = view(request, branch)
        if "branch" in request.GET:
            response.set_cookie(
                BRANCH_COOKIE,
                branch.slug,
                COOKIE_SECONDS,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response

    return find_branch
