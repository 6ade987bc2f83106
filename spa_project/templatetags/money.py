"""Amounts in templates."""

from decimal import Decimal

from django import template

from spa_project.lib.money import display_amount

register = template.Library()


@register.filter
def money(amount: Decimal) -> str:
    """Return the amount for people: `{{ item.price|money }}`."""
    return display_amount(amount)
