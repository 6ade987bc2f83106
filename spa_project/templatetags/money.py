"""Amounts in templates."""

from decimal import Decimal

from django import template

from spa_project.lib.money import display_amount

register = template.Library()


@register.filter
def money(amount: Decimal) -> str:
    """Return the amount for people: `{{ item.price|money }}`."""
    return display_amount(amount)


@register.filter
def wire_money(amount: str) -> str:
    """Return an amount as stored text for people: `{{ figures.float|wire_money }}`."""
    return display_amount(Decimal(amount))
