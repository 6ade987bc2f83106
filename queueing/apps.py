"""App configuration of queueing."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from spa_project.lib.realtime.hub import hub


class QueueingConfig(AppConfig):
    name = "queueing"
    verbose_name = _("Floor")

    def ready(self) -> None:
        """Count changes of the setup; run due tasks with every heartbeat, in every process."""
        from queueing.metrics import measure_lines
        from queueing.setup import connect_receivers
        from queueing.tasks import run_due

        connect_receivers()
        hub.on_heartbeat(run_due)
        hub.on_heartbeat(measure_lines)
