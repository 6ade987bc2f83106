"""Check what a history's tills did with money beside payments: refunds and cash drawers."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from payments.models import CashMovement, DrawerClose, DrawerSession, Refund
from tools.faults.findings import Doubled, Finding, Lost
from tools.faults.history import FAIL, INFO, OK, History, Operation


def till_findings(history: History) -> Iterator[Finding]:
    """Yield a sentence for each refund, movement of cash, open or close that is wrong."""
    yield from _refunds(history)
    yield from _movements(history)
    yield from _opens(history)
    yield from _closes(history)


def slack(operation: Operation) -> int:
    """Return how many times it may have taken effect beyond what was acknowledged."""
    if operation.phase == INFO:
        return operation.copies
    return operation.copies - 1 if operation.phase in (OK, FAIL) else 0


def unasked(what: str, rows: Iterable[str | None], asked: dict) -> Iterator[Finding]:
    """Yield a sentence for each row of a request that is not in the history."""
    for request in rows:
        if request not in asked:
            yield f"{what} of request {request}, which nobody sent"


def _refunds(history: History) -> Iterator[Finding]:
    """Check that each acknowledged refund exists once, with its number and its amount."""
    rows = {row.request_id: row for row in Refund.objects.all()}
    asked = history.requests("cashier_refund")
    yield from unasked("refund", rows, asked)
    for request, tries in asked.items():
        told = {each.reply["refund"]["number"] for each in tries if each.phase == OK}
        row = rows.get(request)
        if told and (row is None or told != {row.number}):
            yield Lost(f"refund {request} was acknowledged as {told}, the database has {row}")
        if row and row.amount != Decimal(tries[0].data["amount"]):
            yield f"refund {request} of {tries[0].data} is of {row.amount}"


def _movements(history: History) -> Iterator[Finding]:
    """Check that each acknowledged movement of cash exists once, with its amount."""
    rows = {row.request_id: row for row in CashMovement.objects.all()}
    asked = history.requests("cashier_move_cash")
    yield from unasked("cash movement", rows, asked)
    for request, tries in asked.items():
        row = rows.get(request)
        if row is None and any(each.phase == OK for each in tries):
            yield Lost(f"cash movement {request} was acknowledged and is not there")
        if row and row.amount != Decimal(tries[0].data["amount"]):
            yield f"cash movement {request} of {tries[0].data} is of {row.amount}"


#: A counter and the number of its drawer session.
_Session = tuple[str, int]


def _opens(history: History) -> Iterator[Finding]:
    """Check that each acknowledged open of a drawer happened once."""
    rows = DrawerSession.objects.select_related("by")
    done = {(row.counter_number, row.number): row.by.username for row in rows}
    yield from _once("cashier_open_drawer", history, done)


def _closes(history: History) -> Iterator[Finding]:
    """Check the closes, and that each Z report has the number and the count that was told."""
    rows = {
        (row.drawer.counter_number, row.drawer.number): row
        for row in DrawerClose.objects.select_related("drawer", "count", "by")
    }
    done = {session: row.by.username for session, row in rows.items()}
    yield from _once("cashier_close_drawer", history, done)
    for operation in history.of("cashier_close_drawer"):
        if operation.phase == OK and (row := rows.get(_session_in(operation))):
            told = operation.reply["drawer"]
            amount = Decimal(told["count"]["counted_amount"])
            if (told["z_number"], amount) != (row.z_number, row.count.counted_amount):
                yield f"{operation.client} was told {told}, the report is {row}"


def _once(command: str, history: History, done: dict[_Session, str]) -> Iterator[Finding]:
    """Check that sessions of drawers were opened or closed as acknowledged: each once, by one."""
    told: dict[_Session, Operation] = {}
    unclear = Counter[str]()
    for operation in history.of(command):
        unclear[operation.client] += slack(operation)
        if operation.phase != OK:
            continue
        session = _session_in(operation)
        if session in told:
            yield Doubled(f"{command} of drawer {session} was acknowledged twice")
        told[session] = operation
        if done.get(session) != operation.client:
            yield Lost(f"{command} of drawer {session} was acknowledged and is not there")
    unheard = Counter(by for session, by in done.items() if session not in told)
    for who, count in unheard.items():
        if count > unclear[who]:
            yield Doubled(f"{command} by {who}: done {count} times unheard, unclear {unclear[who]}")


def _session_in(operation: Operation) -> _Session:
    drawer = operation.reply["drawer"]
    return drawer["counter_number"], drawer["number"]
