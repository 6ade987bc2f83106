"""Admin pages on which managers edit the menu."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from catalog import (
    menu_admin,  # noqa: F401 - registers the price list
    price_undo,
)
from catalog.menu_import.diff import order_after
from catalog.menu_import.rows import tidy
from catalog.models import (
    MENU_ORDER,
    NoteMark,
    Service,
    ServiceCategory,
    ServiceClassification,
    Skill,
    TurnWeight,
)
from spa_project.lib.money import display_amount
from spa_project.lib.web.amount_field import AmountField
from spa_project.lib.web.deactivation import OutOfUse, counted
from spa_project.lib.web.history_page import Entry
from spa_project.lib.web.pictures import PictureField
from spa_project.lib.web.setup_admin import SetupAdmin, SetupTabularInline


class TidyCharField(forms.CharField):
    """Text normalized as by a menu import: single spaces, composed letters."""

    def to_python(self, value: Any) -> str:
        """Return the normalized text, empty for nothing."""
        return tidy(super().to_python(value) or "")


class MenuForm(forms.ModelForm):
    """A form for a menu entry; one without an order number is put after its siblings."""

    order = forms.IntegerField(
        label=_("Position"),
        min_value=0,
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text=_("Lower numbers come first. Empty = last."),
    )
    parent = ""

    class Meta:
        widgets = {"description": AdminTextareaWidget(attrs={"rows": 2})}

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data, with an order number at the end where none is given."""
        data = super().clean() or self.cleaned_data
        if "order" in data and data["order"] is None:
            data["order"] = self._order_at_the_end(data)
        return data

    def _order_at_the_end(self, data: dict[str, Any]) -> int:
        siblings = self._meta.model._default_manager.all()
        if self.parent:
            above = data.get(self.parent)
            siblings = siblings.filter(**{f"{self.parent}_id": above and above.pk})
        return order_after(siblings.aggregate(last=Max("order"))["last"] or 0)


class ServiceForm(MenuForm):
    """A form for a treatment, which counts as one turn where nothing else is chosen."""

    parent = "category"
    turn_quarters = forms.TypedChoiceField(
        label=_("Counts as"),
        choices=TurnWeight.choices,
        coerce=int,
        initial=TurnWeight.FULL,
        required=False,
        help_text=Service._meta.get_field("turn_quarters").help_text,
    )

    def clean_turn_quarters(self) -> int:
        """Return what was chosen, one turn where nothing was."""
        chosen = self.cleaned_data["turn_quarters"]
        return TurnWeight.FULL if chosen == "" else int(chosen)


class ClassificationForm(MenuForm):
    parent = "service"


#: Form widgets of the menu's fields, in pages, rows and lists alike.
FIELDS: dict[type[models.Field], dict[str, Any]] = {
    models.CharField: {"form_class": TidyCharField},
    models.FileField: {"form_class": PictureField, "widget": PictureField.widget},
    models.DecimalField: {
        "form_class": AmountField,
        "label": format_lazy("{} ({})", _("Price"), settings.CURRENCY),
    },
}


OFF_THE_MENU = OutOfUse(
    button=_("Take off the menu"),
    done=_("%(name)s is off the menu."),
    already=_("%(name)s is off the menu already. Receipts and reports keep it."),
)


def explain_booked(sentence: str, name: Any, count: int) -> str:
    """Return how often something was booked, and what taking it off the menu does."""
    told = sentence % {"name": name, "count": counted(count)}
    return told + " " + gettext("It will be taken off the menu; receipts and reports keep it.")


def _booked_times(count: int) -> str:
    return ngettext(
        "%(name)s was booked %(count)s time.", "%(name)s was booked %(count)s times.", count
    )


class ServiceInline(SetupTabularInline):
    """The services under their heading, each with a link to its own page and prices."""

    model = Service
    form = ServiceForm
    fields = ("name", "order", "active")
    formfield_overrides = FIELDS
    extra = 0
    can_delete = False
    show_change_link = True


