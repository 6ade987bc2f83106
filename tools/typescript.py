"""Write the wire's types for the browser's code: tools/frontend/types/wire.d.ts (`make types`).

The source are the typed dictionaries of serializers, screens and views, the models of the commands'
data, and the enumerations and refusals. `tsc` holds the browser's code to them, so renaming a field
in Python fails the check of JavaScript. A test holds the file to what this would write.
"""

import os
import types
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

TARGET = Path(__file__).resolve().parent / "frontend" / "types" / "wire.d.ts"
HEADER = """\
/** What goes over the wire. Written by `make types` from the server's types; never by hand. */
declare namespace Wire {
"""
#: Events that every socket may send beside changes and answers (docs/protocol.md, "Messages").
SOCKET_EVENTS = ("snapshot", "heartbeat", "resync", "error")
SIMPLE = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "string",
    type(None): "null",
}


class Declarations:
    """TypeScript declarations, each of them once, with all types that they refer to."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __str__(self) -> str:
        body = "\n\n".join(self._texts[name] for name in sorted(self._texts))
        indented = "".join(f"  {line}" if line.strip() else line for line in body.splitlines(True))
        return f"{HEADER}{indented}\n}}\n"

    def add_union(self, name: str, values: list[str]) -> None:
        """Declare a type of some strings."""
        self._texts[name] = f"type {name} =" + "".join(f'\n  | "{value}"' for value in values) + ";"

    def add_commands(self, name: str, commands: dict[str, tuple[Any, Any]]) -> None:
        """Declare the data and the answer of each command."""
        lines = [
            f"  {command}: {{ data: {self.expression(data)}; reply: {self.expression(reply)} }};"
            for command, (data, reply) in commands.items()
        ]
        self._texts[name] = "\n".join([f"interface {name} {{", *lines, "}"])

    def expression(self, annotation: Any) -> str:
        """Return an annotation in TypeScript, and declare the types that it names."""
        if annotation is Any:
            return "unknown"
        if annotation in SIMPLE:
            return SIMPLE[annotation]
        if get_origin(annotation):
            return self._generic(annotation)
        if _is_enumeration(annotation):
            self.add_union(annotation.__name__, [str(each.value) for each in annotation])
        elif annotation.__name__ not in self._texts:
            self._texts[annotation.__name__] = ""  # declared before its fields, which may name it
            self._add_interface(annotation.__name__, _fields_of(annotation))
        return str(annotation.__name__)

    def _generic(self, annotation: Any) -> str:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            # A string with an enumeration's values: `Annotated[str, Status]`.
            enumerations = [each for each in arguments[1:] if _is_enumeration(each)]
            return self.expression(enumerations[0] if enumerations else arguments[0])
        if origin is NotRequired:
            return self.expression(arguments[0])
        if origin is dict:
            return f"Record<{', '.join(self.expression(each) for each in arguments)}>"
        inner = list(dict.fromkeys(self.expression(each) for each in arguments))
        if origin in (Union, types.UnionType):
            return " | ".join(inner)
        if origin is list:
            return f"({inner[0]})[]" if " | " in inner[0] else f"{inner[0]}[]"
        if origin is tuple:
            return f"[{', '.join(self.expression(each) for each in arguments)}]"
        raise TypeError(f"{annotation!r} has no counterpart in TypeScript yet")

    def _add_interface(self, name: str, fields: dict[str, tuple[Any, bool]]) -> None:
        lines = [
            f"  {field}{'' if required else '?'}: {self.expression(annotation)};"
            for field, (annotation, required) in fields.items()
        ]
        self._texts[name] = "\n".join([f"interface {name} {{", *lines, "}"])


def _is_enumeration(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _fields_of(source: Any) -> dict[str, tuple[Any, bool]]:
    """Return the fields of a typed dictionary or a model, and whether each is required."""
    hints = get_type_hints(source, include_extras=True)
    if is_typeddict(source):
        return {name: (hint, name in source.__required_keys__) for name, hint in hints.items()}
    return {name: (hints[name], each.is_required()) for name, each in source.model_fields.items()}


def declarations() -> Declarations:
    """Return the declarations of everything that the pages' scripts receive and send."""
    # Imported here: these modules import models, which need Django to be set up.
    from payments import views as payment_views
    from payments.day_summary import DayData
    from payments.refund_lookup import RefundableData
    from payments.sales import SalesData
    from payments.tips import TipsOfDay
    from queueing import events, screens, views
    from queueing.day_summary import TherapistDayNow, TurnsOfDay
    from queueing.request_choices import RequestChoices
    from queueing.snapshots import FloorDigest, Place, TicketDigest
    from queueing.statistics import Takings
    from spa_project.chain.views import ChainPage
    from spa_project.lib.commands import REGISTRY
    from spa_project.lib.errors import DomainError
    from spa_project.lib.web.pages import PageData

    found = Declarations()
    pages = [
        views.MenuPage,
        views.ClosedPage,
        views.TicketPage,
        views.TherapistPage,
        views.DeskPage,
    ]
    pages += [views.MonitorPage, views.BoardPage, payment_views.CashierPage]
    pages += [payment_views.DisplayPage, ChainPage]
    for each in (PageData, views.LivePage, *pages, payment_views.ReportsPage):
        found.expression(each)
    dictionaries = [TherapistDayNow, TurnsOfDay, DayData, RefundableData, SalesData, FloorDigest]
    dictionaries += [TipsOfDay, Place, TicketDigest, Takings]
    dictionaries.append(RequestChoices)
    for each in (*dictionaries, screens.MonitorDigest, screens.MenuSnapshot):
        found.expression(each)
    found.add_commands(
        "Commands",
        {
            name: (command.data, get_type_hints(command.run)["return"])
            for name, command in sorted(REGISTRY.items())
        },
    )
    found.add_union("ErrorCode", sorted({each.code for each in _with_subclasses(DomainError)}))
    of_changes = {audience.event for audience in events.AUDIENCES}
    of_changes |= {events.TICKET_EVENT, events.ROOM_EVENT, events.SETUP_EVENT, events.MENU_EVENT}
    of_changes |= {events.PRESENCE_EVENT, events.TURNS_EVENT, events.DISPLAY_EVENT}
    found.add_union("EventName", sorted({*SOCKET_EVENTS, *of_changes}))
    return found


def _with_subclasses(family: type[Any]) -> Iterator[type[Any]]:
    yield family
    for each in family.__subclasses__():
        yield from _with_subclasses(each)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spa_project.settings")
    import django

    django.setup()
    TARGET.write_text(str(declarations()))
