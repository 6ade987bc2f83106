"""Forms with optimistic concurrency: what two people change at a time is merged, field by field.

A page carries the values that it was made from, signed. When it comes back, they are compared with
the row as it is now:

* what the person left alone is taken as it is now, whoever changed it;
* what only the person changed is written, and no other column;
* what both changed, to different values, is refused with both values. The page then carries the
  present values, so that saving it once more is a decision.

The caller locks the rows (`select_for_update`) before the form reads them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from django import forms
from django.core import signing
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields.files import FieldFile
from django.forms.models import BaseInlineFormSet, BaseModelFormSet
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from spa_project.lib.db.history import has_history, last_change

MADE_FROM = "made_from"
#: The most characters of a value in a sentence.
SHOWN = 80

Values: TypeAlias = dict[str, Any]
#: Rows with the field in whose history a change is found (None: any field).
Places: TypeAlias = Sequence[tuple[models.Model, str | None]]


# -- What a page was made from ------------------------------------------------------------------


class _Encoder(DjangoJSONEncoder):
    """Values of form fields, of uploaded files their names."""

    def default(self, value: Any) -> Any:
        return value.name or "" if isinstance(value, FieldFile) else super().default(value)


class _Json:
    """Values of form fields as JSON, for `django.core.signing`."""

    def dumps(self, values: Any) -> bytes:
        return json.dumps(values, cls=_Encoder, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


def _signed(model: type[models.Model], values: Any) -> str:
    return signing.dumps(values, salt=_salt(model), serializer=_Json, compress=True)


def _read(model: type[models.Model], token: str | None) -> Any:
    """Return the signed values; None without any, as from a program that posts the form alone."""
    return signing.loads(token, salt=_salt(model), serializer=_Json) if token else None


def posted_values(model: type[models.Model], data: Mapping[str, Any]) -> Values | None:
    """Return what the posted page of one row was made from; raise `BadSignature` if forged."""
    values: Values | None = _read(model, data.get(MADE_FROM))
    return values


def _salt(model: type[models.Model]) -> str:
    return f"{MADE_FROM}:{model._meta.label}"


def _plain(value: Any) -> Any:
    """Return a value as it is after the way through a page."""
    return json.loads(_Json().dumps(value))


# -- Words --------------------------------------------------------------------------------------


def _in_words(field: forms.Field, value: Any) -> str:
    """Return a value as people read it: a choice's label, yes or no."""
    if isinstance(field, forms.BooleanField):
        return _("Yes") if field.to_python(value) else _("No")
    if value in (None, ""):
        return "–"
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices  # an iterable, by the time a form has the field
        labels = {str(key): str(label) for key, label in choices}
        keys = value if isinstance(value, list | tuple) else [value]
        return ", ".join(labels.get(str(key), str(key)) for key in keys)
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def who_and_when(places: Places) -> dict[str, str]:
    """Return who made the latest change in these places, and how long ago."""
    found = (last_change(row, column) for row, column in places if has_history(type(row)))
    record = max(filter(None, found), key=lambda each: each.history_date, default=None)
    if record is None:
        return {"who": _("Somebody else"), "ago": ""}
    person = record.history_user
    name = person and (person.get_full_name() or person.get_username())
    return {
        "who": name or record.history_change_reason or _("Somebody else"),
        "ago": timesince(record.history_date, depth=1) if _minutes_ago(record) else "",
    }


