"""Models of a manager's approvals by PIN, and of wrong tries."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from payments.models.records import PersonsRecord
from spa_project.lib.db.fields import ExactCharField


class Approval(PersonsRecord):
    """A manager's one-time approval of exactly one command, entered at a colleague's till."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.PROTECT)
    command = models.CharField(_("command"), max_length=40)
    #: The digests of the command's content and of the secret that was returned.
    content_digest = models.CharField(max_length=64, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")

    def __str__(self) -> str:
        return f"{self.command}: {self.by}"


class PinTries(models.Model):
    """A count of one person's tries of a manager's PIN in a period; a right one deletes the row."""

    # The primary key: beside an automatic one MariaDB would not return the counter's value.
    #: The digest of the person who asks, the name tried, and the period.
    digest = ExactCharField(max_length=64, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.digest[:4]}…: {self.last}"
