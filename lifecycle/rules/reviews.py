"""Who may be asked to review, who may affirm or take back a decision, and the sentence that is signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from lifecycle.guide import Guide, ReviewSpec
from lifecycle.rules.project_facts import DelegationFact, ProjectFacts, ReviewFact, SignOffFact
from lifecycle.rules.signoffs import (
    current_sign_offs,
    is_developer,
    is_product_manager,
    is_stale,
    may_decide,
    must_be_outside,
    reapproval_due,
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

    P5 holds from the start: nobody reviews who manages the project, asks, or (validation, approver) built the model.
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
    elif must_be_outside(role) and is_developer(facts, Actor(candidate.key, name)):
        verb = "validate" if role is Role.VALIDATION else "approve"
        text = f"{name} is named as a developer of this model (M15) and cannot {verb} it."
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


def may_decide_now(
    facts: ProjectFacts,
    guide: Guide,
    review: ReviewFact,
    actor: Actor,
    delegations: Iterable[DelegationFact] = (),
) -> tuple[Blocker, ...]:
    """As `may_decide`, and the project must go on and the named person still hold the role (P1).

    An approver needs a level of at least the tier, and nobody counts as two of several who have to approve.
    """
    against = may_decide(facts, review, actor, delegations)
    if against:
        return against
    if facts.status in ENDED:
        text = f"This project is {facts.status.value}; there is nothing left to decide."
        return (_no("ended", text, review.gate, review.role),)
    if not any((held.person_key, held.role) == (review.person_key, review.role) for held in facts.members):
        who = (
            "You no longer hold"
            if review.person_key == actor.key
            else "Whom you stand in for no longer holds"
        )
        text = f"{who} the role {review.role.title} on this project. Ask its product manager."
        return (_no("role_ended", text, review.gate, review.role),)
    return tuple(_not_enough(facts, guide, review, actor))


def _not_enough(facts: ProjectFacts, guide: Guide, review: ReviewFact, actor: Actor) -> Iterator[Blocker]:
    gate, role = review.gate, review.role
    if role is Role.APPROVER and facts.tier is not None and actor.approval_level < facts.tier:
        text = (
            f"Tier {facts.tier} needs an approver of level {facts.tier} or higher; "
            f"yours is {actor.approval_level}."
        )
        yield _no("level_too_low", text, gate, role)
    if guide.approvals_needed(gate, role, facts.tier) > 1:
        asked = {other.id: other.person_key for other in facts.reviews}
        for made in current_sign_offs(facts, guide, gate, role):
            seat = asked.get(made.review_id, made.person_key)
            if made.person_key == actor.key and made.decision.is_favourable and seat != review.person_key:
                text = (
                    f"You signed this as {role.title} already. "
                    "Several people have to approve, so somebody else must decide this one."
                )
                yield _no("already_signed", text, gate, role)


def may_affirm(
    facts: ProjectFacts,
    guide: Guide,
    sign_off: SignOffFact,
    review: ReviewFact,
    actor: Actor,
    delegations: Iterable[DelegationFact] = (),
) -> tuple[Blocker, ...]:
    """Why `actor` may not affirm this decision again: its signer or whom they signed for, while it counts and is
    stale or soon due for re-approval."""
    against = _not_theirs(sign_off, review, actor, "affirm")
    if against:
        return against
    if sign_off not in current_sign_offs(facts, guide, sign_off.gate, sign_off.role):
        return (_of(sign_off, "superseded", "A newer decision stands in its place."),)
    if not sign_off.decision.is_favourable:
        text = f"“{sign_off.decision.title}” cannot be affirmed. Ask for a new review."
        return (_of(sign_off, "unfavourable", text),)
    if not is_stale(facts, guide, sign_off) and reapproval_due(facts, guide, sign_off) is None:
        return (_of(sign_off, "not_stale", "This decision still holds; nothing needs affirming."),)
    return may_decide_now(facts, guide, replace(review, state="open"), actor, delegations)


def may_withdraw(
    facts: ProjectFacts, guide: Guide, sign_off: SignOffFact, review: ReviewFact, actor: Actor
) -> tuple[Blocker, ...]:
    """Why `actor` may not take this decision back: its signer or whom they signed for may, while it counts."""
    against = _not_theirs(sign_off, review, actor, "withdraw")
    if against:
        return against
    if sign_off not in current_sign_offs(facts, guide, sign_off.gate, sign_off.role):
        return (_of(sign_off, "superseded", "A newer decision stands in its place; this one is history."),)
    return ()


def _not_theirs(sign_off: SignOffFact, review: ReviewFact, actor: Actor, verb: str) -> tuple[Blocker, ...]:
    if actor.is_person and actor.key in (sign_off.person_key, review.person_key):
        return ()
    text = f"Only {sign_off.printed_name}, who signed it, can {verb} this decision."
    if review.person_key != sign_off.person_key:
        text = (
            f"Only {sign_off.printed_name}, who signed it, or whom they signed for can {verb} this decision."
        )
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
