"""Fault: a process that dies after a commit, before its event is published."""

import os
import signal
from pathlib import Path

from spa_project.lib.realtime.hub import hub


def install(trigger: str) -> None:
    """Die where the next event would be published, once the file `trigger` exists."""
    publish = hub.publish

    def publish_or_die(topic: str, text: str) -> None:
        if Path(trigger).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        publish(topic, text)

    hub.publish = publish_or_die  # type: ignore[method-assign]
