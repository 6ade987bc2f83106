"""Pages of a chain."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.auth import caller_of, page_for
from accounts.models import STAFF
from spa_project.lib.commands import answer_safely


@require_POST
@page_for(*STAFF)
def work_at(request: HttpRequest) -> HttpResponse:
    """Send the command of the same name, and go on to the page that the form names."""
    caller = caller_of(request)
    page = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        page = "/"
    reply, status = answer_safely(caller, "work_at", {"branch": request.POST.get("branch", "")})
    if reply["ok"]:
        return redirect(page)
    context = {"branch": caller.branch, "sentence": reply["error"], "page": page}
    return render(request, "chain/refused.html", context, status=status)
