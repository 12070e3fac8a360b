"""The views of gates, reviews, overview, history and my work: the right words, for the right people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from lifecycle.actions import evidence, gates, people, plans, reviews, sources
from lifecycle.errors import NotFound, Refused
from lifecycle.queries import gates as gate_queries
from lifecycle.queries import history, my_work, overview
from lifecycle.queries import reviews as review_queries
from lifecycle.rules.evidence import LinkContent
from lifecycle.store.database import Database
from lifecycle.store.tables import Project
from lifecycle.vocabulary import (
    Actor,
    AnswerState,
    CheckResult,
    Decision,
    Gate,
    Level,
    Meaning,
    OrganisationRole,
    Outcome,
    ProjectStatus,
    Role,
    SignOffStatus,
    Stage,
)
from tests import factories as make
from tests.clock import START
from tests.factories import (
    Cast,
    answer,
    ask,
    cast,
    decide,
    fill,
    go,
    project,
    ready,
    seen,
    sign,
    small_guide,
    source,
)
from tests.people import join

LATER = START + timedelta(days=3)
NEXT_MONTH = date(2026, 4, 2)


class Room:
    """One session, a cast under the guide with trial checks, and Pat's project."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.cast: Cast = cast(session, small_guide(with_checks=True))
        self.project_id = project(session, self.cast)

    def see(
        self, query: Callable[..., Any], by: Actor | None = None, at: datetime = LATER, **asked: Any
    ) -> Any:
        self.session.flush()
        return query(self.session, by=by or self.cast.pat, at=at, guide=self.cast.guide, **asked)

    def gate(self, by: Actor | None = None, gate: Gate | None = None) -> gate_queries.GateView:
        view = self.see(gate_queries.view, by, key="orders", gate=gate)
        assert isinstance(view, gate_queries.GateView)
        return view

    def review(self, review_id: int, by: Actor | None = None) -> review_queries.ReviewView:
        view = self.see(review_queries.view, by, review_id=review_id)
        assert isinstance(view, review_queries.ReviewView)
        return view

    def work(self, by: Actor) -> my_work.MyWork:
        view = self.see(my_work.my_work, by)
        assert isinstance(view, my_work.MyWork)
        return view

    def overview(self, by: Actor | None = None) -> overview.ProjectOverview:
        view = self.see(overview.overview, by, key="orders")
        assert isinstance(view, overview.ProjectOverview)
        return view

    def answer(self, field_id: str, raw: object, **details: Any) -> None:
        answer(self.session, self.cast, self.project_id, field_id, raw, **details)

    def ask(self, gate: Gate, role: Role, **details: Any) -> int:
        return ask(self.session, self.cast, self.project_id, gate, role, **details)

    def sign(self, gate: Gate, role: Role, decision: Decision | None = None, **details: Any) -> int:
        return sign(self.session, self.cast, self.project_id, gate, role, decision, **details)


@pytest.fixture
def room(database: Database) -> Iterator[Room]:
    with database.write() as session:
        yield Room(session)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """What is sent to the database inside the block."""
    seen_statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen_statements.append(statement)

    session.flush()
    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen_statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


# ---------------------------------------------------------------- who may see


def test_nobody_sees_a_project_without_a_role_on_it(room: Room) -> None:
    review_id = room.ask(Gate.DISCOVERY, Role.PRIVACY)
    for query, asked in (
        (gate_queries.view, {"key": "orders"}),
        (overview.overview, {"key": "orders"}),
        (history.events, {"key": "orders"}),
        (history.signatures, {"key": "orders"}),
        (history.answer_changes, {"key": "orders", "field_id": "D01"}),
        (review_queries.view, {"review_id": review_id}),
    ):
        with pytest.raises(NotFound):
            room.see(query, room.cast.olu, **asked)
        assert room.see(query, room.cast[Role.PRIVACY], **asked) is not None
        assert room.see(query, room.cast.ada, **asked) is not None
    leader = join(room.session, room.cast.ada, "Lea", OrganisationRole.LEADERSHIP)
    assert room.overview(leader).project.key == "orders"
    assert room.see(history.activity, room.cast.olu).lines == ()
    assert {line.project_key for line in room.see(history.activity, leader).lines} == {"orders"}


