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
