"""The views of the portfolio that somebody keeps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from lifecycle.store.tables import SavedFilter
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class SavedView:
    """`query` is that of the portfolio's address."""

    id: int
    name: str
    query: str


def own(session: Session, *, by: Actor) -> tuple[SavedView, ...]:
    """One's own, by name."""
    rows = session.exec(
        select(SavedFilter)
        .where(col(SavedFilter.person_key) == by.key)
        .order_by(func.lower(col(SavedFilter.name)))
    )
    return tuple(SavedView(row.id or 0, row.name, row.query) for row in rows)