def test_activity_is_in_order_of_time_also_where_it_was_written_later(room: Room) -> None:
    """Page by page: every event once, whatever the order in which projects came."""
    project(room.session, room.cast, "Newest", LATER)
    project(room.session, room.cast, "Oldest", START - timedelta(days=9))
    pages, before = [], None
    while not pages or before is not None:
        page = room.see(history.activity, room.cast.pat, most=1, before=before)
        pages.append(page.lines[0])
        before = page.older
    assert [line.project_name for line in pages[:1] + pages[-1:]] == ["Newest", "Oldest"]
    moments = [line.event.at for line in pages]
    assert moments == sorted(moments, reverse=True)
    assert (
        len({line.id for line in pages})
        == len(pages)
        == len(room.see(history.activity, room.cast.pat, most=500).lines)
    )


def test_erased_people_are_shown_as_such_and_signatures_keep_the_printed_name(room: Room) -> None:
    room.sign(Gate.DISCOVERY, Role.PRIVACY)
    people.erase(room.session, by=room.cast.ada, at=LATER, person_key=room.cast[Role.PRIVACY].key)
    (signature,) = room.gate().signatures
    assert (signature.printed_name, signature.person) == ("Priya", "Erased person")


# ---------------------------------------------------------------- the gate


def test_gate_lists_what_stands_in_the_way_word_for_word_as_the_action_refuses(room: Room) -> None:
    room.ask(Gate.DISCOVERY, Role.BUSINESS)
    room.answer("D01", "It comes late")
    view = room.gate(room.cast[Role.BUSINESS])
    (go_choice,) = (choice for choice in view.choices if choice.outcome is Outcome.GO)
    with pytest.raises(Refused) as refused:
        gates.decide(
            room.session,
            by=room.cast[Role.BUSINESS],
            at=LATER,
            guide=room.cast.guide,
            project_id=room.project_id,
            gate=Gate.DISCOVERY,
            outcome=Outcome.GO,
        )
    assert go_choice.against == refused.value.blockers == view.blockers
    assert (view.level, view.is_current) == (Level.BLOCKED, True)
    assert [(item.check_id, item.sentences) for item in view.fails] == [("T01", ("It says late.",))]
    assert view.fails[0].places[0].title == f"{room.cast.guide.field('D01').title} (D01)"
    assert [item.check_id for item in view.passes] == ["T02"]


def test_gate_says_who_may_do_what(room: Room) -> None:
    room.ask(Gate.DISCOVERY, Role.COMPLIANCE)
    room.answer("D01", "It is late and vague")
    by_manager, by_compliance = room.gate(), room.gate(room.cast[Role.COMPLIANCE])
    assert {"reviews.request", "plans.set_date", "gates.give_reason"} <= by_manager.may
    assert "reviews.request" not in by_compliance.may
    accept = {item.check_id: (item.not_waivable, item.not_reasonable) for item in by_manager.fails}
    assert accept["T02"] == (None, ())
    assert accept["T01"][0]
    assert accept["T01"][1] is None
    assert [item.not_waivable for item in by_compliance.fails if item.check_id == "T01"] == [()]
    may = {choice.outcome: not choice.against for choice in by_manager.choices}
    assert may == {
        Outcome.GO: False,
        Outcome.GO_WITH_CONDITIONS: False,
        Outcome.RECYCLE: True,
        Outcome.STOP: True,
    }
    assert by_manager.stages_back == (Stage.DISCOVERY,)


def test_gate_shows_each_role_with_its_people(room: Room) -> None:
    room.answer("D25", {"personal": False})
    room.sign(Gate.DISCOVERY, Role.PRIVACY)
    room.answer("D25", {"personal": True, "categories": ["contact"]}, at=LATER)
    review_id = room.ask(Gate.DISCOVERY, Role.LEGAL)
    roles = {item.role: item for item in room.gate().roles}
    privacy, legal, business = roles[Role.PRIVACY], roles[Role.LEGAL], roles[Role.BUSINESS]
    assert (privacy.status, privacy.who, privacy.since) == (SignOffStatus.STALE, "Priya", LATER)
    assert privacy.stale_reasons == (f"{room.cast.guide.field('D25').title} (D25) changed.",)
    assert [place.key for place in privacy.stale_places] == ["D25"]
    assert (legal.status, legal.who, legal.review_id) == (SignOffStatus.WAITING, "Leo", review_id)
    assert [(request.person, request.days_waiting) for request in legal.requests] == [("Leo", 3)]
    assert [blocker.code for blocker in legal.choices[0].against] == ["asked_already"]
    assert (business.status, business.who) == (SignOffStatus.NOT_ASKED, "")
    assert [(choice.name, choice.against) for choice in business.choices] == [("Bea", ())]
    assert business.is_required


