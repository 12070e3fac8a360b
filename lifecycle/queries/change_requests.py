"""Changes that reviewers ask for, as the team meets them: at the question, on the gate, on My work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from lifecycle.facts.editions import by_its_guide
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.facts.reviews import answered_changes
from lifecycle.guide import Guide
from lifecycle.queries.wording import Place, Wording, all_names
from lifecycle.rules.change_requests import ChangeRequest, change_requests
from lifecycle.store.tables import ChangeAnswer, SignOff
from lifecycle.vocabulary import Decision, Gate, Role


@dataclass(frozen=True, slots=True)
class RequestedChange:
    """One answer that a reviewer wants changed. `said` is what the team answered instead of changing it."""

    sign_off_id: int
    review_id: int
    place: Place
    gate: Gate
    role: Role
    who: str
    at: datetime
    comment: str
    is_open: bool
    is_changed: bool
    said: str
    said_by: str
    said_at: datetime | None


def requested_changes(session: Session, project_id: int, wording: Wording) -> tuple[RequestedChange, ...]:
    """All of the standing decisions that request changes, open or not. No statement where there are none."""
    if not change_requests(wording.facts, wording.guide, ()):
        return ()
    answered = answered_changes(session, project_id)
    return tuple(
        _view(request, answered.get((request.sign_off.id, request.key)), wording)
        for request in change_requests(wording.facts, wording.guide, answered)
    )


@by_its_guide
def open_changes(
    session: Session, *, project_id: int, guide: Guide, at: datetime
) -> Mapping[str, Sequence[RequestedChange]]:
    """The open ones by key of the answer. One statement where nobody ever asked for a change."""
    if not projects_asked_to_change(session, [project_id]):
        return {}
    facts = load_facts(session, project_id, guide=guide, today=organisation_today(session, at))
    found: dict[str, list[RequestedChange]] = {}
    for change in requested_changes(session, project_id, Wording(facts, guide, all_names(session))):
        if change.is_open:
            found.setdefault(change.place.key, []).append(change)
    return found


def projects_asked_to_change(session: Session, project_ids: Sequence[int]) -> set[int]:
    """Those of these projects on which a reviewer ever asked to change a named answer."""
    asked = select(col(SignOff.project_id)).where(
        col(SignOff.project_id).in_(project_ids),
        col(SignOff.decision) == Decision.CHANGES_REQUESTED.value,
        col(SignOff.fields) != "[]",
    )
    return set(session.execute(asked.distinct()).scalars())


def _view(request: ChangeRequest, said: ChangeAnswer | None, wording: Wording) -> RequestedChange:
    made = request.sign_off
    return RequestedChange(
        sign_off_id=made.id,
        review_id=made.review_id,
        place=wording.place(request.key),
        gate=made.gate,
        role=made.role,
        who=wording.person(made.person_key),
        at=made.at,
        comment=made.comment,
        is_open=request.is_open,
        is_changed=request.is_changed,
        said=said.text if said else "",
        said_by=wording.person(said.by_key) if said else "",
        said_at=said.at if said else None,
    )