class ClassificationInline(SetupTabularInline):
    """The prices of a service."""

    model = ServiceClassification
    form = ClassificationForm
    fields = ("classification", "price", "duration_minutes", "order", "active")
    formfield_overrides = FIELDS

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return blank rows for a new service: nobody can choose one without a price."""
        return 0 if obj else 2


@admin.register(NoteMark)
class NoteMarkAdmin(SetupAdmin):
    """Page of the marks that customers may tick for their therapist."""

    fields = ("name", "code", "order", "active")
    prepopulated_fields = {"code": ("name",)}
    formfield_overrides = FIELDS | {models.SlugField: {"form_class": forms.SlugField}}
    list_display = ("name", "code", "order", "active")
    list_editable = ("order",)
    list_filter = ("active",)
    search_fields = ("name", "code")
    out_of_use = OutOfUse(
        button=_("Take out of use"),
        done=_("%(name)s is out of use."),
        already=_("%(name)s is out of use already."),
    )

    def explain(self, row: NoteMark) -> str:
        """Return what taking the mark out of use does."""
        told = gettext("Customers can no longer tick %(name)s. Notes left before keep it.")
        return told % {"name": row}


@admin.register(Skill)
class SkillAdmin(SetupAdmin):
    """Page of skills; the forms of people and treatments choose from them."""

    fields = ("name", "active")
    formfield_overrides = FIELDS
    list_display = ("name", "active")
    list_filter = ("active",)
    search_fields = ("name",)
    out_of_use = OutOfUse(
        button=_("Take out of use"),
        done=_("%(name)s is out of use."),
        already=_("%(name)s is out of use already."),
    )

    def explain(self, row: Skill) -> str:
        """Return how many treatments need the skill, and what taking it out of use does."""
        count = row.services.count()
        told = ngettext(
            "%(count)s treatment needs %(name)s. From now on every therapist can do it.",
            "%(count)s treatments need %(name)s. From now on every therapist can do them.",
            count,
        )
        return told % {"name": row, "count": counted(count)}


@admin.register(ServiceCategory)
class ServiceCategoryAdmin(SetupAdmin):
    form = MenuForm
    fields = ("name", "description", "add_ons", "order", "active")
    formfield_overrides = FIELDS
    inlines = (ServiceInline,)
    list_display = ("name", "services", "order", "active")
    list_editable = ("order", "active")
    list_filter = ("active",)
    search_fields = ("name", "services__name")
    out_of_use = OFF_THE_MENU

    def explain(self, row: ServiceCategory) -> str:
        """Return how often the category's treatments were booked, or how many it has."""
        count = row.services.aggregate(booked=Count("transactionitem"))["booked"]
        if count:
            booked = ngettext(
                "Treatments of %(name)s were booked %(count)s time.",
                "Treatments of %(name)s were booked %(count)s times.",
                count,
            )
            return explain_booked(booked, row, count)
        count = row.services.count()
        told = ngettext(
            "%(name)s has %(count)s treatment. Delete it first, or take the category off the menu.",
            "%(name)s has %(count)s treatments. Delete them first, or take the category off the"
            " menu.",
            count,
        )
        return told % {"name": row, "count": counted(count)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceCategory]:
        """Return categories with the number of their services, in the same query."""
        categories: QuerySet[ServiceCategory] = super().get_queryset(request)
        return categories.annotate(service_count=Count("services"))

    @admin.display(description=_("treatments"))
    def services(self, category: Any) -> SafeString:
        """Return a link to the list of this category's services."""
        address = reverse("admin:catalog_service_changelist")
        count = category.service_count
        words = ngettext("%(count)d treatment", "%(count)d treatments", count) % {"count": count}
        return format_html(
            '<a href="{}?category__id__exact={}">{}</a>', address, category.pk, words
        )


