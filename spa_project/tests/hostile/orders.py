"""Valid data for every command, except in the field under test."""

from collections.abc import Callable
from typing import Any

from queueing.models import Transaction
from queueing.states import Status
from spa_project.tests.hostile.visits import DUE, Asker, Floor, Whose

Data = dict[str, Any]
A_KEY = "Zk3yq8Vb1d0uWmXn5tRj7sLpQe2aHcFg"  # of nobody
UNKNOWN = 2**40  # the id of no visit
ROOMS = {Whose.OWN: "1", Whose.COLLEAGUES: "2", Whose.ELSEWHERE: "9"}


def order_for(command: str, floor: Floor, visit: Transaction, asker: Asker, whose: Whose) -> Data:
    """Return the data that this client sends when the command concerns this visit."""
    if command in ("customer_cancel", "customer_answer_item"):
        # A customer has only a key, and everyone has their own.
        is_theirs = asker == Asker.CUSTOMER and whose == Whose.OWN
        return _answer(command, visit) | {"key": visit.key if is_theirs else A_KEY}
    if command == "room_set_status":
        return {"room_number": ROOMS[whose], "status": "available"}
    if command == "staff_set_presence":
        return {"therapist_id": floor.pairs[whose].therapist.pk, "presence": "off_duty"}
    if command == "work_at":
        return {"branch": "cebu"}  # the other spa, in which nobody of these works
    if command == "manager_change_turns":
        return {"therapist_id": floor.pairs[whose].therapist.pk, "reason": "Helped at the desk"}
    return _ORDERS[command](floor, visit)


def _answer(command: str, visit: Transaction) -> Data:
    if command == "customer_cancel":
        return {}
    return {"item_id": _last_item(visit), "accepted": True}


def _nothing(floor: Floor, visit: Transaction) -> Data:
    return {}


def _selection(floor: Floor, visit: Transaction) -> Data:
    return {"items": [{"service_classification_id": floor.offer.pk}]}


def _code(floor: Floor, visit: Transaction) -> Data:
    return {"code": visit.code}


def _this(**more: Any) -> Callable[[Floor, Transaction], Data]:
    def order(floor: Floor, visit: Transaction) -> Data:
        return {"transaction_id": visit.pk} | more

    return order


def _one_more(floor: Floor, visit: Transaction) -> Data:
    return {"transaction_id": visit.pk, "service_classification_id": floor.offer.pk}


def _other_order(floor: Floor, visit: Transaction) -> Data:
    items = [{"service_classification_id": floor.offer.pk, "quantity": 2}]
    return {"transaction_id": visit.pk, "items": items}


def _one_less(floor: Floor, visit: Transaction) -> Data:
    return {"transaction_id": visit.pk, "item_id": _last_item(visit)}


def _last_item(visit: Transaction) -> int:
    item = visit.items.order_by("pk").last()
    return item.pk if item else UNKNOWN


def _one_less_because(floor: Floor, visit: Transaction) -> Data:
    return _one_less(floor, visit) | {"reason": "not done"}


def _to_zara(floor: Floor, visit: Transaction) -> Data:
    return {"transaction_id": visit.pk, "therapist_id": floor.zara.pk}


def _float(floor: Floor, visit: Transaction) -> Data:
    return {"counts": {"1000.00": 2}}


def _cash(floor: Floor, visit: Transaction) -> Data:
    return {"kind": "in", "amount": "100.00", "reason": "coins"}


def _refund(floor: Floor, visit: Transaction) -> Data:
    """Ask for the money back by the receipt's link: its number would be another spa's, too."""
    is_paid = visit.status == Status.PAID
    key = visit.payment.receipt_key if is_paid else A_KEY
    return {"receipt_key": key, "reason": "ill", "request_id": "8b0e1c52"}


def _approval(floor: Floor, visit: Transaction) -> Data:
    closing = {"counts": {"1000.00": 2}, "note": "short"}
    return {
        "username": "maria",
        "pin": "4711",
        "command": "cashier_close_drawer",
        "data": closing,
    }


_ORDERS: dict[str, Callable[[Floor, Transaction], Data]] = {
    "customer_confirm_selection": _selection,
    "staff_confirm_selection": _selection,
    "therapist_clock_in": _nothing,
    "therapist_break": _nothing,
    "therapist_clock_out": _nothing,
    "therapist_confirm_next": _nothing,
    "therapist_start_service": _this(),
    "therapist_add_service": _one_more,
    "therapist_remove_item": _one_less,
    "therapist_agree_item": _one_less,
    "therapist_finish_service": _this(),
    "therapist_recall": _this(),
    "therapist_show_note": _this(),
    "therapist_read_note": _this(),
    "therapist_no_show": _this(),
    "therapist_release": _this(reason="ill"),
    "therapist_hand_over": _to_zara,
    "therapist_change_room": _this(room_number="4"),
    "staff_set_request": _this(),
    "staff_change_order": _other_order,
    "staff_hold": _this(),
    "staff_release_hold": _this(),
    "staff_cancel": _this(reason="ill"),
    "staff_reopen": _code,
    "manager_cancel": _this(reason="ill", bill=False),
    "undo": _this(),
    "cashier_claim_next": _nothing,
    "cashier_claim": _code,
    "cashier_release": _this(),
    "cashier_add_item": _one_more,
    "cashier_remove_item": _one_less_because,
    "cashier_apply_discount": _this(discount="promo"),
    "cashier_remove_discount": _this(discount="promo"),
    "cashier_pay": _this(amount_paid=str(DUE)),
    "cashier_payment_result": _this(approved=True),
    "cashier_refund": _refund,
    "cashier_open_drawer": _float,
    "cashier_move_cash": _cash,
    "cashier_count_drawer": _float,
    "cashier_close_drawer": _float,
    "approve": _approval,
}
