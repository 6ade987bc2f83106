"""Columns that mean exactly what was written into them."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

#: MariaDB and MySQL compare text without regard to case unless they are told to; SQLite does not.
_EXACT_COLLATIONS = {"mysql": "utf8mb4_bin"}


class ExactCharField(models.CharField):
    """Text that programs made up, such as a key: `a` and `A` are two, on every database."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """As of any text, with the database's own exact collation."""
        collation = _EXACT_COLLATIONS.get(connection.vendor)
        return {**super().db_parameters(connection), "collation": collation}
