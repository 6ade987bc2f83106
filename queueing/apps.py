"""App configuration of queueing."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db import replica
from spa_project.lib.realtime.hub import hub


class QueueingConfig(AppConfig):
    name = "queueing"
    verbose_name = _("Floor")

    def ready(self) -> None:
        """Count changes of the setup; run due tasks with every heartbeat, in every process.

        The log of operations is what a replica's age is measured by.
        """
        from queueing.metrics import measure_lines
        from queueing.models import TransactionEvent
        from queueing.setup import connect_receivers
        from queueing.tasks import run_due

        connect_receivers()
        replica.measure_by(TransactionEvent, time="at")
        hub.on_heartbeat(run_due)
        hub.on_heartbeat(measure_lines)
