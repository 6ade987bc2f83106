"""The admin's pages for the whole menu: price list, bulk change, order, import and export."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import bulk_change, menu_uploads, positions
from catalog.bulk_change import BulkChangeForm
from catalog.menu_import import importer, xlsx_format
from catalog.menu_import.rows import BadPriceList
from catalog.models import PriceList, ServiceCategory
from catalog.price_list import PriceListForm, options_in_order
from spa_project.lib.db.history import because
from spa_project.lib.web.setup_admin import SetupAdmin

View = Callable[..., HttpResponse]
#: Problems and changes that a page lists; the rest is counted.
SHOWN = 200


@admin.register(PriceList)
class PriceListAdmin(SetupAdmin):
    """The price list in place of Django's list, and the pages that its buttons open."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of the pages; the list's own is Django's."""
        pages: dict[str, View] = {
            "bulk": self.bulk_view,
            "order": self.order_view,
            "import": self.import_view,
            "preview": self.preview_view,
            "csv": self.csv_view,
            "xlsx": self.xlsx_view,
        }
        own = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"catalog_pricelist_{name}")
            for name, view in pages.items()
        ]
        return own + [url for url in super().get_urls() if str(url.name).endswith("_changelist")]

    # -- The price list ---------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show all prices, or those of one category; save what was changed."""
        self._require_permission(request)
        options = options_in_order()
        category = _number(request.GET.get("category"))
        if category:
            options = options.filter(service__category=category)
        form = PriceListForm(options, request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if "_bulk" in request.POST:
                if not form.changed:
                    return _redirect("bulk", _chosen_query(request))
                form.errors.append(_("Save your changes first."))
            elif form.is_valid() and (answer := self._save(request, form)):
                return answer
        context = {
            "title": _("Price list"),
            "form": form,
            "categories": ServiceCategory.objects.all(),
            "category": category,
            "currency": settings.CURRENCY,
        }
        return self._page(request, "price_list", context)

    def _save(self, request: HttpRequest, form: PriceListForm) -> HttpResponse | None:
        """Save the changes and return a redirect, or None when somebody else was faster."""
        changes = form.save()
        if form.errors:
            return None
        for change in changes:
            self.log_change(request, change.row, change.details)
        self._tell_count(request, len(changes))
        return HttpResponseRedirect(request.get_full_path())

    def _tell_count(self, request: HttpRequest, count: int) -> None:
        if count:
            told = ngettext("Saved: %(count)d change.", "Saved: %(count)d changes.", count)
            self.message_user(request, told % {"count": count}, messages.SUCCESS)
        else:
            self.message_user(request, _("Nothing to save: no value differs."), messages.INFO)

    # -- Bulk change ------------------------------------------------------------------------------

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """Preview a change of the chosen prices, and apply it."""
        self._require_permission(request)
        options = list(options_in_order().filter(_chosen(request)))
        if not options:
            self.message_user(request, _("Choose prices first."), messages.WARNING)
            return _redirect("changelist")
        form = BulkChangeForm(request.GET if "value" in request.GET else None)
        preview = bulk_change.preview(form, options) if form.is_valid() else []
        refusals: list[str] = []
        if request.method == "POST" and preview:
            seen = {name.removeprefix("seen-"): value for name, value in request.POST.items()}
            written, refusals = bulk_change.apply(form, options, seen)
            if not refusals:
                for change in written:
                    details = f"{_('Price')} {change.old} → {change.new}"
                    self.log_change(request, change.option, details)
                self._tell_count(request, len(written))
                return _redirect("changelist")
        context = {
            "title": _("Change prices"),
            "form": form,
            "options": options,
            "preview": preview,
            "is_possible": bool(preview) and not any(change.error for change in preview),
            "refusals": refusals,
            "query": request.GET.urlencode(),
        }
        return self._page(request, "bulk_change", context)

    # -- Order ------------------------------------------------------------------------------------

    def order_view(self, request: HttpRequest) -> HttpResponse:
        """Move categories, treatments and options up and down."""
        self._require_permission(request)
        if request.method == "POST":
            kind, _dash, rest = request.POST.get("move", "").partition("-")
            key, _dash, direction = rest.partition("-")
            if kind in positions.MOVABLE and (pk := _number(key)):
                entry = positions.move(kind, pk, up=direction == "up")
                if entry is not None:
                    moved = _("Moved up.") if direction == "up" else _("Moved down.")
                    self.log_change(request, entry, moved)
                address = reverse("admin:catalog_pricelist_order")
                return HttpResponseRedirect(f"{address}?moved={kind}-{pk}-{direction}#{kind}-{pk}")
        moved, _dash, direction = request.GET.get("moved", "").rpartition("-")
        context = {
            "title": _("Order of the menu"),
            "places": positions.outline(),
            "moved": moved,
            "up": direction == "up",
        }
        return self._page(request, "order", context)

    # -- Import and export ------------------------------------------------------------------------

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Read an uploaded price list; show its problems or go on to its preview."""
        self._require_permission(request)
        if request.method == "POST":
            form = menu_uploads.UploadForm(request.POST, request.FILES)
            if form.is_valid():
                name = str(request.FILES["file"])
                menu_uploads.keep(request.session, name, form.cleaned_data["file"])
                return _redirect("preview")
        else:
            form = menu_uploads.UploadForm()
        context = {
            "title": _("Import price list"),
            "form": form,
            "problems": form.problems[:SHOWN],
            "more": max(0, len(form.problems) - SHOWN),
        }
        return self._page(request, "import", context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show what an uploaded price list would change, and import it."""
        self._require_permission(request)
        upload = menu_uploads.kept(request.session)
        if upload is None:
            return _redirect("import")
        name, rows = upload
        try:
            if "apply" in request.POST:
                with because(f"import {name}"):
                    report = importer.import_rows(rows, seen=request.POST.get("seen", "-"))
                menu_uploads.forget(request.session)
                counts = {"added": report.added, "changed": report.changed}
                told = _("Price list imported: %(added)d added, %(changed)d changed.") % counts
                self.message_user(request, told, messages.SUCCESS)
                return _redirect("changelist")
        except importer.MenuChanged:
            told = _("The menu changed after this preview. Nothing was imported; check it again.")
            self.message_user(request, told, messages.ERROR)
        except BadPriceList:
            pass  # the preview below says why
        return self._preview(request, name, rows)

    def _preview(self, request: HttpRequest, name: str, rows: Any) -> HttpResponse:
        context: dict[str, Any] = {"title": _("Import price list"), "name": name}
        try:
            report = importer.import_rows(rows, dry_run=True)
        except BadPriceList as error:
            context |= {"problems": error.problems}
        else:
            changes = report.changes
            context |= {
                "report": report,
                "changes": changes[:SHOWN],
                "more": max(0, len(changes) - SHOWN),
            }
        return self._page(request, "import_preview", context)

    def csv_view(self, request: HttpRequest) -> HttpResponse:
        """Return the menu as CSV that Excel reads with its accents."""
        self._require_permission(request)
        return _download(importer.export_text().encode("utf-8-sig"), "csv", "text/csv")

    def xlsx_view(self, request: HttpRequest) -> HttpResponse:
        """Return the menu as an Excel workbook."""
        self._require_permission(request)
        return _download(importer.export_workbook(), "xlsx", xlsx_format.CONTENT_TYPE)

    # -- What all pages share ---------------------------------------------------------------------

    def _require_permission(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"opts": self.opts, "tab": name}
        return TemplateResponse(request, f"admin/catalog/{name}.html", shared | context)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _numbers(texts: Iterable[str]) -> list[int]:
    return [number for text in texts if (number := _number(text))]


def _chosen(request: HttpRequest) -> Q:
    """Return the condition for the options that the address chooses, one by one or by category."""
    options = _numbers(request.GET.getlist("option"))
    categories = _numbers(request.GET.getlist("category"))
    return Q(pk__in=options) | Q(service__category__in=categories)


def _chosen_query(request: HttpRequest) -> str:
    chosen = request.POST.copy()
    for name in set(chosen) - {"option", "category"}:
        del chosen[name]
    return chosen.urlencode()


def _redirect(page: str, query: str = "") -> HttpResponseRedirect:
    address = reverse(f"admin:catalog_pricelist_{page}")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _download(content: bytes, suffix: str, content_type: str) -> HttpResponse:
    name = f"menu-{timezone.localdate():%Y-%m-%d}.{suffix}"
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
