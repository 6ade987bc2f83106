"""Tests of what a refund gives back: every division of a bill adds up to the whole of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.allotment import LineLeft, MethodLeft, allot, by_methods
from queueing.bill import ZERO, Discount, Line, bill_of, exempt_lines, included_tax

CENTS = st.integers(0, 200_000).map(lambda cents: Decimal(cents) / 100)
RATES = st.sampled_from([Decimal(0), Decimal("7.25"), Decimal(12), Decimal("19.6")])
PERCENT = st.integers(1, 100).map(Decimal)


@st.composite
def bills(draw):
    """Return the lines of a discounted bill, some of them exempt, its rate and its tax."""
    lines = [Line(key, draw(CENTS)) for key in range(1, draw(st.integers(1, 6)) + 1)]
    rate = draw(RATES)
    discounts = [
        Discount(
            key,
            "percent",
            draw(PERCENT),
            draw(st.sampled_from([None, *(line.key for line in lines)])),
            draw(st.sampled_from([None, rate])),
        )
        for key in range(draw(st.integers(0, 3)))
    ]
    bill = bill_of(lines, discounts, tax_rate=rate)
    exempt = exempt_lines(discounts, [line.key for line in lines])
    left = [
        LineLeft(line.key, line.price - bill.reductions[line.key], line.key not in exempt)
        for line in lines
    ]
    return left, rate, bill


def _minus(left, given):
    return [it._replace(amount=it.amount - given.lines.get(it.key, ZERO)) for it in left]


@given(bills(), st.randoms())
def test_refunds_by_line_add_up_to_the_whole_bill(drawn, chance):
    left, rate, bill = drawn
    amount = tax = ZERO
    for key in chance.sample([line.key for line in left], len(left)):
        back = allot(left, tax_rate=rate, lines=[key])
        assert back.tax >= 0
        amount, tax, left = amount + back.amount, tax + back.tax, _minus(left, back)
    assert (amount, tax) == (bill.due, bill.tax)
    assert not any(line.amount for line in left)


@given(bills(), st.lists(CENTS, max_size=5))
def test_refunds_by_amount_and_of_the_rest_add_up_to_the_whole_bill(drawn, amounts):
    left, rate, bill = drawn
    amount = tax = ZERO
    for wanted in [*amounts, None]:
        rest = sum((line.amount for line in left), ZERO)
        back = allot(left, tax_rate=rate, amount=None if wanted is None else min(wanted, rest))
        assert all(0 <= part <= line.amount for line, part in _pairs(left, back))
        if wanted is not None:
            assert back.amount == min(wanted, rest)
        amount, tax, left = amount + back.amount, tax + back.tax, _minus(left, back)
    assert (amount, tax) == (bill.due, bill.tax)


def _pairs(left, back):
    return [(line, back.lines.get(line.key, ZERO)) for line in left]


def test_an_amount_is_spread_over_what_is_left_of_the_lines():
    left = [LineLeft(1, Decimal("100.00")), LineLeft(2, Decimal("50.00")), LineLeft(3, ZERO)]
    back = allot(left, tax_rate=Decimal(12), amount=Decimal("10.00"))
    assert back.lines == {1: Decimal("6.67"), 2: Decimal("3.33")}
    assert back.tax == Decimal("1.07") == included_tax(Decimal(10), Decimal(12))


def test_an_exempt_line_gives_no_tax_back():
    left = [LineLeft(1, Decimal(112)), LineLeft(2, Decimal(80), is_taxed=False)]
    assert allot(left, tax_rate=Decimal(12), lines=[2]).tax == 0
    assert allot(left, tax_rate=Decimal(12), lines=[1]).tax == Decimal("12.00")


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("100", [("card", "100")]),
        ("350", [("card", "200"), ("e-wallet", "100"), ("cash", "50")]),
        ("400", [("card", "200"), ("e-wallet", "100"), ("cash", "100")]),
    ],
)
def test_terminals_give_back_first_and_no_method_more_than_it_took(amount, parts):
    left = [
        MethodLeft("cash", True, Decimal(100)),
        MethodLeft("card", False, Decimal(200)),
        MethodLeft("e-wallet", False, Decimal(100)),
    ]
    assert by_methods(Decimal(amount), left) == [(name, Decimal(part)) for name, part in parts]
