"""People, projects, answers and sign-offs for tests, made by the product's own actions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import answers, gates, people, projects, reviews, sources
from lifecycle.facts.projects import load_facts, organisation_today
from lifecycle.guide import BranchSpec, CheckSpec, Guide, ReviewSpec
from lifecycle.rules.checks.reading import PASSES as PASSES
from lifecycle.rules.checks.reading import RULES, Reading, Verdict, fails
from lifecycle.rules.reviews import meanings_of
from lifecycle.rules.signoffs import cover, decisions_allowed, digest_of
from lifecycle.store.tables import PersonRow, Project, Review
from lifecycle.vocabulary import (
    REVIEWERS,
    Act,
    Actor,
    AnswerState,
    Decision,
    Gate,
    Outcome,
    ProjectStatus,
    Role,
    Severity,
    Stage,
)
from tests.clock import START
from tests.people import actor, join, set_up
from tests.rules.building import guide as shipped_guide

# Enough of the guide for every shape of answer, every role and every gate; a gate can be passed in a moment.
KEPT = (
    "D01",
    "D09",
    "D12",
    "D13",
    "D18",
    "D25",
    "D27",
    "D33",
    "F03",
    "R13",
    "R21",
    "R22",
    "M15",
    "P01",
    "P10",
    "X03",
    "X07",
)
VERSION = "1.0"  # of the model that is about to go live
IGNORED = "D09"  # relied on by nobody
NAMES = dict(zip(REVIEWERS, ("Bea", "Tom", "Priya", "Leo", "Cleo", "Vic"), strict=True))
WORDS = {
    "D01": "Planners phone round for two hours every morning",
    "D12": "recommends",
    "D13": {"affected": "customers", "undo": "with_effort"},
    "D25": {"personal": True, "categories": ["contact"]},
    "D27": "reasons_to_staff",
    "D33": "2",
    "P01": {"version": VERSION, "live_on": "2026-03-09", "approver": "Ann", "environment": "Here"},
}


@cache
def small_guide(with_checks: bool = False) -> Guide:
    """The shipped guide cut down to KEPT, without its checks or with two that read D01."""
    plain = shipped_guide().model_dump()
    kept = set(KEPT)
    for sheet in (*plain["worksheets"], plain["source_worksheet"]):
        sheet["fields"] = [item for item in sheet["fields"] if item["id"] in kept]
    policy, tiers = plain["policy"], plain["tiers"]
    policy["cosmetic"] = ()
    policy["required_evidence"] = {}
    policy["role_fields"] = {role: _kept(ids, kept) for role, ids in policy["role_fields"].items()}
    for specs in policy["gates"].values():
        for spec in specs:
            spec["evidence"] = _kept(spec["evidence"], kept)
    for part in ("impact", "mitigation"):
        tiers[part] = [point for point in tiers[part] if point["field"] in kept]
    plain["checks"] = TRIALS if with_checks else ()
    return Guide.model_validate(plain)


def _kept(ids: Collection[str], kept: set[str]) -> tuple[str, ...]:
    return tuple(field_id for field_id in ids if field_id in kept)


TRIALS = tuple(
    CheckSpec(
        id=check_id,
        title="A trial",
        reads=("D01",),
        waived_by=Role.COMPLIANCE,
        branches=(BranchSpec(enforced={Gate.DISCOVERY: severity}, message="It says {word}."),),
    )
    for check_id, severity in (("T01", Severity.BLOCK), ("T02", Severity.WARNING))
)


def register_trials(patch: pytest.MonkeyPatch) -> None:
    """The rules of the trial checks, until undone: the shipped register must stay as it is."""
    patch.setitem(RULES, ("T01", "main"), lambda reading: _says(reading, "late"))
    patch.setitem(RULES, ("T02", "main"), lambda reading: _says(reading, "vague"))


def _says(reading: Reading, word: str) -> Verdict:
    return fails(word=word) if word in (reading.need("D01") or "") else PASSES


# ---------------------------------------------------------------- people and projects


@dataclass(frozen=True)
class Cast:
    """Everybody a project needs: one reviewer per role, an approver of level 4, and people around it."""

    ada: Actor  # administrator
    pat: Actor  # product manager
    ann: Actor  # approver of level 4
    olu: Actor  # a member without any role
    reviewers: dict[Role, Actor]
    guide: Guide = field(default_factory=small_guide)

    def __getitem__(self, role: Role) -> Actor:
        return {Role.PRODUCT_MANAGER: self.pat, Role.APPROVER: self.ann, **self.reviewers}[role]


def cast(session: Session, guide: Guide | None = None) -> Cast:
    """Set the organisation up and invite everybody; reviewers are listed for their role."""
    ada = set_up(session)
    reviewers = {role: person(session, ada, NAMES[role], reviews_as=role) for role in REVIEWERS}
    return Cast(
        ada=ada,
        pat=person(session, ada, "Pat"),
        ann=person(session, ada, "Ann", level=4),
        olu=person(session, ada, "Olu"),
        reviewers=reviewers,
        guide=guide or small_guide(),
    )


def replaced(cast: Cast, guide: Guide) -> Cast:
    """The same people under another guide."""
    return replace(cast, guide=guide)


def person(
    session: Session, by: Actor, name: str, *, reviews_as: Role | None = None, level: int = 0
) -> Actor:
    joined = join(session, by, name)
    if reviews_as:
        people.make_eligible(session, by=by, at=START, person_key=joined.key, role=reviews_as)
    if level:
        people.set_approval_level(session, by=by, at=START, person_key=joined.key, level=level)
    session.flush()
    return actor(session, joined.key)


def project(session: Session, cast: Cast, name: str = "Orders", at: datetime = START) -> int:
    """A project in Discovery that Pat manages."""
    return projects.register(session, by=cast.pat, at=at, guide=cast.guide, name=name, organisation="Sales")


# ---------------------------------------------------------------- answers


def answer(
    session: Session,
    cast: Cast,
    project_id: int,
    field_id: str,
    raw: object,
    *,
    at: datetime = START,
    source_id: int = 0,
    base: int | None = None,
    **details: Any,
) -> answers.SavedAnswer:
    return answers.save(
        session,
        by=cast.pat,
        at=at,
        guide=cast.guide,
        project_id=project_id,
        field_id=field_id,
        source_id=source_id,
        raw=raw,
        base=base,
        **details,
    )


def fill(session: Session, cast: Cast, project_id: int, gate: Gate, at: datetime = START) -> None:
    """Answer everything that is due by this gate: with WORDS, or as not applicable."""
    used = [row.id for row in facts_of(session, cast, project_id, at).sources]
    for spec in cast.guide.due_by(gate):
        for source_id in used if spec.is_of_source else [0]:
            _settle(session, cast, project_id, spec.id, source_id, at)


def _settle(
    session: Session, cast: Cast, project_id: int, field_id: str, source_id: int, at: datetime
) -> None:
    if field_id in WORDS:
        answer(session, cast, project_id, field_id, WORDS[field_id], at=at)
        return
    words: dict[str, Any] = {"state": AnswerState.NOT_APPLICABLE, "reason": "No bearing here"}
    answer(session, cast, project_id, field_id, None, at=at, source_id=source_id, **words)


def source(session: Session, cast: Cast, project_id: int, name: str = "Feed", at: datetime = START) -> int:
    return sources.add(session, by=cast.pat, at=at, guide=cast.guide, project_id=project_id, name=name)


def facts_of(session: Session, cast: Cast, project_id: int, at: datetime = START) -> Any:
    return load_facts(session, project_id, guide=cast.guide, today=organisation_today(session, at))


# ---------------------------------------------------------------- reviews and gates


def ask(
    session: Session,
    cast: Cast,
    project_id: int,
    gate: Gate,
    role: Role,
    *,
    at: datetime = START,
    person_key: str | None = None,
) -> int:
    return reviews.request(
        session,
        by=cast.pat,
        at=at,
        guide=cast.guide,
        project_id=project_id,
        gate=gate,
        role=role,
        person_key=person_key or cast[role].key,
    )


def seen(session: Session, cast: Cast, review_id: int, at: datetime = START) -> str:
    """The digest of what the screen of this review would show now."""
    review = session.get_one(Review, review_id)
    now = facts_of(session, cast, review.project_id, at)
    return digest_of(cover(now, cast.guide, Gate(review.gate), Role(review.role)))


def decide(
    session: Session,
    cast: Cast,
    review_id: int,
    decision: Decision | None = None,
    *,
    at: datetime = START,
    by: Actor | None = None,
    **details: Any,
) -> int:
    """The named role decides; without a decision, the favourable one that was asked for."""
    review = session.get_one(Review, review_id)
    chosen = decision or decisions_allowed(Act(review.act))[0]
    if chosen is Decision.OPINION:
        details.setdefault("comment", "It can be done.")
    who = by or cast[Role(review.role)]
    details.setdefault("stated", next(iter(meanings_of(_spec(cast, review), chosen)), None))
    details.setdefault("password_hash", password_hash_of(session, who))
    return reviews.decide(
        session,
        by=who,
        at=at,
        guide=cast.guide,
        review_id=review_id,
        decision=chosen,
        **{"seen_digest": seen(session, cast, review_id, at), **details},
    )


def _spec(cast: Cast, review: Review) -> ReviewSpec | None:
    return cast.guide.review(Gate(review.gate), Role(review.role))


def password_hash_of(session: Session, who: Actor) -> str | None:
    """What the password that somebody enters to sign is checked against: here they always know it."""
    person = session.get(PersonRow, who.key)
    return person.password_hash if person else None


def sign(
    session: Session,
    cast: Cast,
    project_id: int,
    gate: Gate,
    role: Role,
    decision: Decision | None = None,
    *,
    at: datetime = START,
    **details: Any,
) -> int:
    """Ask and decide at once; returns the sign-off's id."""
    review_id = ask(session, cast, project_id, gate, role, at=at)
    return decide(session, cast, review_id, decision, at=at, **details)


