"""Who may be asked to review, who may affirm or take back a decision, and the sentence that is signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from lifecycle.guide import Guide, ReviewSpec
from lifecycle.rules.project_facts import ProjectFacts, ReviewFact, SignOffFact
from lifecycle.rules.signoffs import (
    current_sign_off,
    is_developer,
    is_product_manager,
    is_stale,
    may_decide,
    required_reviews,
)
from lifecycle.vocabulary import Actor, Blocker, Decision, Gate, Meaning, ProjectStatus, Role

ENDED = (ProjectStatus.STOPPED, ProjectStatus.RETIRED)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be asked. `reviews_as` is the administrator's list of eligible reviewers."""

    key: str
    name: str
    active: bool
    approval_level: int
    reviews_as: frozenset[Role]


# ---------------------------------------------------------------- asking


def may_be_asked(
    facts: ProjectFacts, guide: Guide, gate: Gate, role: Role, candidate: Candidate, *, asked_by: str
) -> tuple[Blocker, ...]:
    """Why this person cannot be asked to review in this role at this gate; empty when they can.

    P5 holds from the start: nobody reviews who manages the project, asks, or (validation) built the model.
    """
    return (
        *_not_asked_here(facts, guide, gate, role),
        *_not_this_person(facts, gate, role, candidate),
        *_not_independent(facts, gate, role, candidate, asked_by),
        *_asked_already(facts, gate, role, candidate),
    )


