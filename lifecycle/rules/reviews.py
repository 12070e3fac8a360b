"""Who may be asked to review, who may affirm or take back a decision, and the sentence that is signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from lifecycle.guide import Guide, ReviewSpec
from lifecycle.language import say
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
            "ended",
            say("This project is {status}; there is nothing left to review.", status=facts.status.word),
            gate,
            role,
        )
    elif spec is None:
        yield _no(
            "not_asked_here",
            say("{role} is not asked at the {gate} gate.", role=role.title, gate=gate.title),
            gate,
            role,
        )
    elif spec.only_when_stale and spec not in required_reviews(facts, guide, gate):
        text = say(
            "{role} attests again at {gate} only while an earlier decision of theirs is stale.",
            role=role.title,
            gate=gate.title,
        )
        yield _no("nothing_to_attest", text, gate, role)


def _not_this_person(facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate) -> Iterator[Blocker]:
    if not candidate.active:
        yield _no(
            "inactive",
            say("The account of {name} is not active. Choose somebody else.", name=candidate.name),
            gate,
            role,
        )
    elif role is not Role.APPROVER:
        if role not in candidate.reviews_as:
            text = say(
                "{name} is not on the list for {role}. An administrator can add them.",
                name=candidate.name,
                role=role.title,
            )
            yield _no("not_eligible", text, gate, role)
    elif candidate.approval_level == 0:
        text = say("{name} has no approval level. An administrator can give one.", name=candidate.name)
        yield _no("no_level", text, gate, role)
    elif facts.tier is not None and candidate.approval_level < facts.tier:
        text = say(
            "Tier {tier} needs an approver of level {tier} or higher; {name} has level {level}.",
            tier=facts.tier,
            name=candidate.name,
            level=candidate.approval_level,
        )
        yield _no("level_too_low", text, gate, role)


def _not_independent(
    facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate, asked_by: str
) -> Iterator[Blocker]:
    name = candidate.name
    if is_product_manager(facts, candidate.key):
        text = say(
            "{name} is this project's product manager and cannot review it. Choose somebody independent.",
            name=name,
        )
        yield _no("own_work:product_manager", text, gate, role)
    elif candidate.key == asked_by:
        text = say("You cannot ask yourself. Choose somebody else, or let a product manager ask you.")
        yield _no("own_work:requester", text, gate, role)
    elif must_be_outside(role) and is_developer(facts, Actor(candidate.key, name)):
        text = (
            say("{name} is named as a developer of this model (M15) and cannot validate it.", name=name)
            if role is Role.VALIDATION
            else say("{name} is named as a developer of this model (M15) and cannot approve it.", name=name)
        )
        yield replace(_no("own_work:developer", text, gate, role), fields=("M15",))


def _asked_already(facts: ProjectFacts, gate: Gate, role: Role, candidate: Candidate) -> Iterator[Blocker]:
    for review in facts.reviews:
        asked = (review.state, review.gate, review.role, review.person_key)
        if asked == ("open", gate, role, candidate.key):
            text = say(
                "{name} was asked on {day} already.",
                name=candidate.name,
                day=review.requested_at.date().isoformat(),
            )
            yield _no("asked_already", text, gate, role)


def due_problem(due_on: date | None, today: date) -> str | None:
    """A day that somebody is given must still come."""
    if due_on is not None and due_on < today:
        return say("{day} has passed; choose today or a later day.", day=due_on.isoformat())
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
        text = say("This project is {status}; there is nothing left to decide.", status=facts.status.word)
        return (_no("ended", text, review.gate, review.role),)
    if not any((held.person_key, held.role) == (review.person_key, review.role) for held in facts.members):
        role = review.role.title
        text = (
            say("You no longer hold the role {role} on this project. Ask its product manager.", role=role)
            if review.person_key == actor.key
            else say(
                "Whom you stand in for no longer holds the role {role} on this project. "
                "Ask its product manager.",
                role=role,
            )
        )
        return (_no("role_ended", text, review.gate, review.role),)
    return tuple(_not_enough(facts, guide, review, actor))


def _not_enough(facts: ProjectFacts, guide: Guide, review: ReviewFact, actor: Actor) -> Iterator[Blocker]:
    gate, role = review.gate, review.role
    if role is Role.APPROVER and facts.tier is not None and actor.approval_level < facts.tier:
        text = say(
            "Tier {tier} needs an approver of level {tier} or higher; yours is {level}.",
            tier=facts.tier,
            level=actor.approval_level,
        )
        yield _no("level_too_low", text, gate, role)
    if guide.approvals_needed(gate, role, facts.tier) > 1:
        asked = {other.id: other.person_key for other in facts.reviews}
        for made in current_sign_offs(facts, guide, gate, role):
            seat = asked.get(made.review_id, made.person_key)
            if made.person_key == actor.key and made.decision.is_favourable and seat != review.person_key:
                text = say(
                    "You signed this as {role} already. Several people have to approve, so somebody else "
                    "must decide this one.",
                    role=role.title,
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
    against = _not_theirs(sign_off, review, actor, say("affirm"))
    if against:
        return against
    if sign_off not in current_sign_offs(facts, guide, sign_off.gate, sign_off.role):
        return (_of(sign_off, "superseded", say("A newer decision stands in its place.")),)
    if not sign_off.decision.is_favourable:
        text = say("“{decision}” cannot be affirmed. Ask for a new review.", decision=sign_off.decision.title)
        return (_of(sign_off, "unfavourable", text),)
    if not is_stale(facts, guide, sign_off) and reapproval_due(facts, guide, sign_off) is None:
        return (_of(sign_off, "not_stale", say("This decision still holds; nothing needs affirming.")),)
    return may_decide_now(facts, guide, replace(review, state="open"), actor, delegations)


def may_withdraw(
    facts: ProjectFacts, guide: Guide, sign_off: SignOffFact, review: ReviewFact, actor: Actor
) -> tuple[Blocker, ...]:
    """Why `actor` may not take this decision back: its signer or whom they signed for may, while it counts."""
    against = _not_theirs(sign_off, review, actor, say("withdraw"))
    if against:
        return against
    if sign_off not in current_sign_offs(facts, guide, sign_off.gate, sign_off.role):
        return (
            _of(sign_off, "superseded", say("A newer decision stands in its place; this one is history.")),
        )
    return ()


def _not_theirs(sign_off: SignOffFact, review: ReviewFact, actor: Actor, verb: str) -> tuple[Blocker, ...]:
    if actor.is_person and actor.key in (sign_off.person_key, review.person_key):
        return ()
    text = say(
        "Only {name}, who signed it, can {verb} this decision.",
        name=sign_off.printed_name,
        verb=verb,
    )
    if review.person_key != sign_off.person_key:
        text = say(
            "Only {name}, who signed it, or whom they signed for can {verb} this decision.",
            name=sign_off.printed_name,
            verb=verb,
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
        return say("Choose what your signature means: {meanings}.", meanings=_listed(offered))
    if chosen is not None and chosen not in offered:
        return say(
            "“{meaning}” is not offered here; choose {meanings}.",
            meaning=chosen.title,
            meanings=_listed(offered) or say("another decision"),
        )
    return None


def _listed(offered: Mapping[Meaning, str]) -> str:
    return say(" or ").join(meaning.title.lower() for meaning in offered)


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
    """The sentence that a signature stands under. `meaning` is the guide's, in the third person.

    In the language that the signer reads: it is kept as it was signed, and never made anew to compare.
    """
    signer = f"{name}, {role.title},"
    if on_behalf_of:
        signer = say("{signer} on behalf of {name},", signer=signer, name=on_behalf_of)
    place = {"gate": gate.title, "project": project}
    match decision:
        case Decision.CHANGES_REQUESTED:
            return say(
                "{signer} requests changes at the {gate} gate of “{project}” before this can be signed: "
                "“{role} {meaning}.”",
                signer=signer,
                role=role.title,
                meaning=meaning,
                **place,
            )
        case Decision.REJECTED:
            return say(
                "{signer} rejects at the {gate} gate of “{project}” and does not sign this: "
                "“{role} {meaning}.”",
                signer=signer,
                role=role.title,
                meaning=meaning,
                **place,
            )
        case Decision.WITHDRAWN:
            return say(
                "{signer} takes back an earlier decision at the {gate} gate of “{project}”.",
                signer=signer,
                **place,
            )
        case Decision.APPROVED_WITH_CONDITIONS:
            if conditions == 1:
                return say(
                    "At the {gate} gate of “{project}”, {signer} {meaning}, provided that one condition is "
                    "met in time.",
                    signer=signer,
                    meaning=meaning,
                    **place,
                )
            return say(
                "At the {gate} gate of “{project}”, {signer} {meaning}, provided that {conditions} "
                "conditions are met in time.",
                signer=signer,
                meaning=meaning,
                conditions=conditions,
                **place,
            )
        case _:
            return say(
                "At the {gate} gate of “{project}”, {signer} {meaning}.",
                signer=signer,
                meaning=meaning,
                **place,
            )


def _no(code: str, text: str, gate: Gate, role: Role) -> Blocker:
    return Blocker(code, text, role=role, gate=gate)


def _of(sign_off: SignOffFact, code: str, text: str) -> Blocker:
    return Blocker(code, text, role=sign_off.role, gate=sign_off.gate)
