"""Admin pages of rooms, and read-only ones of visits, events and presence."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Presence
from queueing import services
from queueing.models import (
    Room,
    RoomStatus,
    Transaction,
    TransactionEvent,
    TransactionItem,
    TurnEntry,
)
from queueing.turns import signed
from spa_project.lib.errors import DomainError
from spa_project.lib.web.admin import (
    LookOnlyAdmin,
    LookOnlyInline,
    YearFilter,
    amount_column,
    choices_of_branch,
)
from spa_project.lib.web.deactivation import OutOfUse
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

    out_of_use = OutOfUse(
        button=_("Close room"),
        done=_("Room %(name)s is closed."),
        already=_("Room %(name)s is closed already."),
    )

    def words_of(self, row: Room) -> OutOfUse:
        """Return the words of a closed room, or of one that closes later."""
        closes = _("Room %(name)s closes after the visit.")
        return OutOfUse(_("Close room"), closes, closes) if row.closing else self.out_of_use

    def is_in_use(self, row: Room) -> bool:
        """Return whether somebody is in the room, or it is one's own."""
        return super().is_in_use(row) or row.owners.exists()

    def is_deactivated(self, row: Room) -> bool:
        """Return whether the room is closed, or closes when its customer has left."""
        return row.closing or row.status == RoomStatus.OUT_OF_SERVICE

    def explain(self, row: Room) -> str:
        """Return who is in the room or whose own it is, and that it will be closed."""
        if visit := Transaction.objects.filter(active_room=row).first():
            told = gettext(
                "Room %(room)s is occupied by %(code)s. It will be closed after the visit."
            )
            return told % {"room": row, "code": visit.code}
        told = gettext("Room %(room)s is %(name)s's own room. It will be closed, and stays theirs.")
        return told % {"room": row, "name": row.owners.first()}

    def deactivate(self, row: Room) -> str:
        """Close the room as the front desk does."""
        try:
            services.room_set_status(row.branch, row.number, RoomStatus.OUT_OF_SERVICE)
        except DomainError as refusal:
            return str(refusal.sentence)
        row.refresh_from_db()
        return ""


class ItemInline(LookOnlyInline):
    model = TransactionItem
    fields = ("service_name", "classification", "price", "duration_minutes", "consent")


class EventInline(LookOnlyInline):
    model = TransactionEvent
    fields = ("at", "from_status", "to_status", "by", "reason", "consent")


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
    exclude = (
        *("key", "request_id", "request_digest"),
        # What the claim and its indexes are made of says nothing to people.
        *("active_code", "active_therapist", "active_room", "active_cashier"),
        *("running_number", "version", "skill_set", "lane", "turn_quarters"),
    )


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

    list_display = ("at", "transaction", "from_status", "to_status", "by", "reason", "consent")
    branch_path = "transaction__branch"
    list_filter = ("to_status", ("transaction__branch", choices_of_branch("pk")))
    search_fields = ("transaction__code", "by__username")
    ordering = ("-id",)
    list_prefetch_related = ("transaction", "by")


@admin.register(TurnEntry)
class TurnEntryAdmin(LookOnlyAdmin):
    """Every row of the turn ledger."""

    list_display = ("at", "therapist", "turns", "kind", "transaction", "reason", "by")
    branch_path = "branch"
    list_filter = (
        ("branch", choices_of_branch("pk")),
        "kind",
        ("therapist", choices_of_branch("user__branch")),
    )
    date_hierarchy = "business_date"
    ordering = ("-id",)
    list_prefetch_related = ("therapist", "transaction", "by")
    exclude = ("quarters",)

    @admin.display(description=_("turns"))
    def turns(self, entry: TurnEntry) -> str:
        """Return the turns with their sign."""
        return signed(entry.quarters)
