"""Documents a gate rests on: what may stand for one, and which decisions rested on it."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from lifecycle.guide import Guide
from lifecycle.rules.project_facts import ProjectFacts, SignOffFact
from lifecycle.rules.signoffs import current_sign_offs
from lifecycle.vocabulary import Gate

_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]*):")
_SPACE = re.compile(r"\s")


def link_problem(text: str) -> str | None:
    """None for a whole web address and for the name or number of a document; any other link is refused."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    if scheme[1].lower() not in ("http", "https"):
        return f"Give a web address (https://…) or the name of a document, not a “{scheme[1]}:” link."
    if _SPACE.search(text) or not _host(text):
        return "This web address is not whole. Copy all of it, as in https://example.org/document."
    return None


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:  # an address such as http://[broken
        return None


def rested_on(
    facts: ProjectFacts, guide: Guide, *, field_id: str | None, gate: Gate | None, added_at: datetime
) -> tuple[SignOffFact, ...]:
    """The standing favourable decisions made since a document was there, whose role relies on its field.

    A document of a gate, without a field, carries every decision at that gate.
    """
    return tuple(
        fact
        for fact in facts.sign_offs
        if fact.at >= added_at
        and fact.decision.is_favourable
        and fact in current_sign_offs(facts, guide, fact.gate, fact.role)
        and (field_id in guide.relied_on(fact.gate, fact.role) if field_id else fact.gate is gate)
    )