def test_gate_shows_its_records(room: Room) -> None:
    room.ask(Gate.DISCOVERY, Role.COMPLIANCE)
    room.answer("D01", "It is late and vague")
    common = {"at": START, "guide": room.cast.guide, "project_id": room.project_id}
    gates.waive(
        room.session,
        by=room.cast[Role.COMPLIANCE],
        check_id="T01",
        gate=Gate.DISCOVERY,
        mitigation="A daily call",
        expires_on=NEXT_MONTH,
        **common,
    )
    gates.give_reason(room.session, by=room.cast.pat, check_id="T02", reason="The pilot will tell", **common)
    content = LinkContent("DOC-1")
    evidence.add(room.session, by=room.cast.pat, title="Study", content=content, field_id="D01", **common)
    gates.add_condition(
        room.session,
        by=room.cast.pat,
        gate=Gate.DISCOVERY,
        text="Name a second owner",
        owner=room.cast.pat.key,
        due_on=START.date(),
        **common,
    )
    plans.set_date(room.session, by=room.cast.pat, gate=Gate.DISCOVERY, on_date=NEXT_MONTH, **common)
    view = room.gate()
    assert [(item.approver, item.is_in_force) for item in view.waivers] == [("Cleo", True)]
    assert [(item.by, item.holds) for item in view.reasons] == [("Pat", True)]
    assert [(item.title, item.is_link, item.place and item.place.key) for item in view.evidence] == [
        ("Study", False, "D01")
    ]
    assert [(item.owner, item.is_overdue) for item in view.conditions] == [("Pat", True)]
    assert view.target_on == NEXT_MONTH
    assert all(item.is_accepted for item in view.fails)
    room.answer("D01", "It is still vague", at=LATER)
    assert [item.holds for item in room.gate().reasons] == [False]


def test_number_of_statements_does_not_grow_with_the_project(room: Room) -> None:
    room.ask(Gate.DISCOVERY, Role.PRIVACY)

    def counts() -> list[int]:
        found = []
        for query, asked in (
            (gate_queries.view, {"key": "orders"}),
            (overview.overview, {"key": "orders"}),
            (history.events, {"key": "orders"}),
            (history.activity, {}),
            (my_work.my_work, {}),
        ):
            room.session.expire_all()
            with statements(room.session) as sent:
                room.see(query, room.cast[Role.PRIVACY], **asked)
            found.append(len(sent))
        return found

    room.sign(Gate.DISCOVERY, Role.LEGAL)
    room.answer("D01", "One")
    room.answer("D33", "1")  # who said so is asked once
    before = counts()
    for number in range(5):
        project(room.session, room.cast, f"Other {number}")
        room.answer("D01", f"Answer {number}")
        room.ask(Gate.DESIGN, list(Role)[number])
    fill(room.session, room.cast, room.project_id, Gate.DISCOVERY)
    assert counts() == before
    assert max(before) < 40


# ---------------------------------------------------------------- the review


def test_review_shows_only_what_the_role_relies_on_beside_what_it_was(room: Room) -> None:
    room.answer("D25", {"personal": False})
    first = room.sign(Gate.DISCOVERY, Role.PRIVACY)
    room.answer("D25", {"personal": True, "categories": ["contact"]}, at=LATER)
    room.answer("D01", "Nothing that privacy relies on", at=LATER)
    again = room.ask(Gate.DISCOVERY, Role.PRIVACY, at=LATER)

    view = room.review(again, room.cast[Role.PRIVACY])

    assert [item.place.key for item in view.relied_on] == ["D13", "D25"]
    d13, d25 = view.relied_on
    assert (d13.before, d13.now, d13.is_changed, d13.is_open) == ("No answer", "No answer", False, True)
    assert d25.before is not None
    assert (d25.is_changed, "No" in d25.before, "Name and contact" in d25.now) == (True, True, True)
    assert view.changed == (d25,)
    assert view.last_decision is not None
    assert view.last_decision.id == first
    assert (view.against_deciding, view.decisions[0]) == ((), Decision.ACKNOWLEDGED)
    (promise,) = view.promises_of(Decision.ACKNOWLEDGED)
    assert (promise.stated, view.enters_password) == (Meaning.ACKNOWLEDGES, False)
    assert promise.statement().endswith(f"Priya, Privacy, {view.meaning}.")
    assert [blocker.code for blocker in room.review(again).against_deciding] == ["not_named"]
    decide(room.session, room.cast, again, seen_digest=view.seen_digest, at=LATER)
    after = room.review(again, room.cast[Role.PRIVACY])
    assert after.signature is not None
    assert (after.state, after.against_withdrawing) == ("decided", ())
    assert [blocker.code for blocker in after.against_affirming] == ["not_stale"]


