"""P1 to P5 as rules: what is covered, when it is stale, what stands now, who may decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.project_facts import (
    ConditionFact,
    GateDecisionFact,
    ProjectFacts,
    ReviewFact,
    SignOffFact,
    SourceFact,
)
from lifecycle.rules.signoffs import (
    cover,
    current_sign_off,
    decisions_allowed,
    digest_of,
    may_decide,
    required_reviews,
    sign_off_status,
    stale_keys,
    stale_sign_offs,
    staleness,
)
from lifecycle.vocabulary import (
    COMMAND_LINE,
    Act,
    Actor,
    Decision,
    Gate,
    Outcome,
    Person,
    Role,
    SignOffStatus,
)
from tests.rules.building import TODAY, answered, dont_know, facts, guide, moment, not_applicable
from tests.rules.worksheets import PEOPLE, changed, full_worksheet, marked, signed, with_answer

PLACES = [(gate, spec.role) for gate in Gate for spec in guide().policy.gates[gate]]
LATER = date(2030, 6, 1)


def review(role: Role = Role.PRIVACY, gate: Gate = Gate.DESIGN, **details: object) -> ReviewFact:
    given = {
        "id": 1,
        "gate": gate,
        "role": role,
        "act": Act.APPROVE,
        "person_key": "ria",
        "requested_by": "pat",
        "requested_at": moment(date(2030, 4, 1)),
        "due_on": None,
        "state": "open",
    }
    return ReviewFact(**{**given, **details})  # type: ignore[arg-type]


# ---------------------------------------------------------------- staleness


@given(
    place=st.sampled_from(PLACES),
    field_id=st.sampled_from(list(guide().fields)),
    fate=st.sampled_from("cdn0"),
)
def test_sign_off_is_stale_exactly_when_relied_on_content_differs(
    place: tuple[Gate, Role], field_id: str, fate: str
) -> None:
    before = full_worksheet()
    made = signed(before, *place)
    fact = {"c": marked(field_id, "changed"), "d": dont_know(), "n": not_applicable(), "0": None}[fate]

    now = with_answer(before, field_id, fact)

    relied_on = field_id in guide().relied_on(*place)
    key = f"{field_id}@1" if field_id.startswith("X") else field_id
    assert stale_keys(now, guide(), made) == ((key,) if relied_on else ())
    assert (digest_of(cover(now, guide(), *place)) != digest_of(cover(before, guide(), *place))) is relied_on
    assert stale_keys(with_answer(now, field_id, marked(field_id, answer_id=9)), guide(), made) == ()


@given(
    place=st.sampled_from(PLACES),
    others=st.lists(st.sampled_from(list(guide().fields)), unique=True, min_size=1, max_size=30),
)
def test_sign_off_names_every_changed_key_and_no_other(place: tuple[Gate, Role], others: list[str]) -> None:
    before = full_worksheet()
    now = before
    for field_id in others:
        now = changed(now, field_id)

    found = {key.partition("@")[0] for key in stale_keys(now, guide(), signed(before, *place))}

    assert found == set(others) & set(guide().relied_on(*place))


def test_sign_off_on_sources_notices_one_added_or_removed_but_not_another_name() -> None:
    before = full_worksheet()
    feed = before.sources[0]
    made = signed(before, Gate.FEASIBILITY, Role.PRIVACY)
    added = replace(before, sources=(feed, SourceFact(2, "Branch notes")))
    renamed = replace(before, sources=(replace(feed, name="Feed 2"),))
    removed = replace(before, sources=())

    assert staleness(added, guide(), made) == ("The data source “Branch notes” was added.",)
    assert staleness(renamed, guide(), made) == ()
    assert staleness(removed, guide(), made) == ("A data source was removed.",)
    assert staleness(before, guide(), made) == ()


def test_sign_off_without_source_fields_ignores_sources() -> None:
    before = full_worksheet()
    made = signed(before, Gate.DISCOVERY, Role.BUSINESS)

    assert stale_keys(replace(before, sources=()), guide(), made) == ()


def test_staleness_names_field_source_and_open_invalidation() -> None:
    before = full_worksheet()
    made = signed(
        before, Gate.FEASIBILITY, Role.PRIVACY, invalidations=("The file “dpia.pdf” was replaced.",)
    )

    reasons = staleness(changed(changed(before, "D25"), "X07"), guide(), made)

    assert reasons == (
        "The file “dpia.pdf” was replaced.",
        "Personal or sensitive data (D25) changed.",
        "Personal or sensitive (X07) of Feed changed.",
    )


def test_question_open_when_signed_makes_stale_once_answered() -> None:
    before = with_answer(full_worksheet(), "D34", None)
    made = signed(before, Gate.DISCOVERY, Role.BUSINESS)

    assert stale_keys(before, guide(), made) == ()
    assert stale_keys(full_worksheet(), guide(), made) == ("D34",)


# ---------------------------------------------------------------- what stands now

NOW = full_worksheet()
OPEN = review(requested_at=moment(LATER))
ELSEWHERE = {
    (Gate.DESIGN, Role.PRIVACY): moment(date(2029, 1, 1))
}  # as an imported document says: it does not count


def _at_design(
    decision: Decision, *, stale: bool = False, asked: bool = False, owed: str = ""
) -> ProjectFacts:
    made = signed(NOW, Gate.DESIGN, Role.PRIVACY, decision=decision)
    project = replace(NOW, sign_offs=(made,), reviews=(OPEN,) if asked else ())
    if owed:
        condition = ConditionFact(1, Gate.DESIGN, Role.PRIVACY, "Delete the logs", "pat", LATER, owed)
        project = replace(project, conditions=(condition,))
    return changed(project, "R24") if stale else project


@pytest.mark.parametrize(
    ("project", "expected", "since"),
    [
        (NOW, SignOffStatus.NOT_ASKED, None),
        (replace(NOW, elsewhere=ELSEWHERE), SignOffStatus.ELSEWHERE, date(2029, 1, 1)),
        (replace(NOW, elsewhere=ELSEWHERE, reviews=(OPEN,)), SignOffStatus.WAITING, LATER),
        (replace(_at_design(Decision.APPROVED), elsewhere=ELSEWHERE), SignOffStatus.SIGNED, date(2030, 5, 1)),
        (replace(NOW, reviews=(OPEN,)), SignOffStatus.WAITING, LATER),
        (replace(NOW, reviews=(replace(OPEN, state="withdrawn"),)), SignOffStatus.NOT_ASKED, None),
        (_at_design(Decision.APPROVED), SignOffStatus.SIGNED, date(2030, 5, 1)),
        (_at_design(Decision.APPROVED, asked=True), SignOffStatus.SIGNED, date(2030, 5, 1)),
        (_at_design(Decision.APPROVED, stale=True), SignOffStatus.STALE, TODAY),
        (_at_design(Decision.APPROVED, stale=True, asked=True), SignOffStatus.WAITING, LATER),
        (
            _at_design(Decision.APPROVED_WITH_CONDITIONS, owed="open"),
            SignOffStatus.CONDITIONAL,
            date(2030, 5, 1),
        ),
        (_at_design(Decision.APPROVED_WITH_CONDITIONS, owed="met"), SignOffStatus.SIGNED, date(2030, 5, 1)),
        (_at_design(Decision.CHANGES_REQUESTED), SignOffStatus.CHANGES_REQUESTED, date(2030, 5, 1)),
        (
            _at_design(Decision.CHANGES_REQUESTED, stale=True),
            SignOffStatus.CHANGES_REQUESTED,
            date(2030, 5, 1),
        ),
        (_at_design(Decision.CHANGES_REQUESTED, asked=True), SignOffStatus.WAITING, LATER),
        (_at_design(Decision.REJECTED), SignOffStatus.REJECTED, date(2030, 5, 1)),
        (_at_design(Decision.REJECTED, asked=True), SignOffStatus.WAITING, LATER),
    ],
)
def test_status_of_a_sign_off_says_what_stands_and_since_when(
    project: ProjectFacts, expected: SignOffStatus, since: date | None
) -> None:
    state = sign_off_status(project, guide(), Gate.DESIGN, Role.PRIVACY)

    assert (state.status, state.since) == (expected, moment(since) if since else None)


def test_current_sign_off_is_the_newest_of_its_role_and_gate() -> None:
    first = signed(NOW, Gate.DESIGN, Role.LEGAL, id=1)
    second = signed(NOW, Gate.DESIGN, Role.LEGAL, id=2, decision=Decision.REJECTED, on=LATER)
    other = signed(NOW, Gate.MODEL, Role.LEGAL, id=3, on=TODAY)

    assert current_sign_off(replace(NOW, sign_offs=(second, first, other)), Gate.DESIGN, Role.LEGAL) == second


def test_stale_sign_off_stops_counting_once_its_role_decided_on_the_new_content_elsewhere() -> None:
    made = signed(NOW, Gate.DISCOVERY, Role.PRIVACY, id=1)
    stale = changed(replace(NOW, sign_offs=(made,)), "X07")
    later_but_before_the_change = signed(NOW, Gate.DESIGN, Role.PRIVACY, id=2, on=LATER)
    later_without_that_field = signed(stale, Gate.DESIGN, Role.TECHNOLOGY, id=3, on=TODAY)
    later_with_it = signed(stale, Gate.DESIGN, Role.PRIVACY, id=4, on=TODAY)

    def counted(*more: SignOffFact) -> list[int]:
        return [fact.id for fact in stale_sign_offs(replace(stale, sign_offs=(made, *more)), guide())]

    assert counted() == [1]
    assert counted(later_but_before_the_change) == [1, 2]
    assert counted(later_without_that_field) == [1]
    assert counted(later_with_it) == []


def at_launch(project: ProjectFacts, role: Role) -> SignOffStatus:
    return sign_off_status(project, guide(), Gate.LAUNCH, role).status


def test_an_approval_in_operation_that_covers_a_change_makes_up_for_it_at_the_passed_launch_gate() -> None:
    """What a delivery pipeline is told of is what waits on somebody's page, and nothing else."""
    launched = replace(
        NOW,
        sign_offs=tuple(
            signed(NOW, Gate.LAUNCH, role, id=number)
            for number, role in enumerate((Role.VALIDATION, Role.TECHNOLOGY), 1)
        ),
        decisions=(GateDecisionFact(Gate.LAUNCH, Outcome.GO, moment(TODAY), "axel"),),
    )
    results_anew = changed(launched, "M03")
    assert at_launch(results_anew, Role.VALIDATION) is SignOffStatus.STALE
    seen = signed(results_anew, Gate.OPERATE, Role.VALIDATION, id=3, on=LATER)
    validated = replace(results_anew, sign_offs=(*results_anew.sign_offs, seen))
    assert at_launch(validated, Role.VALIDATION) is SignOffStatus.SIGNED
    assert stale_sign_offs(validated, guide()) == ()

    assert at_launch(replace(validated, decisions=()), Role.VALIDATION) is SignOffStatus.STALE, (
        "not passed yet"
    )
    assert at_launch(changed(validated, "M05"), Role.VALIDATION) is SignOffStatus.STALE, "changed again"

    # Operate does not ask about the version: whoever signed for one signs for the next.
    version_anew = changed(validated, "P01")
    again = signed(version_anew, Gate.OPERATE, Role.TECHNOLOGY, id=4, on=LATER)
    version_anew = replace(version_anew, sign_offs=(*version_anew.sign_offs, again))
    assert at_launch(version_anew, Role.TECHNOLOGY) is SignOffStatus.STALE
    assert [(fact.gate, fact.role) for fact in stale_sign_offs(version_anew, guide())] == [
        (Gate.LAUNCH, Role.TECHNOLOGY)
    ], "and it waits on their page"


