"""What the organisation has added to the guide on screen, for whoever may change it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from lifecycle.errors import GuideError
from lifecycle.facts.own_guides import kept_own, misfit, read_own
from lifecycle.guide import Guide
from lifecycle.own_guide import OwnGuide
from lifecycle.rules.permissions import require
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class OwnGuideView:
    """`misfit` is why it is not in force, else empty; `own` is None where it cannot even be read."""

    own: OwnGuide | None
    revision: int
    misfit: str


def view(session: Session, *, by: Actor, shipped: Guide) -> OwnGuideView:
    """`shipped` is the guide of the files, which it lies upon."""
    require("own_guides.save", by)
    kept = kept_own(session)
    try:
        own = read_own(kept, shipped)
    except GuideError as error:
        return OwnGuideView(None, kept.revision, f"{error.where}: {error.problem}.")
    return OwnGuideView(own, kept.revision, misfit(session, shipped) if kept.content else "")
