"""Fault: a process that dies after a commit, before its event is published."""

import os
import signal
from pathlib import Path

from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.messages import Event


def install(trigger: str) -> None:
    """Die where the next event would be published, once the file `trigger` exists."""
    publish = hub.publish

    def publish_or_die(*events: Event) -> None:
        if Path(trigger).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        publish(*events)

    hub.publish = publish_or_die  # type: ignore[method-assign]