def test_first_review_shows_nothing_as_changed(room: Room) -> None:
    room.answer("D25", {"personal": False})
    view = room.review(room.ask(Gate.DISCOVERY, Role.PRIVACY))
    assert {(item.before, item.is_changed, item.is_new) for item in view.relied_on} == {(None, False, True)}
    assert view.last_decision is None


def test_review_names_data_sources_that_came_or_went(room: Room) -> None:
    kept = source(room.session, room.cast, room.project_id, "Feed")
    room.sign(Gate.FEASIBILITY, Role.PRIVACY)
    source(room.session, room.cast, room.project_id, "Weather")
    review_id = room.ask(Gate.FEASIBILITY, Role.PRIVACY, at=LATER)
    view = room.review(review_id, room.cast[Role.PRIVACY])
    assert view.source_changes == ("The data source “Weather” was added.",)
    assert f"X07@{kept}" in {item.place.key for item in view.relied_on}
    assert {item.place.source_id for item in view.relied_on if item.is_new} != {kept}


def test_review_names_documents_that_came_changed_or_went(room: Room) -> None:
    common = {"by": room.cast.pat, "guide": room.cast.guide}

    def add(title: str, at: datetime) -> int:
        place = {"project_id": room.project_id, "field_id": "D25", "content": LinkContent(title)}
        return evidence.add(room.session, title=title, at=at, **place, **common)

    replaced, removed = add("Assessment", START), add("Draft", START)
    room.sign(Gate.DISCOVERY, Role.PRIVACY)
    evidence.revise(room.session, evidence_id=replaced, content=LinkContent("DOC-2"), at=LATER, **common)
    evidence.remove(room.session, evidence_id=removed, at=LATER, **common)
    add("Advice", LATER)

    here = room.review(room.ask(Gate.DISCOVERY, Role.PRIVACY, at=LATER), room.cast[Role.PRIVACY])
    assert sorted(here.document_changes) == [
        "“Advice” was added.",
        "“Assessment” was replaced (revision 2).",
        "“Draft” was removed.",
    ]
    later = room.review(room.ask(Gate.FEASIBILITY, Role.PRIVACY, at=LATER), room.cast[Role.PRIVACY])
    assert set(later.document_changes) <= {"“Assessment” was replaced (revision 2)."}


def test_review_shows_the_checks_and_open_conditions_that_matter_to_it(room: Room) -> None:
    room.answer("D01", "It is late")
    business = room.review(room.ask(Gate.DISCOVERY, Role.BUSINESS))
    privacy = room.review(room.ask(Gate.DISCOVERY, Role.PRIVACY))
    assert [item.check_id for item in business.findings if item.result is CheckResult.FAILS] == ["T01"]
    assert privacy.findings == ()


# ---------------------------------------------------------------- my work


def test_my_work_holds_what_waits_for_me_and_nothing_else(room: Room) -> None:
    priya, pat = room.cast[Role.PRIVACY], room.cast.pat
    room.answer("D25", {"personal": False})
    stale = room.sign(Gate.DISCOVERY, Role.PRIVACY)
    room.answer("D25", {"personal": True, "categories": ["contact"]}, at=LATER)
    review_id = room.ask(Gate.FEASIBILITY, Role.PRIVACY)
    room.answer("D27", None, state=AnswerState.DONT_KNOW, owner=f"@{pat.key}", due_on=START.date())
    room.sign(
        Gate.DESIGN,
        Role.COMPLIANCE,
        Decision.APPROVED_WITH_CONDITIONS,
        conditions=[("Name a second owner", pat.key, NEXT_MONTH)],
    )

    hers, his = room.work(priya), room.work(pat)

    assert [(item.review_id, item.days_waiting) for item in hers.reviews] == [(review_id, 3)]
    assert [(item.sign_off_id, len(item.reasons)) for item in hers.stale] == [(stale, 1)]
    assert (hers.conditions, hers.questions, his.reviews, his.stale) == ((), (), (), ())
    assert [item.place.key for item in his.questions if item.is_overdue] == ["D27"]
    assert [(item.text, item.due_on) for item in his.conditions] == [("Name a second owner", NEXT_MONTH)]
    assert [(item.key, item.roles) for item in his.projects] == [("orders", (Role.PRODUCT_MANAGER,))]
    assert his.projects[0].level is Level.BLOCKED, "the don't-know has passed since the last write"
    assert room.work(room.cast.olu).is_empty


