"""Treatments that a therapist removed although their customer wants them.

Where a branch asks its customers about what is added (consent.py), they are not asked again about
what they ordered or agreed to when it is put back during the same visit, at the same price.
"""

from typing import Any, TypedDict

from queueing.models import Consent, Transaction, TransactionItem


class Removed(TypedDict):
    """An entry of `Transaction.removed_items`."""

    service_classification_id: int
    price: str
    duration_minutes: int
    #: The customer's answer; empty for what they ordered themselves.
    consent: str


def with_removed(transaction: Transaction, item: TransactionItem) -> dict[str, Any]:
    """Return the changed fields of a visit from which the therapist removes an item.

    What still waits for an answer is not remembered.
    """
    if item.consent == Consent.ASKED or not transaction.branch.asks_consent:
        return {}
    return {"removed_items": [*_entries(transaction), _entry(item, item.consent)]}


def answer_to(transaction: Transaction, item: TransactionItem) -> str:
    """Return the answer that an item needs which is added: none, or that of the same one before."""
    if not transaction.branch.asks_consent:
        return ""
    before = _same(transaction, item)
    return before[-1]["consent"] if before else Consent.ASKED


def without_put_back(transaction: Transaction, item: TransactionItem) -> dict[str, Any]:
    """Return the changed fields of a visit to which an item has been added again."""
    if item.consent == Consent.ASKED or not transaction.branch.asks_consent:
        return {}
    entries = _entries(transaction)
    last = len(entries) - 1 - entries[::-1].index(_same(transaction, item)[-1])
    return {"removed_items": entries[:last] + entries[last + 1 :] or None}


def without_declined(transaction: Transaction, item: TransactionItem) -> dict[str, Any]:
    """Return the changed fields of a visit whose customer declines an item, at whatever price."""
    declined = item.service_classification_id
    left = [it for it in _entries(transaction) if it["service_classification_id"] != declined]
    return {} if left == _entries(transaction) else {"removed_items": left or None}


def _same(transaction: Transaction, item: TransactionItem) -> list[Removed]:
    return [it for it in _entries(transaction) if it == _entry(item, it["consent"])]


def _entry(item: TransactionItem, consent: str) -> Removed:
    return {
        "service_classification_id": item.service_classification_id,
        "price": f"{item.price:.2f}",
        "duration_minutes": item.duration_minutes,
        "consent": consent,
    }


def _entries(transaction: Transaction) -> list[Removed]:
    return transaction.removed_items or []
