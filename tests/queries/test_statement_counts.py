"""What a page reads does not grow with what there is: the same number of statements for one project and for three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session

from lifecycle.actions import monitors as actions
from lifecycle.facts.projects import load_many
from lifecycle.queries import (
    checks,
    gates,
    heat_maps,
    incidents,
    monitors,
    my_work,
    overview,
    people,
    portfolio,
    portfolio_overview,
    projects,
    worksheets,
)
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Direction
from lifecycle.store.database import open_database
from lifecycle.vocabulary import Gate, Role
from tests import factories
from tests.clock import START
from tests.statements import statements

TODAY = START.date()


@dataclass(frozen=True)
class World:
    """One database with `projects`, all at the same place: reviews asked, one signed, a source each."""

    cast: factories.Cast
    projects: list[int]


Page = Callable[[Session, World], object]

PAGES: dict[str, Page] = {
    "sidebar": lambda s, w: projects.names(s, by=w.cast.pat),
    "project head": lambda s, w: projects.head(s, key="orders-1", by=w.cast.pat),
    "worksheet": lambda s, w: worksheets.sheet(s, project_id=w.projects[0]),
    "live checks": lambda s, w: checks.checks_at(
        s, guide=w.cast.guide, project_id=w.projects[0], gate=Gate.DISCOVERY, at=START
    ),
    "project overview": lambda s, w: overview.overview(
        s, by=w.cast.pat, at=START, guide=w.cast.guide, key="orders-1"
    ),
    "gate": lambda s, w: gates.view(s, by=w.cast.pat, at=START, guide=w.cast.guide, key="orders-1"),
    "my work of a product manager": lambda s, w: my_work.my_work(
        s, by=w.cast.pat, at=START, guide=w.cast.guide
    ),
    "my work of a reviewer": lambda s, w: my_work.my_work(
        s, by=w.cast[Role.PRIVACY], at=START, guide=w.cast.guide
    ),
    "portfolio choices": lambda s, w: portfolio_overview.choices(s, by=w.cast.ada),
    "portfolio overview": lambda s, w: portfolio_overview.overview(s, by=w.cast.ada, today=TODAY),
    "portfolio table": lambda s, w: portfolio.rows(s, by=w.cast.ada, today=TODAY),
    "heat map of projects": lambda s, w: heat_maps.project_map(s, by=w.cast.ada, today=TODAY),
    "heat map of organisations": lambda s, w: heat_maps.organisation_map(s, by=w.cast.ada, today=TODAY),
    "monitors of one project": lambda s, w: monitors.of_project(
        s, by=w.cast.pat, at=START, guide=w.cast.guide, key="orders-1"
    ),
    "incidents of one project": lambda s, w: incidents.of_project(s, by=w.cast.pat, at=START, key="orders-1"),
    "people": lambda s, w: people.people(s),
    "facts of all projects": lambda s, w: load_many(s, w.projects, today=TODAY, guide=w.cast.guide),
}


@pytest.fixture(scope="module")
def counts(new_database: Callable[[], str]) -> dict[int, dict[str, int]]:
    """Statements by page, for one project and for three."""
    return {number: _counts(new_database(), number) for number in (1, 3)}


@pytest.mark.parametrize("page", PAGES)
def test_page_reads_with_as_many_statements_for_three_projects_as_for_one(
    counts: dict[int, dict[str, int]], page: str
) -> None:
    assert counts[3][page] == counts[1][page] > 0


def _counts(url: str, number: int) -> dict[str, int]:
    database = open_database(url)
    try:
        with database.write() as session:
            world = _world(session, number)
        with database.read() as session:
            return {name: _count(session, world, page) for name, page in PAGES.items()}
    finally:
        database.dispose()


def _world(session: Session, number: int) -> World:
    cast = factories.cast(session)
    world = World(cast, [factories.project(session, cast, f"Orders {each}") for each in range(1, number + 1)])
    for project_id in world.projects:
        factories.source(session, cast, project_id)
        factories.fill(session, cast, project_id, Gate.DISCOVERY)
        factories.sign(session, cast, project_id, Gate.DISCOVERY, Role.BUSINESS)
        factories.ask(session, cast, project_id, Gate.DISCOVERY, Role.PRIVACY)
    _watch(session, world, number)
    return world


def _watch(session: Session, world: World, number: int) -> None:
    """As many monitors that fired as there are projects, all on the first of them."""
    for each in range(number):
        spec = MonitorSpec(f"Hits {each}", Direction.BELOW, threshold=0.8)
        by_pat: dict[str, Any] = {"by": world.cast.pat, "at": START}
        monitor_id = actions.create(session, **by_pat, project_id=world.projects[0], spec=spec)
        readings = [NewReading("2026-03-01", 0.9), NewReading("2026-03-02", 0.7)]
        actions.push(session, **by_pat, guide=world.cast.guide, monitor_id=monitor_id, readings=readings)


def _count(session: Session, world: World, page: Page) -> int:
    with statements(session) as sent:
        page(session, world)
    return len(sent)
