"""Pages of a chain."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.auth import caller_of, page_for
from accounts.models import STAFF, Role
from spa_project.chain.overview import ChainSnapshot
from spa_project.chain.screens import chain_screen
from spa_project.lib.commands import answer_safely
from spa_project.lib.errors import NotAllowed
from spa_project.lib.realtime.screen import view_of
from spa_project.lib.web.pages import PageData, page_data


class ChainPage(PageData):
    socket: str
    #: Polled where sockets are blocked.
    snapshot_url: str
    snapshot: ChainSnapshot


@page_for(Role.MANAGER)
def chain(request: HttpRequest) -> HttpResponse:
    """Show the branches of a manager of several at a glance."""
    caller = caller_of(request)
    try:
        screen = chain_screen(caller)
    except NotAllowed:
        raise PermissionDenied from None
    data: ChainPage = {
        **page_data(),
        "socket": "/ws/chain/",
        "snapshot_url": "/api/snapshots/chain/",
        "snapshot": view_of(screen),
    }
    return render(request, "chain/chain.html", {"branch": caller.branch, "page_data": data})


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
