"""Settings of the tests and of the processes they start, without the machine's `.env`."""

import os

os.environ["ENV_FILE"] = ""

# Tests that run at the same time have servers of their own (tools/servers/__main__.py).
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
for _name in ("DATABASE_URL", "REDIS_URL"):
    if _own := os.environ.get(f"{_name}_{_worker}"):
        os.environ[_name] = _own

from spa_project.settings import *  # noqa: E402, F403
