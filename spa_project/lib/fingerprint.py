"""A digest of JSON data."""

import hashlib
import json
from typing import Any


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of JSON data in 64 hex digits."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
