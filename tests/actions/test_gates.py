"""Gates: outcome, tier, conditions, waivers, reasons: state, event and refusal for each exit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import gates, people, plans, projects
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import project_chain
from lifecycle.guide import Guide
from lifecycle.rules.assessment import assess
from lifecycle.rules.gates import blockers
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.store.database import Database
from lifecycle.store.tables import (
    Condition,
    Event,
    GateDecision,
    Project,
    ProjectStanding,
    TargetDate,
    Waiver,
)
from lifecycle.vocabulary import (
    Actor,
    Decision,
    Gate,
    Outcome,
    ProjectStatus,
    Role,
    SignOffStatus,
    Stage,
)
from tests.clock import START
from tests.factories import (
    answer,
    ask,
    cast,
    facts_of,
    fill,
    go,
    go_to,
    project,
    ready,
    reviews_of,
    sign,
    small_guide,
)

LATER = START + timedelta(days=3)
NEXT_MONTH = date(2026, 4, 2)
YESTERDAY = date(2026, 3, 1)


class Desk:
    """One session with a cast and Pat's project under one guide."""

    def __init__(self, session: Session, guide: Guide) -> None:
        self.session, self.cast = session, cast(session, guide)
        self.project_id = project(session, self.cast)

    @property
    def project(self) -> Project:
        return self.session.get_one(Project, self.project_id)

    def act(self, action: Any, by: Actor | Role, **details: Any) -> Any:
        who = self.cast[by] if isinstance(by, Role) else by
        given = {"at": START, "guide": self.cast.guide, **details}
        return action(self.session, by=who, **given)

    def decide(self, by: Actor | Role, gate: Gate, outcome: Outcome, **details: Any) -> Any:
        details = {"project_id": self.project_id, "gate": gate, "outcome": outcome, **details}
        return self.act(gates.decide, by, **details)

    def answer(self, field_id: str, raw: object, **details: Any) -> None:
        answer(self.session, self.cast, self.project_id, field_id, raw, **details)

    def blocker_codes(self, gate: Gate = Gate.DISCOVERY, **details: Any) -> list[str]:
        facts = facts_of(self.session, self.cast, self.project_id, **details)
        return [blocker.code for blocker in blockers(facts, self.cast.guide, gate)]

    def newest_event(self) -> tuple[str, str, dict[str, Any]]:
        found = self.session.exec(
            select(Event).where(Event.chain == project_chain(self.project_id)).order_by(col(Event.id).desc())
        ).first()
        assert found is not None
        return found.action, found.subject, json.loads(found.detail)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with database.write() as session:
        yield Desk(session, small_guide())


@pytest.fixture
def checked(database: Database) -> Iterator[Desk]:
    """As `desk`, with a block (T01) and a warning (T02) that read D01; compliance may waive."""
    with database.write() as session:
        yield Desk(session, small_guide(with_checks=True))


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [blocker.code for blocker in refused.value.blockers]


# ---------------------------------------------------------------- the outcome


def test_go_moves_the_project_on_and_records_what_it_rests_on(desk: Desk) -> None:
    ready(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY)
    assert desk.blocker_codes() == []

    decision_id = desk.decide(Role.BUSINESS, Gate.DISCOVERY, Outcome.GO, at=LATER)

    after = desk.project
    assert (after.stage, after.gate, after.status) == ("feasibility", "feasibility", "active")
    assert (after.furthest_stage, after.stage_since) == ("feasibility", LATER)
    row = desk.session.get_one(GateDecision, decision_id)
    assert (row.outcome, row.printed_name, row.tier, len(row.digest)) == ("go", "Bea", 2, 64)
    action, subject, detail = desk.newest_event()
    assert (action, subject, detail["digest"]) == ("gate.decided", "gate:discovery", row.digest)
    standing = desk.session.get_one(ProjectStanding, desk.project_id)
    assert standing.gate == "feasibility"


