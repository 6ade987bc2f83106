"""Ways to pay: data of the managers, and the three a spa begins with."""

from typing import Annotated, TypedDict

from payments.models import CASH, Kind, PaymentMethod

#: As a seeded spa has them; a manager renames, adds and switches off.
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
    """What a till offers, in its order."""
    return [
        {"code": method.code, "name": method.name, "kind": method.kind}
        for method in PaymentMethod.objects.filter(active=True)
    ]


def create_defaults() -> None:
    """The methods a spa begins with; those that are there already stay as they are."""
    PaymentMethod.objects.bulk_create(
        (
            PaymentMethod(code=code, name=name, kind=kind, position=position)
            for position, (code, name, kind) in enumerate(DEFAULTS, 1)
        ),
        ignore_conflicts=True,
    )