def test_my_work_names_the_source_of_a_question_that_somebody_owes(room: Room) -> None:
    kept = source(room.session, room.cast, room.project_id, "Feed")
    promise = {"state": AnswerState.DONT_KNOW, "owner": f"@{room.cast.pat.key}", "due_on": NEXT_MONTH}
    room.answer("X07", None, source_id=kept, **promise)
    (owed,) = room.work(room.cast.pat).questions
    assert owed.place.title.endswith(" of Feed")


def test_nothing_is_in_the_way_of_a_project_that_was_stopped(room: Room) -> None:
    assert room.work(room.cast.pat).projects[0].top_blocker
    room.session.get_one(Project, room.project_id).status = ProjectStatus.STOPPED.value
    (line,) = room.work(room.cast.pat).projects
    assert (line.status, line.blockers, line.top_blocker) == (ProjectStatus.STOPPED, 0, "")
    assert (line.next_on, line.next_what) == (None, "")


def test_affirming_at_the_later_gate_is_enough_where_the_earlier_one_was_passed(room: Room) -> None:
    priya, gate = room.cast[Role.PRIVACY], Gate.FEASIBILITY
    go(room.session, room.cast, room.project_id, Gate.DISCOVERY)
    later = room.sign(gate, Role.PRIVACY)
    room.answer("D25", {"personal": True, "categories": ["contact", "health"]}, at=LATER)
    stale = room.work(priya).stale
    assert [item.gate for item in stale] == [gate, Gate.DISCOVERY], "the later one first"
    assert stale[0].sign_off_id == later

    review = room.review(stale[0].review_id, priya)
    common = {"by": priya, "at": LATER, "guide": room.cast.guide}
    reviews.affirm(room.session, sign_off_id=later, seen_digest=review.seen_digest, **common)
    assert room.work(priya).stale == ()


def test_what_a_reviewer_sent_back_waits_for_the_product_manager_until_asked_again(room: Room) -> None:
    review_id = room.ask(Gate.DISCOVERY, Role.PRIVACY)
    make.decide(
        room.session,
        room.cast,
        review_id,
        Decision.CHANGES_REQUESTED,
        comment="Say which categories",
        fields=["D25"],
    )
    work = room.work(room.cast.pat)
    assert ([item.change.place.field_id for item in work.changes], work.sent_back) == (["D25"], ())

    room.answer("D25", {"personal": True, "categories": ["contact"]})
    work = room.work(room.cast.pat)
    assert work.changes == ()
    (sent_back,) = work.sent_back
    assert (sent_back.review_id, sent_back.role, sent_back.gate) == (review_id, Role.PRIVACY, Gate.DISCOVERY)
    assert (sent_back.decision, sent_back.comment) == (Decision.CHANGES_REQUESTED, "Say which categories")
    assert [place.field_id for place in sent_back.places] == ["D25"]
    assert room.work(room.cast[Role.PRIVACY]).sent_back == ()

    room.ask(Gate.DISCOVERY, Role.PRIVACY, at=LATER)
    assert room.work(room.cast.pat).sent_back == ()


def test_nobody_owes_an_answer_about_a_source_that_is_no_longer_used(room: Room) -> None:
    pat = room.cast.pat
    source = make.source(room.session, room.cast, room.project_id)
    for source_id, field_id in ((source, "X07"), (0, "D27")):
        room.answer(
            field_id,
            None,
            state=AnswerState.DONT_KNOW,
            owner=f"@{pat.key}",
            due_on=NEXT_MONTH,
            source_id=source_id,
        )
    assert {item.place.field_id for item in room.work(pat).questions} == {"X07", "D27"}

    sources.remove(
        room.session,
        by=pat,
        at=LATER,
        guide=room.cast.guide,
        project_id=room.project_id,
        source_id=source,
    )

    assert [item.place.field_id for item in room.work(pat).questions] == ["D27"]


