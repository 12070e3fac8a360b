"""What the organisation adds to the guide on screen: questions, thresholds, and what sign-offs rest on."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.errors import Conflict, GuideError, Invalid
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.facts.editions import keep_edition
from lifecycle.facts.own_guides import ON_SCREEN, call_roles_as, in_force, kept_own, version_word
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, say, speaking
from lifecycle.own_guide import OwnGuide, joined
from lifecycle.rules.guide_changes import guide_changes
from lifecycle.rules.permissions import require
from lifecycle.store.tables import OwnGuideRow, Project
from lifecycle.vocabulary import Actor


def save(session: Session, *, by: Actor, at: datetime, shipped: Guide, own: OwnGuide, base: int) -> str:
    """Put what is added in force, on top of `shipped`, the guide of the files; returns the version now in force.

    A change that matters gives a new version once a project goes by the present one; mending words never does. `base`
    is the revision that was changed. Raises Invalid naming the place, Conflict when somebody saved first.
    """
    require("own_guides.save", by)
    kept = kept_own(session)
    if kept.revision != base:
        raise Conflict(say("your own guide"), base=base, found=kept.revision, theirs=kept.content)
    before = in_force(session, shipped)
    number = max(kept.number, 1)
    after = _checked(shipped, own, number)
    call_roles_as(after)
    with speaking(ENGLISH):  # the event keeps them
        changes = guide_changes(before.as_written, after.as_written)
    if changes and (kept.number == 0 or before is shipped or _is_gone_by(session, before.version)):
        number = kept.number + 1
        after = _checked(shipped, own, number)
    # In the order of the forms: that of choices is what people see.
    said = own.model_dump(mode="json", exclude={"version"}, exclude_defaults=True)
    content = json.dumps(said, ensure_ascii=False)
    row = session.get(OwnGuideRow, 1)
    if row is None:
        row = OwnGuideRow(number=number, revision=0, content="", saved_at=at, saved_by=by.key)
        session.add(row)
    row.number, row.revision, row.content = number, kept.revision + 1, content
    row.saved_at, row.saved_by = at, by.key
    keep_edition(session, before, at)
    keep_edition(session, after, at)
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.OWN_GUIDE_SAVED,
        subject=f"guide:{after.version}",
        detail={
            "version": after.version,
            "before": before.version,
            "digest": after.digest,
            "changes": [change.text for change in changes],
            "content": content,
        },
        by=by,
        at=at,
    )
    return after.version


def _checked(shipped: Guide, own: OwnGuide, number: int) -> Guide:
    if own.is_empty:
        return shipped
    try:
        return joined(shipped, own.model_copy(update={"version": version_word(number)}), ON_SCREEN)
    except GuideError as error:
        raise Invalid({error.where: f"{error.problem}."}) from error


def _is_gone_by(session: Session, version: str) -> bool:
    """Whether some project began with this version, archived ones included."""
    statement = select(func.count()).where(col(Project.guide_version) == version)
    return bool(session.execute(statement).scalar())
