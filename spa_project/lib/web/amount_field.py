"""A form field for amounts, as people write them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS, read_amount


class AmountField(forms.DecimalField):
    """An amount with two places: "2400", "2,400" and "₱2,400.00" are the same one."""

    widget = forms.TextInput(attrs={"size": 9, "inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {"invalid": _("Enter an amount like 150 or 150.50.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"max_digits": MAX_DIGITS, "decimal_places": DECIMAL_PLACES, "min_value": 0} | options
        )

    def to_python(self, value: Any) -> Any:
        """Return the amount, None for nothing; raise `ValidationError`."""
        if isinstance(value, Decimal):
            return value
        if value in self.empty_values:
            return None
        try:
            return read_amount(str(value))
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        """Return an amount with its separators, and what was typed as it is."""
        if isinstance(value, Decimal):
            return number_format(value, DECIMAL_PLACES, force_grouping=True)
        return value
