"""The cashier's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.auth import caller_of, page_for
from accounts.models import Role
from queueing.events import CASHIERS
from spa_project.lib.pages import page_data


@page_for(Role.CASHIER)
def cashier(request: HttpRequest) -> HttpResponse:
    """A cashier's desk: a shell; what it shows comes over its socket."""
    data = page_data(
        socket="/ws/cashier/",
        snapshot_url="/api/snapshots/cashier/",
        shows=list(CASHIERS.shows),
    )
    context = {"branch": caller_of(request).branch, "page_data": data}
    return render(request, "payments/cashier.html", context)
