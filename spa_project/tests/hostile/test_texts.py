"""B12: texts that would be code somewhere else are text everywhere here."""

import csv
import io
import logging

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.models import Service
from conftest import session_of
from payments import payment
from queueing import leaving, services
from queueing.models import RoomStatus, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.logs import JsonLines, PlainLines
from spa_project.tests.hostile.clients import Request
from spa_project.tests.hostile.visits import DUE, Asker, Whose

pytestmark = pytest.mark.django_db
MARK = "q7z"
#: Each contains the mark, by which it is found again.
TEXTS = [
    *(f"<script>{MARK}(1)</script>", f"<img src=x onerror={MARK}(1)>", f"\"'><b>{MARK}</b>"),
    *(f"<svg/onload={MARK}(1)>", f"javascript:{MARK}(1)", f"</script><script>{MARK}</script>"),
    *(f"<!--{MARK}-->", f"]]>{MARK}", f"&lt;{MARK}&gt;", f"&#60;{MARK}", f"\\u003c{MARK}"),
    *(f"{{{{7*7}}}}{MARK}", f"{{% load x %}}{MARK}", f"${{7*7}}{MARK}", f"<%= {MARK} %>"),
    *(f"#{{7*7}}{MARK}", f"%s%n%x{MARK}", f"%(name)s{MARK}", f"{{0.__class__}}{MARK}"),
    *(f"' OR '1'='1{MARK}", f"'; DROP TABLE x; --{MARK}", f'" OR 1=1 --{MARK}', f"\\'{MARK}"),
    *(f"`{MARK}`", f"1 UNION SELECT {MARK}", f"sleep(5)#{MARK}", f"%27{MARK}", f"%00{MARK}"),
    *(f"=HYPERLINK(1){MARK}", f"+1+{MARK}", f"-1-{MARK}", f"@SUM({MARK})", f"=cmd|'{MARK}'!A1"),
    *(f"\u202e{MARK}\u202c", f"{MARK}\u200b\u200d", f"\u2066{MARK}\u2069", f"\ufeff{MARK}"),
    *(f"💆🏽‍♀️{MARK}", f"𝒮𝓅𝒶{MARK}", f"Zoë Ñandú{MARK}", f"李{MARK}", f"ﷺ{MARK}"),
    *(f"a\r\nb{MARK}", f"a\nSet-Cookie: {MARK}", f"\x00{MARK}", f"\x1b[31m{MARK}", f"\t{MARK}\v"),
    *(f"\x85{MARK}\u2028", f"\x7f{MARK}", f"../../etc/{MARK}", f"//{MARK}.example", f"file:{MARK}"),
    *(f"${{jndi:ldap://{MARK}}}", f"$(id){MARK}", f"|| id {MARK}", f"é̂̃̄{MARK}", f"__proto__{MARK}"),
    *(f"null{MARK}", f"undefined {MARK}", f"NaN {MARK}", f"0x{MARK}", f"{MARK}" + "W" * 50),
]
OF_CONTROL = {"\r", "\n", "\x00", "\x1b", "\t", "\v", "\x85", "\x7f", "\u202e", "\u200b", "\ufeff"}


def _paid_visit(floor, text: str) -> Transaction:
    """Create a paid visit with the text in every field that people fill in."""
    maya, carl = floor.pairs[Whose.OWN]
    visit = floor.visit(Status.AWAITING_PAYMENT, Whose.OWN)
    Transaction.objects.filter(pk=visit.pk).update(customer_name=text)
    payment.pay(carl, transaction_id=visit.pk, amount_paid=DUE, reference=text)
    services.room_set_status(maya.user.branch, "1", RoomStatus.AVAILABLE)
    return visit


def test_there_are_sixty_and_no_two_the_same():
    assert len(set(TEXTS)) >= 60


def test_a_text_comes_back_as_it_was_less_what_cannot_be_seen(floor, ask):
    requests = [
        Request(
            Asker.THERAPIST,
            "staff_confirm_selection",
            {"items": [{"service_classification_id": floor.offer.pk}], "customer_name": text},
        )
        for text in TEXTS
    ]
    for request, outcome in ask(floor, requests):
        assert outcome.code == "ok", request.data["customer_name"]


@pytest.mark.sample(16)
@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_name_is_kept_on_one_line_and_shown_as_text(floor, text):
    order = {
        "items": [{"service_classification_id": floor.offer.pk}],
        "customer_name": text,
    }
    path = "/api/commands/customer_confirm_selection/?branch=makati"
    reply = Client().post(path, order, content_type="application/json").json()
    name = reply["transaction"]["customer_name"]
    assert MARK in name
    assert not OF_CONTROL & set(name)
    visible = "".join(c for c in text if c in name)
    assert name == visible.strip() or not name.isascii()
    admin = session_of(floor.people[Asker.MANAGER])
    row = Transaction.objects.get(key=reply["key"])
    for page in (f"/admin/queueing/transaction/{row.pk}/change/", "/admin/queueing/transaction/"):
        shown = admin.get(page).content.decode()
        assert MARK in shown
        assert "<" not in name or name not in shown
    assert name not in Client().get(f"/ticket/{reply['key']}/").content.decode() or "<" not in name


def test_a_receipt_and_a_bill_show_text(floor):
    for text in TEXTS[:8]:
        visit = _paid_visit(floor, text)
        page = Client().get(f"/receipt/{visit.payment.receipt_key}/").content.decode()
        assert text not in page or "<" not in text


def test_a_reason_of_any_kind_is_one_line_of_the_journal(floor):
    maya = floor.pairs[Whose.OWN].therapist
    for text in TEXTS:
        visit = services.confirm_selection(maya.user.branch, choices=[Choice(floor.offer.pk)])
        leaving.staff_cancel(maya.user, transaction_id=visit.pk, reason=text)
        assert MARK in visit.events.latest("version").reason


def test_an_exported_menu_runs_nothing_in_a_spreadsheet(floor):
    for number, text in enumerate(text for text in TEXTS if text[0] in "=+-@"):
        floor.offer.pk = None
        service = Service.objects.create(category=floor.more.service.category, name=text)
        floor.offer.service, floor.offer.classification = service, f"{text}{number}"
        floor.offer.save()
    out = io.StringIO()
    call_command("export_menu", stdout=out)
    cells = [cell for row in csv.reader(io.StringIO(out.getvalue())) for cell in row]
    assert any(MARK in cell for cell in cells)
    assert [cell for cell in cells if MARK in cell and cell[0] in "=+-@\t\r"] == []


@pytest.mark.parametrize("lines", [PlainLines("%(message)s"), JsonLines("%(message)s")])
def test_a_text_in_the_log_is_one_line(lines):
    for text in TEXTS:
        record = logging.LogRecord("spa", logging.INFO, __file__, 1, text, None, None)
        assert len(lines.format(record).splitlines()) == 1, repr(text)
