"""A cluster of three machines from the files of deploy/cluster, and a run in which they fail.

Each machine is a network namespace with its own address, so the files are used as they are: only
paths and sizes are a test's own. `__main__.py` gives the whole its own network and processes, so
nothing is left behind.
"""
