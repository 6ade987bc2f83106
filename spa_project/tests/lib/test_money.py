"""Amounts as people read them."""

from decimal import Decimal

import pytest
from django.utils.translation import override

from spa_project.lib.money import display_amount, format_amount


@pytest.mark.parametrize(
    ("language", "currency", "text"),
    [
        ("en", "PHP", "₱13,500.00"),
        ("fil", "PHP", "₱13,500.00"),
        ("es", "PHP", "13.500,00\N{NO-BREAK SPACE}₱"),
        ("en", "XTS", "XTS\N{NO-BREAK SPACE}13,500.00"),
    ],
)
def test_an_amount_has_its_sign_and_separators(settings, language, currency, text):
    settings.CURRENCY = currency
    with override(language):
        assert display_amount(Decimal("13500")) == text


def test_the_wires_amounts_stay_plain():
    with override("es"):
        assert format_amount(Decimal("13500")) == "13500.00"