def test_go_rests_on_other_sign_offs_after_somebody_signed_again(desk: Desk) -> None:
    ready(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY)
    second = project(desk.session, desk.cast, "Returns")
    ready(desk.session, desk.cast, second, Gate.DISCOVERY)
    ids = [
        desk.decide(Role.BUSINESS, Gate.DISCOVERY, Outcome.GO, project_id=each)
        for each in (desk.project_id, second)
    ]
    first_digest, second_digest = (desk.session.get_one(GateDecision, each).digest for each in ids)
    assert first_digest != second_digest


def test_go_is_refused_with_exactly_the_blockers_that_the_screen_shows(desk: Desk) -> None:
    fill(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY)
    ask(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY, Role.BUSINESS)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.BUSINESS, Gate.DISCOVERY, Outcome.GO)
    facts = facts_of(desk.session, desk.cast, desk.project_id)
    assert refused.value.blockers == assess(facts, desk.cast.guide, Gate.DISCOVERY).blockers
    assert set(codes(refused)) == {
        f"sign_off:{role}"
        for role in ("business", "technology", "privacy", "legal", "compliance", "validation")
    }
    assert (desk.project.gate, desk.session.exec(select(GateDecision)).all()) == ("discovery", [])


def test_go_is_not_for_the_product_manager_administrators_or_a_later_gate(desk: Desk) -> None:
    ready(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY)
    for nobody in (desk.cast.pat, desk.cast.ada, desk.cast.olu):
        with pytest.raises(Forbidden):
            desk.decide(nobody, Gate.DISCOVERY, Outcome.GO)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.BUSINESS, Gate.FEASIBILITY, Outcome.GO)
    assert "not_current_gate" in codes(refused)


def test_go_live_needs_an_approver_whose_level_reaches_the_tier(desk: Desk) -> None:
    go_to(desk.session, desk.cast, desk.project_id, Gate.LAUNCH)
    assert (desk.project.stage, desk.project.status) == ("production", "rollout")
    ready(desk.session, desk.cast, desk.project_id, Gate.LAUNCH)
    people.set_approval_level(desk.session, by=desk.cast.ada, at=START, person_key=desk.cast.ann.key, level=1)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.APPROVER, Gate.LAUNCH, Outcome.GO)
    assert codes(refused) == ["level_too_low"]
    people.set_approval_level(desk.session, by=desk.cast.ada, at=START, person_key=desk.cast.ann.key, level=2)
    desk.decide(Role.APPROVER, Gate.LAUNCH, Outcome.GO)
    assert (desk.project.gate, desk.project.status) == ("operate", "live")


def test_recycle_goes_back_with_a_reason_and_closes_what_was_asked(desk: Desk) -> None:
    go_to(desk.session, desk.cast, desk.project_id, Gate.DESIGN)
    open_one = ask(desk.session, desk.cast, desk.project_id, Gate.DESIGN, Role.PRIVACY)
    for details, code in (
        ({"reason": "The data is not there"}, "no_stage"),
        ({"to_stage": Stage.FEASIBILITY}, "no_reason"),
        ({"reason": "x", "to_stage": Stage.MODEL}, "later_stage"),
    ):
        with pytest.raises(Refused) as refused:
            desk.decide(Role.PRODUCT_MANAGER, Gate.DESIGN, Outcome.RECYCLE, **details)
        assert codes(refused) == [code]

    desk.decide(
        Role.PRODUCT_MANAGER,
        Gate.DESIGN,
        Outcome.RECYCLE,
        reason="The data is not there",
        to_stage=Stage.FEASIBILITY,
        at=LATER,
    )

    after = desk.project
    assert (after.stage, after.gate, after.furthest_stage) == ("feasibility", "feasibility", "design")
    assert after.stage_since == LATER
    assert desk.newest_event()[2]["reviews_closed"] == [open_one]
    assert {row.state for row in reviews_of(desk.session, desk.project_id)} == {"decided", "withdrawn"}
    assert facts_of(desk.session, desk.cast, desk.project_id).passed_gates == (Gate.DISCOVERY,)


