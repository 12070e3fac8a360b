"""The checks of a project as they stand."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lifecycle.errors import Refused
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.known import known_project
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries.findings import FindingView, findings
from lifecycle.queries.wording import Wording, all_names
from lifecycle.rules.checks.evaluation import CheckState, states_at
from lifecycle.vocabulary import Actor, Blocker, Gate


@by_its_guide
def findings_at(
    session: Session, *, by: Actor, at: datetime, guide: Guide, key: str, gate: Gate | None = None
) -> tuple[Gate, tuple[FindingView, ...]]:
    """The same in words, gravest first, and the gate they were judged at: the current one unless another is named.

    Raises NotFound, and Refused for a project that works towards no gate when none is named.
    """
    head = projects.head(session, key=key, by=by, at=at)
    judged_at = gate or head.gate
    if judged_at is None:
        raise Refused(
            Blocker("no_gate", say("This project works towards no gate; name the one to judge at."))
        )
    known = known_project(session, head.id, guide=guide, today=organisation_today(session, at))
    states = states_at(known.basis.judgements, known.facts, judged_at)
    return judged_at, findings(states, Wording(known.facts, guide, all_names(session)))


@by_its_guide
def checks_at(
    session: Session, *, guide: Guide, project_id: int, gate: Gate, at: datetime
) -> tuple[CheckState, ...]:
    """Every branch of every check, judged at this gate on the answers of now."""
    known = known_project(session, project_id, guide=guide, today=organisation_today(session, at))
    return states_at(known.basis.judgements, known.facts, gate)
