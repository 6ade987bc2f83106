"""Records of a cash drawer, for tests of who may see them."""

from decimal import Decimal
from typing import NamedTuple

from accounts.models import User
from payments.models import Approval, CashMovement, DrawerSession, Movement


class DrawerRecords(NamedTuple):
    drawer: DrawerSession
    movement: CashMovement
    approval: Approval


def make_drawer_records(user: User) -> DrawerRecords:
    """Return a session, a movement and an approval of this person, in their branch."""
    branch = user.branch
    assert branch is not None
    drawer = DrawerSession.objects.create(
        branch=branch,
        counter_number=user.username,
        number=1,
        business_date=branch.business_date(),
        counts={"100.00": 1},
        float_amount=Decimal(100),
        by=user,
    )
    movement = CashMovement.objects.create(
        drawer=drawer, kind=Movement.IN, amount=Decimal(5), reason="Coins", by=user
    )
    approval = Approval.objects.create(
        branch=branch,
        command="cashier_apply_discount",
        content_digest="content",
        digest=f"secret of {user.username}",
        by=user,
        asked_by=user,
    )
    return DrawerRecords(drawer, movement, approval)
