"""Rooms to manage; transactions and their events to look at only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from queueing.models import Room, Transaction, TransactionEvent, TransactionItem
from spa_project.lib.admin import LookOnlyAdmin, LookOnlyInline


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """A room's status belongs to the floor; here it is only shown."""

    list_display = ("number", "branch", "status")
    list_filter = ("branch", "status")
    search_fields = ("number",)
    readonly_fields = ("status",)
    list_select_related = ("branch",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A room with a customer in it stays."""
        in_use = obj is not None and getattr(obj, "current_transaction", None) is not None
        return not in_use and super().has_delete_permission(request, obj)


class ItemInline(LookOnlyInline):
    model = TransactionItem
    fields = ("service_name", "classification", "price", "duration_minutes")


class EventInline(LookOnlyInline):
    model = TransactionEvent
    fields = ("at", "from_status", "to_status", "by", "reason")


@admin.register(Transaction)
class TransactionAdmin(LookOnlyAdmin):
    """Who came, what they had, and what happened when."""

    list_display = (
        "code",
        "business_date",
        "status",
        "customer_name",
        "therapist",
        "room_number",
        "cashier",
        "total_amount",
    )
    list_filter = ("branch", "business_date", "status", "therapist")
    search_fields = ("code", "customer_name")
    date_hierarchy = "business_date"
    ordering = ("-id",)
    list_select_related = ("therapist", "cashier")
    inlines = (ItemInline, EventInline)
    # The key is the customer's own; whoever has it can act as the customer.
    exclude = ("key", "request_id", "request_digest", "active_code")


@admin.register(TransactionEvent)
class TransactionEventAdmin(LookOnlyAdmin):
    """Every step anyone took."""

    list_display = ("at", "transaction", "from_status", "to_status", "by", "reason")
    list_filter = ("to_status", "transaction__branch")
    search_fields = ("transaction__code", "by__username")
    ordering = ("-id",)
    list_select_related = ("transaction", "by")
