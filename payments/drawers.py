"""Operations on cash drawers: open, move cash, count and close.

The drawer is that of the cashier's counter. Payments and the close lock the row of its session, so
that no sale slips into a drawer that is being closed (lock order: actor, transaction, what belongs
to it, drawer, counters of numbers).
"""

from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import Branch, Cashier, Therapist
from payments import approvals
from payments.drawer_figures import Figures, figures_of, sum_of
from payments.errors import CloseYesterdayFirst, DrawerClosed, DrawerIsOpen
from payments.models import (
    CashMovement,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Movement,
    ZCounter,
)
from queueing.access import branch_of
from queueing.errors import WrongState
from spa_project.lib.db.counters import increment
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict, Invalid
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import LARGEST_AMOUNT, display_amount, format_amount

CLOSE = "cashier_close_drawer"


def latest_of(branch: Branch, counter_number: str) -> DrawerSession | None:
    """Return the last session of a counter's drawer, open or closed; without a lock."""
    sessions = DrawerSession.objects.filter(branch=branch, counter_number=counter_number)
    return sessions.order_by("-number").first()


def close_of(drawer: DrawerSession) -> DrawerClose | None:
    """Return the close of a session, None while it is open."""
    return DrawerClose.objects.select_related("count").filter(drawer=drawer).first()


def current_count(drawer: DrawerSession) -> DrawerCount | None:
    """Return the last count of a session, if no cash has moved since."""
    count = _last_count(drawer)
    if count is None or count.expected_amount != figures_of(drawer).expected:
        return None
    return count


def drawer_for_payment(cashier: Cashier) -> DrawerSession | None:
    """Lock and return the open drawer that takes a payment; None where the branch has none.

    Raises `DrawerClosed`, or `CloseYesterdayFirst` for a drawer of an earlier day.
    """
    branch = branch_of(cashier.user)
    if not branch.drawers:
        return None
    drawer = _lock_open(cashier)
    if drawer.business_date != branch.business_date():
        raise CloseYesterdayFirst
    return drawer


def open_drawer(cashier: Cashier, *, counts: Mapping[str, int], note: str = "") -> DrawerSession:
    """Open the counter's drawer with a float, and return its session.

    Raises `WrongState` where the branch works without drawers, `DrawerIsOpen`,
    `CloseYesterdayFirst`, or `Invalid` for a float that differs from the last count without a note.
    """
    try:
        return _open(cashier, counts, note)
    except IntegrityError:  # a colleague at this counter was faster
        raise DrawerIsOpen from None


@durable
def _open(cashier: Cashier, counts: Mapping[str, int], note: str) -> DrawerSession:
    branch = branch_of(cashier.user)
    if not branch.drawers:
        raise WrongState(_("This branch works without cash drawers."))
    last = _lock_latest(cashier)
    amount = total_of(counts)
    if last is not None:
        close = close_of(last)
        if close is None:
            today = last.business_date == branch.business_date()
            raise DrawerIsOpen if today else CloseYesterdayFirst
        left = close.count.counted_amount
        if amount != left and not note:
            told = _("The last count was %(amount)s. Add a note on the difference.")
            raise Invalid(told % {"amount": display_amount(left)}, field="note")
    return DrawerSession.objects.create(
        branch=branch,
        counter_number=cashier.counter_number,
        number=last.number + 1 if last else 1,
        business_date=branch.business_date(),
        counts=dict(counts),
        float_amount=amount,
        note=note,
        by=cashier.user,
    )


def move_cash(
    cashier: Cashier,
    *,
    kind: str,
    amount: Decimal,
    reason: str,
    therapist_id: int | None = None,
    request_id: str | None = None,
) -> DrawerSession:
    """Record cash put into the drawer or taken out; a tip payout may name its therapist.

    Sent again with the same `request_id` and content it changes nothing. Raises `DrawerClosed`,
    `Invalid`, or `Conflict` for a `request_id` with other content.
    """
    content = [cashier.pk, kind, format_amount(amount), reason, therapist_id]
    movement = CashMovement(
        kind=Movement(kind),
        amount=amount,
        reason=reason,
        therapist_id=therapist_id,
        by=cashier.user,
        request_id=request_id,
        request_digest=fingerprint(content) if request_id else "",
    )
    try:
        return _move(cashier, movement)
    except IntegrityError:  # the key was used at the same moment, at another counter
        if CashMovement.objects.filter(request_id=request_id).exists():
            raise _moved_otherwise() from None
        raise


