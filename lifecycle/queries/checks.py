"""The checks of a project as they stand, for the screens."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import Guide
from lifecycle.rules.checks.evaluation import CheckState, evaluate
from lifecycle.vocabulary import Gate


def checks_at(
    session: Session, *, guide: Guide, project_id: int, gate: Gate, at: datetime
) -> tuple[CheckState, ...]:
    """Every branch of every check, judged at this gate on the answers of now."""
    facts = load_facts(session, project_id, guide=guide, today=organisation_today(session, at))
    return evaluate(facts, guide, gate)
