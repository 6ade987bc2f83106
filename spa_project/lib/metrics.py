"""Metrics of a process, for Prometheus (`GET /metrics`)."""

from prometheus_client import Counter, Gauge, Histogram

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

COMMANDS_ANSWERED = Counter(
    "spa_commands", "Commands answered, by what came of them: “ok” or a code.", ["command", "code"]
)
COMMAND_SECONDS = Histogram(
    "spa_command_seconds", "Time a command took on its thread.", ["command"], buckets=QUICK
)
SLOT_SECONDS = Histogram(
    "spa_slot_wait_seconds", "Time that work waited for a database thread.", buckets=QUICK
)
HUB_LAG = Histogram(
    "spa_hub_lag_seconds",
    "Time from a commit until its events are with our sockets.",
    buckets=QUICK,
)
SOCKETS = Gauge("spa_sockets", "Open sockets, by the kind of screen.", ["screen"])
WAITING = Gauge("spa_waiting", "Customers in a line, those on hold among them.", ["branch", "line"])
OLDEST_WAIT = Gauge(
    "spa_oldest_wait_seconds", "For how long the first in a line has waited.", ["branch", "line"]
)
QUOTES = Counter(
    "spa_quotes",
    "Treatments begun, by the customer's wait: “within” the one quoted, “shorter” or “longer”.",
    ["branch", "outcome"],
)

RETRIES = Counter(
    "spa_transaction_retries",
    "Database transactions run again because somebody else was in the way, by what they met.",
    ["operation", "cause"],
)
BUSY = Counter(
    "spa_busy",
    "Answers of “busy”: a lock that did not come free, no database thread, or no database.",
    ["cause"],
)
PUBLISH_FAILURES = Counter(
    "spa_publish_failures",
    "Events that did not reach the channel layer; screens heal from the database.",
)
RESYNCS = Counter("spa_resyncs", "Sockets told to catch up because they were too slow.")
SNAPSHOT_READS = Counter(
    "spa_snapshot_reads",
    "Screens read from the database; sockets that ask for the same one together share a read.",
)
