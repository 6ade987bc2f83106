"""Settings of the tests and of the processes they start, without the machine's `.env`."""

import os

os.environ["ENV_FILE"] = ""

# Workers that run at the same time have servers of their own (tools/servers/__main__.py). Taken
# out of the environment: what a worker starts inherits it, and may have other servers again.
if _worker := os.environ.get("PYTEST_XDIST_WORKER"):
    for _name in ("DATABASE_URL", "REDIS_URL"):
        if _own := os.environ.pop(f"{_name}_{_worker.removeprefix('gw')}", None):
            os.environ[_name] = _own

from spa_project.settings import *  # noqa: F403
