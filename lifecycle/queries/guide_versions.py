"""What moving a project to the guide in force would change, before anything does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from lifecycle.facts.editions import edition
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import Guide
from lifecycle.queries import projects, worksheets
from lifecycle.rules.guide_changes import GuideChange, ProjectEffect, effect_on, guide_changes
from lifecycle.rules.permissions import refusal
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class GuideUpgrade:
    """`left_behind` are the questions that have an answer and would no longer be asked, by title.

    `forbidden` says why this person may not do it, else it is empty; `digest` is what doing it names.
    """

    project_id: int
    version: str
    to_version: str
    digest: str
    changes: tuple[GuideChange, ...]
    effect: ProjectEffect
    left_behind: tuple[str, ...]
    forbidden: str


def upgrade_of(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> GuideUpgrade | None:
    """None when the project goes by `guide`, which is in force. Raises NotFound where they may not read it."""
    head = projects.head(session, key=key, by=by, at=at)
    if head.guide_version == guide.version or not head.is_adopted:
        return None
    now = edition(session, guide, head.guide_version)
    today = organisation_today(session, at)
    before = load_facts(session, head.id, today=today, guide=now)
    after = load_facts(session, head.id, today=today, guide=guide)
    answers = worksheets.sheet(session, project_id=head.id).answers
    gone = {
        field_id
        for (_, field_id), answer in answers.items()
        if answer.state is not None and field_id in now.fields and field_id not in guide.fields
    }
    return GuideUpgrade(
        project_id=head.id,
        version=head.guide_version,
        to_version=guide.version,
        digest=guide.digest,
        changes=guide_changes(now, guide),
        effect=effect_on(before, now, after, guide),
        left_behind=tuple(field.title for field in now.fields.values() if field.id in gone),
        forbidden=refusal("projects.upgrade_guide", by, head.roles) or "",
    )


def projects_by_version(session: Session) -> dict[str, int]:
    """How many projects that are not archived go by each version."""
    rows = session.execute(
        select(col(Project.guide_version), func.count().label("projects"))
        .where(
            col(Project.archived_at).is_(None),
            (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
        )
        .group_by(col(Project.guide_version))
    )
    return {row.guide_version: row.projects for row in rows}