def test_where_several_have_to_approve_nobody_makes_up_for_another() -> None:
    tier_4 = with_answer(NOW, "R21", answered("R21", {"tier": "4"}))
    launched = replace(
        tier_4,
        sign_offs=tuple(
            signed(tier_4, Gate.LAUNCH, Role.VALIDATION, id=number, person_key=key)
            for number, key in enumerate(("ria", "rob"), 1)
        ),
        decisions=(GateDecisionFact(Gate.LAUNCH, Outcome.GO, moment(TODAY), "axel"),),
    )
    changed_since = changed(launched, "M03")
    seen = signed(changed_since, Gate.OPERATE, Role.VALIDATION, id=3, on=LATER, person_key="ria")
    found = replace(changed_since, sign_offs=(*changed_since.sign_offs, seen))

    assert [fact.person_key for fact in stale_sign_offs(found, guide())] == ["rob"]
    state = sign_off_status(found, guide(), Gate.LAUNCH, Role.VALIDATION)
    assert (state.status, state.given, state.needed) == (SignOffStatus.STALE, 1, 2)


def test_opinion_never_counts_as_stale() -> None:
    opinion = signed(NOW, Gate.FEASIBILITY, Role.VALIDATION, act=Act.CONSULT, decision=Decision.OPINION)

    assert stale_sign_offs(changed(replace(NOW, sign_offs=(opinion,)), "F03"), guide()) == ()


