"""The state machine of payments/tests/test_machine.py: its model, and its rules by subject."""
