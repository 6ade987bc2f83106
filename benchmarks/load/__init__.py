"""Load tests of one machine, L1 to L6, each against the same work without the load."""
