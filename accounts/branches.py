"""The branch of a visitor, taken from the address."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import Branch

BRANCH_COOKIE = "branch"
COOKIE_SECONDS = 365 * 24 * 3600


def open_branches() -> list[Branch]:
    """Return all branches a visitor can choose from."""
    return list(Branch.objects.filter(active=True))


def visited_branch(slug: str | None) -> Branch | None:
    """Return the open branch of that name; without a name the only one, if there is just one."""
    branches = open_branches()
    if slug:
        return next((branch for branch in branches if branch.slug == slug), None)
    return branches[0] if len(branches) == 1 else None


def branch_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pass the visited branch to a view, and remember it for the next page."""

    @wraps(view)
    def find_branch(request: HttpRequest) -> HttpResponse:
        named = request.GET.get("branch")
        branch = visited_branch(named or request.COOKIES.get(BRANCH_COOKIE))
        if branch is None:
            return redirect("home")
        response = view(request, branch)
        if named:
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
