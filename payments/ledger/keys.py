"""Keys: each request made one row, each row belongs to others that are there."""

from django.db.models import Exists, Model, OuterRef, Q

from accounts.models import Cashier
from catalog.models import Service
from payments.ledger.expressions import another_key
from payments.models import Payment, PaymentAttempt
from queueing.models import Transaction, TransactionEvent, TransactionItem
from spa_project.lib.db.integrity import Audit, Broken, Rows

audit = Audit()


def _requests(model: type[Model]) -> None:
    @audit.rule(f"A request made one {model._meta.verbose_name}, and can be told again.", of=model)
    def requests(rows: Rows) -> Broken:
        """Sent twice, it finds the first, and knows whether it is the same."""
        rows = rows.annotate(another=another_key(model, request_id="request_id"))
        unknown = Q(request_id__isnull=False, request_digest="")
        for row in rows.filter(unknown | Q(another__isnull=False)):
            what = f"made {row.another} as well" if row.another else "is kept without its content"
            yield row.pk, f"request {row.request_id} {what}"


def _belongings(model: type[Model], **owners: type[Model]) -> None:
    @audit.rule(f"No {model._meta.verbose_name} without what it belongs to.", of=model)
    def belongings(rows: Rows) -> Broken:
        """Every key leads somewhere."""
        for name, owner in owners.items():
            found = owner._default_manager.filter(pk=OuterRef(f"{name}_id"))
            for row in rows.filter(~Exists(found)):
                yield row.pk, f"there is no {name} {getattr(row, f'{name}_id')}"


_requests(Transaction)
_requests(Payment)
_requests(PaymentAttempt)
_belongings(TransactionItem, transaction=Transaction, service=Service)
_belongings(TransactionEvent, transaction=Transaction)
_belongings(Payment, transaction=Transaction, cashier=Cashier)
_belongings(PaymentAttempt, transaction=Transaction, cashier=Cashier)
