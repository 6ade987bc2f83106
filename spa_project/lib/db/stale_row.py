"""The refusal of a change to a row that is no longer as it was read (optimistic concurrency)."""

from django.db import DatabaseError

from spa_project.lib.errors import Conflict


class StaleRow(Conflict, DatabaseError):
    """A `Conflict` for people, and for Django an error after which it rolls back."""
