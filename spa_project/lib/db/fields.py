"""Model fields with exact comparison on every database."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

#: MariaDB and MySQL compare text without regard to case unless the collation says otherwise; SQLite
#: does not.
_EXACT_COLLATIONS = {"mysql": "utf8mb4_bin"}


class ExactCharField(models.CharField):
    """Text made by programs, such as a key: `a` and `A` differ on every database."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return a text column's parameters, with the database's exact collation."""
        collation = _EXACT_COLLATIONS.get(connection.vendor)
        return {**super().db_parameters(connection), "collation": collation}
