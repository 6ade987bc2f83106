"""The ways in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.branches import BRANCH_COOKIE, open_branches, visited_branch
from spa_project.lib.pages import page_data


def home(request: HttpRequest) -> HttpResponse:
    """The spa and its doors; where there are several branches, the choice between them."""
    branch = visited_branch(request.GET.get("branch") or request.COOKIES.get(BRANCH_COOKIE))
    context = {"branch": branch, "branches": open_branches(), "page_data": page_data()}
    return render(request, "home.html", context)
