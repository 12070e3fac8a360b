"""What one project takes from another becomes its own: what is signed here changes only when somebody takes more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import copies, projects, registers, sources
from lifecycle.errors import Conflict, Invalid, NotFound, Refused
from lifecycle.queries import shared_sources, worksheets
from lifecycle.queries.overview import merged_facts
from lifecycle.rules.registers import ListedProject
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import Project
from lifecycle.vocabulary import AnswerState, Gate, ProjectStatus, Role, SignOffStatus, Stage
from tests import factories
from tests.clock import START
from tests.rules.building import guide

LATER = START + timedelta(hours=1)


@pytest.fixture
def session(database: Database) -> Any:
    with database.write() as opened:
        yield opened


@pytest.fixture
def cast(session: Session) -> factories.Cast:
    return factories.cast(session, guide())


def _do(session: Session, cast: factories.Cast, action: Any, **given: Any) -> Any:
    return action(session, **{"by": cast.pat, "at": LATER, "guide": cast.guide, **given})


def test_copy_has_the_answers_and_sources_and_nothing_that_was_decided(
    session: Session, cast: factories.Cast
) -> None:
    origin = factories.project(session, cast)
    feed = factories.source(session, cast, origin, "Feed")
    gone = factories.source(session, cast, origin, "Old feed")
    factories.answer(session, cast, origin, "X03", "vendor", source_id=feed)
    factories.answer(session, cast, origin, "D01", "Planners phone round")
    factories.answer(
        session, cast, origin, "D18", None, state=AnswerState.NOT_APPLICABLE, reason="Nobody reads it"
    )
    factories.answer(session, cast, origin, "D21", [{"source": f"source/{feed}"}])
    _do(session, cast, sources.remove, project_id=origin, source_id=gone)
    factories.sign(session, cast, origin, Gate.DISCOVERY, Role.TECHNOLOGY)
    before = worksheets.sheet(session, project_id=origin)

    copied = _do(session, cast, copies.copy_project, project_id=origin, name="Orders in Spain")

    found = worksheets.sheet(session, project_id=copied)
    (mine,) = found.sources
    assert (mine.name, mine.id != feed) == ("Feed", True)
    assert found.answers[0, "D01"].stored == "Planners phone round"
    assert found.answers[0, "D18"].reason == "Nobody reads it"
    assert found.answers[mine.id, "X03"].stored == "vendor"
    assert found.answers[0, "D21"].stored[0]["source"] == f"source/{mine.id}"
    assert worksheets.sheet(session, project_id=origin) == before
    for table in ("review", "sign_off", "gate_decision", "evidence", "condition", "waiver"):
        rows = metadata.tables[table]
        assert session.execute(select(rows).where(rows.c.project_id == copied)).all() == []
    assert session.get_one(Project, copied).stage == Stage.DISCOVERY


def test_taken_record_changes_here_only_when_it_is_taken_over(session: Session, cast: factories.Cast) -> None:
    other, ours = factories.project(session, cast, "Returns"), factories.project(session, cast)
    origin = factories.source(session, cast, other, "Tills")
    factories.answer(session, cast, other, "X03", "vendor", source_id=origin)
    factories.answer(session, cast, other, "X01", {"system": "Till"}, source_id=origin)
    mine = _do(session, cast, copies.take_source, project_id=ours, origin_source_id=origin)
    _sign_on_data(session, cast, ours)
    assert _changes(session, cast, ours, mine) == []

    factories.answer(session, cast, other, "X03", "partner", source_id=origin, at=LATER)
    assert _changes(session, cast, ours, mine) == [("X03", 2)]
    assert _standing_of_data(session, cast, ours) is SignOffStatus.SIGNED
    with pytest.raises(Conflict):
        _follow(session, cast, ours, mine, take={"X03": 1})

    _follow(session, cast, ours, mine, take={"X03": 2})
    assert _changes(session, cast, ours, mine) == []
    assert worksheets.sheet(session, project_id=ours).answers[mine, "X03"].stored == "partner"
    assert _standing_of_data(session, cast, ours) is SignOffStatus.STALE


def test_what_is_set_aside_is_not_shown_again_until_it_changes(
    session: Session, cast: factories.Cast
) -> None:
    other, ours = factories.project(session, cast, "Returns"), factories.project(session, cast)
    origin = factories.source(session, cast, other, "Tills")
    mine = _do(session, cast, copies.take_source, project_id=ours, origin_source_id=origin, name="Our tills")
    factories.answer(session, cast, other, "X03", "vendor", source_id=origin)

    _follow(session, cast, ours, mine, keep={"X03": 1})
    assert _changes(session, cast, ours, mine) == []
    assert worksheets.sheet(session, project_id=ours).answer("X03", mine) is None
    factories.answer(session, cast, other, "X03", "partner", source_id=origin, at=LATER)
    assert _changes(session, cast, ours, mine) == [("X03", 2)]


def test_nothing_is_taken_or_shown_of_a_project_one_may_not_read(
    session: Session, cast: factories.Cast
) -> None:
    ours = factories.project(session, cast)
    hers = projects.register(session, by=cast.ada, at=START, guide=cast.guide, name="Secret")
    origin = sources.add(session, by=cast.ada, at=START, guide=cast.guide, project_id=hers, name="Payroll")

    with pytest.raises(NotFound):
        _do(session, cast, copies.take_source, project_id=ours, origin_source_id=origin)
    assert shared_sources.takeable(session, by=cast.pat, project_id=ours) == ()
    own = factories.source(session, cast, ours)
    with pytest.raises(Invalid):
        _do(session, cast, copies.take_source, project_id=ours, origin_source_id=own)


def _follow(session: Session, cast: factories.Cast, ours: int, mine: int, **what: dict[str, int]) -> None:
    given = {"take": {}, "keep": {}, **what}
    _do(session, cast, copies.follow_source, project_id=ours, source_id=mine, **given)


def _changes(session: Session, cast: factories.Cast, ours: int, mine: int) -> list[tuple[str, int]]:
    found = shared_sources.shared(session, by=cast.pat, guide=cast.guide, project_id=ours)[mine]
    return [(change.field_id, change.revision) for change in found.changes]


def _sign_on_data(session: Session, cast: factories.Cast, project_id: int) -> None:
    role = _role_on_data(cast)
    factories.sign(session, cast, project_id, Gate.FEASIBILITY, role)


def _role_on_data(cast: factories.Cast) -> Role:
    return next(
        spec.role
        for spec in cast.guide.reviews(Gate.FEASIBILITY)
        if "X03" in cast.guide.relied_on(Gate.FEASIBILITY, spec.role) and spec.role in cast.reviewers
    )


def _standing_of_data(session: Session, cast: factories.Cast, project_id: int) -> SignOffStatus:
    facts = factories.facts_of(session, cast, project_id, LATER)
    return sign_off_status(facts, cast.guide, Gate.FEASIBILITY, _role_on_data(cast)).status


# ------------------------------------------------------------------ merging


def _register(session: Session, cast: factories.Cast, digest: str, risk: str = "high") -> None:
    listed = ListedProject(
        identity="a",
        group="a",
        digest=digest,
        row_number=2,
        name="Order forecast",
        organisation="Sales",
        external_id="17",
        stage=Stage.MODEL,
        status=ProjectStatus.ACTIVE,
        stage_word="Pilot",
        risk=risk,
        facts=(("Vendor", "Acme"),),
    )
    registers.import_register(
        session,
        by=cast.ada,
        at=LATER,
        register=registers.ListedRegister("ours", "r.csv", digest, (listed,)),
    )


def test_merged_project_leaves_the_portfolio_and_its_register_goes_on_being_followed(
    session: Session, cast: factories.Cast
) -> None:
    ours = factories.project(session, cast)
    _register(session, cast, "one")
    imported = session.exec(select(Project).where(col(Project.origin) == "register")).one()
    registers.merge(session, by=cast.ada, at=LATER, project_id=imported.id or 0, into_id=ours)

    assert imported.archived_at is not None
    assert [facts.risk for facts in merged_facts(session, project_id=ours)] == ["high"]

    _register(session, cast, "two", risk="low")
    session.expire_all()
    kept = session.exec(select(Project).where(col(Project.origin) == "register")).one()
    assert (kept.id, kept.archived_at is None, kept.merged_into) == (imported.id, False, ours)
    assert [facts.risk for facts in merged_facts(session, project_id=ours)] == ["low"]
    assert session.get_one(Project, ours).name == "Orders"

    for run_id in (2, 1):
        registers.undo_import(session, by=cast.ada, at=LATER, run_id=run_id)
    _register(session, cast, "two", risk="low")
    session.expire_all()
    assert session.get_one(Project, imported.id).archived_at is not None

    projects.restore(session, by=cast.ada, at=LATER, guide=cast.guide, project_id=imported.id or 0)
    assert merged_facts(session, project_id=ours) == ()


def test_only_an_imported_project_is_merged_and_only_into_one_of_ours(
    session: Session, cast: factories.Cast
) -> None:
    ours, other = factories.project(session, cast), factories.project(session, cast, "Returns")
    with pytest.raises(Refused, match="from a register"):
        registers.merge(session, by=cast.ada, at=LATER, project_id=other, into_id=ours)
    _register(session, cast, "one")
    imported = session.exec(select(Project).where(col(Project.origin) == "register")).one()
    with pytest.raises(Refused, match="assessed here"):
        registers.merge(session, by=cast.ada, at=LATER, project_id=imported.id or 0, into_id=imported.id or 0)