def test_stop_ends_the_project_and_every_open_request(desk: Desk) -> None:
    review_id = ask(desk.session, desk.cast, desk.project_id, Gate.FEASIBILITY, Role.PRIVACY)
    with pytest.raises(Refused):
        desk.decide(Role.PRODUCT_MANAGER, Gate.DISCOVERY, Outcome.STOP)
    desk.decide(Role.PRODUCT_MANAGER, Gate.DISCOVERY, Outcome.STOP, reason="A rule does as well")
    assert desk.project.status == ProjectStatus.STOPPED
    assert desk.newest_event()[2]["reviews_closed"] == [review_id]
    with pytest.raises(Refused, match="nothing left to review"):
        ask(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY, Role.PRIVACY)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.PRODUCT_MANAGER, Gate.DISCOVERY, Outcome.STOP, reason="Again")
    assert "ended" in codes(refused)


def test_stop_at_operate_is_retiring_and_asks_for_more_than_a_reason(desk: Desk) -> None:
    go_to(desk.session, desk.cast, desk.project_id, Gate.OPERATE)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.APPROVER, Gate.OPERATE, Outcome.STOP, reason="Replaced by a rule")
    assert codes(refused) == ["retire_instead"]
    assert desk.project.status == ProjectStatus.LIVE


def test_archived_project_takes_no_decision(desk: Desk) -> None:
    projects.archive(desk.session, by=desk.cast.pat, at=START, project_id=desk.project_id)
    with pytest.raises(Refused) as refused:
        desk.decide(Role.PRODUCT_MANAGER, Gate.DISCOVERY, Outcome.STOP, reason="Enough")
    assert codes(refused) == ["project:archived"]


# ---------------------------------------------------------------- the tier


def test_other_tier_needs_an_approver_of_both_tiers_and_a_reason(desk: Desk) -> None:
    people.give_project_role(
        desk.session,
        by=desk.cast.pat,
        at=START,
        project_id=desk.project_id,
        person_key=desk.cast.ann.key,
        role=Role.APPROVER,
    )

    def choose(tier: int, reason: str = "Only staff see it") -> Any:
        return desk.act(
            gates.choose_tier, Role.APPROVER, project_id=desk.project_id, tier=tier, reason=reason
        )

    with pytest.raises(Refused) as refused:
        choose(1)
    assert codes(refused) == ["no_proposal"]
    desk.answer("D12", "decides_alone")
    desk.answer("D13", {"affected": "public", "undo": "never"})
    with pytest.raises(Refused, match="propose tier 4 anyway"):
        choose(4)
    with pytest.raises(Invalid, match="fits better"):
        choose(3, " ")
    with pytest.raises(Invalid, match="from 1 to 4"):
        choose(5)
    choose(3)
    action, subject, detail = desk.newest_event()
    assert (action, subject, detail["proposed"]) == ("tier.chosen", "tier:3", 4)
    assert facts_of(desk.session, desk.cast, desk.project_id).tier_choice == 3
    choose(4, "On reflection the points are right")
    people.set_approval_level(desk.session, by=desk.cast.ada, at=START, person_key=desk.cast.ann.key, level=3)
    with pytest.raises(Refused, match="needs an approver of level 4"):
        choose(2)


# ---------------------------------------------------------------- conditions


def test_condition_is_met_with_proof(desk: Desk) -> None:
    condition_id = desk.act(
        gates.add_condition,
        Role.PRODUCT_MANAGER,
        project_id=desk.project_id,
        gate=Gate.DISCOVERY,
        text="Name a second owner",
        owner=desk.cast.pat.key,
        due_on=NEXT_MONTH,
    )
    assert desk.newest_event()[0] == "condition.added"
    with pytest.raises(Invalid, match="what shows that it is met"):
        desk.act(gates.meet_condition, Role.PRODUCT_MANAGER, condition_id=condition_id, proof="")
    desk.act(gates.meet_condition, Role.PRODUCT_MANAGER, condition_id=condition_id, proof="See D07", at=LATER)
    row = desk.session.get_one(Condition, condition_id)
    assert (row.state, row.proof, row.met_at, row.met_by) == ("met", "See D07", LATER, desk.cast.pat.key)
    assert desk.newest_event()[:2] == ("condition.met", f"condition:{condition_id}")
    with pytest.raises(Refused, match="met already"):
        desk.act(gates.meet_condition, Role.PRODUCT_MANAGER, condition_id=condition_id, proof="Again")


