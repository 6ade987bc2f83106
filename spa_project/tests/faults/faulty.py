"""Server process of the application with a fault built in."""

from tools.servers import AppServer


class FaultyServer(AppServer):
    """Process with a fault built in (faults/entry.py)."""

    application = "spa_project.tests.faults.entry:application"

    def __init__(self, fault: str, **settings: str) -> None:
        super().__init__(FAULT=fault, **settings)
