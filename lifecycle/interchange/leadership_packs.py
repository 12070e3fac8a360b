"""The leadership pack as a file, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from importlib import import_module
from types import MappingProxyType

from sqlmodel import Session

from lifecycle.errors import Invalid
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries.leadership_pack import LeadershipPack, leadership_pack
from lifecycle.vocabulary import Actor

# Imported when the first pack is asked for: their libraries take a fifth of a server's start.
_WRITERS: Mapping[str, str] = MappingProxyType({"html": "pack_html", "pdf": "pack_pdf"})


def make_pack(
    session: Session, *, by: Actor, at: datetime, guide: Guide, ending: str, as_of: date | None = None
) -> bytes:
    """Raises Invalid for an ending that is neither html nor pdf, and what `leadership_pack` raises."""
    writer = _WRITERS.get(ending.lower())
    if writer is None:
        raise Invalid({"file": say("A pack is an .html or a .pdf file, not .{ending}.", ending=ending)})
    write: Callable[[LeadershipPack], bytes] = getattr(
        import_module(f"lifecycle.interchange.{writer}"), writer
    )
    return write(leadership_pack(session, by=by, at=at, guide=guide, as_of=as_of))
