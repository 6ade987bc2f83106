"""Parsing and formatting of money: `Decimal` with two places, text on the wire."""

import re
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from django.conf import settings
from django.utils.formats import get_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

# ASCII digits only, at most eight before the point and two after: this alone refuses NaN,
# infinity, exponents, signs, separators, blanks and other scripts' digits.
AMOUNT_PATTERN = r"[0-9]{1,8}(\.[0-9]{1,2})?"
MAX_DIGITS = 10
DECIMAL_PLACES = 2
#: The largest amount that a column holds.
LARGEST_AMOUNT = Decimal("99999999.99")

_AMOUNT = re.compile(AMOUNT_PATTERN)
_CENT = Decimal("0.01")

#: Signs of currencies; the others are written by their code.
_SIGNS = {"PHP": "₱", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "MXN": "$", "THB": "฿"}
#: Languages that write the sign behind the number.
_SIGN_AFTER = frozenset({"es"})


def parse_amount(text: Any) -> Decimal:
    """Parse an amount such as "150" or "150.00"; raise `ValueError` for anything else."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    return Decimal(text).quantize(_CENT)


def read_amount(text: str) -> Decimal:
    """Parse an amount as people write it, such as "2400", "2,400" or "₱2,400.00".

    The separators are those of the active language; an amount without a separator of thousands is
    read in every language. Raises `ValueError`, also where the meaning would be a guess.
    """
    number = _without_currency(text.strip())
    try:
        return parse_amount(number)
    except ValueError:
        return parse_amount(_without_separators(number))


def _without_currency(text: str) -> str:
    for mark in (_SIGNS.get(settings.CURRENCY, ""), settings.CURRENCY):
        if mark and text.upper().startswith(mark):
            return text[len(mark) :].lstrip()
        if mark and text.upper().endswith(mark):
            return text[: -len(mark)].rstrip()
    return text


def _without_separators(number: str) -> str:
    """Return a number of the active language as `parse_amount` reads it."""
    thousands, point = get_format("THOUSAND_SEPARATOR"), get_format("DECIMAL_SEPARATOR")
    whole, *places = number.split(point)
    if not re.fullmatch(rf"[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})*|[0-9]+", whole):
        raise ValueError("not an amount")
    return ".".join([whole.replace(thousands, ""), *places])


def format_amount(amount: Decimal) -> str:
    """Format an amount for the wire: text with two decimals, no separators."""
    return f"{amount:.2f}"


def display_amount(amount: Decimal) -> str:
    """Write an amount for people: the currency's sign and separators of thousands.

    As `moneyFormat` of static/js/lib/money.js writes it in the same language.
    """
    number = number_format(amount, DECIMAL_PLACES, force_grouping=True)
    sign = _SIGNS.get(settings.CURRENCY, f"{settings.CURRENCY}\N{NO-BREAK SPACE}")
    if get_language() in _SIGN_AFTER:
        return f"{number}\N{NO-BREAK SPACE}{sign.strip()}"
    return f"{sign}{number}"


def _parse_on_the_wire(value: Any) -> Decimal:
    try:
        return parse_amount(value)
    except ValueError as error:
        raise PydanticCustomError(
            "amount", str(_("Enter an amount like 150 or 150.50."))
        ) from error


Amount: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(_parse_on_the_wire),
    WithJsonSchema({"type": "string", "pattern": f"^{AMOUNT_PATTERN}$", "examples": ["150.00"]}),
]
