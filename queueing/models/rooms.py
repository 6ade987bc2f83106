"""Models of rooms."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from queueing.models.transactions import Transaction
from spa_project.lib.db.history import SetupHistory


class RoomStatus(models.TextChoices):
    """The status of a room."""

    AVAILABLE = "available", _("Available")
    OCCUPIED = "occupied", _("Occupied")
    PREPARING = "preparing", _("Being prepared")
    OUT_OF_SERVICE = "out_of_service", _("Closed")


class Room(models.Model):
    """A treatment room; only `queueing.rooms` writes its status."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="rooms")
    number = models.CharField(_("number"), max_length=20)
    status = models.CharField(
        _("status"), max_length=20, choices=RoomStatus, default=RoomStatus.AVAILABLE
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    #: Whether the room goes out of service when its present customer has left.
    closing = models.BooleanField(_("closes after this visit"), default=False, editable=False)
    #: When a room in preparation becomes available by itself.
    ready_at = models.DateTimeField(null=True, editable=False, db_index=True)

    history = SetupHistory(leave_out=("status", "version", "closing", "ready_at"))

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["branch", "number"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "number"], name="room_once_in_a_branch"),
            models.CheckConstraint(
                condition=Q(status__in=RoomStatus.values), name="room_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        """Refuse to move a room to another branch while somebody is in it, or it is one's own."""
        before = Room.objects.filter(pk=self.pk).exclude(branch=self.branch_id).first()
        if before is None:
            return
        if visit := Transaction.objects.filter(active_room=before).first():
            raise ValidationError(
                {
                    "branch": _("%(code)s is in room %(room)s. Move it when the visit is over.")
                    % {"code": visit.code, "room": before.number}
                }
            )
        if owner := before.owners.first():
            raise ValidationError(
                {
                    "branch": _(
                        "Room %(room)s is %(name)s's own room. Choose another one for them first."
                    )
                    % {"room": before.number, "name": owner}
                }
            )
