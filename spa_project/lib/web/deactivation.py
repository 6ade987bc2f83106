"""Soft deletion: rows that visits or payments refer to are taken out of use, not deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models
from django.db.transaction import atomic
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from spa_project.lib.web.admin import BranchScopedAdmin


@dataclass(frozen=True)
class OutOfUse:
    """The words of a model's rows that are taken out of use; `%(name)s` is the row's name."""

    button: Any
    done: Any
    already: Any


@dataclass(frozen=True)
class Step:
    """The consequence of taking a row out of use, or the reason why it stays."""

    row: Any
    sentence: str
    refusal: str = ""


def is_referred_to(row: models.Model) -> bool:
    """Return whether rows that must stay refer to this one, so that it cannot be deleted."""
    relations: list[Any] = row._meta.get_fields(include_hidden=True)
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
        for relation in relations
        if relation.auto_created and getattr(relation, "on_delete", None) is models.PROTECT
    )


def counted(count: int) -> str:
    """Return a number as people write it: "1,204"."""
    return number_format(count, force_grouping=True)


class DeactivatingAdmin(BranchScopedAdmin):
    """An admin page whose *Delete* takes rows in use out of use, and deletes the others."""

    #: None for models whose rows nothing refers to.
    out_of_use: ClassVar[OutOfUse | None] = None

    # -- What the pages of a model decide ---------------------------------------------------------

    def words_of(self, row: Any) -> OutOfUse:
        """Return the words of a row that is out of use, or will be."""
        assert self.out_of_use is not None
        return self.out_of_use

    def is_in_use(self, row: Any) -> bool:
        """Return whether the row cannot be deleted."""
        return is_referred_to(row)

    def is_deactivated(self, row: Any) -> bool:
        """Return whether the row is out of use already."""
        return not row.active

    def explain(self, row: Any) -> str:
        """Return how the row is used and what taking it out of use will do."""
        raise NotImplementedError

    def why_not(self, row: Any) -> str:
        """Return why the row has to stay in use now, empty when it need not."""
        return ""

    def name_of(self, row: Any) -> str:
        """Return the row's name in sentences."""
        return str(row)

    def write_deactivation(self, row: Any) -> None:
        """Write that the row is out of use, as the page's form would."""
        row.active = False
        row.save(update_fields=["active"])

    def deactivate(self, row: Any) -> str:
        """Take the row out of use; return why not, empty when it was."""
        with atomic():
            self._lock(str(row.pk))
            row.refresh_from_db()
            if refusal := self._refusal(row):
                return refusal
            self.write_deactivation(row)
        return ""

    # -- The pages --------------------------------------------------------------------------------

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask whether to delete the row, or to take it out of use when something refers to it."""
        row = self.get_object(request, unquote(object_id)) if self.out_of_use else None
        with atomic():
            if request.method == "POST":
                self._lock(unquote(object_id))
            if not (row and self.has_delete_permission(request, row)):
                return super().delete_view(request, object_id, extra_context)
            # Who has agreed to take it out of use has not agreed to its deletion.
            if "confirmed" not in request.POST and not self.is_in_use(row):
                return super().delete_view(request, object_id, extra_context)
        return self._deactivation(request, [row])

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions of the list, with ours in place of Django's deletion."""
        actions = super().get_actions(request)
        if self.out_of_use and (django_action := actions.get("delete_selected")):
            _func, name, label = django_action
            actions["delete_selected"] = (type(self).delete_chosen, name, label)
        return actions

    def delete_chosen(self, request: HttpRequest, rows: models.QuerySet[Any]) -> Any:
        """Ask whether to delete the chosen rows, and to take out of use those in use."""
        chosen: list[Any] = list(rows)
        with atomic():
            self._lock_rows([row.pk for row in chosen])
            used = [row for row in chosen if self.is_in_use(row)]
            unused = [row for row in chosen if row not in used]
            if not used:
                return delete_selected(self, request, rows)
            if unused and "confirmed" in request.POST:
                self._delete(request, unused)
        return self._deactivation(request, used, unused)

    def deactivate_chosen(self, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse:
        """Ask whether to take the chosen rows out of use; the action of models without deletion."""
        return self._deactivation(request, list(rows))

    def _deactivation(
        self, request: HttpRequest, used: Sequence[Any], unused: Sequence[Any] = ()
    ) -> HttpResponse:
        if "confirmed" in request.POST:
            for row in used:
                self._deactivate_and_tell(request, row)
            return HttpResponseRedirect(self._list_address())
        steps = [Step(row, self.explain(row), self._refusal(row)) for row in used]
        context = self.admin_site.each_context(request) | {
            "title": self.words_of(used[0]).button,
            "opts": self.opts,
            "steps": steps,
            "unused": [self.name_of(row) for row in unused],
            "rows": [*used, *unused],
            "action": request.POST.get("action", ""),
            "is_possible": bool(unused) or any(not step.refusal for step in steps),
            "list_address": self._list_address(),
        }
        return TemplateResponse(request, "admin/setup/deactivate.html", context)

    def _deactivate_and_tell(self, request: HttpRequest, row: Any) -> None:
        if refusal := self._refusal(row) or self.deactivate(row):
            self.message_user(request, refusal, messages.WARNING)
            return
        done = self.words_of(row).done % {"name": self.name_of(row)}
        self.log_change(request, row, done)
        self.message_user(request, done, messages.SUCCESS)

    def _refusal(self, row: Any) -> str:
        if self.is_deactivated(row):
            return str(self.words_of(row).already % {"name": self.name_of(row)})
        return self.why_not(row)

    def _delete(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        found = self.model._default_manager.filter(pk__in=[row.pk for row in rows])
        names = [self.name_of(row) for row in rows]
        self.log_deletions(request, found)
        self.delete_queryset(request, found)
        for name in names:
            self.message_user(request, _("%(name)s was deleted.") % {"name": name})

    def _list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    # -- Locks ------------------------------------------------------------------------------------

    def _lock(self, key: str) -> None:
        """Lock the row, so that nothing begins to refer to it before the transaction ends."""
        try:
            self._lock_rows([key])
        except (ValueError, ValidationError):
            return  # there is no such row, as the view will say

    def _lock_rows(self, keys: Sequence[Any]) -> None:
        rows = self.model._base_manager.select_for_update().filter(pk__in=keys)
        list(rows.order_by("pk").values_list("pk"))
