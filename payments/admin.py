"""Admin pages of payment methods, and read-only ones of payments, attempts and prints."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from payments.models import (
    AppliedDiscount,
    Discount,
    Payment,
    PaymentAttempt,
    PaymentMethod,
    ReceiptPrint,
)
from spa_project.lib.web.admin import (
    LookOnlyAdmin,
    LookOnlyInline,
    amount_column,
    choices_of_branch,
)
from spa_project.lib.web.deactivation import OutOfUse, counted
from spa_project.lib.web.setup_admin import SetupAdmin


@admin.register(PaymentMethod)
class PaymentMethodAdmin(SetupAdmin):
    """The methods that tills offer, in their order.

    A method that was used is switched off, not deleted.
    """

    list_display = ("name", "code", "kind", "active", "position")
    list_editable = ("active", "position")
    fields = ("name", "code", "kind", "active", "position")
    out_of_use = OutOfUse(
        button=_("Stop offering"),
        done=_("%(name)s is no longer offered."),
        already=_("%(name)s isn’t offered any more. Receipts and reports keep it."),
    )

    def explain(self, row: PaymentMethod) -> str:
        """Return how often the method was used, and what taking it away does."""
        count = row.payment_set.count()
        told = (
            ngettext(
                "%(name)s was used for %(count)s payment.",
                "%(name)s was used for %(count)s payments.",
                count,
            )
            if count
            else gettext("Payments by %(name)s were attempted.")
        )
        does = gettext("Tills will no longer offer it; receipts and reports keep it.")
        return told % {"name": row, "count": counted(count)} + " " + does

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the code and kind of an existing method, which past payments rely on."""
        return ("code", "kind") if obj else ()


@admin.register(Discount)
class DiscountAdmin(SetupAdmin):
    """The discounts that tills offer, in their order.

    A discount that was given is switched off, not deleted.
    """

    list_display = ("name", "code", "kind", "value", "scope", "active", "position")
    list_editable = ("active", "position")
    fields = (
        *("name", "code", "kind", "value", "scope", "cashier_limit"),
        *("needs_reason", "needs_id", "stacks", "tax_exempt", "active", "position"),
    )

    out_of_use = OutOfUse(
        button=_("Stop offering"),
        done=_("%(name)s is no longer offered."),
        already=_("%(name)s isn’t offered any more. Receipts and reports keep it."),
    )

    def explain(self, row: Discount) -> str:
        """Return how often the discount was given, and what taking it away does."""
        count = row.applieddiscount_set.filter(removal_of=None).count()
        told = ngettext(
            "%(name)s was given %(count)s time.", "%(name)s was given %(count)s times.", count
        )
        does = gettext("Tills will no longer offer it; receipts and reports keep it.")
        return told % {"name": row, "count": counted(count)} + " " + does

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the code of an existing discount, which bills rely on."""
        return ("code",) if obj else ()


@admin.register(AppliedDiscount)
class AppliedDiscountAdmin(LookOnlyAdmin):
    """Discounts as they were given, and their removals."""

    list_display = (
        *("at", "transaction", "name", "kind", "value", "item", "reason"),
        *("id_number", "holder_name", "by", "removal_of"),
    )
    branch_path = "transaction__branch"
    list_filter = ("discount", ("transaction__branch", choices_of_branch("pk")))
    search_fields = ("transaction__code", "id_number", "holder_name", "reason")
    ordering = ("-id",)
    list_prefetch_related = ("transaction", "item", "by", "removal_of")


class PrintInline(LookOnlyInline):
    model = ReceiptPrint
    fields = ("number", "at", "by")


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(LookOnlyAdmin):
    """Requests to terminals and their answers."""

    list_display = (
        "started_at",
        "transaction",
        "cashier",
        "method",
        amount_column("amount_due", _("due")),
        "approved",
        "reference",
        "ended_at",
        "ended_by",
    )
    branch_path = "transaction__branch"
    list_filter = (
        "approved",
        "method",
        ("cashier", choices_of_branch("user__branch")),
        ("transaction__branch", choices_of_branch("pk")),
    )
    search_fields = ("transaction__code", "reference")
    ordering = ("-id",)
    list_prefetch_related = ("transaction", "cashier", "method", "ended_by")
    exclude = ("request_id", "request_digest", "active_transaction")


@admin.register(Payment)
class PaymentAdmin(LookOnlyAdmin):
    """Payments: the amount due, the amount given, the change."""

    list_display = (
        "created_at",
        "receipt_number",
        "transaction",
        "cashier",
        amount_column("amount_due", _("due")),
        amount_column("tax_amount", _("tax")),
        amount_column("amount_paid", _("paid")),
        amount_column("change_amount", _("change")),
        "method",
    )
    branch_path = "branch"
    list_filter = (
        ("cashier", choices_of_branch("user__branch")),
        "method",
        ("branch", choices_of_branch("pk")),
    )
    search_fields = ("transaction__code", "receipt_number", "reference")
    ordering = ("-id",)
    list_prefetch_related = ("transaction", "cashier", "method")
    inlines = (PrintInline,)
    exclude = ("request_id", "request_digest", "receipt_key")
