"""Releases through the actions: frozen when the gate is open, stepped, rolled back, and read back beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import gates, outbox, releases, reviews
from lifecycle.errors import Forbidden, Invalid, Refused
from lifecycle.queries import history, projects
from lifecycle.queries import releases as queries
from lifecycle.rules.releases import Move, ReleaseState
from lifecycle.store.database import Database
from lifecycle.store.tables import Notice, PersonRow, Release
from lifecycle.vocabulary import COMMAND_LINE, Gate, Outcome, Role
from tests.clock import START
from tests.factories import VERSION, Cast, answer, cast, facts_of, project, ready_to_launch, sign
from tests.statements import statements

HOUR = timedelta(hours=1)


@dataclass
class World:
    session: Session
    cast: Cast
    project_id: int

    def make(self, version: str = VERSION, hours: int = 1, **details: Any) -> int:
        details.setdefault("by", self.cast.pat)
        return releases.create(
            self.session,
            at=START + hours * HOUR,
            guide=self.cast.guide,
            project_id=self.project_id,
            model_version=version,
            **details,
        )

    def step(
        self, release_id: int, move: Move, hours: int = 2, share: int | None = None, **details: Any
    ) -> int:
        details.setdefault("by", self.cast.pat)
        return releases.step(
            self.session,
            at=START + hours * HOUR,
            guide=self.cast.guide,
            release_id=release_id,
            move=move,
            share=share,
            **details,
        )

    def launch(self, hours: int = 1) -> None:
        gates.decide(
            self.session,
            by=self.cast.ann,
            at=START + hours * HOUR,
            guide=self.cast.guide,
            project_id=self.project_id,
            gate=Gate.LAUNCH,
            outcome=Outcome.GO,
        )

    def next_version(self, version: str, hours: int) -> None:
        at = START + hours * HOUR
        where = {"live_on": "2026-04-01", "approver": "Ann", "environment": "Here"}
        answer(self.session, self.cast, self.project_id, "P01", {"version": version, **where}, at=at)
        for role in (Role.APPROVER, Role.TECHNOLOGY):
            sign(self.session, self.cast, self.project_id, Gate.LAUNCH, role, at=at)

    @property
    def key(self) -> str:
        return projects.key_of(self.session, project_id=self.project_id)

    @property
    def asked(self) -> dict[str, Any]:
        return {"by": self.cast.pat, "at": START + 50 * HOUR, "guide": self.cast.guide, "key": self.key}

    def view(self) -> queries.ReleasesView:
        return queries.view(self.session, **self.asked)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with database.write() as session:
        everybody = cast(session)
        project_id = project(session, everybody)
        ready_to_launch(session, everybody, project_id)
        yield World(session, everybody, project_id)


def test_a_release_holds_answers_sign_offs_and_who_approved(world: World) -> None:
    world.launch()
    made = world.make(hours=2, summary="The first", ready_at=START - HOUR)
    found = world.view().releases[0]
    content = json.loads(world.session.get_one(Release, made).content)
    facts = facts_of(world.session, world.cast, world.project_id)
    assert {key: each["digest"] for key, each in content["answers"].items()} == {
        key: fact.content for key, fact in facts.answers.items()
    }
    assert content["answers"]["D01"]["value"] == "Planners phone round for two hours every morning"
    assert {each.role for each in found.sign_offs if each.gate is Gate.LAUNCH} == {
        spec.role for spec in world.cast.guide.reviews(Gate.LAUNCH)
    }
    assert found.approved[:2] == ("Ann as Approver on 2026-03-02", "Ann, go at Launch on 2026-03-02")
    assert (found.state, found.number, found.ready_at) == (ReleaseState.PREPARED, 1, START - HOUR)


def test_it_stays_what_it_was_when_an_answer_changes_that_nobody_signed_for(world: World) -> None:
    world.make()
    bought = {"option": "rule", "why": "Too coarse"}
    answer(world.session, world.cast, world.project_id, "D09", bought, at=START + HOUR)
    world.make(hours=2)
    (changed,) = queries.comparison(world.session, **world.asked, one=1, other=2).answers
    assert ("No bearing here" in changed.before, "Too coarse" in changed.after) == (True, True)


def test_it_is_refused_with_what_stands_in_the_way(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.make("2.0")
    assert [each.code for each in refused.value.blockers] == ["model_version"]
    answer(
        world.session,
        world.cast,
        world.project_id,
        "P01",
        {"version": "2.0", "live_on": "2026-04-01", "approver": "Ann", "environment": "Here"},
        at=START + HOUR,
    )
    with pytest.raises(Refused) as refused:
        world.make("2.0", hours=2)
    roles = {each.role for each in refused.value.blockers}
    assert {Role.APPROVER, Role.TECHNOLOGY} <= roles
    assert world.session.exec(select(Release)).all() == []
    assert {each.code for each in world.view().against} == {each.code for each in refused.value.blockers}


def test_the_command_line_makes_one_and_an_outsider_does_not(world: World) -> None:
    with pytest.raises(Forbidden):
        world.make(by=world.cast.olu)
    with pytest.raises(Forbidden):
        world.make(by=world.cast[Role.PRIVACY])
    assert world.make(by=COMMAND_LINE)
    with pytest.raises(Refused, match="holds exactly this"):
        world.make(by=COMMAND_LINE, hours=2)


def test_from_shadow_to_everybody_and_back_to_the_one_before(world: World) -> None:
    world.launch()
    first = world.make(hours=2)
    world.step(first, Move.FULL, hours=3)
    world.next_version("1.1", hours=4)
    second = world.make("1.1", hours=5)
    world.step(second, Move.SHADOW, hours=6)
    world.step(second, Move.SHARE, hours=7, share=10)
    assert [each.state for each in world.view().releases] == [ReleaseState.SHARE, ReleaseState.LIVE]
    world.step(second, Move.FULL, hours=8)
    assert [each.state for each in world.view().releases] == [ReleaseState.LIVE, ReleaseState.REPLACED]
    releases.roll_back(
        world.session,
        by=world.cast.pat,
        at=START + 12 * HOUR,
        release_id=second,
        reason="Half of the answers were empty",
        began_at=START + 9 * HOUR,
        restored_at=START + 11 * HOUR,
    )
    found = world.view()
    assert [each.state for each in found.releases] == [ReleaseState.ROLLED_BACK, ReleaseState.LIVE]
    assert found.releases[0].steps[-1].restored_in == "2 h"
    assert (found.metrics.deployments, found.metrics.failed, found.metrics.restore.median) == (2, 1, 2 * HOUR)
    lines = history.events(world.session, **world.asked).events
    assert lines[0].sentence == (
        "Rolled release 2 (version 1.1) back; release 1 (version 1.0) serves again, restored in 2 h"
    )
    assert any(each.sentence == "Brought release 2 (version 1.1) to 10 % of the traffic" for each in lines)


def test_times_that_cannot_be_are_refused_in_a_sentence(world: World) -> None:
    made = world.make()
    with pytest.raises(Invalid, match="lies ahead"):
        world.step(made, Move.CANARY, hours=2, happened_at=START + 3 * HOUR)
    with pytest.raises(Invalid, match="lies ahead"):
        world.make(hours=2, ready_at=START + 5 * HOUR)


def test_a_sign_off_taken_back_stops_the_rollout(world: World) -> None:
    made = world.make()
    signed = next(
        each
        for each in facts_of(world.session, world.cast, world.project_id).sign_offs
        if each.role is Role.TECHNOLOGY
    )
    reviews.withdraw(
        world.session,
        by=world.cast[Role.TECHNOLOGY],
        at=START + HOUR,
        guide=world.cast.guide,
        sign_off_id=signed.id,
        reason="The way back was never tried",
    )
    with pytest.raises(Refused, match="taken back"):
        world.step(made, Move.CANARY)


def test_two_releases_are_compared_in_words(world: World) -> None:
    world.launch()
    world.step(world.make(hours=2), Move.FULL, hours=3)
    world.next_version("1.1", hours=4)
    world.make("1.1", hours=5)
    found = queries.comparison(world.session, **world.asked, one=2, other=1)
    (version,) = found.answers
    assert ("1.0" in version.before, "1.1" in version.after) == (True, True)
    assert {each.title.split(" at ")[0] for each in found.sign_offs} == {"Approver", "Technology owner"}
    assert queries.comparison(world.session, **world.asked, one=1, other=1).is_empty


def test_the_page_reads_as_many_statements_for_three_releases_as_for_one(world: World) -> None:
    world.launch()
    world.step(world.make(hours=2), Move.FULL, hours=3)
    counts = []
    for version, hours in (("1.1", 4), ("1.2", 8)):
        with statements(world.session) as sent:
            world.view()
        counts.append(len(sent))
        world.next_version(version, hours=hours)
        world.step(world.make(version, hours=hours + 1), Move.FULL, hours=hours + 2)
    with statements(world.session) as sent:
        world.view()
    assert {*counts, len(sent)} == {counts[0]}


def test_the_team_hears_of_a_release_for_everybody_and_of_one_taken_back(world: World) -> None:
    world.launch()
    made = world.make(hours=2)
    world.step(made, Move.CANARY, hours=3)
    told = _told(world)
    assert not told & {"release.live", "release.rolled_back"}
    world.step(made, Move.FULL, hours=4)
    assert "release.live" in _told(world)
    releases.roll_back(
        world.session, by=world.cast.pat, at=START + 5 * HOUR, release_id=made, reason="It failed"
    )
    assert "release.rolled_back" in _told(world)


def _told(world: World) -> set[str]:
    """What Ann, the approver, was told of so far."""
    outbox.take_up(world.session, at=START + 100 * HOUR, has_mail=False)
    world.session.flush()
    found = world.session.exec(
        select(Notice.kind)
        .join(PersonRow, col(PersonRow.key) == col(Notice.person_key))
        .where(col(PersonRow.name) == "Ann")
    )
    return set(found)
