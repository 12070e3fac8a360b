"""Standing in for somebody: by role and dates, or for one review. Nothing that was passed on is passed on again.

While a delegation is in force, its delegate may decide what waits for the one who is away, by the same rules of
independence that hold for everybody: never what they asked for, manage or built. The first and the last day count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lifecycle.language import say
from lifecycle.rules.project_facts import DelegationFact, ProjectFacts, ReviewFact
from lifecycle.rules.reviews import ENDED, Candidate
from lifecycle.rules.signoffs import is_developer, is_product_manager, must_be_outside
from lifecycle.vocabulary import OWN_ROLES, REVIEWERS, Actor, Blocker, Role

LONGEST = timedelta(days=366)
DELEGABLE: tuple[Role, ...] = (*REVIEWERS, *OWN_ROLES, Role.APPROVER)


@dataclass(frozen=True, slots=True)
class Scope:
    """One project that a delegation would reach, and what waits there for the one who is away."""

    name: str
    facts: ProjectFacts
    waiting: tuple[ReviewFact, ...] = ()


# ---------------------------------------------------------------- setting one


def may_delegate(
    wanted: DelegationFact,
    giver: Candidate,
    delegate: Candidate,
    others: Iterable[DelegationFact],
    reach: Sequence[Scope],
    today: date,
) -> tuple[Blocker, ...]:
    """Why this delegation cannot be set; empty when it can. `others` are those that nobody ended."""
    return (
        *_wrong_people(wanted, giver, delegate),
        *_wrong_days(wanted, today),
        *_clashes(wanted, others),
        *(blocker for scope in reach for blocker in _not_independent(wanted, scope)),
    )


def _wrong_people(wanted: DelegationFact, giver: Candidate, delegate: Candidate) -> Iterator[Blocker]:
    role = wanted.role
    if not may_act_as(giver, role):
        text = say(
            "{name} does not review as {role}, so there is nothing to pass on.",
            name=giver.name,
            role=role.title,
        )
        yield _no("nothing_to_pass_on", text, role)
    if giver.key == delegate.key:
        yield _no("to_self", say("Nobody can stand in for themselves. Choose a colleague."), role)
    elif not delegate.active:
        text = say("The account of {name} is not active. Choose somebody else.", name=delegate.name)
        yield _no("inactive", text, role)
    elif not may_act_as(delegate, role):
        text = (
            say(
                "{name} has no approval level. Choose somebody else, or ask an administrator to add them.",
                name=delegate.name,
            )
            if role is Role.APPROVER
            else say(
                "{name} is not on the list for {role}. Choose somebody else, or ask an administrator "
                "to add them.",
                name=delegate.name,
                role=role.title,
            )
        )
        yield _no("not_eligible", text, role)


def may_act_as(person: Candidate, role: Role) -> bool:
    """Whether the administrator lets this person decide in the role at all."""
    return person.approval_level > 0 if role is Role.APPROVER else role in person.reviews_as


def _wrong_days(wanted: DelegationFact, today: date) -> Iterator[Blocker]:
    first, last = wanted.starts_on, wanted.ends_on
    if first < today:
        text = say("{first} has passed. A delegation begins today or later.", first=first.isoformat())
        yield _no("past_dates", text, wanted.role)
    if last < first:
        text = say(
            "The last day, {last}, comes before the first, {first}.",
            last=last.isoformat(),
            first=first.isoformat(),
        )
        yield _no("wrong_order", text, wanted.role)
    elif last - first > LONGEST:
        yield _no(
            "too_long", say("A delegation lasts at most a year. It can be set again then."), wanted.role
        )


def _clashes(wanted: DelegationFact, others: Iterable[DelegationFact]) -> Iterator[Blocker]:
    for other in others:
        if not wanted.meets(other):
            continue
        days = say(
            "from {first} to {last}",
            first=other.starts_on.isoformat(),
            last=other.ends_on.isoformat(),
        )
        title = wanted.role.title
        if other.from_key == wanted.from_key:
            text = say(
                "{delegate} stands in for {giver} as {role} {days} already. End that first.",
                delegate=other.to_name,
                giver=other.from_name,
                role=title,
                days=days,
            )
            yield _no("overlaps", text, wanted.role)
        elif (other.from_key, other.to_key) == (wanted.to_key, wanted.from_key):
            text = say(
                "{delegate} stands in for {giver} as {role} {days}: both would point at each "
                "other. Choose somebody else or other days.",
                delegate=wanted.from_name,
                giver=wanted.to_name,
                role=title,
                days=days,
            )
            yield _no("loop", text, wanted.role)
        elif other.from_key == wanted.to_key:
            text = say(
                "{name} is away as {role} {days} and passes it on to {delegate}. Choose "
                "somebody who is there.",
                name=wanted.to_name,
                role=title,
                days=days,
                delegate=other.to_name,
            )
            yield _no("chain", text, wanted.role)
        elif other.to_key == wanted.from_key:
            text = say(
                "{name} stands in for {giver} as {role} {days}, and what was passed on "
                "is not passed on again. End that first, or choose other days.",
                name=wanted.from_name,
                giver=other.from_name,
                role=title,
                days=days,
            )
            yield _no("chain", text, wanted.role)


def _not_independent(wanted: DelegationFact, scope: Scope) -> Iterator[Blocker]:
    """P5 from the start: nobody gets what they manage, built or asked for."""
    for code, sentence in own_work(scope.facts, wanted.role, wanted.to_key, wanted.to_name):
        text = say(
            "“{project}”: {sentence} Delegate the other projects one by one, or choose somebody else.",
            project=scope.name,
            sentence=sentence,
        )
        yield _no(code, text, wanted.role)
    asked = [review for review in scope.waiting if review.requested_by == wanted.to_key]
    if asked:
        text = say(
            "“{project}”: {name} asked for the review at the {gate} gate and cannot decide it. "
            "Choose somebody else.",
            project=scope.name,
            name=wanted.to_name,
            gate=asked[0].gate.title,
        )
        yield _no("own_work:requester", text, wanted.role)


def own_work(facts: ProjectFacts, role: Role, key: str, name: str) -> Iterator[tuple[str, str]]:
    """Code and sentence of what makes this person a party to the project's own work."""
    if is_product_manager(facts, key):
        yield (
            "own_work:product_manager",
            say("{name} is the product manager and cannot review it.", name=name),
        )
    if must_be_outside(role) and is_developer(facts, Actor(key, name)):
        yield (
            "own_work:developer",
            say("{name} is a developer of the model (M15) and cannot judge it.", name=name),
        )


