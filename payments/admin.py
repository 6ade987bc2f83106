"""Admin pages of methods and discounts; read-only ones of payments and what follows them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from payments.models import (
    AppliedDiscount,
    Approval,
    CashMovement,
    Discount,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Payment,
    PaymentAttempt,
    PaymentMethod,
    ReceiptPrint,
    Refund,
    RefundLine,
    RefundPrint,
    RefundTender,
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


class RefundLineInline(LookOnlyInline):
    model = RefundLine
    fields = ("item", "amount")


class RefundTenderInline(LookOnlyInline):
    model = RefundTender
    fields = ("method", "amount")


class RefundPrintInline(LookOnlyInline):
    model = RefundPrint
    fields = ("number", "at", "by")


@admin.register(Refund)
class RefundAdmin(LookOnlyAdmin):
    """Refunds and voids, each with its treatments, methods and prints."""

    list_display = (
        *("at", "number", "payment", "is_void"),
        amount_column("amount", _("amount")),
        amount_column("tax_amount", _("tax")),
        amount_column("tip_amount", _("tip")),
        *("reason", "by", "approved_by"),
    )
    branch_path = "branch"
    list_filter = ("is_void", "business_date", ("branch", choices_of_branch("pk")))
    search_fields = ("number", "reason", "payment__receipt_number", "payment__transaction__code")
    ordering = ("-id",)
    list_prefetch_related = ("payment__transaction", "by", "approved_by")
    inlines = (RefundLineInline, RefundTenderInline, RefundPrintInline)
    exclude = ("request_id", "request_digest", "key")


class MovementInline(LookOnlyInline):
    model = CashMovement
    fields = ("at", "kind", "amount", "therapist", "reason", "by")


class CountInline(LookOnlyInline):
    model = DrawerCount
    fields = ("at", "counted_amount", "expected_amount", "by")


class CloseInline(LookOnlyInline):
    model = DrawerClose
    fields = ("at", "z_number", "note", "by", "approved_by")


@admin.register(DrawerSession)
class DrawerSessionAdmin(LookOnlyAdmin):
    """Sessions of cash drawers, each with its movements, counts and Z report."""

    list_display = (
        *("at", "counter_number", "number", "business_date"),
        amount_column("float_amount", _("float")),
        *("note", "by", "z_number"),
    )
    branch_path = "branch"
    list_filter = ("business_date", ("branch", choices_of_branch("pk")))
    search_fields = ("counter_number", "note")
    ordering = ("-id",)
    list_prefetch_related = ("by", "close")
    inlines = (MovementInline, CountInline, CloseInline)

    @admin.display(description=_("Z number"), empty_value="-")
    def z_number(self, row: DrawerSession) -> int | None:
        """Return the number of the Z report, None while the drawer is open."""
        close: DrawerClose | None = getattr(row, "close", None)
        return close.z_number if close else None


@admin.register(CashMovement)
class CashMovementAdmin(LookOnlyAdmin):
    """Cash put into drawers or taken out, not by sales."""

    list_display = (
        *("at", "drawer", "kind", amount_column("amount", _("amount"))),
        *("therapist", "reason", "by"),
    )
    branch_path = "drawer__branch"
    list_filter = ("kind", ("drawer__branch", choices_of_branch("pk")))
    search_fields = ("reason", "drawer__counter_number", "therapist__display_name")
    ordering = ("-id",)
    list_prefetch_related = ("drawer", "therapist", "by")
    exclude = ("request_id", "request_digest")


@admin.register(Approval)
class ApprovalAdmin(LookOnlyAdmin):
    """Approvals that managers gave at colleagues' tills."""

    list_display = ("at", "command", "by", "asked_by", "used_at")
    branch_path = "branch"
    list_filter = ("command", ("branch", choices_of_branch("pk")))
    search_fields = ("by__username", "asked_by__username")
    ordering = ("-id",)
    list_prefetch_related = ("by", "asked_by")
