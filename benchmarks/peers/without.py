"""Our own floor without the optimization that the variable `WITHOUT` names."""

import importlib
import os

from benchmarks.optimizations import take_out
from spa_project.lib.db import single_process

take_out(os.environ["WITHOUT"])
# Several such processes share a database without Redis: people work at one of them at a time.
single_process.ensure_single_process = lambda: None
# Only now: the apps take names from what was patched.
application = importlib.import_module("benchmarks.peers.ours").application