# ---------------------------------------------------------------- overview and history


def test_overview_shows_track_roles_tier_and_dates(room: Room) -> None:
    go(room.session, room.cast, room.project_id, Gate.DISCOVERY)
    plans.set_date(
        room.session,
        by=room.cast.pat,
        at=START,
        guide=room.cast.guide,
        project_id=room.project_id,
        gate=Gate.FEASIBILITY,
        on_date=NEXT_MONTH,
    )
    room.ask(Gate.FEASIBILITY, Role.LEGAL)
    view = room.overview()
    track = {step.gate: step for step in view.track}
    assert [step.gate for step in view.track] == list(Gate)
    assert track[Gate.DISCOVERY].is_passed
    assert track[Gate.DISCOVERY].level is Level.PASSED
    assert track[Gate.DISCOVERY].outcome is not None
    assert (track[Gate.FEASIBILITY].is_current, track[Gate.FEASIBILITY].target_on) == (True, NEXT_MONTH)
    roles = {step.role: step for step in view.roles}
    assert (roles[Role.LEGAL].status, roles[Role.LEGAL].who) == (SignOffStatus.WAITING, "Leo")
    assert set(roles) == {
        Role.BUSINESS,
        Role.TECHNOLOGY,
        Role.PRIVACY,
        Role.LEGAL,
        Role.COMPLIANCE,
        Role.VALIDATION,
    }
    assert view.tier == 2
    assert view.proposal is not None
    assert [(item.on, item.gate) for item in view.dates] == [(NEXT_MONTH, Gate.FEASIBILITY)]
    assert view.blockers
    assert all(blocker.text for blocker in view.blockers)
    assert view.early_index is not None


def test_history_tells_every_event_in_words(room: Room) -> None:
    ready(room.session, room.cast, room.project_id, Gate.DISCOVERY)
    room.answer("D01", "Another trouble", at=LATER)
    reviews.cancel(
        room.session,
        by=room.cast.pat,
        at=LATER,
        guide=room.cast.guide,
        review_id=room.ask(Gate.DESIGN, Role.LEGAL, at=LATER),
        reason="Too early",
    )
    page = room.see(history.events, key="orders", most=3)
    assert [line.sentence for line in page.events[:2]] == [
        "Took back the request to Leo (Legal) at the Design & Requirements gate",
        "Asked Leo to review as Legal at the Design & Requirements gate",
    ]
    assert page.events[0].consequences == ("Reason: Too early",)
    changed = page.events[2]
    assert (changed.place.key, changed.before, changed.after) == (
        "D01",
        "Planners phone round for two hours every morning",
        "Another trouble",
    )
    assert changed.consequences == ("1 sign-off became stale.",)
    older = room.see(history.events, key="orders", before=page.older)
    numbers = [line.sequence for line in (*page.events, *older.events)]
    assert numbers == list(range(len(numbers), 0, -1))
    assert older.events[-1].sentence == "Registered the project “Orders”"
    assert not [line.sentence for line in older.events if "_" in line.sentence or ": {" in line.sentence]


def test_history_of_one_answer_says_who_when_before_and_after(room: Room) -> None:
    room.answer("D12", "informs")
    room.answer("D12", "recommends", at=LATER)
    newest, first = room.see(history.answer_changes, key="orders", field_id="D12")
    assert (first.before, newest.before) == ("No answer", first.after)
    assert (newest.who, newest.at, newest.after) == ("Pat", LATER, "Recommends an action")
    signed = room.sign(Gate.DISCOVERY, Role.LEGAL)
    withdrawn = reviews.withdraw(
        room.session,
        by=room.cast[Role.LEGAL],
        at=LATER,
        guide=room.cast.guide,
        sign_off_id=signed,
        reason="Misread",
    )
    records = room.see(history.signatures, key="orders")
    assert [(item.id, item.withdraws, item.withdrawn) for item in records] == [
        (withdrawn, signed, False),
        (signed, None, True),
    ]
    assert seen(room.session, room.cast, records[1].review_id)
