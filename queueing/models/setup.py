"""Models of the setup's versions."""

from django.db import models

from accounts.models import Branch


class SetupVersion(models.Model):
    """The version of a branch's setup; `queueing.setup` increments it.

    A row of its own: operations insert rows that refer to the branch, whose row must not be locked
    while a manager's change is saved.
    """

    branch = models.OneToOneField(
        Branch, primary_key=True, on_delete=models.CASCADE, related_name="setup_version"
    )
    last = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.branch_id}: {self.last}"
