"""Parser of the tables in docs/roles.md."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings

from queueing.states import Status
from spa_project.tests.hostile.visits import STATUSES, Asker, Whose

PAGE = (settings.BASE_DIR / "docs" / "roles.md").read_text()
ADMIN_COLUMNS = ("list", "open", "change", "history", "password", "delete", "add")
SETUP_PEOPLE = ("nobody", "therapist", "cashier", "monitor", "manager", "owner")
#: Words of the page, and the codes of the contract.
CODES = {
    "yes": "ok",
    "no": "wrong_state",
    "none": "transaction_not_found",
    "empty": "queue_empty",
    "news": "conflict",
    "room": "room_not_ready",
    "discount": "discount_not_allowed",
    "receipt": "receipt_not_found",
    "approval": "approval_needed",
    "shut": "drawer_closed",
    "pin": "wrong_pin",
    "role": "not_allowed",
    "login": "not_authenticated",
}


class Cell(NamedTuple):
    """Cell of a table: a command, a role, and a visit."""

    command: str
    asker: Asker
    whose: Whose
    status: Status


def read_commands() -> dict[Cell, str]:
    """Return the code that each cell promises; raise `ValueError` for a contradiction."""
    cells: dict[Cell, str] = {}
    for cell, code in [*_refused_to_a_role(), *_by_status()]:
        if cells.setdefault(cell, code) != code:
            raise ValueError(f"docs/roles.md contradicts itself: {cell}")
    return cells


def read_screens() -> dict[tuple[str, Asker], str]:
    """Return the answer that each client gets at each URL."""
    return {
        (address, asker): outcome
        for addresses, *outcomes in _rows("Who may look")
        for address in _names(addresses)
        for asker, outcome in zip(Asker, outcomes, strict=True)
    }


def read_administration() -> dict[tuple[str, str, Whose], dict[str, str]]:
    """Return what each page of the administration answers: by page, person and owner of the row."""
    return {
        (page, who, Whose(whose)): dict(zip(ADMIN_COLUMNS, words, strict=True))
        for pages, people, owners, *words in _rows("In the administration", width=10)
        for page in _names(pages)
        for who in people.split(", ")
        for whose in owners.split(", ")
    }


def read_setup_changes() -> Iterator[tuple[str, str, Whose, dict[str, str]]]:
    """Yield what each person may do with a change of the setup: action, page, owner, words."""
    for action, owners, *words in _rows("In the administration", width=8, start="| "):
        for page in _names(action):
            for whose in owners.split(", "):
                by_person = dict(zip(SETUP_PEOPLE, words, strict=True))
                yield action.partition(" `")[0], page, Whose(whose), by_person


def _refused_to_a_role() -> Iterator[tuple[Cell, str]]:
    for commands, *answers in _rows("Who may send what"):
        for asker, word in zip(Asker, answers, strict=True):
            if word != "yes":
                for command in _names(commands):
                    for whose in Whose:
                        for status in STATUSES:
                            yield Cell(command, asker, whose, status), CODES[word]


def _by_status() -> Iterator[tuple[Cell, str]]:
    for commands, askers, whose, *words in _rows("On whose visit, in which status", width=13):
        for command in _names(commands):
            for asker in askers.split(", "):
                for each in Whose if whose == "any" else whose.split(", "):
                    for status, word in zip(STATUSES, words, strict=True):
                        yield Cell(command, Asker(asker), Whose(each), status), CODES[word]


def _rows(heading: str, width: int = 7, start: str = "| `") -> Iterator[list[str]]:
    """Yield the rows of the tables of this width under a heading, those that begin so."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith(start) and "`" in cells[0] and len(cells) == width:
            yield cells


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
