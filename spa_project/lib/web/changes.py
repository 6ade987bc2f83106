"""The list of all changes of the setup, whoever made them and from where."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from spa_project.lib.db.history import has_history
from spa_project.lib.web.history_page import Entry, Sources, page_of_records
from spa_project.lib.web.setup_admin import SetupAdmin


def changes_view(request: HttpRequest) -> HttpResponse:
    """Show the changes that this person may see, those of the filters only."""
    pages = pages_with_history(request)
    form = ChangesFilter(request.GET, pages=pages, people=_people(request, pages))
    page = page_of_records(form.sources(request), request.GET.get("p"))
    describe(request, pages, page.object_list)
    query = request.GET.copy()
    query.pop("p", None)
    context = admin.site.each_context(request) | {
        "title": _("Changes"),
        "form": form,
        "entries": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "query": query.urlencode(),
        "is_filtered": any(query.values()),
    }
    return TemplateResponse(request, "admin/setup/changes.html", context)


def latest_changes(request: HttpRequest, count: int) -> list[Entry]:
    """Return the latest changes that this person may see."""
    pages = pages_with_history(request)
    entries = page_of_records(_sources(request, pages), 1).object_list[:count] if pages else []
    describe(request, pages, entries)
    return list(entries)


def pages_with_history(request: HttpRequest) -> list[SetupAdmin]:
    """Return the pages of the setup that this person may see."""
    return [
        page
        for model, page in admin.site._registry.items()
        if isinstance(page, SetupAdmin)
        and has_history(model)
        and not model._meta.proxy
        and page.has_view_or_change_permission(request)
    ]


def _sources(request: HttpRequest, pages: Iterable[SetupAdmin]) -> dict[Any, Any]:
    return {
        model: page.visible_records(request, model)
        for page in pages
        for model in (page.model, *page.recorded_with)
    }


def _people(request: HttpRequest, pages: Iterable[SetupAdmin]) -> models.QuerySet[Any]:
    """Return those who made a change that this person may see."""
    found: set[int] = set()
    for records in _sources(request, pages).values():
        found.update(records.order_by().values_list("history_user", flat=True).distinct())
    people: models.QuerySet[Any] = get_user_model()._default_manager.filter(pk__in=found - {None})
    return people.order_by("first_name", "username")


class PersonChoice(forms.ModelChoiceField):
    """A person, by name."""

    def label_from_instance(self, person: Any) -> str:
        """Return the person's name."""
        return str(person.get_full_name() or person.get_username())


class ChangesFilter(forms.Form):
    """The filters of the list: kind, person, days."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    person = PersonChoice(label=_("Who"), required=False, queryset=None, empty_label=_("Everyone"))
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(
        self, data: Any, *, pages: Iterable[SetupAdmin], people: models.QuerySet[Any]
    ) -> None:
        super().__init__(data)
        self._pages = {str(page.opts.label_lower): page for page in pages}
        kind: Any = self.fields["kind"]
        names = (
            (key, capfirst(page.opts.verbose_name_plural)) for key, page in self._pages.items()
        )
        kind.choices = [("", _("Everything")), *names]
        person: Any = self.fields["person"]
        person.queryset = people

    def sources(self, request: HttpRequest) -> Sources:
        """Return the records that the filters leave, none while a filter cannot be read."""
        is_valid = self.is_valid()
        chosen = self._pages.get(self.cleaned_data.get("kind", ""))
        pages = [chosen] if chosen else list(self._pages.values())
        conditions = self._conditions() if is_valid else models.Q(pk__in=())
        return {
            model: records.filter(conditions) for model, records in _sources(request, pages).items()
        }

    def _conditions(self) -> models.Q:
        values = self.cleaned_data
        conditions = models.Q()
        if values["person"]:
            conditions &= models.Q(history_user=values["person"])
        if values["since"]:
            conditions &= models.Q(history_date__gte=_start_of(values["since"]))
        if values["until"]:
            next_day = values["until"] + datetime.timedelta(days=1)
            conditions &= models.Q(history_date__lt=_start_of(next_day))
        return conditions


def _start_of(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


# -- Names and links ------------------------------------------------------------------------------


def describe(request: HttpRequest, pages: Iterable[SetupAdmin], entries: Iterable[Entry]) -> None:
    """Fill in the name, the link and the undo of each entry, with a few queries for each kind."""
    entries = list(entries)
    for page in pages:
        page.describe(request, entries)
