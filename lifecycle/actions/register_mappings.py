"""Mappings saved under a name: written, renamed and taken away, each with its event."""

from __future__ import annotations

import re
from datetime import datetime

from sqlmodel import Session, col, select

from lifecycle.canonical import sha256_hex
from lifecycle.errors import Conflict, Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.language import say
from lifecycle.rules.permissions import require
from lifecycle.store.tables import SavedMapping
from lifecycle.vocabulary import Actor, Blocker

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")


def save_mapping(
    session: Session, *, by: Actor, at: datetime, name: str, title: str, content: str, base: int = 0
) -> int:
    """Keep a mapping under a name; returns its revision. `content` is its YAML, checked by the caller.

    `base` is the revision that was changed, 0 for a new name. Raises Refused when a new name is taken already,
    Conflict when somebody saved first.
    """
    require("imports.save_mapping", by)
    _checked(name, title)
    row = _find(session, name)
    if row is None:
        if base:
            raise NotFound(say("mapping"), name)
        row = SavedMapping(name=name, title=title, content=content, saved_at=at, saved_by=by.key)
        session.add(row)
    elif not base:
        raise Refused(_taken(name))
    elif row.revision != base:
        raise Conflict(
            say("the mapping “{name}”", name=name),
            base=base,
            found=row.revision,
            theirs=row.content,
            mine=content,
        )
    else:
        row.title, row.content, row.revision = title, content, row.revision + 1
        row.saved_at, row.saved_by = at, by.key
    session.flush()
    detail = {"title": title, "revision": row.revision, "digest": sha256_hex(content), "content": content}
    _record(session, EventAction.MAPPING_SAVED, name, detail, by, at)
    return row.revision


def rename_mapping(
    session: Session, *, by: Actor, at: datetime, name: str, new_name: str, title: str
) -> None:
    """The register it belongs to stays the same, so a later import finds its projects."""
    require("imports.rename_mapping", by)
    row = _existing(session, name)
    _checked(new_name, title)
    if new_name != name and _find(session, new_name) is not None:
        raise Refused(_taken(new_name))
    before = {"name": row.name, "title": row.title}
    row.name, row.title = new_name, title
    session.flush()
    _record(session, EventAction.MAPPING_RENAMED, new_name, {"title": title, "before": before}, by, at)


def remove_mapping(session: Session, *, by: Actor, at: datetime, name: str) -> None:
    """What was imported with it stays; its text is in the event that saved it."""
    require("imports.remove_mapping", by)
    row = _existing(session, name)
    detail = {"title": row.title, "revision": row.revision, "digest": sha256_hex(row.content)}
    session.delete(row)
    session.flush()
    _record(session, EventAction.MAPPING_REMOVED, name, detail, by, at)


def _checked(name: str, title: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid({"name": say("A mapping needs a name of at least two letters or digits.")})
    if not title.strip() or len(title) > 200:
        raise Invalid({"title": say("A mapping needs a title of at most 200 characters.")})


def _taken(name: str) -> Blocker:
    return Blocker(
        "mapping:taken", say("There is a mapping “{name}” already. Choose another name.", name=name)
    )


def _find(session: Session, name: str) -> SavedMapping | None:
    return session.exec(select(SavedMapping).where(col(SavedMapping.name) == name)).one_or_none()


def _existing(session: Session, name: str) -> SavedMapping:
    row = _find(session, name)
    if row is None:
        raise NotFound(say("mapping"), name)
    return row


def _record(
    session: Session, action: EventAction, name: str, detail: dict[str, object], by: Actor, at: datetime
) -> None:
    record(session, chain=ORGANISATION, action=action, subject=f"mapping:{name}", detail=detail, by=by, at=at)
