"""Whom the live floor is measured beside, and how each of them is started."""
