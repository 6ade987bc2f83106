"""Tests that the browser's types are the server's."""

from decimal import Decimal
from typing import Annotated, Any, NotRequired, TypedDict

import pytest
from pydantic import BaseModel

from queueing.models import RoomStatus
from tools.typescript import TARGET, Declarations, declarations


class Bed(TypedDict):
    number: str
    status: Annotated[str, RoomStatus]


class Ward(TypedDict):
    beds: list[Bed]
    rate: Decimal
    size: tuple[int, int] | None
    nurse: NotRequired[str]


class Admission(BaseModel):
    bed: int
    reason: str = ""


def declared(annotation: Any) -> str:
    found = Declarations()
    found.expression(annotation)
    return str(found)


def test_the_file_is_current():
    assert TARGET.read_text() == str(declarations()), "run `make types`"


def test_a_typed_dictionary_is_an_interface_with_all_it_names():
    text = declared(Ward)
    assert "    beds: Bed[];\n    rate: string;\n    size: [number, number] | null;\n" in text
    assert "    nurse?: string;\n" in text
    assert "    status: RoomStatus;\n" in text
    assert '  type RoomStatus =\n    | "available"' in text


def test_what_a_command_need_not_be_sent_is_optional():
    assert "    bed: number;\n    reason?: string;\n" in declared(Admission)


def test_a_type_without_counterpart_is_refused():
    with pytest.raises(TypeError):
        declared(set[int])
