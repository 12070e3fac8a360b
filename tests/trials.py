"""How many examples Hypothesis tries: all on SQLite, a third on another database, where the rules are the same."""

from __future__ import annotations

import os


def trials(number: int) -> int:
    return max(number // 3, 4) if os.environ.get("LIFECYCLE_TEST_POSTGRESQL") else number
