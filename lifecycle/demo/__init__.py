"""The example portfolio: fictional products in every stage and state, built through the product's own actions.

Nobody of the example can sign in: its people have accounts without a password.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from lifecycle.actions import accounts, people
from lifecycle.demo.content import Calendar, SamplePerson, Samples, read_samples
from lifecycle.demo.play import Cast, Play
from lifecycle.errors import Refused
from lifecycle.events import ORGANISATION, EventAction, chain_stamp, record
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import let_dates_pass
from lifecycle.guide import Guide
from lifecycle.language import ENGLISH, mark, say, speaking
from lifecycle.queries.projects import are_there_any
from lifecycle.rules.permissions import require
from lifecycle.store.database import Database
from lifecycle.store.files import Files
from lifecycle.store.outbox import untold
from lifecycle.vocabulary import Actor, Blocker, Role

Progress = Callable[[int, int], None]

_NOT_EMPTY = mark(
    "The example portfolio is for an installation without projects, and this one has some."
    " Nothing was changed. To look at the example, start Lifecycle with a database of its own."
)


@dataclass(frozen=True, slots=True)
class ExampleSummary:
    """What was built."""

    projects: int
    people: int
    events: int

    @property
    def sentence(self) -> str:
        return say(
            "The example portfolio is there: {projects} fictional products and {people} fictional people, "
            "with {events:,} events over the past year. None of them can sign in.",
            projects=self.projects,
            people=self.people,
            events=self.events,
        )

    def as_json(self) -> dict[str, int]:
        return {"projects": self.projects, "people": self.people, "events": self.events}


def build_example(
    database: Database,
    guide: Guide,
    files: Files,
    *,
    by: Actor,
    now: datetime,
    progress: Progress | None = None,
    only: Collection[str] = (),
) -> ExampleSummary:
    """Fill an installation that has no projects, in one transaction: all of the example or nothing.

    Every step is dated within the year before `now`; the accounts themselves are made `now`, because the
    organisation's log goes forward only. `progress` hears of each finished project; `only` names those to
    build. Raises Refused when there is any project, archived ones included, Forbidden when `by` is no
    administrator.
    """
    samples = read_samples()
    if only:
        told = tuple(story for story in samples.stories if story.name in only)
        samples = samples.model_copy(update={"stories": told})
    with database.write() as session:
        require("organisation.load_example", by)
        if are_there_any(session):
            raise Refused(Blocker("example:not_empty", say(_NOT_EMPTY)))
        before = chain_stamp(session)
        cast = _invite(session, samples.people, by, now)
        # The same example whoever asks for it.
        with untold(session), speaking(ENGLISH):
            built = _tell(session, guide.here(), files, samples, cast, now, progress)
        record(
            session,
            chain=ORGANISATION,
            action=EventAction.DEMO_BUILT,
            subject="example",
            detail={"projects": built, "people": [actor.key for actor in cast.actors.values()]},
            by=by,
            at=now,
        )
        events = chain_stamp(session) - before
    return ExampleSummary(projects=len(built), people=len(cast.actors), events=events)


def _tell(
    session: Session,
    guide: Guide,
    files: Files,
    samples: Samples,
    cast: Cast,
    now: datetime,
    progress: Progress | None,
) -> list[int]:
    """The ids of the projects, in the order of the stories."""
    today = organisation_today(session, now)
    built: list[int] = []
    for story in samples.stories:
        built.append(Play(session, guide, cast, story, Calendar(today), files).run())
        let_dates_pass(session, built[-1], guide=guide, until=now)
        if progress:
            progress(len(built), len(samples.stories))
    return built


# ---------------------------------------------------------------- people


def _invite(session: Session, told: Mapping[str, SamplePerson], by: Actor, at: datetime) -> Cast:
    actors = {handle: _join(session, each, by, at) for handle, each in told.items()}
    roles = {role: handle for handle, each in told.items() for role in each.reviews}
    approvers = [handle for handle, each in told.items() if each.level]
    return Cast(actors, {**roles, Role.APPROVER: approvers[0]})


def _join(session: Session, told: SamplePerson, by: Actor, at: datetime) -> Actor:
    """Without a password, so that nobody can sign in as somebody who does not exist."""
    token = people.invite(
        session,
        by=by,
        at=at,
        email=told.email,
        name=told.name,
        organisation_role=told.organisation_role,
    )
    key = accounts.accept_invitation(session, at=at, token=token, name=told.name, password_hash=None)
    for role in told.reviews:
        people.make_eligible(session, by=by, at=at, person_key=key, role=role)
    if told.level:
        people.set_approval_level(session, by=by, at=at, person_key=key, level=told.level)
    return Actor(key, told.name, told.organisation_role, told.level)
