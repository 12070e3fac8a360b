"""Reviews and what was decided on them, to read: deciding is for people."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter

from lifecycle.queries import reviews
from lifecycle.queries.records import SignatureView
from lifecycle.vocabulary import Act, Decision, Gate, Role
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.shapes import Number, ProjectKey, Shape

router = APIRouter(tags=["Reviews"])


class ReviewLine(Shape):
    """A request to one person. `state` is open, decided or withdrawn."""

    id: int
    gate: Gate
    role: Role
    act: Act
    state: str
    person: str
    requested_by: str
    requested_at: datetime
    due_on: date | None


class ReviewsShape(Shape):
    """Newest first."""

    project: str
    items: list[ReviewLine]


class SignatureShape(Shape):
    """A decision as it was signed."""

    id: int
    decision: Decision
    role: Role
    gate: Gate
    printed_name: str
    at: datetime
    comment: str


class ReviewShape(Shape):
    """One review with what it rests on and what came of it."""

    id: int
    project: str
    gate: Gate
    role: Role
    act: Act
    state: str
    person: str
    requested_by: str
    requested_at: datetime
    due_on: date | None
    message: str
    relied_on: list[str]
    changed: list[str]
    signatures: list[SignatureShape]


@router.get("/projects/{key}/reviews")
def list_reviews(asking: Reading, key: ProjectKey) -> ReviewsShape:
    """Every review that was asked for in a project."""
    with asking.read() as session:
        found = reviews.listed(session, by=asking.by, at=asking.at, key=key)
    names = ReviewLine.model_fields
    return ReviewsShape(
        project=key, items=[ReviewLine(**{name: getattr(each, name) for name in names}) for each in found]
    )


@router.get("/reviews/{review}")
def read_review(asking: Reading, review: Number) -> ReviewShape:
    """One review: the fields it relies on, those that changed since this role last decided, and the decisions."""
    with asking.read() as session:
        found = reviews.view(session, by=asking.by, at=asking.at, guide=asking.guide, review_id=review)
    return ReviewShape(
        id=found.id,
        project=found.project.key,
        gate=found.gate,
        role=found.role,
        act=found.act,
        state=found.state,
        person=found.person,
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        due_on=found.due_on,
        message=found.message,
        relied_on=[each.place.key for each in found.relied_on],
        changed=[each.place.key for each in found.changed],
        signatures=[_signature(each) for each in found.signatures],
    )


def _signature(record: SignatureView) -> SignatureShape:
    return SignatureShape(
        id=record.id,
        decision=record.decision,
        role=record.role,
        gate=record.gate,
        printed_name=record.printed_name,
        at=record.at,
        comment=record.comment,
    )
