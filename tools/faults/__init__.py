"""The fault run: a floor at work while its processes are killed, stopped and cut off.

In the manner of Jepsen: a generator works and writes a history, a nemesis breaks things, a checker
holds the history against the database afterwards. `python -m tools.faults --help`.
"""
