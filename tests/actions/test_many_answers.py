"""Many answers at once end where saving them one by one ends, and nothing is kept when one cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, func, select

from lifecycle.actions import answers
from lifecycle.actions.answers import GivenAnswer
from lifecycle.errors import Forbidden, Invalid, NotFound
from lifecycle.events import EventAction, chain_stamp, project_chain
from lifecycle.store.base import metadata
from lifecycle.store.database import Database
from lifecycle.store.tables import Event
from lifecycle.vocabulary import AnswerState, Gate, Role
from tests import factories
from tests.clock import START
from tests.rules.building import guide

MINUTE = timedelta(minutes=1)
GIVEN = (
    GivenAnswer("D01", "Planners phone round"),
    GivenAnswer("D12", "recommends"),
    GivenAnswer("D25", state=AnswerState.DONT_KNOW, owner="Pat", due_on=date(2026, 5, 1)),
    GivenAnswer("D18", state=AnswerState.NOT_APPLICABLE, reason="Nobody reads it"),
)


def _save_many(
    session: Session,
    cast: factories.Cast,
    project_id: int,
    given: tuple[GivenAnswer, ...],
    source_id: int = 0,
) -> int:
    return answers.save_many(
        session,
        by=cast.pat,
        at=START + MINUTE,
        guide=cast.guide,
        project_id=project_id,
        source_id=source_id,
        given=given,
    )


def _facts_and_standing(session: Session, cast: factories.Cast, project_id: int) -> tuple[object, object]:
    facts = factories.facts_of(session, cast, project_id)
    contents = {field_id: fact.content for field_id, fact in facts.answers.items()}
    table = metadata.tables["standing"]
    rows = session.execute(select(table.c.gate, table.c.level, table.c.answers, table.c.checks))
    return contents, sorted(tuple(row) for row in rows)


def test_many_answers_end_where_single_ones_do(database: Database) -> None:
    ends = []
    for at_once in (True, False):
        with database.write() as session:
            cast = factories.cast(session, guide())
            project_id = factories.project(session, cast)
            signed = [
                factories.sign(session, cast, project_id, Gate.DISCOVERY, role)
                for role in (Role.TECHNOLOGY, Role.VALIDATION)
            ]
            before = chain_stamp(session, project_chain(project_id))
            if at_once:
                assert _save_many(session, cast, project_id, GIVEN) == len(GIVEN)
            else:
                for each in GIVEN:
                    answers.save(
                        session,
                        by=cast.pat,
                        at=START + MINUTE,
                        guide=cast.guide,
                        project_id=project_id,
                        field_id=each.field_id,
                        state=each.state,
                        raw=each.raw,
                        owner=each.owner,
                        due_on=each.due_on,
                        reason=each.reason,
                        base=0,
                    )
            assert chain_stamp(session, project_chain(project_id)) == before + len(GIVEN)
            ends.append((_facts_and_standing(session, cast, project_id), _said(session, signed)))
            session.rollback()
    assert ends[0] == ends[1]


def _said(session: Session, signed: Sequence[int]) -> list[tuple[str, str]]:
    """What the events say, but for the numbers of rows: sign-offs are numbered by their place in `signed`."""
    places = {str(sign_off_id): f"#{place}" for place, sign_off_id in enumerate(signed)}
    saved = session.execute(
        select(Event).where(col(Event.action) == EventAction.ANSWER_SAVED.value).order_by(col(Event.sequence))
    ).scalars()
    return [
        (
            event.subject,
            re.sub(
                r"(?<=\[)\d+(?=\])",
                lambda found: places[found[0]],
                event.detail.split('"sign_offs_gone_stale"')[1].partition(',"vouches"')[0],
            ),
        )
        for event in saved
    ]


def test_event_names_the_sign_offs_that_its_own_answer_made_stale(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        signed = factories.sign(session, cast, project_id, Gate.DISCOVERY, Role.VALIDATION)
        _save_many(session, cast, project_id, GIVEN)
        gone = dict(_said(session, [signed]))
        session.rollback()
    assert gone["D12"].startswith(":[#0]")
    assert gone["D01"].startswith(":[]")


def test_same_answers_again_change_nothing_and_leave_no_event(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        _save_many(session, cast, project_id, GIVEN)
        before = chain_stamp(session)
        assert _save_many(session, cast, project_id, GIVEN) == 0
        assert chain_stamp(session) == before


def test_answers_keep_the_moment_they_were_given(database: Database) -> None:
    moments = [START + 2 * MINUTE, START + 5 * MINUTE]
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        given = (GivenAnswer("D01", "A", at=moments[0]), GivenAnswer("D12", "informs", at=moments[1]))
        _save_many(session, cast, project_id, given)
        found = factories.facts_of(session, cast, project_id).answers
    assert [found["D01"].at, found["D12"].at] == moments


def test_one_wrong_answer_among_many_keeps_all_out_and_is_named(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        before = chain_stamp(session)
        wrong = (*GIVEN, GivenAnswer("D15", "soon"), GivenAnswer("D14", {"horizon": "3 moons"}))
        with pytest.raises(Invalid) as refused:
            _save_many(session, cast, project_id, wrong)
        assert set(refused.value.problems) == {"D15", "D14 · How far ahead"}
        assert session.execute(select(func.count()).select_from(metadata.tables["answer"])).scalar() == 0
        assert chain_stamp(session) == before


def test_many_answers_of_a_source_need_the_source_and_the_role(database: Database) -> None:
    given = (GivenAnswer("X03", "vendor"),)
    with database.write() as session:
        cast = factories.cast(session, guide())
        project_id = factories.project(session, cast)
        source_id = factories.source(session, cast, project_id)
        assert _save_many(session, cast, project_id, given, source_id) == 1
        with pytest.raises(NotFound):
            _save_many(session, cast, project_id, given, source_id + 1)
        with pytest.raises(Invalid):
            _save_many(session, cast, project_id, given)
        with pytest.raises(Forbidden):
            answers.save_many(
                session,
                by=cast.olu,
                at=START,
                guide=cast.guide,
                project_id=project_id,
                given=given,
                source_id=source_id,
            )
