"""Notes and coins of currencies, as a count of a cash drawer lists them.

`static/js/lib/cash.js` has the same tables; a test compares them.
"""

from decimal import Decimal

#: In whole units.
NOTES = {
    "AUD": (5, 10, 20, 50, 100),
    "CAD": (5, 10, 20, 50, 100),
    "EUR": (5, 10, 20, 50, 100, 200),
    "GBP": (5, 10, 20, 50),
    "INR": (10, 20, 50, 100, 200, 500),
    "MXN": (20, 50, 100, 200, 500, 1000),
    "MYR": (1, 5, 10, 20, 50, 100),
    "PHP": (20, 50, 100, 200, 500, 1000),
    "SGD": (2, 5, 10, 50, 100),
    "THB": (20, 50, 100, 500, 1000),
    "USD": (1, 5, 10, 20, 50, 100),
}
#: In cents.
COINS = {
    "AUD": (5, 10, 20, 50, 100, 200),
    "CAD": (5, 10, 25, 100, 200),
    "EUR": (1, 2, 5, 10, 20, 50, 100, 200),
    "GBP": (1, 2, 5, 10, 20, 50, 100, 200),
    "INR": (100, 200, 500),
    "MXN": (50, 100, 200, 500, 1000),
    "MYR": (5, 10, 20, 50),
    "PHP": (1, 5, 25, 100, 500, 1000),
    "SGD": (5, 10, 20, 50, 100),
    "THB": (25, 50, 100, 200, 500, 1000),
    "USD": (1, 5, 10, 25),
}
#: For other currencies: with these every sum can be entered.
USUAL_NOTES = (5, 10, 20, 50, 100, 200, 500, 1000)
USUAL_COINS = (1, 100)


def pieces_of(currency: str) -> list[Decimal]:
    """Return the values of a currency's notes and coins, the largest first."""
    notes = {Decimal(note) for note in NOTES.get(currency, USUAL_NOTES)}
    coins = {Decimal(coin) / 100 for coin in COINS.get(currency, USUAL_COINS)}
    return sorted(notes | coins, reverse=True)
