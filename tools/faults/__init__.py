"""Fault run: chaos tests of a working floor, with a checker for its history.

The parts are named as in Jepsen (https://jepsen.io): a generator sends commands and records a
history, a nemesis kills, stops and disconnects processes, and a checker compares the history with
the database afterwards. `python -m tools.faults --help` lists the options.
"""