# ---------------------------------------------------------------- what is required


def test_consultation_is_never_required() -> None:
    roles = {spec.role for spec in required_reviews(NOW, guide(), Gate.FEASIBILITY)}

    assert roles == {Role.BUSINESS, Role.PRIVACY, Role.LEGAL, Role.TECHNOLOGY}


def test_tier_1_takes_the_light_track() -> None:
    light = with_answer(NOW, "R21", answered("R21", {"tier": "1"}))

    assert [spec.role for spec in required_reviews(light, guide(), Gate.LAUNCH)] == [
        Role.APPROVER,
        Role.TECHNOLOGY,
        Role.BUSINESS,
        Role.COMPLIANCE,
    ]


def test_attesting_again_is_required_only_while_an_earlier_sign_off_is_stale() -> None:
    approved = replace(NOW, sign_offs=(signed(NOW, Gate.DESIGN, Role.PRIVACY),))
    usual = {Role.VALIDATION, Role.COMPLIANCE, Role.TECHNOLOGY, Role.BUSINESS}

    def roles(project: ProjectFacts) -> set[Role]:
        return {spec.role for spec in required_reviews(project, guide(), Gate.MODEL)}

    assert roles(NOW) == usual
    assert roles(approved) == usual
    assert roles(changed(approved, "R01")) == usual
    assert roles(changed(approved, "X07")) == {*usual, Role.PRIVACY}