def sign_all(session: Session, cast: Cast, project_id: int, gate: Gate, at: datetime = START) -> list[int]:
    """Every role that the gate asks, but those who attest again only when stale."""
    specs = [spec for spec in cast.guide.reviews(gate) if not spec.only_when_stale]
    return [sign(session, cast, project_id, gate, spec.role, at=at) for spec in specs]


def ready(session: Session, cast: Cast, project_id: int, gate: Gate, at: datetime = START) -> None:
    """Nothing stands in the way of this gate."""
    fill(session, cast, project_id, gate, at)
    sign_all(session, cast, project_id, gate, at)


def go(session: Session, cast: Cast, project_id: int, gate: Gate, at: datetime = START) -> int:
    """Make the gate ready and let it go."""
    ready(session, cast, project_id, gate, at)
    role = Role.APPROVER if gate in (Gate.LAUNCH, Gate.OPERATE) else Role.BUSINESS
    return gates.decide(
        session,
        by=cast[role],
        at=at,
        guide=cast.guide,
        project_id=project_id,
        gate=gate,
        outcome=Outcome.GO,
    )


def go_to(session: Session, cast: Cast, project_id: int, gate: Gate, at: datetime = START) -> None:
    """Pass every gate before this one."""
    for before in list(Gate)[: gate.order]:
        go(session, cast, project_id, before, at)


def ready_to_launch(session: Session, cast: Cast, project_id: int, at: datetime = START) -> None:
    """At the Launch gate with nothing in the way; put there by hand, since passing the gates before takes seconds."""
    found = session.get_one(Project, project_id)
    found.stage, found.gate = Stage.PRODUCTION.value, Gate.LAUNCH.value
    found.status, found.furthest_stage = ProjectStatus.ROLLOUT.value, Stage.PRODUCTION.value
    ready(session, cast, project_id, Gate.LAUNCH, at)


def reviews_of(session: Session, project_id: int) -> Sequence[Review]:
    return session.exec(
        select(Review).where(col(Review.project_id) == project_id).order_by(col(Review.id))
    ).all()
