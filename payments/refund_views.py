"""The receipt of a refund, on paper and by its link."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.auth import caller_of
from payments import receipts
from payments.models import Refund
from payments.views import paper_of, prints_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def refund_receipt(request: HttpRequest, key: str) -> HttpResponse:
    """Show the receipt of a refund, or record a print of it (POST); the key in the URL authorizes.

    Only the first print is an original, as of the receipt of a sale.
    """
    found = Refund.objects.select_related("payment__transaction", "branch", "by", "approved_by")
    refund = found.filter(key=key).first()
    if refund is None:
        raise Http404
    print_number = None
    if request.method == "POST":
        print_number = receipts.print_refund(key, by=caller_of(request).user)
    context = {
        "refund": refund,
        "payment": refund.payment,
        "branch": refund.branch,
        "lines": refund.lines.select_related("item").order_by("item"),
        "tenders": refund.tenders.select_related("method").order_by("pk"),
        **paper_of(request),
        **prints_of(refund, print_number),
    }
    with override(refund.branch.time_zone):
        return render(request, "payments/refund.html", context)
