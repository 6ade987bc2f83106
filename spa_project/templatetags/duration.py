"""Lengths of time in templates."""

from django import template

register = template.Library()


@register.filter
def hours_minutes(minutes: int) -> str:
    """Return minutes as hours and minutes: 450 is “7:30”."""
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}"
