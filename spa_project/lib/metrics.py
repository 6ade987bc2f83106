"""What a process counts about itself, for Prometheus (`GET /metrics`)."""

from prometheus_client import Counter

RETRIES = Counter(
    "spa_transaction_retries",
    "Database transactions run again because somebody else was in the way, by what they met.",
    ["verb", "cause"],
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
