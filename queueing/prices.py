"""The displayed price is the charged price."""

from decimal import Decimal

from catalog.serializers import menu_version
from queueing.errors import PriceChanged


def require_displayed(displayed: Decimal | None, charged: Decimal) -> None:
    """Raise `PriceChanged` unless the amount that a screen displayed is what will be charged.

    Programs that display nothing send nothing. Only a refusal reads the menu, for its version.
    """
    if displayed is not None and displayed != charged:
        raise PriceChanged(displayed=displayed, charged=charged, menu=menu_version())
