"""Approvals that end by time and roles of which several people have to approve, by tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from lifecycle.rules.project_facts import (
    ConditionFact,
    DelegationFact,
    MemberFact,
    ProjectFacts,
    ReviewFact,
    SignOffFact,
)
from lifecycle.rules.reviews import may_affirm, may_decide_now, may_withdraw
from lifecycle.rules.signoffs import (
    approvals_due,
    cover,
    is_stale,
    required_reviews,
    sign_off_status,
    stale_sign_offs,
    staleness,
    valid_through,
)
from lifecycle.rules.validity import valid_until
from lifecycle.vocabulary import Act, Actor, Decision, Gate, ProjectStatus, Role, SignOffStatus
from tests.rules.building import TODAY, facts, guide, moment, sign_off

DAY = timedelta(days=1)


def at_tier(tier: str, **details: Any) -> ProjectFacts:
    return facts(D33=tier, **details)


def approved(
    project: ProjectFacts, on: date, gate: Gate = Gate.MODEL, role: Role = Role.VALIDATION, **details: Any
) -> SignOffFact:
    covered = {key: content for key, (_, content) in cover(project, guide(), gate, role).items()}
    return sign_off(gate, role, covered, on=on, **details)


# ---------------------------------------------------------------- an end by time


@pytest.mark.parametrize(
    ("tier", "role", "gate", "on", "last"),
    [
        ("3", Role.VALIDATION, Gate.MODEL, date(2029, 6, 20), date(2030, 6, 20)),
        ("4", Role.VALIDATION, Gate.MODEL, date(2029, 12, 20), date(2030, 6, 20)),
        ("4", Role.VALIDATION, Gate.MODEL, date(2029, 8, 31), date(2030, 2, 28)),  # month ends
        ("4", Role.VALIDATION, Gate.MODEL, date(2027, 8, 31), date(2028, 2, 29)),  # a leap year
        ("4", Role.VALIDATION, Gate.MODEL, date(2029, 8, 28), date(2030, 2, 28)),
        ("3", Role.APPROVER, Gate.LAUNCH, date(2028, 2, 29), date(2029, 2, 28)),
        ("4", Role.COMPLIANCE, Gate.OPERATE, date(2029, 12, 31), date(2030, 12, 31)),
        ("3", Role.COMPLIANCE, Gate.OPERATE, date(2029, 12, 31), None),  # not asked of this role at tier 3
        ("2", Role.VALIDATION, Gate.MODEL, date(2020, 1, 1), None),
        ("3", Role.VALIDATION, Gate.DESIGN, date(2020, 1, 1), None),  # not of this gate
        ("4", Role.PRIVACY, Gate.LAUNCH, date(2020, 1, 1), None),
    ],
)
def test_an_approval_is_good_for_the_months_of_its_role_and_tier(
    tier: str, role: Role, gate: Gate, on: date, last: date | None
) -> None:
    project = at_tier(tier)
    made = approved(project, on, gate, role)
    project = replace(project, sign_offs=(made,))
    assert valid_through(project, guide(), made) == last
    if last is None:
        assert not is_stale(project, guide(), made)
        return
    on_last, after = replace(project, today=last), replace(project, today=last + DAY)
    assert (is_stale(on_last, guide(), made), is_stale(after, guide(), made)) == (False, True)
    assert last.isoformat() in staleness(after, guide(), made)[-1]
    assert stale_sign_offs(after, guide()) == (made,)
    assert valid_until(replace(project, today=max(on, last - DAY)), guide()) == last


def test_it_is_announced_for_the_time_of_notice_and_may_be_affirmed_then() -> None:
    project = at_tier("3", members=(MemberFact("alex", Role.VALIDATION, 0),))
    made = approved(project, date(2029, 6, 20))
    asked = _review("alex", 1, "decided")
    last = date(2030, 6, 20)
    notice = timedelta(days=guide().policy.reapproval_notice_days)
    for today, due, codes in (
        (last - notice - DAY, False, ["not_stale"]),
        (last - notice, True, []),
        (last, True, []),
        (last + DAY, False, []),  # stale: said as such, no longer ahead of time
    ):
        now = replace(project, today=today, sign_offs=(made,), reviews=(asked,))
        assert (approvals_due(now, guide()) == (made,)) is due, today
        against = may_affirm(now, guide(), made, asked, Actor("alex", "Alex Moor"))
        assert [item.code for item in against] == codes, today


def test_affirming_or_a_later_gate_renews_it_and_an_ended_project_needs_nothing() -> None:
    project = at_tier("3")
    old = approved(project, date(2029, 1, 10))
    assert is_stale(replace(project, sign_offs=(old,)), guide(), old)
    later = approved(project, date(2029, 9, 1), Gate.LAUNCH, id=2)
    renewed = replace(project, sign_offs=(old, later))
    assert valid_through(renewed, guide(), old) == date(2030, 9, 1)
    assert stale_sign_offs(renewed, guide()) == ()
    earlier_gate = approved(project, date(2030, 5, 1), Gate.MODEL, id=3)
    assert valid_through(replace(project, sign_offs=(old, later, earlier_gate)), guide(), later) == date(
        2030, 9, 1
    )
    stopped = replace(project, sign_offs=(old,), status=ProjectStatus.STOPPED)
    assert valid_through(stopped, guide(), old) is None


# ---------------------------------------------------------------- several people


def _review(
    person: str, number: int, state: str = "decided", role: Role = Role.VALIDATION, **details: Any
) -> ReviewFact:
    given = {"due_on": None, "requested_by": "pat", "requested_at": moment(date(2030, 4, number)), **details}
    return ReviewFact(number, Gate.MODEL, role, Act.APPROVE, person, state=state, **given)


def _made(
    project: ProjectFacts, person: str, number: int, decision: Decision = Decision.APPROVED, **details: Any
) -> SignOffFact:
    on = details.pop("on", date(2030, 5, number))
    return approved(
        project,
        on,
        id=number,
        review_id=number,
        person_key=person,
        printed_name=person,
        decision=decision,
        **details,
    )


OWED = ConditionFact(1, Gate.MODEL, Role.VALIDATION, "Try it again", "pat", TODAY, "open")


def _several() -> Iterable[tuple[str, ProjectFacts, SignOffStatus, int]]:
    at4 = at_tier("4")
    vic, una = _made(at4, "vic", 1), _made(at4, "una", 2)
    asked = (_review("vic", 1), _review("una", 2))
    yield "nobody", at4, SignOffStatus.NOT_ASKED, 0
    yield "one of two", replace(at4, sign_offs=(vic,), reviews=asked[:1]), SignOffStatus.NOT_ASKED, 1
    waiting = (asked[0], _review("una", 2, "open"))
    yield "one, one waits", replace(at4, sign_offs=(vic,), reviews=waiting), SignOffStatus.WAITING, 1
    yield "both", replace(at4, sign_offs=(vic, una), reviews=asked), SignOffStatus.SIGNED, 2
    one_person = replace(_made(at4, "vic", 2))
    yield (
        "one person twice",
        replace(at4, sign_offs=(vic, one_person), reviews=asked),
        SignOffStatus.NOT_ASKED,
        1,
    )
    owed = _made(at4, "una", 2, Decision.APPROVED_WITH_CONDITIONS)
    both = replace(at4, sign_offs=(vic, owed), reviews=asked, conditions=(OWED,))
    yield "with conditions", both, SignOffStatus.CONDITIONAL, 2
    against = _made(at4, "vic", 1, Decision.REJECTED)
    yield "one refuses", replace(at4, sign_offs=(against, una), reviews=asked), SignOffStatus.REJECTED, 1
    stale = replace(una, covered={**una.covered, "M03": "other"})
    yield "one is stale", replace(at4, sign_offs=(vic, stale), reviews=asked), SignOffStatus.STALE, 1
    lapsed = _made(at4, "una", 2, on=date(2029, 12, 10))
    yield "one has lapsed", replace(at4, sign_offs=(vic, lapsed), reviews=asked), SignOffStatus.STALE, 1
    at3 = at_tier("3")
    yield (
        "tier 3",
        replace(at3, sign_offs=(_made(at3, "vic", 1),), reviews=asked[:1]),
        SignOffStatus.SIGNED,
        1,
    )


@pytest.mark.parametrize(
    ("what", "project", "status", "given"), list(_several()), ids=lambda item: str(item)[:20]
)
def test_several_people_have_to_approve_at_tier_4(
    what: str, project: ProjectFacts, status: SignOffStatus, given: int
) -> None:
    state = sign_off_status(project, guide(), Gate.MODEL, Role.VALIDATION)
    assert (state.status, state.given) == (status, given), what
    assert state.needed == (2 if project.tier == 4 else 1)


def test_nobody_counts_twice_by_standing_in_and_each_takes_back_only_their_own() -> None:
    at4 = at_tier("4", members=(MemberFact("vic", Role.VALIDATION, 0), MemberFact("una", Role.VALIDATION, 0)))
    vic, asked = _made(at4, "vic", 1), (_review("vic", 1), _review("una", 2, "open"))
    project = replace(at4, sign_offs=(vic,), reviews=asked)
    stands_in = DelegationFact(1, "una", "Una", "vic", "Vic", Role.VALIDATION, None, TODAY, TODAY)
    against = may_decide_now(project, guide(), asked[1], Actor("vic", "Vic"), (stands_in,))
    assert [item.code for item in against] == ["already_signed"]
    assert may_decide_now(project, guide(), asked[1], Actor("una", "Una")) == ()
    both = replace(project, sign_offs=(vic, _made(at4, "una", 2)))
    assert may_withdraw(both, guide(), vic, asked[0], Actor("vic", "Vic")) == ()
    assert [b.code for b in may_withdraw(both, guide(), vic, asked[0], Actor("una", "Una"))] == ["not_named"]


def test_a_changed_tier_derives_the_required_reviews_anew_at_once() -> None:
    """The light track asks three roles; another tier asks all of them, with nothing written in between."""
    asked = {
        tier: {spec.role for spec in required_reviews(at_tier(tier), guide(), Gate.DESIGN)} for tier in "124"
    }
    assert asked["1"] == {Role.BUSINESS, Role.TECHNOLOGY, Role.COMPLIANCE}
    assert asked["2"] == asked["4"] > asked["1"]
