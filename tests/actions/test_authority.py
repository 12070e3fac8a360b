"""What opens a passed gate again without moving the project, who judges a condition, and who is a party to it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle.actions import gates, people, reviews
from lifecycle.errors import Invalid, Refused
from lifecycle.events import chain_stamp
from lifecycle.facts.standing import compute_standing
from lifecycle.queries import gates as gate_queries
from lifecycle.queries import overview
from lifecycle.queries.projects import key_of
from lifecycle.queries.reviews import seen_digest
from lifecycle.rules.readiness import readiness
from lifecycle.rules.tier_choices import TIER_CODE, tier_not_consented
from lifecycle.rules.tiers import propose
from lifecycle.store.database import Database
from lifecycle.store.tables import Condition, Project, Standing
from lifecycle.vocabulary import Decision, Gate, Level, Outcome, Role, SignOffStatus
from tests.clock import START
from tests.factories import answer, cast, facts_of, fill, go, project, register_trials, sign, small_guide

DAY = timedelta(days=1)
TODAY = START.date()


@dataclass
class Passed:
    """A project that has passed Discovery and works towards Feasibility."""

    session: Session

    def __post_init__(self) -> None:
        self.cast = cast(self.session)
        self.project = project(self.session, self.cast)
        go(self.session, self.cast, self.project, Gate.DISCOVERY)

    def level(self, at: datetime = START, gate: Gate = Gate.DISCOVERY) -> Level:
        return readiness(facts_of(self.session, self.cast, self.project, at), self.cast.guide, gate).level

    def stored(self, gate: Gate = Gate.DISCOVERY) -> Level:
        self.session.flush()
        return Level(self.session.get_one(Standing, (self.project, gate.value)).level)

    def place(self) -> tuple[str | None, str | None]:
        row = self.session.get_one(Project, self.project)
        return row.stage, row.gate

    def act(self, action: Any, by: Any, at: datetime = START, **details: Any) -> Any:
        return action(self.session, by=by, at=at, guide=self.cast.guide, **details)


@pytest.fixture
def passed(database: Database) -> Iterator[Passed]:
    with database.write() as session:
        yield Passed(session)


# ---------------------------------------------------------------- a passed gate opens again


def test_a_stale_sign_off_opens_its_passed_gate_and_moves_nothing(passed: Passed) -> None:
    assert (passed.level(), passed.stored(), passed.place()) == (
        Level.PASSED,
        Level.PASSED,
        ("feasibility", "feasibility"),
    )
    answer(passed.session, passed.cast, passed.project, "D25", {"personal": False})

    assert (passed.level(), passed.stored()) == (Level.CONDITIONAL, Level.CONDITIONAL)
    assert passed.place() == ("feasibility", "feasibility")
    key = key_of(passed.session, project_id=passed.project)
    asked = {"by": passed.cast.pat, "at": START, "guide": passed.cast.guide, "key": key}
    view = gate_queries.view(passed.session, gate=Gate.DISCOVERY, **asked)
    assert (view.is_passed, view.level) == (True, Level.CONDITIONAL)
    assert [item.code for item in view.blockers] == ["sign_off:privacy"]
    assert {item.role: item.status for item in view.roles}[Role.PRIVACY] is SignOffStatus.STALE
    track = {step.gate: step for step in overview.overview(passed.session, **asked).track}
    assert (track[Gate.DISCOVERY].is_passed, track[Gate.DISCOVERY].level) == (True, Level.CONDITIONAL)

    answer(passed.session, passed.cast, passed.project, "D25", {"personal": True, "categories": ["contact"]})
    assert passed.stored() is Level.PASSED  # the old content restores it


def test_a_withdrawn_sign_off_opens_it_and_a_new_one_closes_it(passed: Passed) -> None:
    privacy = passed.cast[Role.PRIVACY]
    facts = facts_of(passed.session, passed.cast, passed.project)
    made = next(item for item in facts.sign_offs if item.role is Role.PRIVACY)
    passed.act(reviews.withdraw, privacy, sign_off_id=made.id, reason="Misread")
    assert (passed.stored(), passed.place()) == (Level.WAITING, ("feasibility", "feasibility"))
    later = START + DAY
    digest = gate_digest(passed, made.review_id, later)
    passed.act(
        reviews.decide,
        privacy,
        at=later,
        review_id=made.review_id,
        decision=Decision.ACKNOWLEDGED,
        seen_digest=digest,
    )
    assert passed.stored() is Level.PASSED


def gate_digest(passed: Passed, review_id: int, at: datetime) -> str:
    return seen_digest(passed.session, guide=passed.cast.guide, review_id=review_id, at=at)


def test_an_overdue_condition_opens_it_by_its_date_alone(passed: Passed) -> None:
    condition_id = passed.act(
        gates.add_condition,
        passed.cast[Role.PRIVACY],
        project_id=passed.project,
        gate=Gate.DISCOVERY,
        text="Write the notice",
        owner="Pat",
        due_on=TODAY + 3 * DAY,
    )
    assert passed.stored() is Level.PASSED
    late = START + 4 * DAY
    assert passed.level(START + 3 * DAY) is Level.PASSED
    assert passed.level(late) is Level.BLOCKED
    facts = facts_of(passed.session, passed.cast, passed.project, late)
    now = compute_standing(passed.session, passed.project, facts, passed.cast.guide, late)
    assert now.gates["discovery"]["level"] == "blocked"
    assert now.project["overdue"] == 1
    stored = passed.session.get_one(Standing, (passed.project, "discovery"))
    assert stored.valid_until is not None
    assert stored.valid_until <= TODAY + 3 * DAY
    passed.act(
        gates.meet_condition, passed.cast.pat, at=late, condition_id=condition_id, proof="See the notice"
    )
    assert passed.stored() is Level.PASSED


def test_a_waiver_that_ends_or_is_revoked_opens_the_gate_it_was_given_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_trials(monkeypatch)
    with database.write() as session:
        everybody = cast(session, small_guide(with_checks=True))
        orders = project(session, everybody)
        fill(session, everybody, orders, Gate.DISCOVERY)
        answer(session, everybody, orders, "D01", "It comes late")
        for spec in everybody.guide.reviews(Gate.DISCOVERY):
            sign(session, everybody, orders, Gate.DISCOVERY, spec.role)
        until = TODAY + 5 * DAY
        common = {"at": START, "guide": everybody.guide}
        waiver_id = gates.waive(
            session,
            by=everybody[Role.COMPLIANCE],
            project_id=orders,
            check_id="T01",
            gate=Gate.DISCOVERY,
            mitigation="A daily call",
            expires_on=until,
            **common,
        )
        gates.decide(
            session,
            by=everybody[Role.BUSINESS],
            project_id=orders,
            gate=Gate.DISCOVERY,
            outcome=Outcome.GO_WITH_CONDITIONS,
            **common,
        )

        def level(at: datetime) -> Level:
            return readiness(facts_of(session, everybody, orders, at), everybody.guide, Gate.DISCOVERY).level

        assert [level(START + days * DAY) for days in (0, 5, 6)] == [
            Level.PASSED,
            Level.PASSED,
            Level.BLOCKED,
        ]
        gates.revoke_waiver(
            session,
            by=everybody[Role.COMPLIANCE],
            waiver_id=waiver_id,
            reason="The call was dropped",
            **common,
        )
        assert level(START) is Level.BLOCKED


# ---------------------------------------------------------------- conditions


def test_whoever_set_a_condition_opens_it_again_when_the_proof_does_not_show_it(passed: Passed) -> None:
    privacy = passed.cast[Role.PRIVACY]
    condition_id = passed.act(
        gates.add_condition,
        privacy,
        project_id=passed.project,
        gate=Gate.DISCOVERY,
        text="Write the notice",
        owner="Pat",
        due_on=TODAY + DAY,
    )
    with pytest.raises(Invalid, match="proof"):
        passed.act(
            gates.meet_condition, passed.cast.pat, condition_id=condition_id, proof="javascript:alert(1)"
        )
    passed.act(
        gates.meet_condition, passed.cast.pat, condition_id=condition_id, proof="https://docs.example/notice"
    )
    before = chain_stamp(passed.session)
    reopen = {"condition_id": condition_id, "reason": "It names the wrong law"}
    with pytest.raises(Refused) as refused:
        passed.act(gates.reopen_condition, passed.cast[Role.LEGAL], **reopen)
    assert [item.code for item in refused.value.blockers] == ["wrong_role"]
    late = START + 3 * DAY
    with pytest.raises(Invalid, match="Its day has passed"):
        passed.act(gates.reopen_condition, privacy, at=late, **reopen)
    with pytest.raises(Invalid, match="has passed"):
        passed.act(gates.reopen_condition, privacy, at=late, due_on=TODAY, **reopen)
    assert chain_stamp(passed.session) == before
    passed.act(gates.reopen_condition, privacy, at=late, due_on=TODAY + 9 * DAY, **reopen)
    row = passed.session.get_one(Condition, condition_id)
    assert (row.state, row.met_by, row.proof, row.due_on) == ("open", None, "", TODAY + 9 * DAY)
    with pytest.raises(Refused, match="only one that was met"):
        passed.act(gates.reopen_condition, privacy, at=late, due_on=TODAY + 9 * DAY, **reopen)


# ---------------------------------------------------------------- parties and tiers


def test_developers_of_the_model_approve_waive_and_choose_nothing(passed: Passed) -> None:
    """Ann is an approver of level 4 and, by M15, built the model."""
    ann = passed.cast.ann
    people.give_project_role(
        passed.session,
        by=passed.cast.pat,
        at=START,
        project_id=passed.project,
        person_key=ann.key,
        role=Role.APPROVER,
    )
    answer(passed.session, passed.cast, passed.project, "D12", "decides_alone")
    answer(passed.session, passed.cast, passed.project, "D13", {"affected": "public", "undo": "never"})
    choose = {"project_id": passed.project, "tier": 3, "reason": "Only staff see it"}
    answer(
        passed.session,
        passed.cast,
        passed.project,
        "M15",
        [{"person": f"@{ann.key}", "part": "developer"}],
    )
    with pytest.raises(Refused) as refused:
        passed.act(gates.choose_tier, ann, **choose)
    assert [item.code for item in refused.value.blockers] == ["own_work:developer"]
    with pytest.raises(Refused) as refused:
        passed.act(
            reviews.request,
            passed.cast.pat,
            project_id=passed.project,
            gate=Gate.LAUNCH,
            role=Role.APPROVER,
            person_key=ann.key,
        )
    assert "own_work:developer" in [item.code for item in refused.value.blockers]


def test_a_tier_below_the_proposed_one_stands_in_the_way_until_an_approver_chose_it(passed: Passed) -> None:
    guide = passed.cast.guide
    people.give_project_role(
        passed.session,
        by=passed.cast.pat,
        at=START,
        project_id=passed.project,
        person_key=passed.cast.ann.key,
        role=Role.APPROVER,
    )
    answer(passed.session, passed.cast, passed.project, "D12", "decides_alone")
    answer(passed.session, passed.cast, passed.project, "D13", {"affected": "public", "undo": "never"})
    proposal = propose(facts_of(passed.session, passed.cast, passed.project), guide)
    assert proposal is not None
    assert proposal.tier == 4

    def said(tier: str, gate: Gate = Gate.DESIGN) -> str | None:
        answer(passed.session, passed.cast, passed.project, "R21", {"tier": tier, "why": "Little harm"})
        found = tier_not_consented(facts_of(passed.session, passed.cast, passed.project), guide, gate)
        return found.code if found else None

    assert (said("4"), said("3"), said("3", Gate.FEASIBILITY)) == (None, TIER_CODE, None)
    codes = [
        item.code
        for item in readiness(
            facts_of(passed.session, passed.cast, passed.project), guide, Gate.DESIGN
        ).blockers
    ]
    assert TIER_CODE in codes
    passed.act(
        gates.choose_tier, passed.cast.ann, project_id=passed.project, tier=3, reason="Only staff see it"
    )
    assert (said("3"), said("2")) == (None, TIER_CODE)
