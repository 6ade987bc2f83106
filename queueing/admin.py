"""Admin pages of rooms, and read-only ones of visits, events and presence."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Presence
from queueing import services
from queueing.models import Room, RoomStatus, Transaction, TransactionEvent, TransactionItem
from spa_project.lib.errors import DomainError
from spa_project.lib.web.admin import (
    LookOnlyAdmin,
    LookOnlyInline,
    YearFilter,
    amount_column,
    choices_of_branch,
)
from spa_project.lib.web.setup_admin import SetupAdmin


@admin.register(Room)
class RoomAdmin(SetupAdmin):
    """Rooms; their status is only shown, because operations write it."""

    branch_path = "branch"
    list_display = ("number", "branch", "status")
    list_filter = (("branch", choices_of_branch("pk")), "status")
    search_fields = ("number",)
    readonly_fields = ("status",)
    list_select_related = ("branch",)
    ordering = ("branch", Length("number"), "number")  # as people count: 2 before 10
    actions = ("close", "open")

    @admin.action(description=_("Close rooms (occupied rooms close after the visit)"))
    def close(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        """Put rooms out of service."""
        self._set(request, rooms, RoomStatus.OUT_OF_SERVICE)

    @admin.action(description=_("Open rooms"))
    def open(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        """Put rooms back into service."""
        self._set(request, rooms, RoomStatus.AVAILABLE)

    def _set(self, request: HttpRequest, rooms: QuerySet[Room], status: RoomStatus) -> None:
        for room in rooms.select_related("branch"):
            try:
                services.room_set_status(room.branch, room.number, status)
            except DomainError as refusal:
                self.message_user(request, str(refusal.sentence), messages.WARNING)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Protect a room with a customer in it, and name the customer."""
        deletable, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        in_use = Room.objects.filter(pk__in=[room.pk for room in objs])
        guests = in_use.exclude(current_transaction=None).values_list(
            "number", "current_transaction__code"
        )
        sentence = _("Room %(room)s is occupied by %(code)s.")
        told = [sentence % {"room": number, "code": code} for number, code in guests]
        return (
            (deletable, counts, set(), told)
            if told
            else (deletable, counts, perms_needed, protected)
        )


class ItemInline(LookOnlyInline):
    model = TransactionItem
    fields = ("service_name", "classification", "price", "duration_minutes")


class EventInline(LookOnlyInline):
    model = TransactionEvent
    fields = ("at", "from_status", "to_status", "by", "reason")


@admin.register(Transaction)
class TransactionAdmin(LookOnlyAdmin):
    """Visits with their items and events."""

    list_display = (
        "code",
        "business_date",
        "status",
        "customer_name",
        "therapist",
        "room_number",
        "cashier",
        amount_column("total_amount", _("total")),
    )
    branch_path = "branch"
    list_filter = (
        ("branch", choices_of_branch("pk")),
        "business_date",
        YearFilter,
        "status",
        ("therapist", choices_of_branch("user__branch")),
    )
    search_fields = ("code", "customer_name")
    date_hierarchy = "business_date"
    ordering = ("-id",)
    list_prefetch_related = ("therapist", "cashier")
    inlines = (ItemInline, EventInline)
    # The key is secret: whoever has it can act as the customer.
    exclude = ("key", "request_id", "request_digest", "active_code")


@admin.register(Presence)
class PresenceAdmin(LookOnlyAdmin):
    """When therapists were on duty and on a break."""

    list_display = ("business_date", "therapist", "kind", "began_at", "ended_at", "minutes")
    branch_path = "branch"
    list_filter = (
        ("branch", choices_of_branch("pk")),
        "kind",
        ("therapist", choices_of_branch("user__branch")),
    )
    date_hierarchy = "business_date"
    ordering = ("-id",)
    list_prefetch_related = ("therapist",)
    exclude = ("active_therapist",)


@admin.register(TransactionEvent)
class TransactionEventAdmin(LookOnlyAdmin):
    """Every step of every visit."""

    list_display = ("at", "transaction", "from_status", "to_status", "by", "reason")
    branch_path = "transaction__branch"
    list_filter = ("to_status", ("transaction__branch", choices_of_branch("pk")))
    search_fields = ("transaction__code", "by__username")
    ordering = ("-id",)
    list_prefetch_related = ("transaction", "by")
