"""Payment methods: rows that managers edit, and the three that a new spa has."""

from typing import Annotated, TypedDict

from payments.models import CASH, Kind, PaymentMethod
from spa_project.lib.db.history import insert_many

#: The methods of a seeded spa; managers rename, add and switch off.
DEFAULTS = (
    (CASH, "Cash", Kind.CASH),
    ("card", "Card", Kind.TERMINAL),
    ("e-wallet", "E-wallet", Kind.TERMINAL),
)


class MethodData(TypedDict):
    code: str
    name: str
    kind: Annotated[str, Kind]


def serialize_offered() -> list[MethodData]:
    """Return the methods that a till offers, in their order."""
    return [
        {"code": method.code, "name": method.name, "kind": method.kind}
        for method in PaymentMethod.objects.filter(active=True)
    ]


def create_defaults() -> None:
    """Create the methods of a new spa; leave existing ones as they are."""
    existing = set(PaymentMethod.objects.values_list("code", flat=True))
    insert_many(
        PaymentMethod,
        [
            PaymentMethod(code=code, name=name, kind=kind, position=position)
            for position, (code, name, kind) in enumerate(DEFAULTS, 1)
            if code not in existing
        ],
    )
