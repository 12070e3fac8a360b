"""The only writer of new entries of the outbox, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlmodel import Session

from lifecycle.canonical import canonical_json
from lifecycle.store.base import metadata
from lifecycle.store.tables import Outbox

_OUTBOX = metadata.tables[str(Outbox.__tablename__)]
_ADD = insert(_OUTBOX)
_UNTOLD = "nobody is told"  # in the session's own notes


def add_to_outbox(
    session: Session,
    *,
    kind: str,
    project_id: int | None,
    subject: str,
    detail: Mapping[str, object],
    by_key: str,
    at: datetime,
    wait: timedelta = timedelta(0),
    once: str | None = None,
) -> bool:
    """One more thing to tell, taken up `wait` later at the earliest; `by_key` is not told of it.

    What has a name `once` is told a single time whatever happens: False when it was said before.
    """
    if session.info.get(_UNTOLD):
        return False
    connection = session.connection()
    if once is not None and connection.execute(select(_OUTBOX.c.id).where(_OUTBOX.c.once == once)).first():
        return False
    entry = {
        "kind": kind,
        "project_id": project_id,
        "subject": subject,
        "detail": canonical_json(dict(detail)),
        "by_key": by_key,
        "at": at,
        "due_at": at + wait,
        "once": once,
    }
    connection.execute(_ADD, entry)
    return True


@contextmanager
def untold(session: Session) -> Iterator[None]:
    """What is done inside is told to nobody: for a past that is only told again, such as the example's."""
    session.info[_UNTOLD] = True
    try:
        yield
    finally:
        del session.info[_UNTOLD]
