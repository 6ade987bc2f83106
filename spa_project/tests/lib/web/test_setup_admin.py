"""Tests of the base class of the admin pages that change the setup."""

from django import forms
from django.contrib import admin

from accounts.models import PairedDevice
from spa_project.lib.web.admin import LookOnlyAdmin, LookOnlyInline
from spa_project.lib.web.amount_field import AmountField
from spa_project.lib.web.setup_admin import SetupAdmin, SetupStackedInline, SetupTabularInline


def test_every_page_that_changes_something_is_one_of_the_setup():
    for model, page in admin.site._registry.items():
        if model is PairedDevice:
            continue  # a pairing is no setup: it is revoked by an action, and has no form
        assert isinstance(page, SetupAdmin | LookOnlyAdmin), model
        for inline in page.inlines:
            bases = (SetupTabularInline, SetupStackedInline, LookOnlyInline)
            assert issubclass(inline, bases), inline


def test_every_amount_that_the_admin_asks_for_is_read_as_people_write_it(rf, maria):
    request = rf.get("/")
    request.user = maria
    asked = 0
    for page in admin.site._registry.values():
        if not isinstance(page, SetupAdmin):
            continue
        forms_of_page = [page.get_form(request)] + [
            formset.form for formset, _inline in page.get_formsets_with_inlines(request)
        ]
        for form in forms_of_page:
            for name, field in form.base_fields.items():
                if isinstance(field, forms.DecimalField):
                    asked += 1
                    assert isinstance(field, AmountField), (page, name)
    assert asked >= 3
