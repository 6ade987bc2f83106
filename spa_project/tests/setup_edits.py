"""Random edits of the setup, made as managers make them: in the admin's forms, and by an import."""

import random
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Branch, User
from catalog.menu_import.importer import export_text, import_file
from catalog.models import Service, ServiceCategory, ServiceClassification
from payments.models import PaymentMethod
from queueing.models import Room

Edit = Callable[[], None]


class Manager:
    """A manager's browser, which fills in the admin's forms as they are rendered."""

    def __init__(self, client: Client, chance: random.Random) -> None:
        self._client = client
        self._chance = chance
        self._count = 0

    def edits(self) -> dict[str, Edit]:
        """Return the kinds of edit by name."""
        return {
            "price": lambda: self._save(
                self._any(ServiceClassification), price=f"{self._chance.randrange(1, 999)}.50"
            ),
            "option": lambda: self._save(
                self._any(ServiceClassification), classification=self._name("option")
            ),
            "treatment": lambda: self._save(self._any(Service), name=self._name("treatment")),
            "off the menu": lambda: self._toggle(self._any(Service)),
            "taken off the menu": lambda: self._take_out_of_use(self._any(ServiceClassification)),
            "category": lambda: self._save(self._any(ServiceCategory), name=self._name("category")),
            "room": lambda: self._save(self._any(Room), number=self._name("room")),
            "person": lambda: self._save(
                User.objects.get(username="maya"), name=self._name("person")
            ),
            "method": lambda: self._save(self._any(PaymentMethod), name=self._name("method")),
            "branch": lambda: self._save(self._any(Branch), name=self._name("branch")),
            "shared rooms": lambda: self._toggle(self._any(Branch), "shared_rooms"),
            "import": self._import,
        }

    def edit(self) -> str:
        """Make one random edit; return its kind."""
        kinds = self.edits()
        kind = self._chance.choice(sorted(kinds))
        kinds[kind]()
        return kind

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind} {self._count}"

    def _any(self, model: Any) -> Any:
        return self._chance.choice(list(model.objects.order_by("pk")))

    def _toggle(self, row: Any, field: str = "active") -> None:
        self._save(row, **{field: "" if getattr(row, field) else "on"})

    def _take_out_of_use(self, row: Any) -> None:
        """Confirm the row's page that takes it out of use instead of deleting it."""
        address = reverse(
            f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk]
        )
        assert self._client.post(address, {"confirmed": "yes"}).status_code == 302

    def _save(self, row: Any, **changes: str) -> None:
        """Open the row's form, type the changes, and save."""
        address = reverse(
            f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]
        )
        page = self._client.get(address)
        typed = {
            name: value
            for name, value in (_filled_in(page.context) | changes).items()
            if value != ""
        }
        answer = self._client.post(address, typed)
        assert answer.status_code == 302, answer.context["errors"]

    def _import(self) -> None:
        """Import the exported price list with another treatment in it."""
        name = self._name("imported")
        import_file([*export_text().splitlines(), f"Massage,{name},,30 minutes,300.00,30"])


def _filled_in(context: Any) -> dict[str, Any]:
    """Return what the rendered page would send, unchanged."""
    forms = [context["adminform"].form]
    for formset in context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    fields = (form[name] for form in forms for name in form.fields)
    return {field.html_name: _sent(field.value()) for field in fields}


def _sent(value: Any) -> Any:
    """Return a value as a browser sends it: nothing for what is empty or switched off."""
    if value is None or value is False:
        return ""
    return "on" if value is True else value
