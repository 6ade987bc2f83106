"""Integrity rules of keys: each request made one row, and each foreign key leads to a row."""

from django.db.models import Exists, Model, OuterRef, Q

from catalog.models import Service
from queueing.integrity.expressions import another_key
from queueing.models import Transaction, TransactionEvent, TransactionItem
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


def add_request_rule(rules: RuleSet, model: type[Model]) -> None:
    """Add the rule that an idempotency key (`request_id`) made one row of this model."""

    @rules.rule(
        f"An idempotency key belongs to one {model._meta.verbose_name} and has a digest.",
        of=model,
    )
    def requests(rows: Rows) -> Broken:
        """Find idempotency keys that occur twice or lack the digest of their content."""
        rows = rows.annotate(another=another_key(model, request_id="request_id"))
        unknown = Q(request_id__isnull=False, request_digest="")
        for row in rows.filter(unknown | Q(another__isnull=False)):
            what = f"also belongs to {row.another}" if row.another else "has no digest"
            yield row.pk, f"key {row.request_id} {what}"


def add_owner_rule(rules: RuleSet, model: type[Model], **owners: type[Model]) -> None:
    """Add the rule that each of these foreign keys leads to a row."""

    @rules.rule(f"The rows that the {model._meta.verbose_name} refers to exist.", of=model)
    def belongings(rows: Rows) -> Broken:
        """Find foreign keys that lead nowhere."""
        for name, owner in owners.items():
            found = owner._default_manager.filter(pk=OuterRef(f"{name}_id"))
            for row in rows.filter(~Exists(found)):
                yield (
                    row.pk,
                    f"it refers to {name} {getattr(row, f'{name}_id')}, which does not exist",
                )


add_request_rule(rules, Transaction)
add_owner_rule(rules, TransactionItem, transaction=Transaction, service=Service)
add_owner_rule(rules, TransactionEvent, transaction=Transaction)
