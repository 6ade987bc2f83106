"""Tests of the bill: examples with known figures, and sums that are exact for any bill."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing.bill import ZERO, Bill, Discount, Line, Tender, bill_of, included_tax, spread

VAT = Decimal(12)


def money(text: str) -> Decimal:
    return Decimal(text)


def bill(*prices: str, discounts: tuple[Discount, ...] = (), rate: Decimal = VAT) -> Bill:
    lines = [Line(key, money(price)) for key, price in enumerate(prices, 1)]
    return bill_of(lines, discounts, tax_rate=rate)


def percent(value: str, line: int | None = None, *, key: int = 1, exempt: bool = False) -> Discount:
    return Discount(key, "percent", money(value), line, VAT if exempt else None)


def amount(value: str, line: int | None = None, *, key: int = 1) -> Discount:
    return Discount(key, "amount", money(value), line)


def test_tax_is_contained_in_the_price():
    plain = bill("1120.00")
    assert (plain.due, plain.tax) == (money("1120.00"), money("120.00"))


def test_without_a_rate_there_is_no_tax():
    assert bill("1120.00", rate=ZERO).tax == ZERO


def test_the_tax_is_computed_once_from_the_sum():
    # 0.05 contains 0.0054 each, 0.02 together: not three times one cent.
    assert bill("0.05", "0.05", "0.05").tax == money("0.02")


def test_half_a_cent_is_rounded_up():
    assert bill("0.50", discounts=(percent("25"),), rate=ZERO).discounts == {1: money("0.13")}


def test_an_exempt_line_loses_its_tax_first_and_then_the_percent():
    senior = bill("500.00", discounts=(percent("20", exempt=True),))
    # 500 / 1.12 = 446.43; 20 % of that is 89.29.
    assert senior.exempted_tax == money("53.57")
    assert senior.discounts == {1: money("89.29")}
    assert (senior.due, senior.tax) == (money("357.14"), ZERO)


def test_only_the_exempt_persons_lines_lose_their_tax():
    group = bill("500.00", "1120.00", discounts=(percent("20", 1, exempt=True),))
    assert group.reductions == {1: money("142.86"), 2: ZERO}
    assert group.tax == money("120.00")


def test_a_bills_discount_is_spread_by_the_largest_remainder():
    thirds = bill("100.00", "100.00", "100.00", discounts=(amount("100.00"),))
    assert list(thirds.reductions.values()) == [money("33.34"), money("33.33"), money("33.33")]
    uneven = bill("10.00", "20.00", discounts=(amount("0.05"),))
    # A third of five cents is 1.67 and two thirds are 3.33: the first has the larger remainder.
    assert list(uneven.reductions.values()) == [money("0.02"), money("0.03")]


def test_each_discount_applies_to_what_the_ones_before_have_left():
    both = bill("100.00", discounts=(percent("10", key=1), percent("10", key=2)), rate=ZERO)
    assert both.discounts == {1: money("10.00"), 2: money("9.00")}


def test_a_discount_takes_off_no_more_than_there_is():
    free = bill("80.00", discounts=(amount("100.00"),))
    assert (free.due, free.discounts) == (ZERO, {1: money("80.00")})


def test_a_tip_is_no_part_of_what_is_due_and_change_comes_from_cash():
    lines = [Line(1, money("900.00"))]
    given_all = bill_of(lines, tip=money("100.00"), tenders=[Tender(money("1000.00"))])
    assert (given_all.due, given_all.change, given_all.missing) == (money("900.00"), ZERO, ZERO)
    mixed = bill_of(
        lines, tenders=[Tender(money("500.00"), is_cash=False), Tender(money("450.00"))]
    )
    assert (mixed.paid, mixed.change) == (money("950.00"), money("50.00"))
    charged_too_much = bill_of(
        lines, tenders=[Tender(money("950.00"), is_cash=False), Tender(money("20.00"))]
    )
    assert charged_too_much.change == money("20.00")  # all the cash, and no more
    short = bill_of(lines, tip=money("100.00"), tenders=[Tender(money("950.00"))])
    assert (short.change, short.missing) == (ZERO, money("50.00"))


@pytest.mark.parametrize("rate", ["0", "12", "7.5", "100"])
def test_nothing_to_pay_contains_no_tax(rate):
    assert included_tax(ZERO, money(rate)) == ZERO


CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)
LINES = st.lists(CENTS, min_size=1, max_size=8).map(
    lambda prices: [Line(key, price) for key, price in enumerate(prices, 1)]
)
RATES = st.integers(0, 10000).map(lambda rate: Decimal(rate) / 100)


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    """Draw the bill of any lines, discounts, tip and tenders."""
    lines = draw(LINES)
    discounts = []
    for key in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["percent", "amount"]))
        value = draw(RATES if kind == "percent" else CENTS)
        line = draw(st.none() | st.integers(1, len(lines)))
        discounts.append(Discount(key, kind, value, line, draw(st.none() | RATES)))
    tenders = [Tender(*pair) for pair in draw(st.lists(st.tuples(CENTS, st.booleans())))]
    return bill_of(lines, discounts, tax_rate=draw(RATES), tip=draw(CENTS), tenders=tenders)


@given(bills())
def test_the_sums_of_any_bill_are_exact(bill):
    taken = sum(bill.discounts.values(), ZERO) + bill.exempted_tax
    assert bill.total - taken == bill.due
    assert sum(bill.reductions.values(), ZERO) == bill.reduction == taken
    assert ZERO <= bill.tax <= bill.due <= bill.total
    assert all(each >= 0 for each in (*bill.reductions.values(), *bill.discounts.values()))
    amounts = (bill.due, bill.tax, bill.change, *bill.reductions.values())
    assert all(each == round(each, 2) for each in amounts)


@given(bills())
def test_what_was_given_is_due_tip_and_change_or_less_is_missing(bill):
    wanted = bill.due + bill.tip
    assert bill.change == ZERO or bill.missing == ZERO
    if bill.missing:
        assert bill.paid + bill.missing == wanted
    else:
        assert bill.paid - bill.change >= wanted  # more only where no cash can be given back


@given(CENTS, st.lists(CENTS, min_size=1, max_size=9))
def test_parts_add_up_and_are_within_a_cent_of_their_share(amount, weights):
    parts, whole = spread(amount, weights), sum(weights)
    if not whole:
        assert parts == [ZERO] * len(weights)
        return
    assert sum(parts, ZERO) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / whole) < Decimal("0.01")
