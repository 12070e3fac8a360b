"""The log as administrators check it: its chains and whether they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.events import ORGANISATION, project_chain, verify_all
from lifecycle.rules.permissions import require
from lifecycle.store.tables import ChainHead, Project
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain of the log; `head` is the hash of its newest event."""

    name: str
    events: int
    newest_at: datetime
    head: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a chain does not hold; `name` is the project or the organisation."""

    name: str
    sequence: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What recomputing every chain found; no faults: the log holds."""

    chains: int
    events: int
    faults: tuple[Fault, ...]


def chains(session: Session, *, by: Actor) -> tuple[Chain, ...]:
    """That of the organisation first, then those of projects by name. Raises Forbidden for others."""
    require("organisation.read_audit", by)
    names = _names(session)
    found = [
        Chain(names.get(head.chain, head.chain), head.sequence, datetime.fromisoformat(head.at), head.hash)
        for head in session.execute(select(ChainHead)).scalars()
    ]
    return tuple(sorted(found, key=lambda chain: (chain.name != names[ORGANISATION], chain.name.casefold())))


def verify(session: Session, *, by: Actor) -> Verified:
    """Recompute every chain from its first event. Takes time in proportion to the length of the log."""
    require("organisation.read_audit", by)
    names, heads = _names(session), chains(session, by=by)
    faults = tuple(
        Fault(names.get(fault.chain, fault.chain), fault.sequence, fault.sentence)
        for fault in verify_all(session)
    )
    return Verified(len(heads), sum(head.events for head in heads), faults)


def _names(session: Session) -> dict[str, str]:
    projects = session.execute(select(col(Project.id), col(Project.name)).order_by(col(Project.id)))
    return {ORGANISATION: "The organisation", **{project_chain(key or 0): name for key, name in projects}}
