"""Set Django up in the process from which `concurrency.Workers` are forked."""

import os

import django

# No channel layer: these processes have no sockets, and the database shows the result.
os.environ["REDIS_URL"] = ""
django.setup()

import conftest  # noqa: E402, F401  it imports what most jobs need, and needs Django
