"""The checks of a project as they stand, for the screens."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.rules.checks.evaluation import CheckState, states_at
from lifecycle.vocabulary import Gate


@by_its_guide
def checks_at(
    session: Session, *, guide: Guide, project_id: int, gate: Gate, at: datetime
) -> tuple[CheckState, ...]:
    """Every branch of every check, judged at this gate on the answers of now."""
    known = known_project(session, project_id, guide=guide, today=organisation_today(session, at))
    return states_at(known.basis.judgements, known.facts, gate)
