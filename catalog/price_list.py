"""The price list that managers edit in place: a small form for each option and each treatment.

A form carries the values that its page showed (optimistic concurrency). Only what a person changed
is written, and only where the database still has the value they saw.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import (
    DAY_MINUTES,
    MENU_ORDER,
    MenuEntry,
    Service,
    ServiceCategory,
    ServiceClassification,
    TurnWeight,
)
from spa_project.lib.money import display_amount
from spa_project.lib.web.amount_field import AmountField
from spa_project.lib.web.optimistic_forms import changed_by_others

_PRICE = re.compile(r"option-(\d+)-price")


def options_in_order() -> QuerySet[ServiceClassification]:
    """Return every option, on the menu or not, in the order of the menu."""
    return ServiceClassification.objects.select_related("service__category").order_by(*MENU_ORDER)


class WeightField(forms.TypedChoiceField):
    """A choice of `TurnWeight`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=TurnWeight.choices, coerce=int, **options)

    def to_python(self, value: Any) -> Any:
        """Return the number as it is stored, so that it compares with the row's."""
        text = super().to_python(value)
        return int(text) if self.valid_value(text) else text


class RowForm(forms.Form):
    """Some values of one row, beside those that the page showed."""

    #: The word for the rows in the names of the fields.
    kind: str

    def __init__(self, data: QueryDict | None, row: MenuEntry) -> None:
        self.row = row
        initial = {name: getattr(row, name) for name in self.base_fields}
        prefix = f"{self.kind}-{row.pk}"
        # A row that was added since the page was loaded is shown as it is.
        is_posted = data is not None and f"{prefix}-{next(iter(initial))}" in data
        super().__init__(data if is_posted else None, prefix=prefix, initial=initial)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{row}: {field.label}"

    def refuse_overwriting(self, now: MenuEntry) -> list[str]:
        """Add an error to each field that somebody else has changed; return their names."""
        overwritten = []
        for name in self.changed_data:
            current = getattr(now, name)
            if current not in (self._shown(name), self.cleaned_data[name]):
                yours = self.in_words(name, self.cleaned_data[name])
                told = changed_by_others([(now, name)], self.in_words(name, current), yours)
                self.add_error(name, told)
                overwritten.append(name)
        return overwritten

    def in_words(self, name: str, value: Any) -> str:
        """Return a value of a field as people read it."""
        return "–" if value is None else str(value)

    def _shown(self, name: str) -> Any:
        """Return the value that the page showed, None when it says nothing readable."""
        field = self[name]
        shown = field.field.widget.value_from_datadict(self.data, {}, field.html_initial_name)
        try:
            return field.field.to_python(shown)
        except forms.ValidationError:
            return None


class OptionForm(RowForm):
    """The price and minutes of one option."""

    kind = "option"
    row: ServiceClassification

    price = AmountField(label=gettext_lazy("Price"), show_hidden_initial=True)
    duration_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        min_value=1,
        max_value=DAY_MINUTES,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"size": 4, "inputmode": "numeric", "autocomplete": "off"}),
    )

    def in_words(self, name: str, value: Any) -> str:
        is_amount = name == "price" and value is not None
        return display_amount(value) if is_amount else super().in_words(name, value)


class TreatmentForm(RowForm):
    """What one treatment counts in the therapists' rotation."""

    kind = "treatment"
    row: Service

    turn_quarters = WeightField(label=gettext_lazy("counts as"), show_hidden_initial=True)

    def in_words(self, name: str, value: Any) -> str:
        return str(TurnWeight(value).label)


class Change(NamedTuple):
    """A row that was written, and what changed in words."""

    row: MenuEntry
    details: str


class Treatment(NamedTuple):
    """A treatment of the list with its form and the forms of its options."""

    service: Service
    form: TreatmentForm
    options: list[OptionForm]


class Group(NamedTuple):
    """A category of the list with its treatments."""

    category: ServiceCategory
    treatments: list[Treatment]


class PriceListForm:
    """The forms of all options and treatments that a page shows, saved together or not at all."""

    def __init__(self, options: QuerySet[ServiceClassification], data: QueryDict | None) -> None:
        self._data = data.copy() if data is not None else None
        self.options = [OptionForm(self._data, option) for option in options]
        services = dict.fromkeys(option.row.service for option in self.options)
        self.treatments = {it.pk: TreatmentForm(self._data, it) for it in services}
        self.errors: list[str] = []

    @property
    def groups(self) -> Iterator[Group]:
        """Yield categories with their treatments and forms, in the order of the menu."""
        for category, of_category in groupby(self.options, lambda form: form.row.service.category):
            of_service = groupby(of_category, lambda form: form.row.service)
            yield Group(
                category,
                [
                    Treatment(service, self.treatments[service.pk], list(own))
                    for service, own in of_service
                ],
            )

    @property
    def changed(self) -> list[RowForm]:
        """Return the forms with a value that is not the one which the page showed."""
        forms: list[RowForm] = [*self.options, *self.treatments.values()]
        return [form for form in forms if form.is_bound and form.has_changed()]

    def is_valid(self) -> bool:
        """Return whether everything that was changed can be saved."""
        known = {form.row.pk for form in self.options}
        posted = filter(None, map(_PRICE.fullmatch, self._data or ()))
        if any(int(match[1]) not in known for match in posted):
            self.errors.append(_("An option of this list was deleted meanwhile."))
        bad = sum(not form.is_valid() for form in self.changed)
        if bad:
            self.errors.append(_count_of_errors(bad))
        return not self.errors

    @atomic
    def save(self) -> list[Change]:
        """Write what was changed; return the changes, or none when somebody else was faster."""
        changed = self.changed
        now = _locked(changed)
        if len(now) < len(changed):
            self.errors.append(_("An option of this list was deleted meanwhile."))
            return []
        overwritten = 0
        for form in changed:
            for name in form.refuse_overwriting(now[form.row]):
                overwritten += 1
                self._show_current_value(form, name, now[form.row])
        if overwritten:
            self.errors.append(_count_of_errors(overwritten))
            return []
        return [change for form in changed if (change := _write(form, now[form.row]))]

    def _show_current_value(self, form: RowForm, name: str, current: MenuEntry) -> None:
        """Take the present value as the one the page shows: saving again replaces it knowingly."""
        assert self._data is not None
        self._data[form[name].html_initial_name] = form.fields[name].prepare_value(
            getattr(current, name)
        )


def _locked(forms: Sequence[RowForm]) -> dict[MenuEntry, MenuEntry]:
    """Lock the rows of these forms, treatments first as the menu's other pages do."""
    now: dict[MenuEntry, MenuEntry] = {}
    for model in (Service, ServiceClassification):
        keys = [form.row.pk for form in forms if isinstance(form.row, model)]
        if keys:
            rows = model._default_manager.select_for_update().select_related(None)
            now |= {row: row for row in rows.filter(pk__in=keys)}
    return now


def _count_of_errors(count: int) -> str:
    return ngettext(
        "Nothing was saved: correct the value marked below.",
        "Nothing was saved: correct the %(count)d values marked below.",
        count,
    ) % {"count": count}


def _write(form: RowForm, row: MenuEntry) -> Change | None:
    details = []
    names = [name for name in form.changed_data if getattr(row, name) != form.cleaned_data[name]]
    for name in names:
        old = form.in_words(name, getattr(row, name))
        new = form.in_words(name, form.cleaned_data[name])
        details.append(f"{capfirst(form.fields[name].label)} {old} → {new}")
        setattr(row, name, form.cleaned_data[name])
    if not names:
        return None
    row.save(update_fields=names)
    return Change(form.row, ", ".join(details))
