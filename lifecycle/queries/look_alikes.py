"""Projects that a new one resembles, among those that the person may read."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.queries import projects
from lifecycle.rules.look_alikes import Known, look_alikes
from lifecycle.rules.permissions import may
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Actor


def resembling(session: Session, *, by: Actor, name: str, purpose: str) -> tuple[Known, ...]:
    """The most alike first. Archived ones count as well: a thing given up is worth knowing of. One statement."""
    chosen = select(col(Project.key), col(Project.name), col(Project.purpose))
    if not may("portfolio.read_all", by):
        chosen = chosen.where(col(Project.id).in_(projects.readable_ids(by)))
    found = (Known(key, name, purpose) for key, name, purpose in session.execute(chosen))
    return look_alikes(name, purpose, found)