# ---------------------------------------------------------------- who may decide

DEVELOPED = facts(
    M15=[
        {"person": Person("val", "Val Stone"), "part": "developer"},
        {"person": Person(None, "dev orr"), "part": "developer"},
        {"person": Person("una", "Una Frost"), "part": "validator"},
    ],
    members=PEOPLE,
)


@pytest.mark.parametrize(
    ("asked", "actor", "codes"),
    [
        (review(), Actor("ria", "Ria Holm"), []),
        (review(), Actor("bo", "Bo Lind"), ["not_named"]),
        (review(person_key=COMMAND_LINE.key), COMMAND_LINE, ["not_named"]),
        (review(state="decided"), Actor("ria", "Ria Holm"), ["closed"]),
        (review(state="withdrawn"), Actor("ria", "Ria Holm"), ["closed"]),
        (
            review(person_key="pat", requested_by="bo"),
            Actor("pat", "Pat Quill"),
            ["own_work:product_manager"],
        ),
        (review(person_key="bo", requested_by="bo"), Actor("bo", "Bo Lind"), ["own_work:requester"]),
        (
            review(person_key="pat"),
            Actor("pat", "Pat Quill"),
            ["own_work:product_manager", "own_work:requester"],
        ),
        (review(Role.VALIDATION, person_key="val"), Actor("val", "Val Stone"), ["own_work:developer"]),
        (review(Role.VALIDATION, person_key="dev"), Actor("dev", "Dev Orr"), ["own_work:developer"]),
        (review(Role.VALIDATION, person_key="una"), Actor("una", "Una Frost"), []),
        (review(Role.TECHNOLOGY, person_key="val"), Actor("val", "Val Stone"), []),
    ],
)
def test_only_the_named_and_uninvolved_person_may_decide(
    asked: ReviewFact, actor: Actor, codes: list[str]
) -> None:
    assert [blocker.code for blocker in may_decide(DEVELOPED, asked, actor)] == codes


@pytest.mark.parametrize(
    ("act", "decisions"),
    [
        (Act.APPROVE, {"approved", "approved_with_conditions", "changes_requested", "rejected"}),
        (Act.ACKNOWLEDGE, {"acknowledged", "changes_requested"}),
        (Act.CONSULT, {"opinion"}),
    ],
)
def test_review_ends_only_in_the_decisions_of_its_act(act: Act, decisions: set[str]) -> None:
    assert {decision.value for decision in decisions_allowed(act)} == decisions
