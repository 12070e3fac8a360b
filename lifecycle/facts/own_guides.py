"""The guide in force: that of the files, with what the organisation adds on screen.

What is on screen lies on top of the files, which may change under it: where the two no longer fit, the files alone
count, and the settings page says why.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlmodel import Session

from lifecycle.errors import GuideError
from lifecycle.guide import Guide
from lifecycle.language import mark
from lifecycle.own_guide import OwnGuide, joined, own_guide
from lifecycle.store.base import metadata
from lifecycle.store.tables import OwnGuideRow
from lifecycle.vocabulary import call_own_roles

ON_SCREEN = mark("Your own guide")  # instead of a file's name
_PREFIXES = ("OWN", "OUR", "ORG", "ADD")
_ROW = metadata.tables[str(OwnGuideRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was saved on screen. Number and revision are 0 before anything was."""

    number: int
    revision: int
    content: str


def kept_own(session: Session) -> Kept:
    """The row as it is now."""
    columns = select(_ROW.c.number, _ROW.c.revision, _ROW.c.content)
    row = session.connection().execute(columns).one_or_none()
    return Kept(row.number, row.revision, row.content) if row else Kept(0, 0, "")


def read_own(kept: Kept, shipped: Guide) -> OwnGuide:
    """What was saved, as values; nothing yet: an empty one with a prefix that the files leave free."""
    if not kept.content:
        return OwnGuide(version=version_word(kept.number), prefix=_free_prefix(shipped))
    return own_guide({**json.loads(kept.content), "version": version_word(kept.number)}, ON_SCREEN)


def version_word(number: int) -> str:
    return f"s{number}"


def in_force(session: Session, shipped: Guide) -> Guide:
    """`shipped`, that of the files, with what was added on screen; by itself where that does not fit or is nothing.

    The organisation's own roles are called by their names from then on.
    """
    kept = kept_own(session)
    found = _joined(kept.content, kept.number, _Same(shipped)) if kept.content else None
    guide = found or shipped
    call_roles_as(guide)
    return guide


def call_roles_as(guide: Guide) -> None:
    """Have the organisation's own roles called as this guide calls them."""
    asked = {spec.role for specs in guide.policy.gates.values() for spec in specs}
    call_own_roles(guide.policy.own_roles, asked)


def misfit(session: Session, shipped: Guide) -> str:
    """Why what was added on screen is not in force; empty where it is."""
    kept = kept_own(session)
    try:
        joined(shipped, read_own(kept, shipped), ON_SCREEN)
    except GuideError as error:
        return f"{error.where}: {error.problem}."
    return ""


class _Same:
    """The files' guide as part of a cache's key: the same object is the same key."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.guide is self.guide

    def __hash__(self) -> int:
        return id(self.guide)


@lru_cache(maxsize=8)
def _joined(content: str, number: int, shipped: _Same) -> Guide | None:
    """The same object for the same content: much is kept by which guide it was read with."""
    try:
        own = read_own(Kept(number, 0, content), shipped.guide)
        return shipped.guide if own.is_empty else joined(shipped.guide, own, ON_SCREEN)
    except GuideError:
        return None


def _free_prefix(shipped: Guide) -> str:
    taken = {field_id.rstrip("0123456789").removeprefix("X") for field_id in shipped.fields}
    return next(prefix for prefix in _PREFIXES if prefix not in taken)
