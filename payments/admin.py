"""Payments to look at only: a payment is a record."""

from django.contrib import admin

from payments.models import Payment
from spa_project.lib.admin import LookOnlyAdmin


@admin.register(Payment)
class PaymentAdmin(LookOnlyAdmin):
    """What was due, what was given, what went back."""

    list_display = (
        "created_at",
        "transaction",
        "cashier",
        "amount_due",
        "amount_paid",
        "change_amount",
        "method",
    )
    list_filter = ("cashier", "method", "transaction__branch")
    search_fields = ("transaction__code",)
    ordering = ("-id",)
    list_select_related = ("transaction", "cashier")
    exclude = ("request_id", "request_digest")