def _minutes_ago(record: Any) -> int:
    return int((timezone.now() - record.history_date).total_seconds() // 60)


def changed_by_others(places: Places, theirs: str, yours: str) -> str:
    """Return the sentence about a field that somebody else changed meanwhile."""
    values = who_and_when(places) | {"theirs": theirs, "yours": yours}
    if not values["ago"]:
        sentence = _(
            "%(who)s changed this meanwhile to “%(theirs)s”; you entered “%(yours)s”. "
            "Save again to keep yours."
        )
    else:
        sentence = _(
            "%(who)s changed this %(ago)s ago to “%(theirs)s”; you entered “%(yours)s”. "
            "Save again to keep yours."
        )
    return sentence % values


def name_of_row(removed: models.Model) -> str:
    """Return the name of a row that may be gone, and what it belonged to as well."""
    try:
        return str(removed)
    except ObjectDoesNotExist:  # what it belonged to is gone as well
        return f"{removed._meta.verbose_name} {removed.pk}"


def deleted_by_others(instance: models.Model, entered: str) -> str:
    """Return the sentence about a row that is gone, with what the person had entered for it."""
    values = who_and_when([(instance, None)]) | {"row": name_of_row(instance), "entered": entered}
    if not values["ago"]:
        return _("%(who)s removed “%(row)s” meanwhile. You entered: %(entered)s.") % values
    return _("%(who)s removed “%(row)s” %(ago)s ago. You entered: %(entered)s.") % values


def removed_row(model: type[models.Model], pk: Any, shown: Values) -> models.Model:
    """Return a row as a page showed it, after somebody else removed it."""
    record = last_change(model(pk=pk), None) if has_history(model) else None
    row: models.Model = record.history_object if record else model(pk=pk)
    row._state.adding = False
    for field in model._meta.concrete_fields:
        if field.name in shown:
            setattr(row, field.attname, field.to_python(shown[field.name]))
    return row


# -- Forms --------------------------------------------------------------------------------------


class OptimisticForm(forms.ModelForm):
    """A form that merges its changes into the row as it is now."""

    #: Whether somebody else removed the row (rows of a formset only).
    is_gone = False

    def __init__(self, *args: Any, made_from: Values | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._row_as_read = _columns(self.instance)
        self._conflicts: dict[str, str] = {}
        self._is_forged = False
        if self.is_bound and self._is_change:
            self._merge(self._posted_values() if made_from is None else made_from)

    @property
    def _is_change(self) -> bool:
        return not self.instance._state.adding

    def page_values(self) -> Values:
        """Return the values that the page is made from."""
        return {
            name: _plain(field.prepare_value(self.get_initial_for_field(field, name)))
            for name, field in self._compared()
        }

    def made_from_token(self) -> str:
        """Return the values that the page is made from, signed, for its hidden field."""
        return _signed(self._meta.model, self.page_values()) if self._is_change else ""

    def _compared(self) -> Iterable[tuple[str, forms.Field]]:
        """Yield the fields that people edit: a disabled one may show a password's hash."""
        own = self.base_fields  # a formset adds its own fields (key, DELETE) later
        return (
            (name, field)
            for name, field in self.fields.items()
            if name in own and not field.disabled
        )

    def _posted_values(self) -> Values | None:
        if self.prefix:
            return None  # a formset has the values of its rows
        try:
            return posted_values(self._meta.model, self.data)
        except signing.BadSignature:
            self._is_forged = True
            return None

    def _merge(self, made_from: Values | None) -> None:
        now = self.page_values()
        for name, field in self._compared():
            if made_from is None or name not in made_from or made_from[name] == now[name]:
                continue
            posted = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            if not field.has_changed(_for_comparison(field, made_from[name]), posted):
                self._take(name, now[name])
            elif field.has_changed(_for_comparison(field, now[name]), posted):
                self._conflicts[name] = changed_by_others(
                    self._places_of(name), _in_words(field, now[name]), _in_words(field, posted)
                )

    def _places_of(self, name: str) -> Places:
        """Return where changes of a field are recorded; a form of several rows says it itself."""
        own: Any = getattr(self, "recorded_in", None)
        return own(name) if own else [(self.instance, name)]

    def _take(self, name: str, value: Any) -> None:
        """Post the present value, as if the person's page had shown it."""
        data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, or a dict in tests
        if isinstance(value, list):
            data.setlist(self.add_prefix(name), value)
        else:
            data[self.add_prefix(name)] = "" if value is None else str(value)
        self.data = data

    def full_clean(self) -> None:
        """Clean the form; refuse what somebody else changed, too."""
        super().full_clean()
        if not self.is_bound:
            return
        if self.is_gone:
            # The formset says what became of the row.
            self._errors, self.cleaned_data = ErrorDict(), {}
        for name, sentence in self._conflicts.items():
            self.add_error(name, ValidationError(sentence, code="changed_by_others"))
        if self._is_forged:
            sentence = _("This page can’t be read any more. Open it again.")
            self.add_error(None, ValidationError(sentence, code="forged"))

    def has_changed(self) -> bool:
        return False if self.is_gone else super().has_changed()

    def entered(self) -> str:
        """Return the person's changes in words."""
        return ", ".join(
            f"{capfirst(str(self[name].label))}: {_in_words(field, self[name].data)}"
            for name, field in self._compared()
            if name in self.changed_data
        )

    def changed_columns(self) -> list[str]:
        """Return the columns to write: those that differ from the row as it was read."""
        now = _columns(self.instance)
        names = {field.attname: field.name for field in self.instance._meta.concrete_fields}
        differ = {
            names[column] for column, value in now.items() if value != self._row_as_read[column]
        }
        return sorted(differ | set(names.values()).intersection(self.changed_data))

    def save(self, commit: bool = True) -> Any:
        """Save a new row as Django does, and of an existing one the changed columns."""
        if not commit or not self._is_change:
            return super().save(commit)
        instance = super().save(commit=False)
        instance.save(update_fields=self.changed_columns())
        self.save_m2m()
        return instance


def _columns(instance: models.Model) -> Values:
    return {
        field.attname: instance.__dict__.get(field.attname)
        for field in instance._meta.concrete_fields
    }


def _for_comparison(field: forms.Field, value: Any) -> Any:
    """Return a page's value as `Field.has_changed` expects the initial one."""
    return value if isinstance(field, forms.ChoiceField) else field.to_python(value)


# -- Formsets -----------------------------------------------------------------------------------


class _TokenField(forms.CharField):
    """A hidden field that always renders its own value, never the posted one."""

    widget = forms.HiddenInput

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial


class OptimisticFormSet(BaseModelFormSet):
    """Forms of rows; the values they were made from are kept together, by primary key."""

    model: type[models.Model]
    forms: list[Any]
    initial_forms: list[Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.is_bound:
            self._lock_rows()

    def _lock_rows(self) -> None:
        keys = [key for at in range(self.initial_form_count()) if (key := self._posted_key(at))]
        manager = self.model._base_manager
        try:
            rows = manager.select_for_update().filter(pk__in=keys).order_by("pk")
        except (ValueError, ValidationError):
            return  # a forged key, which the form refuses
        list(rows.values_list("pk"))

    def _posted_key(self, at: int) -> str:
        return str(self.data.get(f"{self.add_prefix(at)}-{self.model._meta.pk.name}", ""))

    @cached_property
    def management_form(self) -> Any:
        """Return Django's hidden fields and ours."""
        form = super().management_form
        form.fields[MADE_FROM] = _TokenField(required=False, initial=self.made_from_token)
        return form

    def made_from_token(self) -> str:
        """Return the values that the rows are made from, signed."""
        rows = {
            str(form.instance.pk): form.page_values()
            for form in self.initial_forms
            if not form.is_gone
        }
        return _signed(self.model, rows)

    @cached_property
    def _posted_rows(self) -> Mapping[str, Values] | None:
        token = self.data.get(f"{self.prefix}-{MADE_FROM}") if self.is_bound else None
        try:
            rows: Mapping[str, Values] | None = _read(self.model, token)
        except signing.BadSignature:
            return None
        return rows

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Return the options of one row's form, with the values it was made from."""
        options: dict[str, Any] = super().get_form_kwargs(index)
        if index is not None and self._posted_rows and index < self.initial_form_count():
            options["made_from"] = self._posted_rows.get(self._posted_key(index))
        return options

    def _existing_object(self, pk: Any) -> Any:
        row = super()._existing_object(pk)  # type: ignore[misc]  # not in the stubs
        if row is None and self._posted_rows is not None:
            return removed_row(self.model, pk, self._posted_rows.get(str(pk), {}))
        return row

    def _construct_form(self, i: int, **options: Any) -> Any:
        form = super()._construct_form(i, **options)  # type: ignore[misc]  # not in the stubs
        known = getattr(self, "_object_dict", None)
        if self.is_bound and known is not None and i < self.initial_form_count():
            form.is_gone = not form.instance._state.adding and form.instance.pk not in known
        return form

    def clean(self) -> None:
        """Refuse changes to rows that somebody else removed."""
        super().clean()
        removed = [form for form in self.initial_forms if form.is_gone]
        shown = self._posted_rows or {}
        sentences = [
            deleted_by_others(form.instance, entered)
            for form in removed
            if str(form.instance.pk) in shown and (entered := form.entered())
        ]
        if sentences:
            raise ValidationError([ValidationError(each, code="removed") for each in sentences])

    def hide_removed(self) -> None:
        """Leave removed rows out of a list, but not out of what the page posts."""
        name = self.model._meta.pk.name
        for at, form in enumerate(self.forms):
            if form.is_gone:
                key = _TokenField(required=False, initial=form.instance.pk)
                self.management_form.fields[f"{at}-{name}"] = key
        self.forms = [form for form in self.forms if not form.is_gone]


class OptimisticInlineFormSet(OptimisticFormSet, BaseInlineFormSet):
    """Rows on the page of what they belong to."""

    def get_queryset(self) -> Any:
        """Return the rows; of a posted page those that it showed, in their order there."""
        if self.is_bound and "forms" in self.__dict__:
            return [form.instance for form in self.initial_forms]
        return super().get_queryset()
