"""What changes around a product: noting it in the log of changes, and that its impact was assessed.

The log is the answer to P10, so each of these is an answer saved: with its history, its checks and the sign-offs
that rest on it.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from lifecycle.actions import answers
from lifecycle.actions.projects import open_project
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.people import require_on_project
from lifecycle.facts.projects import organisation_today
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.surroundings import LOG, change_problem
from lifecycle.store.tables import CurrentAnswer
from lifecycle.vocabulary import Actor, AnswerState, Blocker


@by_its_guide
def note_change(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    change: str,
    kind: str,
    changed_on: date | None,
    use: str | None = None,
    assessed_on: date | None = None,
) -> answers.SavedAnswer:
    """Add one entry to the log. `kind` is a choice of P10, `use` points at a row of R20 as `R20/r1`.

    Raises Invalid with a sentence per place. Sign-offs that rest on the log become stale, as with any answer.
    """
    require_on_project(session, "surroundings.note_change", by, project_id)
    open_project(session, project_id)
    problems = change_problem(changed_on, assessed_on, organisation_today(session, at))
    if not change.strip():
        problems["change"] = say("Say what changed.")
    if kind not in guide.field(LOG).part("kind").choices:
        problems["kind"] = say("Choose what changed: a source, a vendor, a schema, a policy or the use.")
    if problems:
        raise Invalid(problems)
    rows, revision = _rows(session, project_id)
    entry = {
        "change": change,
        "kind": kind,
        "changed_on": changed_on.isoformat() if changed_on else None,
        "use": use,
        "impact_assessed": assessed_on is not None,
        "assessed_on": assessed_on.isoformat() if assessed_on else None,
    }
    return _save(session, by, at, guide, project_id, [*rows, entry], revision)


@by_its_guide
def assess_change(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    row_id: str,
    assessed_on: date | None = None,
) -> answers.SavedAnswer:
    """Say that somebody looked at what a change does to the product; None: today."""
    require_on_project(session, "surroundings.assess_change", by, project_id)
    open_project(session, project_id)
    today = organisation_today(session, at)
    rows, revision = _rows(session, project_id)
    entry = next((row for row in rows if row.get("id") == row_id), None)
    if entry is None:
        raise NotFound(say("change"), row_id)
    if entry.get("impact_assessed"):
        raise Refused(Blocker("assessed", say("The impact of this change was assessed already.")))
    on = assessed_on or today
    changed_on = entry.get("changed_on")
    problems = change_problem(date.fromisoformat(changed_on) if changed_on else on, on, today)
    if problems:
        raise Invalid(problems)
    changed = {**entry, "impact_assessed": True, "assessed_on": on.isoformat()}
    kept = [changed if row is entry else row for row in rows]
    return _save(session, by, at, guide, project_id, kept, revision)


def _rows(session: Session, project_id: int) -> tuple[list[dict[str, Any]], int]:
    """The entries as they are stored, and the revision that they are of."""
    current = session.get(CurrentAnswer, (project_id, 0, LOG))
    if current is None:
        return [], 0
    answered = current.state == AnswerState.ANSWERED.value and current.value
    return (json.loads(current.value or "[]") if answered else []), current.revision


def _save(
    session: Session,
    by: Actor,
    at: datetime,
    guide: Guide,
    project_id: int,
    rows: list[dict[str, Any]],
    revision: int,
) -> answers.SavedAnswer:
    return answers.save(
        session, by=by, at=at, guide=guide, project_id=project_id, field_id=LOG, raw=rows, base=revision
    )
