"""What the cashier's socket shows, over HTTP."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.auth import caller_of
from accounts.models import Role
from payments.screens import cashier_screen
from spa_project.lib.commands import require_role
from spa_project.lib.http import snapshot_response

router = Router(tags=["snapshots"])


@router.get("/snapshots/cashier/", operation_id="snapshot_cashier")
def cashier_snapshot(request: HttpRequest) -> HttpResponse:
    """A cashier's desk. Cashiers only; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    return snapshot_response(request, cashier_screen(caller))
