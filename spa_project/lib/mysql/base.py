"""A database transaction begins with BEGIN and leaves autocommit as it is."""

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, a round trip shorter in every transaction.

    Django's switches autocommit off before and on again after: two statements where BEGIN is one.
    Its SQLite backend begins as this one does, by the same hook.
    """

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.begin()