@durable
def _move(cashier: Cashier, movement: CashMovement) -> DrawerSession:
    drawer = _lock_latest(cashier)
    if first := _made_before(movement):
        return first.drawer
    if drawer is None or close_of(drawer):
        raise DrawerClosed
    if not movement.amount:
        raise Invalid(_("Enter an amount."), field="amount")
    if movement.therapist_id is not None:
        _check_therapist(branch_of(cashier.user), movement.kind, movement.therapist_id)
    movement.pk, movement.drawer = None, drawer
    movement.save(force_insert=True)
    return drawer


def _made_before(movement: CashMovement) -> CashMovement | None:
    """Return the movement that this request has made; raises `Conflict` for other content."""
    if movement.request_id is None:
        return None
    rows = CashMovement.objects.select_related("drawer__by")
    made = rows.filter(request_id=movement.request_id).first()
    if made is not None and made.request_digest != movement.request_digest:
        raise _moved_otherwise()
    return made


def _moved_otherwise() -> Conflict:
    return Conflict(_("This cash movement was already sent."))


def _check_therapist(branch: Branch, kind: str, therapist_id: int) -> None:
    here = Therapist.objects.filter(user__branch=branch, pk=therapist_id)
    if kind != Movement.TIP_PAYOUT or not here.exists():
        raise Invalid(_("Only a therapist of this branch is paid tips."), field="therapist_id")


@durable
def count_drawer(cashier: Cashier, *, counts: Mapping[str, int]) -> DrawerCount:
    """Record a blind count, and return it with what was expected; raises `DrawerClosed`."""
    drawer = _lock_open(cashier)
    return DrawerCount.objects.create(
        drawer=drawer,
        counts=dict(counts),
        counted_amount=total_of(counts),
        expected_amount=figures_of(drawer).expected,
        by=cashier.user,
    )


@durable
def close_drawer(
    cashier: Cashier, *, counts: Mapping[str, int], note: str = "", approval: str | None = None
) -> DrawerClose:
    """Close the drawer with its last count, and return the numbered Z report.

    Whatever is refused leaves it open. Raises `DrawerClosed`; `WrongState` without a count since
    cash last moved, or while a terminal is asked; `Invalid` for a difference without a note;
    `ApprovalNeeded`.
    """
    drawer = _lock_open(cashier)
    branch = branch_of(cashier.user)
    if drawer.attempts.filter(ended_at=None).exists():
        raise WrongState(_("Enter the terminal's result first."))
    figures = figures_of(drawer)
    count = _current_count(drawer, figures, counts)
    off = abs(count.variance)
    words = {"amount": display_amount(off)}
    if off > branch.variance_note_above and not note:
        raise Invalid(_("Add a note on the difference of %(amount)s.") % words, field="note")
    manager = None
    if off > branch.variance_approval_above:
        manager = approvals.require(
            cashier.user,
            command=CLOSE,
            content={"counts": counts, "note": note},
            approval=approval,
            since=count.at,
            sentence=_("A manager must approve the difference of %(amount)s.") % words,
        )
    return DrawerClose.objects.create(
        drawer=drawer,
        branch=drawer.branch,
        count=count,
        note=note,
        approved_by=manager,
        figures=figures.as_json(),
        by=cashier.user,
        # Last: others who close wait for this counter's commit.
        z_number=increment(ZCounter, branch_id=drawer.branch_id),
    )


def total_of(counts: Mapping[str, int]) -> Decimal:
    """Return the sum of notes and coins; raise `Invalid` for more than a column holds."""
    total = sum_of(counts)
    if total > LARGEST_AMOUNT:
        raise Invalid(field="counts")
    return total


def _current_count(
    drawer: DrawerSession, figures: Figures, counts: Mapping[str, int]
) -> DrawerCount:
    """Return the last count, if it is this one and no cash has moved since."""
    count = _last_count(drawer)
    if count is None or count.counts != dict(counts):
        raise WrongState(_("Count the drawer first."))
    if count.expected_amount != figures.expected:
        raise WrongState(_("Cash has moved since the count. Count the drawer again."))
    return count


def _last_count(drawer: DrawerSession) -> DrawerCount | None:
    return drawer.drawer_counts.order_by("-pk").first()


def _lock_latest(cashier: Cashier) -> DrawerSession | None:
    # The row is locked first and its close read by a statement of its own: a subquery of a locking
    # statement would show the state from before the wait.
    sessions = DrawerSession.objects.select_for_update().filter(
        branch=branch_of(cashier.user), counter_number=cashier.counter_number
    )
    return sessions.order_by("-number").first()


def _lock_open(cashier: Cashier) -> DrawerSession:
    drawer = _lock_latest(cashier)
    if drawer is None or DrawerClose.objects.filter(drawer=drawer).exists():
        raise DrawerClosed
    return drawer
