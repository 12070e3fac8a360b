"""How fetching readings went, for the screen and for the next try. No events: what came is an event of its own."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lifecycle.rules.tracking import next_try
from lifecycle.store.tables import ReadingFetch


def note(session: Session, *, monitor_id: int, at: datetime, failure: str, has_more: bool) -> None:
    """Asked just now; `failure` empty: it went well. With more waiting, the next go asks at once."""
    row = session.get(ReadingFetch, monitor_id) or ReadingFetch(
        monitor_id=monitor_id, tried_at=at, next_at=at
    )
    row.tried_at, row.said = at, failure
    row.failures = row.failures + 1 if failure else 0
    row.next_at = at if has_more and not failure else next_try(at, row.failures)
    if not failure:
        row.fetched_at = at
    session.add(row)
