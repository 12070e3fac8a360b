"""How often one token may ask: a bucket that fills steadily and that each request takes one drop from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    drops: float
    at: float


class Buckets:
    """One bucket per token, in this process. Used from the event loop alone, hence without a lock.

    `per_minute` is the steady rate; a sixth of it, and at least ten, may come at once. `seconds` is a clock that
    never runs backwards.
    """

    def __init__(self, per_minute: int, seconds: Callable[[], float]) -> None:
        self.most = max(10.0, per_minute / 6)
        self._per_second = per_minute / 60
        self._seconds = seconds
        self._buckets: dict[int, _Bucket] = {}

    def take(self, token_id: int) -> float:
        """0 when the request may go on; otherwise after how many seconds the next one may."""
        now = self._seconds()
        bucket = self._buckets.setdefault(token_id, _Bucket(self.most, now))
        bucket.drops = min(self.most, bucket.drops + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.drops < 1:
            return (1 - bucket.drops) / self._per_second
        bucket.drops -= 1
        return 0.0

    def left(self, token_id: int) -> int:
        """How many may still come at once."""
        found = self._buckets.get(token_id)
        return int(found.drops if found else self.most)
