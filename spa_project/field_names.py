"""Names of the models' fields that are nothing but the field's name, in the people's language.

Django makes such a name of the field's own, in English alone. The names are set here, because one
that a model says is part of its migrations.
"""

from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Any] = {
    "at": _("time"),
    "by": _("by"),
    "method": _("payment method"),
    "drawer": _("drawer session"),
    "from_status": _("from"),
    "to_status": _("to"),
    "created_at": _("created at"),
    "ready_at": _("ready at"),
    "queued_at": _("in line since"),
    "selection_confirmed_at": _("ordered at"),
    "therapist_confirmed_at": _("called at"),
    "service_start_at": _("started at"),
    "service_finish_at": _("finished at"),
    "cashier_claimed_at": _("at the counter since"),
    "paid_at": _("paid at"),
    "held_until": _("on hold until"),
    "hold_reason": _("reason for the hold"),
    "requested_therapist": _("requested therapist"),
    "declined_therapist": _("handed back by"),
    "request_until": _("requested until"),
    "preference": _("preference"),
    "quoted_from_minutes": _("estimated wait from (minutes)"),
    "quoted_to_minutes": _("estimated wait to (minutes)"),
}


def name_fields() -> None:
    """Name the fields that have no name of their own."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, Field) and not isinstance(field.verbose_name, Promise):
                field.verbose_name = _name_of(field)


def _name_of(field: Any) -> Any:
    """Return the name; that of a foreign key is the name of what it leads to, by default."""
    if field.name in NAMES:
        return NAMES[field.name]
    if isinstance(field, ForeignKey):
        model = field.remote_field.model._meta
        if field.name == model.model_name:
            return model.verbose_name
    return field.verbose_name
