"""Tests of the history of one row, as managers read it."""

import html

import pytest
from django.urls import reverse

from spa_project.lib.db.history import because

pytestmark = pytest.mark.django_db


def test_a_price_shows_who_changed_it_from_which_value_to_which(client, maria, hour):
    hour.price = 530
    hour._history_user = maria
    hour.save()
    with because("import_menu prices.csv"):
        hour.active = False
        del hour._history_user
        hour.save()
    client.force_login(maria)
    address = reverse("admin:catalog_serviceclassification_history", args=[hour.pk])
    response = client.get(address)
    words = html.unescape(response.content.decode())
    entries = response.context["entries"]
    changes = [list(change) for entry in entries for change in entry.changes]
    assert ["Price", "₱500.00", "₱530.00"] in changes
    assert ["On menu", "Yes", "No"] in changes
    assert "import_menu prices.csv" in words
    assert [entry.what for entry in response.context["entries"]] == ["", "", "Added"]
    assert response.context["entries"][1].who == maria.username
