"""Loads that one machine has to carry, L1 to L6, each beside the same thing without it."""
