"""What would happen if another guide were put in force: nothing is written, nothing is put in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import guides_of, load_by_guide
from lifecycle.facts.projects import load_many, organisation_today
from lifecycle.guide import Guide
from lifecycle.rules.guide_changes import GuideChange, ProjectEffect, effect_on, guide_changes
from lifecycle.rules.permissions import require
from lifecycle.store.tables import Project
from lifecycle.vocabulary import Actor, ProjectStatus

_AT_ONCE = 100  # projects in memory, under both guides


@dataclass(frozen=True, slots=True)
class ProjectPreview:
    key: str
    name: str
    effect: ProjectEffect


@dataclass(frozen=True, slots=True)
class GuidePreview:
    """`projects` are those for which anything would be different, by name; `looked_at` is how many there are."""

    version: str
    candidate_version: str
    changes: tuple[GuideChange, ...]
    projects: tuple[ProjectPreview, ...]
    looked_at: int

    @property
    def stale(self) -> int:
        return sum(len(item.effect.stale) for item in self.projects)

    @property
    def newly_required(self) -> int:
        return sum(len(item.effect.newly_required) for item in self.projects)

    @property
    def newly_failing(self) -> int:
        return sum(len(item.effect.newly_failing) for item in self.projects)


def preview(session: Session, *, by: Actor, at: datetime, guide: Guide, candidate: Guide) -> GuidePreview:
    """Over every project under way, each compared with the guide it goes by now.

    Those from a register that nobody adopted are not assessed, so not touched.
    """
    require("organisation.edit_guide", by)
    today = organisation_today(session, at)
    rows = session.execute(
        select(col(Project.id), col(Project.key), col(Project.name))
        .where(
            col(Project.archived_at).is_(None),
            col(Project.status).not_in((ProjectStatus.STOPPED.value, ProjectStatus.RETIRED.value)),
            (col(Project.origin) != "register") | col(Project.adopted_at).is_not(None),
        )
        .order_by(col(Project.name), col(Project.id))
    ).all()
    found: list[ProjectPreview] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        ids = [row.id for row in some]
        guides = guides_of(session, guide, ids)
        before = {
            project_id: facts
            for _, by_id in load_by_guide(session, ids, today=today, guide=guide)
            for project_id, facts in by_id.items()
        }
        after = load_many(session, ids, today=today, guide=candidate)
        effects = ((row, effect_on(before[row.id], guides[row.id], after[row.id], candidate)) for row in some)
        found += [ProjectPreview(row.key, row.name, effect) for row, effect in effects if not effect.is_none]
    return GuidePreview(
        guide.version, candidate.version, guide_changes(guide, candidate), tuple(found), len(rows)
    )
