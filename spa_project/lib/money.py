"""Parsing and formatting of money: `Decimal` with two places, text on the wire."""

import re
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from django.utils.translation import gettext_lazy as _
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

# ASCII digits only, at most eight before the point and two after: this alone refuses NaN,
# infinity, exponents, signs, separators, blanks and other scripts' digits.
AMOUNT_PATTERN = r"[0-9]{1,8}(\.[0-9]{1,2})?"
MAX_DIGITS = 10
DECIMAL_PLACES = 2

_AMOUNT = re.compile(AMOUNT_PATTERN)
_CENT = Decimal("0.01")


def parse_amount(text: Any) -> Decimal:
    """Parse an amount such as "150" or "150.00"; raise `ValueError` for anything else."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    return Decimal(text).quantize(_CENT)


def format_amount(amount: Decimal) -> str:
    """Format an amount for the wire: text with two decimals, no separators."""
    return f"{amount:.2f}"


def _parse_on_the_wire(value: Any) -> Decimal:
    try:
        return parse_amount(value)
    except ValueError as error:
        raise PydanticCustomError(
            "amount", str(_("Write the amount as text, like “150” or “150.00”."))
        ) from error


Amount: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(_parse_on_the_wire),
    WithJsonSchema({"type": "string", "pattern": f"^{AMOUNT_PATTERN}$", "examples": ["150.00"]}),
]
