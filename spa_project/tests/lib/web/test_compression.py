"""Tests of compressed responses."""

import gzip

import pytest

pytestmark = pytest.mark.django_db
#: Of the flags in the head of the format.
HAS_NAME = 8
ASKS = {"headers": {"accept-encoding": "gzip"}}


def test_a_page_is_compressed_for_a_browser_that_can_read_it(client, branch):
    plain = client.get("/menu/")
    packed = client.get("/menu/", **ASKS)
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2
    assert b"</html>" in gzip.decompress(packed.content)
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]


def test_random_bytes_hide_how_well_a_page_compresses(client, branch):
    """They are the name of the file in the head of the format (RFC 1952, 2.3)."""
    packed = [client.get("/menu/", **ASKS).content for _each in range(20)]
    assert all(each[3] & HAS_NAME for each in packed)
    assert len({each.index(b"\0", 10) for each in packed}) > 1


def test_answers_of_the_api_keep_their_etag(client, branch, hour):
    answer = client.get(f"/api/menu/?branch={branch.slug}", **ASKS)
    assert "Content-Encoding" not in answer
    assert not answer["ETag"].startswith("W/")