@admin.register(Service)
class ServiceAdmin(SetupAdmin):
    form = ServiceForm
    fields = (
        "category",
        "name",
        "description",
        "skill",
        "turn_quarters",
        "image",
        "image_url",
        "order",
        "active",
    )
    formfield_overrides = FIELDS
    inlines = (ClassificationInline,)
    list_display = ("name", "picture", "category", "prices", "order", "active")
    list_editable = ("order", "active")
    list_filter = ("active", ("category", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("category",)
    ordering = ("category__order", "category", "order", "id")
    search_fields = ("name", "description", "category__name", "classifications__classification")
    out_of_use = OFF_THE_MENU

    def explain(self, row: Service) -> str:
        """Return how often the treatment was booked, or how many options it has."""
        if count := row.transactionitem_set.count():
            return explain_booked(_booked_times(count), row, count)
        count = row.classifications.count()
        told = ngettext(
            "%(name)s has %(count)s option. Delete it first, or take it off the menu.",
            "%(name)s has %(count)s options. Delete them first, or take it off the menu.",
            count,
        )
        return told % {"name": row, "count": counted(count)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        """Return services with their prices, in one more query."""
        services: QuerySet[Service] = super().get_queryset(request)
        return services.prefetch_related("classifications")

    @admin.display(description=_("picture"))
    def picture(self, service: Service) -> SafeString | str:
        """Return the picture in small: the name stands beside it."""
        if not service.picture_url:
            return "–"
        return format_html('<img class="thumbnail" src="{}" alt="">', service.picture_url)

    @admin.display(description=_("prices"))
    def prices(self, service: Service) -> str:
        """Return the range of prices that can be chosen now."""
        amounts = sorted(offer.price for offer in service.classifications.all() if offer.active)
        if not amounts:
            return "-"
        ends = dict.fromkeys(map(display_amount, (amounts[0], amounts[-1])))
        return " – ".join(ends)


@admin.register(ServiceClassification)
class ServiceClassificationAdmin(SetupAdmin):
    """The pages of single prices; the price list links to them, the admin's home does not.

    New prices are added on the page of their service.
    """

    form = ClassificationForm
    fields = ("service", "classification", "price", "duration_minutes", "order", "active")
    formfield_overrides = FIELDS
    list_display = (
        "service",
        "classification",
        "price",
        "currency",
        "duration_minutes",
        "active",
    )
    list_display_links = ("service", "classification")
    list_editable = ("price", "duration_minutes", "active")
    list_filter = ("active", ("service__category", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("service__category",)
    ordering = MENU_ORDER
    search_fields = ("classification", "service__name", "service__category__name")
    out_of_use = OFF_THE_MENU

    def explain(self, row: ServiceClassification) -> str:
        """Return how often the option was booked."""
        count = row.transactionitem_set.count()
        return explain_booked(_booked_times(count), row, count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: prices are added on the page of their service."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the pages, with the one that undoes a price change."""
        view = self.admin_site.admin_view(self.undo_view)
        name = "catalog_serviceclassification_undo"
        return [path("undo/<int:key>/", view, name=name), *super().get_urls()]

    def describe_entries(self, request: HttpRequest, entries: Sequence[Entry]) -> None:
        """Fill in names and links, and the undo of prices that are still the present ones."""
        super().describe_entries(request, entries)
        if self.has_change_permission(request):
            for entry in price_undo.possible(entries):
                key = entry.record.history_id
                entry.undo = reverse("admin:catalog_serviceclassification_undo", args=[key])

    def undo_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Ask whether to undo a price change, and undo it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        change = price_undo.find(key)
        if change is None:
            raise Http404
        option = (
            ServiceClassification.objects.select_related("service")
            .filter(pk=change.record.id)
            .first()
        )
        is_sent = request.method == "POST"
        refusal = price_undo.undo(change) if is_sent else change.refusal(option)
        if is_sent and not refusal:
            values = {"option": option, "price": display_amount(change.old)}
            told = _("%(option)s costs %(price)s again.") % values
            self.message_user(request, told, messages.SUCCESS)
            return HttpResponseRedirect(reverse("changes"))
        context = self.admin_site.each_context(request) | {
            "title": _("Undo price change"),
            "opts": self.opts,
            "option": option,
            "change": change,
            "refusal": refusal,
        }
        return TemplateResponse(request, "admin/catalog/undo_price.html", context)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Return no permissions, which hides the list beside the price list."""
        return {}

    @admin.display(description=_("currency"))
    def currency(self, offer: ServiceClassification) -> str:
        """Return the currency of all prices."""
        return str(settings.CURRENCY)
