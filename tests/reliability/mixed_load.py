"""A process that does what people do, one thing after the other, and says over a pipe what it was told is saved."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from lifecycle.actions import monitors, sources, threads
from lifecycle.actions.answers import GivenAnswer, save_many
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Direction
from lifecycle.store.database import Database
from lifecycle.store.tables import Answer, DataSource, Reading, Review, SignOff, ThreadMessage
from lifecycle.vocabulary import Gate, Role
from tests.clock import START
from tests.factories import Cast, answer, cast, decide, project
from tests.factories import ask as ask_for_review
from tests.rules.building import guide

PER_BATCH = 7
TWINS = ("D01", "D35")  # saved in one action: both or none


@dataclass(frozen=True)
class World:
    cast: Cast
    project_id: int
    monitor_id: int


def begin(session: Session) -> World:
    everybody = cast(session, guide())
    project_id = project(session, everybody)
    spec = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8)
    monitor_id = monitors.create(session, by=everybody.pat, at=START, project_id=project_id, spec=spec)
    return World(everybody, project_id, monitor_id)


# ------------------------------------------------------------------ what is done


def one_answer(session: Session, world: World, at: datetime, mark: str) -> None:
    answer(session, world.cast, world.project_id, "D34", f"one {mark}", at=at)


def two_answers(session: Session, world: World, at: datetime, mark: str) -> None:
    given = [GivenAnswer(field, raw=f"two {mark}") for field in TWINS]
    save_many(
        session, by=world.cast.pat, at=at, guide=world.cast.guide, project_id=world.project_id, given=given
    )


def new_source(session: Session, world: World, at: datetime, mark: str) -> None:
    """In a project of its own: one takes a hundred, and two hundred rounds bring more."""
    sources.add(
        session,
        by=world.cast.pat,
        at=at,
        guide=world.cast.guide,
        project_id=project(session, world.cast, f"Fed {mark}", at),
        name=f"source {mark}",
    )


def question(session: Session, world: World, at: datetime, mark: str) -> None:
    threads.ask(
        session,
        by=world.cast.pat,
        at=at,
        guide=world.cast.guide,
        project_id=world.project_id,
        field_id="D01",
        text=f"question {mark}",
    )


def readings(session: Session, world: World, at: datetime, mark: str) -> None:
    batch = [NewReading(f"{mark}-{number}", 0.9, at=at) for number in range(PER_BATCH)]
    monitors.push(
        session,
        by=world.cast.pat,
        at=at,
        guide=world.cast.guide,
        monitor_id=world.monitor_id,
        readings=batch,
    )


def signature(session: Session, world: World, at: datetime, mark: str) -> None:
    """A request of its own in a project of its own, decided at once."""
    mine = project(session, world.cast, f"Signed {mark}", at)
    review = ask_for_review(session, world.cast, mine, Gate.DISCOVERY, Role.PRIVACY, at=at)
    decide(session, world.cast, review, at=at, comment=f"signed {mark}")


DEEDS: dict[str, Callable[[Session, World, datetime, str], None]] = {
    deed.__name__: deed for deed in (one_answer, two_answers, new_source, question, readings, signature)
}


def do_until_killed(acknowledge: int, world: World, number: int) -> Callable[[Database], None]:
    """The clock is a bad one: now and then it steps back by up to a day."""

    def work(database: Database) -> None:
        chance, at, step = random.Random(number), START + timedelta(minutes=number), 0
        while True:
            step += 1
            deed, mark = chance.choice(sorted(DEEDS)), f"{number}-{step}"
            at += timedelta(seconds=1) if chance.random() < 0.8 else -timedelta(hours=chance.randint(1, 24))
            with database.write() as session:
                DEEDS[deed](session, world, at, mark)
            os.write(acknowledge, f"{deed} {mark}\n".encode())

    return work


# ------------------------------------------------------------------ what is there


def found(session: Session) -> dict[str, set[str]]:
    """The marks of all that is there, by what left them."""
    values = [str(value or "") for value in session.exec(select(Answer.value))]
    return {
        "one_answer": _marks(values, '"one '),
        "two_answers": _marks(values, '"two '),
        "new_source": _marks(session.exec(select(DataSource.name)), "source "),
        "question": _marks(session.exec(select(ThreadMessage.text)), "question "),
        "readings": {str(key).rsplit("-", 1)[0] for key in session.exec(select(Reading.key))},
        "signature": _marks(session.exec(select(SignOff.comment)), "signed "),
    }


def _marks(texts: Iterable[str | None], word: str) -> set[str]:
    return {text.removeprefix(word).strip('"') for text in texts if text and text.startswith(word)}


def half_done(session: Session) -> list[str]:
    """What only a transaction torn apart could leave."""
    torn = []
    first, second = (
        set(session.exec(select(Answer.value).where(col(Answer.field_id) == field))) for field in TWINS
    )
    torn += [f"only one of the twins: {value}" for value in first ^ second]
    batches: dict[str, int] = {}
    for key in session.exec(select(Reading.key)):
        batches[key.rsplit("-", 1)[0]] = batches.get(key.rsplit("-", 1)[0], 0) + 1
    torn += [f"{count} of a batch: {mark}" for mark, count in batches.items() if count != PER_BATCH]
    undecided = select(Review.id).where(col(Review.id).not_in(select(SignOff.review_id)))
    torn += [f"a request without its decision: {number}" for number in session.exec(undecided)]
    return torn