# ---------------------------------------------------------------- one review


def nobody_else(role: Role) -> Blocker:
    """Why a review cannot be passed on where no other person may act in its role, and what helps."""
    if role is Role.APPROVER:
        text = say(
            "Nobody else in the organisation has an approval level, so you cannot pass this on. "
            "An administrator can give somebody one."
        )
    else:
        text = say(
            "Nobody else may be asked as {role}, so you cannot pass this on. An administrator can put "
            "somebody on the list for {role}.",
            role=role.title,
        )
    return _no("nobody_else", text, role)


def may_hand_over(facts: ProjectFacts, review: ReviewFact, to: Candidate, by: Actor) -> tuple[Blocker, ...]:
    """Why `by` may not pass this one open request on to `to`; empty when they may.

    Only the one who was asked, never what was passed on to them, never to whoever asked, manages or built it.
    """
    against = [*_not_theirs_to_pass_on(facts, review, by)]
    if to.key == by.key:
        against.append(
            _no("to_self", say("This review waits for you already. Choose a colleague."), review.role)
        )
    elif not to.active:
        text = say("The account of {name} is not active. Choose somebody else.", name=to.name)
        against.append(_no("inactive", text, review.role))
    elif not may_act_as(to, review.role):
        text = (
            say("{name} has no approval level. An administrator can change that.", name=to.name)
            if review.role is Role.APPROVER
            else say(
                "{name} is not on the list for {role}. An administrator can change that.",
                name=to.name,
                role=review.role.title,
            )
        )
        against.append(_no("not_eligible", text, review.role))
    elif review.role is Role.APPROVER and facts.tier is not None and to.approval_level < facts.tier:
        text = say(
            "Tier {tier} needs an approver of level {tier} or higher; {name} has level {level}.",
            tier=facts.tier,
            name=to.name,
            level=to.approval_level,
        )
        against.append(_no("level_too_low", text, review.role))
    against += [_no(code, text, review.role) for code, text in own_work(facts, review.role, to.key, to.name)]
    if review.requested_by == to.key:
        text = say("{name} asked for this review and cannot decide it. Choose somebody else.", name=to.name)
        against.append(_no("own_work:requester", text, review.role))
    if any(
        (other.state, other.gate, other.role, other.person_key) == ("open", review.gate, review.role, to.key)
        for other in facts.reviews
    ):
        against.append(
            _no("asked_already", say("{name} was asked for the same already.", name=to.name), review.role)
        )
    return tuple(replace(item, gate=review.gate) for item in against)


def _closed(review: ReviewFact) -> str:
    if review.state == "withdrawn":
        return say("This review is already withdrawn.")
    return say("This review is already decided.")


def _not_theirs_to_pass_on(facts: ProjectFacts, review: ReviewFact, by: Actor) -> Iterator[Blocker]:
    if facts.status in ENDED:
        yield _no(
            "ended",
            say("This project is {status}; nothing waits any more.", status=facts.status.word),
            review.role,
        )
    elif review.state != "open":
        yield _no("closed", _closed(review), review.role)
    elif review.person_key != by.key or not by.is_person:
        yield _no("not_named", say("Only the person it waits for can hand this review over."), review.role)
    elif review.handed_over_by is not None:
        text = say(
            "This review was handed over to you and is not passed on again. "
            "Ask the product manager to choose somebody else."
        )
        yield _no("chain", text, review.role)


def _no(code: str, text: str, role: Role) -> Blocker:
    return Blocker(code, text, role=role)