def _not_asked_here(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> Iterator[Blocker]:
    spec = guide.review(gate, role)
    if facts.status in ENDED:
        yield _no(
            "ended", f"This project is {facts.status.value}; there is nothing left to review.", gate, role
        )
    elif spec is None:
        yield _no("not_asked_here", f"{role.title} is not asked at the {gate.title} gate.", gate, role)
    elif spec.only_when_stale and spec not in required_reviews(facts, guide, gate):
        text = (
            f"{role.title} attests again at {gate.title} only while an earlier decision of theirs is stale."
        )
        yield _no("nothing_to_attest", text, gate, role)


def _not_this_person(facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate) -> Iterator[Blocker]:
    if not candidate.active:
        yield _no(
            "inactive", f"The account of {candidate.name} is not active. Choose somebody else.", gate, role
        )
    elif role is not Role.APPROVER:
        if role not in candidate.reviews_as:
            text = f"{candidate.name} is not on the list for {role.title}. An administrator can add them."
            yield _no("not_eligible", text, gate, role)
    elif candidate.approval_level == 0:
        text = f"{candidate.name} has no approval level. An administrator can give one."
        yield _no("no_level", text, gate, role)
    elif facts.tier is not None and candidate.approval_level < facts.tier:
        text = (
            f"Tier {facts.tier} needs an approver of level {facts.tier} or higher; "
            f"{candidate.name} has level {candidate.approval_level}."
        )
        yield _no("level_too_low", text, gate, role)


def _not_independent(
    facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate, asked_by: str
) -> Iterator[Blocker]:
    name = candidate.name
    if is_product_manager(facts, candidate.key):
        text = f"{name} is this project's product manager and cannot review it. Choose somebody independent."
        yield _no("own_work:product_manager", text, gate, role)
    elif candidate.key == asked_by:
        text = "You cannot ask yourself. Choose somebody else, or let a product manager ask you."
        yield _no("own_work:requester", text, gate, role)
    elif role is Role.VALIDATION and is_developer(facts, Actor(candidate.key, name)):
        text = f"{name} is named as a developer of this model (M15) and cannot validate it."
        yield replace(_no("own_work:developer", text, gate, role), fields=("M15",))


def _asked_already(facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate) -> Iterator[Blocker]:
    for review in facts.reviews:
        asked = (review.state, review.gate, review.role, review.person_key)
        if asked == ("open", gate, role, candidate.key):
            text = f"{candidate.name} was asked on {review.requested_at.date().isoformat()} already."
            yield _no("asked_already", text, gate, role)


def due_problem(due_on: date | None, today: date) -> str | None:
    """A day that somebody is given must still come."""
    if due_on is not None and due_on < today:
        return f"{due_on.isoformat()} has passed; choose today or a later day."
    return None


# ---------------------------------------------------------------- deciding and afterwards


def may_decide_now(facts: ProjectFacts, review: ReviewFact, actor: Actor) -> tuple[Blocker, ...]:
    """As `may_decide`, and the project must go on and the named person still hold the role (P1)."""
    against = may_decide(facts, review, actor)
    if against:
        return against
    if facts.status in ENDED:
        text = f"This project is {facts.status.value}; there is nothing left to decide."
        return (_no("ended", text, review.gate, review.role),)
    if not any((held.person_key, held.role) == (actor.key, review.role) for held in facts.members):
        text = f"You no longer hold the role {review.role.title} on this project. Ask its product manager."
        return (_no("role_ended", text, review.gate, review.role),)
    return ()


def may_affirm(
    facts: ProjectFacts, guide: Guide, sign_off: SignOffFact, review: ReviewFact, actor: Actor
) -> tuple[Blocker, ...]:
    """Why `actor` may not affirm this decision again: only its signer, while it is stale and the newest."""
    against = _not_theirs(sign_off, actor, "affirm")
    if against:
        return against
    if current_sign_off(facts, sign_off.gate, sign_off.role) != sign_off:
        return (_of(sign_off, "superseded", "A newer decision stands in its place."),)
    if not sign_off.decision.is_favourable:
        text = f"“{sign_off.decision.title}” cannot be affirmed. Ask for a new review."
        return (_of(sign_off, "unfavourable", text),)
    if not is_stale(facts, guide, sign_off):
        return (_of(sign_off, "not_stale", "This decision still holds; nothing needs affirming."),)
    return may_decide_now(facts, replace(review, state="open"), actor)


def may_withdraw(facts: ProjectFacts, sign_off: SignOffFact, actor: Actor) -> tuple[Blocker, ...]:
    """Why `actor` may not take this decision back: only its signer may, while it is the role's newest."""
    against = _not_theirs(sign_off, actor, "withdraw")
    if against:
        return against
    if current_sign_off(facts, sign_off.gate, sign_off.role) != sign_off:
        return (_of(sign_off, "superseded", "A newer decision stands in its place; this one is history."),)
    return ()


def _not_theirs(sign_off: SignOffFact, actor: Actor, verb: str) -> tuple[Blocker, ...]:
    if actor.is_person and actor.key == sign_off.person_key:
        return ()
    text = f"Only {sign_off.printed_name}, who signed it, can {verb} this decision."
    return (_of(sign_off, "not_named", text),)


# ---------------------------------------------------------------- what is signed


def meanings_of(spec: ReviewSpec | None, decision: Decision) -> Mapping[Meaning, str]:
    """What the signature under this decision may mean, worded as the guide does; several only where one agrees.

    Who asks for changes or rejects has reviewed it, whatever else was asked for.
    """
    if spec is None or decision is Decision.WITHDRAWN:
        return {}
    if not decision.is_favourable:
        return {Meaning.REVIEWED: spec.meaning}
    return spec.meanings


def meaning_problem(offered: Mapping[Meaning, str], chosen: Meaning | None) -> str | None:
    """Why this meaning cannot be signed; None when it can, or when there is nothing to choose."""
    if chosen is None and len(offered) > 1:
        return f"Choose what your signature means: {_listed(offered)}."
    if chosen is not None and chosen not in offered:
        return f"“{chosen.title}” is not offered here; choose {_listed(offered) or 'another decision'}."
    return None


def _listed(offered: Mapping[Meaning, str]) -> str:
    return " or ".join(meaning.title.lower() for meaning in offered)


def statement(
    *,
    name: str,
    role: Role,
    gate: Gate,
    project: str,
    meaning: str,
    decision: Decision,
    on_behalf_of: str = "",
    conditions: int = 0,
) -> str:
    """The sentence that a signature stands under. `meaning` is the guide's, in the third person."""
    signer = f"{name}, {role.title},"
    if on_behalf_of:
        signer += f" on behalf of {on_behalf_of},"
    place = f"the {gate.title} gate of “{project}”"
    match decision:
        case Decision.CHANGES_REQUESTED:
            return (
                f"{signer} requests changes at {place} before this can be signed: “{role.title} {meaning}.”"
            )
        case Decision.REJECTED:
            return f"{signer} rejects at {place} and does not sign this: “{role.title} {meaning}.”"
        case Decision.WITHDRAWN:
            return f"{signer} takes back an earlier decision at {place}."
        case Decision.APPROVED_WITH_CONDITIONS:
            number = f"{conditions} conditions are" if conditions != 1 else "one condition is"
            return f"At {place}, {signer} {meaning}, provided that {number} met in time."
        case _:
            return f"At {place}, {signer} {meaning}."


def _no(code: str, text: str, gate: Gate, role: Role) -> Blocker:
    return Blocker(code, text, role=role, gate=gate)


def _of(sign_off: SignOffFact, code: str, text: str) -> Blocker:
    return Blocker(code, text, role=sign_off.role, gate=sign_off.gate)
