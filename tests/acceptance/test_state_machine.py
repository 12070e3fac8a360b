"""Whatever people do in whatever order to a project's sign-offs, what was signed stays, and staleness is exact.

Hypothesis tries sequences of requests, decisions, delegations, edits, withdrawals, waivers and passing days, by those
who may and by those who may not. What the product refuses must leave nothing behind. The model beside it knows only
what was typed: it compares raw answers, and never a digest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, text
from sqlmodel import Session, select

from lifecycle.actions import answers, delegations, gates, reviews
from lifecycle.errors import LifecycleError
from lifecycle.facts.standing import compute_standing, stored_standing
from lifecycle.rules.signoffs import decisions_allowed, is_stale
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Condition, Delegation, Event, Review, SignOff, Waiver
from lifecycle.store.verification import verify_session
from lifecycle.vocabulary import Act, Actor, AnswerState, Decision, Gate, Role
from tests import factories as make
from tests.clock import START
from tests.store.rows import all_rows
from tests.trials import trials

ROLES = (Role.PRIVACY, Role.COMPLIANCE)
GATES = (Gate.DISCOVERY, Gate.DESIGN)
# Answers that these roles rely on, one that nobody does, and what may be typed there; None: does not apply.
POOL: dict[str, tuple[object, ...]] = {
    "D01": ("Calls every morning", "It is late", None),
    "D09": ({"option": "rule", "why": "It misses holidays"}, {"option": "rule", "why": "It is slow"}),
    "D12": ("recommends", "decides_alone"),
    "D25": (
        {"personal": True, "categories": ["contact"]},
        {"personal": True, "categories": ["contact", "health"]},
        {"personal": False},
    ),
}
SIGNED = metadata.tables["sign_off"]
FINAL = ("sign_off", "answer", "gate_decision", "event")  # their rows never change

roles, gate_names = st.sampled_from(ROLES), st.sampled_from(GATES)
edits = st.sampled_from(
    [(field_id, number) for field_id, pool in POOL.items() for number in range(len(pool))]
)
picks = st.integers(0, 50)


class SignOffs(RuleBasedStateMachine):
    """One project, its people, a deputy for each role and a stranger."""

    def __init__(
        self, address: str, everybody: make.Cast, deputies: dict[Role, Actor], project_id: int
    ) -> None:
        super().__init__()
        self.database: Database = open_database(address)
        self.cast, self.deputies, self.project_id = everybody, deputies, project_id
        self.now = START
        self.typed: dict[str, object] = {}  # what stands in each field, as it was typed
        self.signed: dict[int, dict[str, object]] = {}  # sign-off: what stood there in what it relies on
        self.kept: dict[str, list[Any]] = {}
        with self.database.read() as session:
            self.events = _count(session, Event)

    def teardown(self) -> None:
        self.database.dispose()

    # ---------------------------------------------------------------- doing

    def do(self, action: Callable[..., Any], **arguments: Any) -> Any:
        """The result, or None where it was refused; an action that is done leaves exactly one event."""
        try:
            with self.database.write() as session:
                result = action(session, at=self.now, **arguments)
        except LifecycleError:
            return None
        self.events += 1
        return result if result is not None else True

    def pick(self, table: Any, number: int) -> int | None:
        with self.database.read() as session:
            ids = session.exec(select(table.id).order_by(table.id)).all()
        return ids[number % len(ids)] if ids else None

    def who(self, role: Role, number: int) -> Actor:
        """Mostly the one who is asked; sometimes the deputy, the manager or somebody without any role."""
        return (self.cast[role], self.cast[role], self.deputies[role], self.cast.pat, self.cast.olu)[
            number % 5
        ]

    def relied_on(self, gate: Gate, role: Role) -> dict[str, object]:
        named = self.cast.guide.relied_on(gate, role)
        return {field_id: value for field_id, value in self.typed.items() if field_id in named}

    @initialize()
    def ask_everybody(self) -> None:
        for gate in GATES:
            for role in ROLES:
                self.ask(gate, role)
        for field_id in POOL:
            self.edit((field_id, 0))

    @rule(number=picks)
    def sign(self, number: int) -> None:
        """As it usually goes: whoever is asked agrees to what they see."""
        self.decide(number, person=0, choice=0, outdated=False)

    @rule(field_id=st.sampled_from(("D12", "D25")), number=st.integers(0, 1))
    def edit_what_is_relied_on(self, field_id: str, number: int) -> None:
        self.edit((field_id, number))

    @rule(gate=gate_names, role=roles)
    def ask(self, gate: Gate, role: Role) -> None:
        self.do(
            reviews.request,
            by=self.cast.pat,
            guide=self.cast.guide,
            project_id=self.project_id,
            gate=gate,
            role=role,
            person_key=self.cast[role].key,
        )

    @rule(number=picks)
    def cancel(self, number: int) -> None:
        if review_id := self.pick(Review, number):
            self.do(reviews.cancel, by=self.cast.pat, guide=self.cast.guide, review_id=review_id)

    @rule(number=picks, person=picks, choice=picks, outdated=st.sampled_from((False, False, False, True)))
    def decide(self, number: int, person: int, choice: int, outdated: bool) -> None:
        if (review_id := self.pick(Review, number)) is None:
            return
        with self.database.read() as session:
            review = session.get_one(Review, review_id)
            gate, role = Gate(review.gate), Role(review.role)
            seen = "0" * 64 if outdated else make.seen(session, self.cast, review_id, self.now)
            by = self.who(role, person)
            entered = make.password_hash_of(session, by)
        allowed = decisions_allowed(Act(review.act))
        decision = (*allowed, allowed[0], allowed[0])[choice % (len(allowed) + 2)]
        given: dict[str, Any] = {}
        if decision is Decision.APPROVED_WITH_CONDITIONS:
            given["conditions"] = [("Name a second owner", "Pat", self.today() + timedelta(days=3))]
        if decision is Decision.CHANGES_REQUESTED:
            given["fields"] = ["D25"]
        made = self.do(
            reviews.decide,
            by=by,
            guide=self.cast.guide,
            review_id=review_id,
            decision=decision,
            seen_digest=seen,
            comment="Because",
            password_hash=entered,
            **given,
        )
        if made:
            assert not outdated, "nobody signs what they did not see"
            assert by.key not in (self.cast.pat.key, self.cast.olu.key), (
                "only the one asked, or who stands in"
            )
            self.signed[made] = self.relied_on(gate, role)

    @rule(number=picks, person=picks)
    def affirm(self, number: int, person: int) -> None:
        if (sign_off_id := self.pick(SignOff, number)) is None:
            return
        with self.database.read() as session:
            row = session.get_one(SignOff, sign_off_id)
            gate, role = Gate(row.gate), Role(row.role)
            by = self.who(role, person)
            entered = make.password_hash_of(session, by)
            seen = make.seen(session, self.cast, row.review_id, self.now)
        made = self.do(
            reviews.affirm,
            by=by,
            guide=self.cast.guide,
            sign_off_id=sign_off_id,
            seen_digest=seen,
            password_hash=entered,
        )
        if made:
            self.signed[made] = self.relied_on(gate, role)

    @rule(number=picks, person=picks)
    def withdraw(self, number: int, person: int) -> None:
        if (sign_off_id := self.pick(SignOff, number)) is None:
            return
        with self.database.read() as session:
            role = Role(session.get_one(SignOff, sign_off_id).role)
        by = self.who(role, person)
        self.do(reviews.withdraw, by=by, guide=self.cast.guide, sign_off_id=sign_off_id, reason="A mistake")

    @rule(edit=edits)
    def edit(self, edit: tuple[str, int]) -> None:
        field_id, number = edit
        value = POOL[field_id][number]
        with self.database.read() as session:
            statement = "SELECT revision FROM current_answer WHERE field_id = :field"
            base = session.execute(text(statement), {"field": field_id}).scalar_one_or_none()
        state = {"state": AnswerState.NOT_APPLICABLE, "reason": "No bearing"} if value is None else {}
        is_new = self.typed.get(field_id, "nothing") != value
        saved = self.do(
            answers.save,
            by=self.cast.pat,
            guide=self.cast.guide,
            project_id=self.project_id,
            field_id=field_id,
            raw=value,
            base=base,
            **state,
        )
        assert (saved is not None, saved and saved.changed) == (True, is_new), "saving is never in the way"
        self.events -= not is_new  # the same again is no event
        self.typed[field_id] = value

    @rule(role=roles, days=st.integers(0, 4))
    def delegate(self, role: Role, days: int) -> None:
        self.do(
            delegations.give,
            by=self.cast[role],
            guide=self.cast.guide,
            to_key=self.deputies[role].key,
            role=role,
            starts_on=self.today(),
            ends_on=self.today() + timedelta(days=days),
        )

    @rule(number=picks, role=roles)
    def end_delegation(self, number: int, role: Role) -> None:
        if delegation_id := self.pick(Delegation, number):
            self.do(delegations.end, by=self.cast[role], delegation_id=delegation_id)

    @rule(gate=gate_names, person=picks, days=st.integers(-1, 5))
    def waive(self, gate: Gate, person: int, days: int) -> None:
        self.do(
            gates.waive,
            by=self.who(Role.COMPLIANCE, person),
            guide=self.cast.guide,
            project_id=self.project_id,
            check_id="T01",
            gate=gate,
            mitigation="A call on the day",
            expires_on=self.today() + timedelta(days=days),
        )

    @rule(number=picks)
    def revoke_waiver(self, number: int) -> None:
        if waiver_id := self.pick(Waiver, number):
            given = {"waiver_id": waiver_id, "reason": "No longer needed"}
            self.do(gates.revoke_waiver, by=self.cast[Role.COMPLIANCE], guide=self.cast.guide, **given)

    @rule(number=picks)
    def meet_condition(self, number: int) -> None:
        if condition_id := self.pick(Condition, number):
            given = {"condition_id": condition_id, "proof": "Minutes of the meeting"}
            self.do(gates.meet_condition, by=self.cast.pat, guide=self.cast.guide, **given)

    @rule(days=st.integers(1, 6))
    def pass_time(self, days: int) -> None:
        """Conditions, waivers and delegations expire by themselves."""
        self.now += timedelta(days=days)

    def today(self) -> date:
        return self.now.date()

    # ---------------------------------------------------------------- what always holds

    @invariant()
    def no_final_row_changes(self) -> None:
        with self.database.read() as session:
            for name in FINAL:
                rows = all_rows(session, metadata.tables[name])
                before = self.kept.get(name, [])
                assert rows[: len(before)] == before
                self.kept[name] = rows

    @precondition(lambda self: self.signed)
    @invariant()
    def stale_exactly_when_what_it_relies_on_differs(self) -> None:
        with self.database.read() as session:
            facts = make.facts_of(session, self.cast, self.project_id, self.now)
        for fact in facts.sign_offs:
            now = self.relied_on(fact.gate, fact.role)
            differs = now != self.signed[fact.id]
            assert is_stale(facts, self.cast.guide, fact) is differs, (fact.gate, fact.role)

    @invariant()
    def the_log_is_complete_and_intact(self) -> None:
        with self.database.read() as session:
            assert _count(session, Event) == self.events, (
                "what is refused leaves nothing, what is done one event"
            )
            assert verify_session(session).intact

    @invariant()
    def the_standing_is_what_the_rows_say(self) -> None:
        with self.database.read() as session:
            stored = stored_standing(session, self.project_id)
            facts = make.facts_of(session, self.cast, self.project_id, self.now)
            now = compute_standing(session, self.project_id, facts, self.cast.guide, self.now)
            lasts = stored and stored.project["valid_until"]
            assert stored is not None
            if lasts is None or lasts >= self.today():
                assert stored.gates == now.gates


def _count(session: Session, table: Any) -> int:
    return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def test_sign_offs_hold_whatever_people_do(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.register_trials(monkeypatch)

    def machine() -> SignOffs:
        address = new_database()
        database = open_database(address)
        with database.write() as session:
            everybody = make.cast(session, make.small_guide(with_checks=True))
            deputies = {
                role: make.person(session, everybody.ada, name, reviews_as=role)
                for role, name in zip(ROLES, ("Dee", "Dov"), strict=True)
            }
            project_id = make.project(session, everybody)
        database.dispose()
        return SignOffs(address, everybody, deputies, project_id)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=trials(12),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