def test_condition_of_a_role_is_withdrawn_by_that_role_or_an_approver(desk: Desk) -> None:
    sign(
        desk.session,
        desk.cast,
        desk.project_id,
        Gate.DESIGN,
        Role.PRIVACY,
        Decision.APPROVED_WITH_CONDITIONS,
        conditions=[("Finish the assessment", "Pat", NEXT_MONTH)],
    )
    ask(desk.session, desk.cast, desk.project_id, Gate.DESIGN, Role.LEGAL)
    condition_id = desk.session.exec(select(Condition.id)).one()
    with pytest.raises(Forbidden):
        desk.act(gates.withdraw_condition, Role.PRODUCT_MANAGER, condition_id=condition_id, reason="Late")
    with pytest.raises(Refused, match="Only Privacy or an approver"):
        desk.act(gates.withdraw_condition, Role.LEGAL, condition_id=condition_id, reason="Late")
    desk.act(gates.withdraw_condition, Role.PRIVACY, condition_id=condition_id, reason="No longer needed")
    assert desk.session.get_one(Condition, condition_id).state == "withdrawn"
    assert desk.newest_event()[0] == "condition.withdrawn"
    facts = facts_of(desk.session, desk.cast, desk.project_id)
    state = sign_off_status(facts, desk.cast.guide, Gate.DESIGN, Role.PRIVACY)
    assert state.status is SignOffStatus.SIGNED


def test_overdue_condition_blocks_its_gate(desk: Desk) -> None:
    ready(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY)
    condition_id = desk.act(
        gates.add_condition,
        Role.PRODUCT_MANAGER,
        project_id=desk.project_id,
        gate=Gate.DISCOVERY,
        text="Name a second owner",
        owner="Pat",
        due_on=START.date(),
    )
    assert desk.blocker_codes() == []
    assert desk.blocker_codes(at=LATER) == [f"condition:{condition_id}"]


# ---------------------------------------------------------------- waivers and reasons


def blocked_by_a_check(desk: Desk) -> None:
    ask(desk.session, desk.cast, desk.project_id, Gate.DISCOVERY, Role.COMPLIANCE)
    desk.answer("D01", "The answer comes too late")


def waive(desk: Desk, by: Role = Role.COMPLIANCE, **details: Any) -> Any:
    given = {
        "check_id": "T01",
        "gate": Gate.DISCOVERY,
        "mitigation": "A daily call",
        "expires_on": NEXT_MONTH,
    }
    return desk.act(gates.waive, by, project_id=desk.project_id, **{**given, **details})


def test_waiver_lifts_a_block_until_it_expires_or_is_revoked(checked: Desk) -> None:
    blocked_by_a_check(checked)
    assert "T01" in checked.blocker_codes()

    waiver_id = waive(checked)

    assert "T01" not in checked.blocker_codes()
    assert checked.newest_event()[:2] == ("check.waived", "check:T01")
    assert "T01" in checked.blocker_codes(at=START + timedelta(days=32))
    checked.act(gates.revoke_waiver, Role.COMPLIANCE, waiver_id=waiver_id, reason="The call was dropped")
    assert "T01" in checked.blocker_codes()
    assert checked.newest_event()[0] == "waiver.revoked"
    with pytest.raises(Refused, match="revoked already"):
        checked.act(gates.revoke_waiver, Role.COMPLIANCE, waiver_id=waiver_id, reason="Twice")


