"""What a page reads does not grow with what there is: the same number of statements for one project and for three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlmodel import Session

from lifecycle.facts.projects import load_many
from lifecycle.queries import (
    checks,
    gates,
    heat_maps,
    my_work,
    overview,
    people,
    portfolio,
    portfolio_overview,
    projects,
    worksheets,
)
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
    return world


def _count(session: Session, world: World, page: Page) -> int:
    with statements(session) as sent:
        page(session, world)
    return len(sent)
