"""The portfolio as of a day is what everybody saw at the end of that day, whatever happened since.

Histories are made at random by the product's own actions: projects registered, edited, put away and brought back,
registers imported, changed, undone and imported again, imported projects placed and adopted, answers, dates that
pass, sign-offs and gates. Every evening the portfolio of that moment is kept; afterwards each day is asked for again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import projects
from lifecycle.actions.registers import ListedRegister, import_register, undo_import
from lifecycle.errors import LifecycleError
from lifecycle.facts.projects import end_of_day, organisation_today
from lifecycle.facts.standing import rebuild_lapsed
from lifecycle.queries import heat_maps, portfolio, portfolio_overview, portfolio_summary
from lifecycle.queries.portfolio import Filters
from lifecycle.queries.portfolio_days import day_to_keep, days_to_keep
from lifecycle.rules.registers import ListedProject
from lifecycle.rules.reminders import zone_of
from lifecycle.store.database import Database
from lifecycle.store.tables import ImportRun, Organisation, Project
from lifecycle.store.tallies import days_kept, is_tallied, keep_day
from lifecycle.vocabulary import (
    Actor,
    AnswerState,
    Decision,
    Gate,
    OrganisationRole,
    ProjectStatus,
    Role,
    Stage,
)
from tests import factories as make
from tests.clock import START

LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
DAYS, DATES_IN_A_HISTORY = 40, 50
FILTERS = (
    Filters(organisation="Ports"),
    Filters(level="blocked"),
    Filters(stage="production", origin="register"),
    Filters(role="privacy"),
    Filters(cause="answers", text="or"),
)


def shown(session: Session, today: date, as_of: date | None) -> list[object]:
    """All that the overview and the command line say of the portfolio."""
    said: dict[str, Any] = {"by": LEADER, "today": today, "as_of": as_of}
    found: list[object] = [portfolio_summary.summary(session, **said)]
    day = as_of or today
    for filters in (portfolio.EVERYTHING, FILTERS[day.toordinal() % len(FILTERS)]):
        found += [
            portfolio_overview.overview(session, **said, filters=filters),
            portfolio.rows(session, **said, filters=filters),
            heat_maps.project_map(session, **said, filters=filters),
            heat_maps.organisation_map(session, **said, filters=filters),
        ]
    return [*found, portfolio_overview.choices(session, by=LEADER, as_of=as_of)]


def counted_day(session: Session, day: date) -> tuple[datetime, str]:
    found = day_to_keep(session, day)
    assert found is not None
    return found


class History:
    """Random days in the life of a portfolio, in a time zone whose days are not those of UTC."""

    def __init__(self, session: Session, seed: int, zone: str) -> None:
        self.session, self.chance, self.zone = session, random.Random(seed), zone
        self.cast = make.cast(session)
        session.get_one(Organisation, 1).time_zone = zone
        session.flush()
        self.now = START
        self.files = 0
        self.doings: tuple[Callable[[], object], ...] = (
            self.register, self.edit, self.archive, self.restore, self.bring_register, self.undo, self.place,
            self.adopt, self.answer, self.leave_open, self.ask, self.sign, self.pass_gate, self.pass_gate,
        )  # fmt: skip

    def live(self, day: date) -> None:
        """A handful of things at any time of this day, in their order."""
        begins = datetime.combine(day, time.min, zone_of(self.zone))
        for seconds in sorted(self.chance.sample(range(86_400), self.chance.randint(0, 4))):
            self.now = begins + timedelta(seconds=seconds)
            try:
                with self.session.begin_nested():
                    self.chance.choice(self.doings)()
            except LifecycleError:
                self.session.info.clear()  # as a transaction that ended would

    def pick(self, *conditions: Any) -> Project | None:
        found = self.session.exec(select(Project).where(*conditions).order_by(col(Project.id))).all()
        return self.chance.choice(found) if found else None

    def own(self) -> Project | None:
        return self.pick(col(Project.origin) == "here", col(Project.archived_at).is_(None))

    # ------------------------------------------------------------ what happens

    def register(self) -> None:
        make.project(self.session, self.cast, self.chance.choice(("Orders", "Returns", "Rota")), self.now)

    def edit(self) -> None:
        if project := self.own():
            names = {"name": self.chance.choice(("Orders", "Ordering ", "Zoo")), "purpose": ""}
            where = self.chance.choice(("Sales", "Ports"))
            projects.edit(self.session, by=self.cast.pat, at=self.now, project_id=project.id or 0, **names,
                          organisation=where, base=project.revision)  # fmt: skip

    def archive(self) -> None:
        if project := self.pick(col(Project.archived_at).is_(None)):
            projects.archive(self.session, by=self.cast.ada, at=self.now, project_id=project.id or 0)

    def restore(self) -> None:
        if project := self.pick(col(Project.archived_at).is_not(None)):
            projects.restore(
                self.session, by=self.cast.ada, at=self.now, guide=self.cast.guide, project_id=project.id or 0
            )

    def bring_register(self) -> None:
        self.files += 1
        rows = self.chance.sample(range(8), self.chance.randint(3, 8))
        listed = ListedRegister("theirs", "theirs.csv", str(self.files), tuple(map(self.row, rows)))
        import_register(self.session, by=self.cast.ada, at=self.now, register=listed)

    def row(self, number: int) -> ListedProject:
        stage = self.chance.choice((*Stage, None))
        over = (ProjectStatus.LIVE, ProjectStatus.RETIRED, ProjectStatus.ACTIVE)
        status = self.chance.choice(over) if stage is Stage.PRODUCTION else ProjectStatus.ACTIVE
        word, unit = stage.title if stage else "Simmering", self.chance.choice(("Ports", " Roads"))
        return ListedProject(
            identity=f"n{number}", group=f"n{number}", digest=f"{word}{status}{unit}", row_number=number,
            name=f"Sorter {number}", organisation=unit, external_id=None, stage=stage, status=status,
            stage_word=word, risk=self.chance.choice(("High", "")), facts=(),
        )  # fmt: skip

    def undo(self) -> None:
        runs = self.session.exec(select(ImportRun.id).where(col(ImportRun.undone_at).is_(None))).all()
        if runs:
            undo_import(self.session, by=self.cast.ada, at=self.now, run_id=self.chance.choice(runs) or 0)

    def place(self) -> None:
        if project := self.pick(col(Project.origin) == "register"):
            projects.map_stage(
                self.session, by=self.cast.ada, at=self.now, guide=self.cast.guide,
                project_id=project.id or 0, stage=self.chance.choice(list(Stage)),
            )  # fmt: skip

    def adopt(self) -> None:
        if project := self.pick(col(Project.origin) == "register", col(Project.archived_at).is_(None)):
            projects.adopt(
                self.session, by=self.cast.ada, at=self.now, guide=self.cast.guide, project_id=project.id or 0
            )

    def answer(self) -> None:
        if project := self.own():
            words = self.chance.choice(("informs", "recommends", "decides_alone"))
            make.answer(self.session, self.cast, project.id or 0, "D12", words, at=self.now)

    def leave_open(self) -> None:
        """Falls due some days later, when perhaps nobody writes anything."""
        if project := self.own():
            due = organisation_today(self.session, self.now) + timedelta(days=self.chance.randint(0, 5))
            make.answer(
                self.session, self.cast, project.id or 0, "D01", None, at=self.now,
                state=AnswerState.DONT_KNOW, owner=self.cast.pat.key, due_on=due,
            )  # fmt: skip

    def ask(self) -> None:
        if (project := self.own()) and project.gate:
            role = self.chance.choice((Role.PRIVACY, Role.LEGAL, Role.BUSINESS))
            make.ask(self.session, self.cast, project.id or 0, Gate(project.gate), role, at=self.now)

    def sign(self) -> None:
        if (project := self.own()) and project.gate:
            decision = self.chance.choice((None, Decision.REJECTED))
            make.sign(
                self.session,
                self.cast,
                project.id or 0,
                Gate(project.gate),
                Role.PRIVACY,
                decision,
                at=self.now,
            )

    def pass_gate(self) -> None:
        if (project := self.own()) and project.gate:
            make.go(self.session, self.cast, project.id or 0, Gate(project.gate), self.now)


@pytest.mark.parametrize(
    ("seed", "zone"), [(1, "UTC"), (2, "Asia/Kolkata"), (3, "Pacific/Auckland"), (4, "America/Los_Angeles")]
)
def test_portfolio_as_of_a_day_is_what_was_shown_that_evening(
    database: Database, seed: int, zone: str
) -> None:
    evenings: dict[date, list[object]] = {}
    with database.write() as session:
        history = History(session, seed, zone)
        first = START.date() + timedelta(days=1)
        for day in (first + timedelta(days=number) for number in range(DAYS)):
            history.live(day)
            # Now and then nobody looks for days, and dates pass all the same.
            if history.chance.random() < 0.4 and day != first + timedelta(days=DAYS - 1):
                continue
            rebuild_lapsed(session, guide=history.cast.guide, at=end_of_day(day, zone) - timedelta(seconds=1))
            evenings[day] = shown(session, day, None)
            assert is_tallied(session), day
            for missing in days_to_keep(session, at=end_of_day(day, zone), most=history.chance.randint(0, 3)):
                keep_day(session, *counted_day(session, missing))
        last = max(evenings)
        kept = days_kept(session)
        assert {end_of_day(day, zone) in kept for day in evenings} == {True, False}, (
            "both ways are to be asked"
        )
        assert len(evenings[last][1].causes) >= 2, "the history must be worth looking at"  # type: ignore[attr-defined]
        dates = [history.chance.choice(sorted(evenings)) for _ in range(DATES_IN_A_HISTORY)]
        for day in {*dates}:
            assert shown(session, last, day) == evenings[day], day


def test_day_on_which_a_date_passed_unseen_has_what_fell_due(database: Database) -> None:
    """Nobody looks for a week: the day after the due date shows it overdue all the same, and the day before not."""
    with database.write() as session:
        history = History(session, 1, "UTC")
        project_id = make.project(session, history.cast)
        make.answer(
            session, history.cast, project_id, "D01", None, state=AnswerState.DONT_KNOW,
            owner=history.cast.pat.key, due_on=START.date() + timedelta(days=3),
        )  # fmt: skip
        rebuild_lapsed(session, guide=history.cast.guide, at=START + timedelta(days=9))
        today = START.date() + timedelta(days=9)
        overdue = [
            portfolio_overview.overview(
                session, by=LEADER, today=today, as_of=START.date() + timedelta(days=number)
            ).overdue
            for number in range(10)
        ]

    assert overdue == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_members_see_only_their_own_projects_of_the_past(database: Database) -> None:
    with database.write() as session:
        everybody = make.cast(session)
        make.project(session, everybody)
        later = START.date() + timedelta(days=1)
        said: dict[str, Any] = {"today": later, "as_of": START.date()}
        own = portfolio.rows(session, by=everybody.pat, **said)
        others = portfolio.rows(session, by=everybody.olu, **said)

    assert (own.total, others.total) == (1, 0)
    assert replace(own, rows=()).as_of == START.date()
