"""Which version of the guide a project goes by: kept, and moved on by somebody who saw what that changes."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lifecycle.actions.projects import open_project
from lifecycle.errors import Conflict, Refused
from lifecycle.events import ORGANISATION, EventAction, project_chain, record
from lifecycle.facts.editions import edition, keep_edition
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.standing import refresh_standing
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.guide_changes import effect_on, guide_changes
from lifecycle.rules.permissions import require
from lifecycle.vocabulary import Actor, Blocker


def keep(session: Session, *, by: Actor, at: datetime, guide: Guide) -> None:
    """Keep what the files say now as the content of their version, for the projects that go by it."""
    require("guides.keep", by)
    keep_edition(session, guide, at)
    record(
        session,
        chain=ORGANISATION,
        action=EventAction.GUIDE_KEPT,
        subject=f"guide:{guide.version}",
        detail={"version": guide.version, "digest": guide.digest},
        by=by,
        at=at,
    )


def upgrade(
    session: Session, *, by: Actor, at: datetime, guide: Guide, project_id: int, to_digest: str
) -> None:
    """Have a project go by the guide in force from now on. `to_digest` is that of the guide whose effect was shown.

    Answers stay; those to questions that the guide no longer asks are kept in the history. Sign-offs whose ground
    changes become stale, named in the event.
    """
    require_on_project(session, "projects.upgrade_guide", by, project_id)
    project = open_project(session, project_id)
    if project.guide_version == guide.version:
        raise Refused(
            Blocker(
                "guide:current", say("This project goes by version {version} already.", version=guide.version)
            )
        )
    if to_digest != guide.digest:
        raise Conflict(say("the guide"), base=0, found=0, theirs=guide.version)
    today = organisation_today(session, at)
    before_guide, old = edition(session, guide, project.guide_version), project.guide_version
    before = load_facts(session, project_id, today=today, guide=before_guide)
    after = load_facts(session, project_id, today=today, guide=guide)
    effect = effect_on(before, before_guide, after, guide)
    project.guide_version = guide.version
    keep_edition(session, guide, at)
    record(
        session,
        chain=project_chain(project_id),
        action=EventAction.PROJECT_GUIDE_UPGRADED,
        subject=f"guide:{guide.version}",
        detail={
            "from": old,
            "to": guide.version,
            "digest": guide.digest,
            "changes": len(guide_changes(before_guide, guide)),
            "sign_offs_gone_stale": sorted(made.sign_off_id for made in effect.stale),
            "newly_required": [[gate.value, role.value] for gate, role in effect.newly_required],
        },
        by=by,
        at=at,
    )
    refresh_standing(session, project_id, guide=guide, at=at, today=today)
