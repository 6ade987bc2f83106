"""Tests of the public board: calls to the counter, and what the branch shows there."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.auth import Caller
from queueing.models import SetupVersion, Transaction
from queueing.screens import board_screen
from queueing.states import Status


def board(branch) -> Mapping[str, Any]:
    return board_screen(Caller(None, branch)).snapshot()


@pytest.fixture
def at_counter(make_transaction, carl) -> Transaction:
    """Return a customer whom Carl, at counter 7, has called."""
    carl.counter_number = "7"
    carl.save()
    return make_transaction(Status.AWAITING_PAYMENT)


def test_who_is_called_to_a_counter_is_on_the_board_with_it(branch, at_counter):
    [row] = board(branch)["transactions"]
    assert (row["code"], row["counter_number"]) == (at_counter.code, "7")
    assert "Carl" not in str(row)


def test_who_waits_for_a_cashier_or_has_paid_is_not(branch, make_transaction):
    make_transaction(Status.FINISHED)
    assert board(branch)["transactions"] == []


@pytest.mark.django_db
def test_the_board_shows_what_a_manager_writes_there(client, branch, maria, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert (board(branch)["message"], board(branch)["picture"]) == ("", "")
    before = SetupVersion.objects.get(branch=branch).last
    client.force_login(maria)
    path = f"/admin/accounts/branch/{branch.pk}/change/"
    form = client.get(path).context["adminform"].form
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(content, "PNG")
    values = {name: value for name, value in form.initial.items() if value is not None}
    values = {name: value for name, value in values.items() if name in form.fields}
    values |= {
        "board_message": "Wi-Fi: hilot",
        "board_picture": SimpleUploadedFile("garden.png", content.getvalue(), "image/png"),
    }
    hidden = {name: field.initial for name, field in form.fields.items() if field.initial}
    answer = client.post(path, hidden | values)
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    shown = board(branch)
    assert shown["message"] == "Wi-Fi: hilot"
    assert client.get(shown["picture"])["Content-Type"] == "image/webp"
    assert shown["setup"] > before
