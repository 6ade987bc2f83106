"""Rules of cashiers: claims, bills, payments and refunds."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import Cashier, User
from payments import bill_items, counter, discounts, payment, terminal
from payments.errors import (
    AlreadyRefunded,
    AmountDoubtful,
    ApprovalNeeded,
    DiscountNotAllowed,
    InsufficientPayment,
    NotEnoughLeft,
    NotTheTotal,
    ReceiptNotFound,
)
from payments.models import Payment
from payments.payment import Given
from payments.refunds import Wanted, refund
from payments.tests.machine.day import (
    ANYBODY,
    BACK,
    CODES,
    METHODS,
    MINE,
    OFFERS,
    OVER,
    PEOPLE,
    REQUESTS,
    TIPS,
    Day,
    visits,
)
from payments.tests.machine.visit import Offer, Refusal, Visit, not_possible
from queueing.errors import (
    EmptySelection,
    QueueEmpty,
    ServiceNotFound,
    TransactionNotFound,
    WrongState,
)
from queueing.models import TransactionItem
from queueing.states import CLOSED, Status
from spa_project.lib.errors import Conflict


class Cashiers(Day):
    @rule(who=PEOPLE)
    def claim_finished(self, who: int) -> None:
        cashier, model = self.cast.cashiers[who], self.model
        held = model.current_transaction_of(cashier)
        refusal = None if held or model.finished else QueueEmpty
        with self.expect(refusal):
            claimed = counter.claim_next(cashier)
        if refusal:
            return
        if not held:
            held = model.finished[0]
            held.cashier = cashier
            held.move(Status.AWAITING_PAYMENT, by=cashier.user)
        assert (claimed.pk, claimed.version) == (held.pk, held.version)

    @rule(who=PEOPLE, whom=visits)
    def claim_by_code(self, who: int, whom: Visit) -> None:
        cashier = self.cast.cashiers[who]
        held = self.model.current_transaction_of(cashier)
        open_now = (v for v in self.model.visits if v.status not in CLOSED)
        found = next((v for v in open_now if v.code == whom.code), None)
        refusal: Refusal = None
        if held is None and found is None:
            refusal = TransactionNotFound
        elif held is None or held.code != whom.code:
            refusal = None if found and not held and found.status == Status.FINISHED else WrongState
        with self.expect(refusal):
            counter.claim(cashier, code=whom.code)
        if found and not refusal and held is None:
            found.cashier = cashier
            found.move(Status.AWAITING_PAYMENT, by=cashier.user)

    @rule(who=ANYBODY, whom=MINE | visits, offer=OFFERS)
    def add_to_bill(self, who: int, whom: Visit | None, offer: int) -> None:
        person, cashier = self._in_charge(who)
        added = self.cast.offers[offer]
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            with self.expect(refusal):
                bill_items.add_item(
                    person, transaction_id=visit.pk, service_classification_id=added.pk
                )
            if not refusal:
                latest = TransactionItem.objects.filter(transaction=visit.pk).latest("pk")
                visit.items[latest.pk] = added
                visit.move(Status.AWAITING_PAYMENT, by=person)

    @rule(who=ANYBODY, whom=MINE | visits, place=st.integers(0, 3))
    def remove_from_bill(self, who: int, whom: Visit | None, place: int) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            item = dict(enumerate(visit.items)).get(place, 10**9)
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            if not refusal and item not in visit.items:
                refusal = ServiceNotFound
            elif not refusal and len(visit.items) == 1:
                refusal = EmptySelection
            with self.expect(refusal):
                bill_items.remove_item(person, transaction_id=visit.pk, item_id=item, reason="no")
            if not refusal:
                visit.take_off(item)
                visit.move(Status.AWAITING_PAYMENT, by=person)

    @rule(who=ANYBODY, whom=MINE | visits, code=CODES, gives=st.booleans())
    def discount(self, who: int, whom: Visit | None, code: str, gives: bool) -> None:
        person, cashier = self._in_charge(who)
        visit = whom or (cashier and self.model.current_transaction_of(cashier))
        if not visit:
            return
        change = discounts.apply_discount if gives else discounts.remove_discount
        after = [each for each in visit.discounts if each != code] + [code] * gives
        refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
        if not refusal and gives:
            refusal = self._discount_refusal(visit, code, person)
        elif not refusal and code not in visit.discounts:
            refusal = DiscountNotAllowed
        with self.expect(refusal):
            change(person, transaction_id=visit.pk, discount=code)
        if not refusal:
            visit.discounts = after
            visit.move(Status.AWAITING_PAYMENT, by=person)

    def _discount_refusal(self, visit: Visit, code: str, person: User) -> Refusal:
        if code == "hundred" and person != self.cast.manager:
            return ApprovalNeeded
        before, visit.discounts = visit.discounts, [*visit.discounts, code]
        is_less, visit.discounts = visit.due, before
        return DiscountNotAllowed if code in before or is_less == visit.due else None

    @rule(who=ANYBODY, whom=MINE | visits)
    def release(self, who: int, whom: Visit | None) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            with self.expect(refusal):
                counter.release(person, transaction_id=visit.pk)
            if not refusal:
                visit.move(Status.FINISHED, by=person)

    def _in_charge(self, who: int) -> tuple[User, Cashier | None]:
        """Return whether a person is the customer's cashier or a manager."""
        if who == len(self.cast.cashiers):
            return self.cast.manager, None
        return self.cast.cashiers[who].user, self.cast.cashiers[who]

    @rule(
        who=PEOPLE,
        whom=MINE | MINE | visits,
        over=OVER,
        method=METHODS,
        request_id=REQUESTS,
        confirmed=st.booleans(),
        tip=TIPS,
    )
    def pay(
        self,
        who: int,
        whom: Visit | None,
        over: str,
        method: str,
        request_id: str | None,
        confirmed: bool,
        tip: str = "0.00",
    ) -> None:
        cashier = self.cast.cashiers[who]
        if visit := whom or self.model.current_transaction_of(cashier):
            amount = visit.due + Decimal(tip) + Decimal(over)
            offer = Offer(visit.pk, cashier, amount, method, request_id, Decimal(tip))
            refusal = self._pay_refusal(visit, offer, confirmed)
            with self.expect(refusal):
                payment.pay(
                    cashier,
                    transaction_id=visit.pk,
                    amount_paid=offer.amount,
                    method=method,
                    confirmed=confirmed,
                    tip_amount=offer.tip,
                    request_id=request_id,
                )
            is_news = offer.request_id is None or offer not in visit.offers
            if not refusal and visit.status == Status.AWAITING_PAYMENT and is_news:
                self._take(visit, offer)

    @rule(
        who=PEOPLE,
        whom=MINE | MINE | visits,
        over=OVER,
        request_id=REQUESTS,
        confirmed=st.booleans(),
        tip=TIPS,
    )
    def pay_in_parts(
        self,
        who: int,
        whom: Visit | None,
        over: str,
        request_id: str | None,
        confirmed: bool,
        tip: str,
    ) -> None:
        """Pay half in cash and half by card, whose terminal is asked first."""
        cashier = self.cast.cashiers[who]
        if not (visit := whom or self.model.current_transaction_of(cashier)):
            return
        whole = visit.due + Decimal(tip)
        card = (whole / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
        cash = whole - card + Decimal(over)
        if card <= 0 or cash <= 0:
            return
        offer = Offer(visit.pk, cashier, card + cash, "card", request_id, Decimal(tip), card)
        refusal = self._pay_refusal(visit, offer, confirmed)
        with self.expect(refusal):
            payment.pay(
                cashier,
                transaction_id=visit.pk,
                tenders=[Given("cash", cash), Given("card", card)],
                confirmed=confirmed,
                tip_amount=offer.tip,
                request_id=request_id,
            )
        is_news = offer.request_id is None or offer not in visit.offers
        if not refusal and visit.status == Status.AWAITING_PAYMENT and is_news:
            self._take(visit, offer)

    @rule(who=PEOPLE, visit=visits, share=BACK, tip=st.booleans())
    def give_back(self, who: int, visit: Visit, share: str, tip: bool) -> None:
        cashier = self.cast.cashiers[who]
        made = Payment.objects.filter(transaction=visit.pk).first()
        wanted = Wanted(
            receipt_number=made.receipt_number if made else 10**6,
            amount=self._amount_back(visit, share),
            tip=tip and share != "void",
            void=share == "void",
            reason="cold",
        )
        refusal = self._refund_refusal(visit, wanted, cashier)
        with self.expect(refusal):
            refund(cashier, wanted)
        if not refusal:
            bill, tip_left = visit.left()
            amount = bill if wanted.amount is None else wanted.amount
            visit.refunds.append((amount, tip_left if tip or wanted.void else Decimal(0)))
            visit.move(Status.PAID, by=cashier.user)

    def _amount_back(self, visit: Visit, share: str) -> Decimal | None:
        if share not in ("half", "more") or visit.payment is None:
            return None
        bill, _tip = visit.left()
        half = (bill / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return half if share == "half" else bill + Decimal("0.01")

    def _refund_refusal(self, visit: Visit, wanted: Wanted, cashier: Cashier) -> Refusal:
        if visit.payment is None:
            return ReceiptNotFound
        nothing = AlreadyRefunded if visit.refunds else NotEnoughLeft
        bill, tip = visit.left()
        if wanted.void and visit.refunds:
            return AlreadyRefunded
        if wanted.void and cashier != visit.payment.cashier:
            return WrongState
        if wanted.amount is not None and wanted.amount > bill:
            return NotEnoughLeft if bill else nothing
        amount = bill if wanted.amount is None else wanted.amount
        if not amount + (tip if wanted.tip or wanted.void else 0):
            return nothing
        return None if cashier == visit.payment.cashier else ApprovalNeeded

    def _take(self, visit: Visit, offer: Offer) -> None:
        visit.offers.append(offer)
        if offer.method == "cash":
            visit.payment = offer
            visit.move(Status.PAYING, Status.PAID, by=offer.cashier.user)
        else:
            visit.attempts.append(None)
            visit.move(Status.PAYING, by=offer.cashier.user)

    def _pay_refusal(self, visit: Visit, offer: Offer, confirmed: bool) -> Refusal:
        possible = (Status.AWAITING_PAYMENT, Status.PAYING, Status.PAID)
        if refusal := not_possible(visit, visit.cashier == offer.cashier, *possible):
            return refusal
        before = self.model.offered_before(offer.request_id)
        if any(other != offer for other in before):
            return Conflict  # whatever it made, in cash or at a terminal
        if visit.status != Status.AWAITING_PAYMENT:
            return None if before else WrongState
        return amount_refusal(offer.amount - visit.due - offer.tip, offer.cash, confirmed)

    @rule(who=ANYBODY, whom=MINE | visits, approved=st.booleans())
    def answer(self, who: int, whom: Visit | None, approved: bool) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), *Status)
            if not refusal and not visit.attempts:
                refusal = WrongState
            elif not refusal and visit.attempts[-1] is not None:
                refusal = None if visit.attempts[-1] == approved else Conflict
            with self.expect(refusal):
                terminal.payment_result(person, transaction_id=visit.pk, approved=approved)
            if not refusal and visit.attempts[-1] is None:
                visit.attempts[-1] = approved
                visit.payment = visit.offers[-1] if approved else None
                visit.move(Status.PAID if approved else Status.AWAITING_PAYMENT, by=person)


def amount_refusal(change: Decimal, cash: Decimal, confirmed: bool) -> Refusal:
    """Return the expected refusal of an amount: too little, not exact, or far too much."""
    if change < 0:
        return InsufficientPayment
    if change > cash:
        return NotTheTotal
    return AmountDoubtful if change >= 1000 and not confirmed else None
