"""Tests of the standard Django workflow: migrate, seed, runserver, and the pages are there."""

import re
import secrets
import sys
import urllib.request

import pytest

from tools.servers import AppServer, migrate, run_quietly
from tools.servers.app import MANAGE

pytestmark = pytest.mark.servers


class DevelopmentServer(AppServer):
    """Server started by `manage.py runserver` on a port of its own."""

    def command(self) -> list[str]:
        """Return the command that a Django developer types."""
        return [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("debug", ["0", "1"])
def test_after_migrate_and_seed_runserver_serves_pages_and_their_files(tmp_path, debug):
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'spa.sqlite3'}",
        "SECRET_KEY": secrets.token_urlsafe(45),
        "STATIC_ROOT": str(tmp_path / "static"),
        "REDIS_URL": "",
        "DEBUG": debug,
    }
    migrate(**settings)
    run_quietly([*MANAGE, "seed", "-v", "0"], **settings)
    with DevelopmentServer(**settings) as server:
        with urllib.request.urlopen(f"{server.url}/menu/", timeout=30) as page:
            sheets = re.findall(r'href="(/static/[^"]+\.css)"', page.read().decode())
        assert sheets
        for sheet in sheets:
            with urllib.request.urlopen(server.url + sheet, timeout=30) as file:
                assert file.status == 200