@pytest.mark.parametrize(
    ("details", "error", "sentence"),
    [
        ({"by": Role.PRIVACY}, Refused, "Only compliance can waive T01"),
        ({"by": Role.PRODUCT_MANAGER}, Forbidden, "Only the project's"),
        ({"check_id": "T02"}, Refused, "T02 blocks nothing now"),
        ({"check_id": "T99"}, NotFound, "no check “T99”"),
        ({"expires_on": YESTERDAY}, Refused, "would have ended on 2026-03-01"),
        ({"expires_on": date(2027, 3, 4)}, Invalid, "at most a year"),
        ({"mitigation": ""}, Invalid, "what is done about the risk"),
    ],
)
def test_waiver_is_refused(
    checked: Desk, details: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    blocked_by_a_check(checked)
    ask(checked.session, checked.cast, checked.project_id, Gate.DISCOVERY, Role.PRIVACY)
    with pytest.raises(error, match=sentence):
        waive(checked, **details)
    assert checked.session.exec(select(Waiver)).all() == []


def test_reason_settles_a_warning_until_its_input_changes(checked: Desk) -> None:
    checked.answer("D01", "It is a vague wish")
    reason = {"project_id": checked.project_id, "check_id": "T02", "reason": "The pilot will tell"}
    assert "T02" in checked.blocker_codes()

    checked.act(gates.give_reason, Role.PRODUCT_MANAGER, **reason)

    assert "T02" not in checked.blocker_codes()
    assert checked.newest_event()[:2] == ("warning.reasoned", "check:T02")
    checked.answer("D01", "It is another vague wish")
    assert "T02" in checked.blocker_codes()
    checked.answer("D01", "It is a clear wish")
    with pytest.raises(Refused, match="needs no reason"):
        checked.act(gates.give_reason, Role.PRODUCT_MANAGER, **reason)
    with pytest.raises(Forbidden):
        checked.act(gates.give_reason, checked.cast.ada, **reason)


def test_block_takes_no_reason(checked: Desk) -> None:
    checked.answer("D01", "The answer comes too late")
    with pytest.raises(Refused):
        checked.act(
            gates.give_reason,
            Role.PRODUCT_MANAGER,
            project_id=checked.project_id,
            check_id="T01",
            reason="We go on",
        )


# ---------------------------------------------------------------- plans


def test_target_date_is_set_moved_and_cleared(desk: Desk) -> None:
    day = {"project_id": desk.project_id, "gate": Gate.DESIGN}
    desk.act(plans.set_date, Role.PRODUCT_MANAGER, **day, on_date=NEXT_MONTH)
    standing = desk.session.get_one(ProjectStanding, desk.project_id)
    assert (standing.next_on, standing.next_what) == (NEXT_MONTH, "Design & Requirements gate")
    desk.act(plans.set_date, Role.PRODUCT_MANAGER, **day, on_date=date(2026, 5, 1))
    said = desk.newest_event()[2]
    assert (said["before"], said["after"]) == ("2026-04-02", "2026-05-01")
    with pytest.raises(Invalid, match="2026-03-01 has passed"):
        desk.act(plans.set_date, Role.PRODUCT_MANAGER, **day, on_date=YESTERDAY)
    desk.act(plans.clear_date, Role.PRODUCT_MANAGER, **day)
    assert desk.session.exec(select(TargetDate)).all() == []
    with pytest.raises(NotFound):
        desk.act(plans.clear_date, Role.PRODUCT_MANAGER, **day)


def test_whole_life_leads_to_a_live_product(desk: Desk) -> None:
    places: list[tuple[str | None, str | None, str]] = []
    for gate in Gate:
        go(desk.session, desk.cast, desk.project_id, gate)
        places.append((desk.project.stage, desk.project.gate, desk.project.status))
    assert places == [
        ("feasibility", "feasibility", "active"),
        ("design", "design", "active"),
        ("model", "model", "active"),
        ("production", "launch", "rollout"),
        ("production", "operate", "live"),
        ("production", "operate", "live"),
    ]
