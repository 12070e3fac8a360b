"""The portfolio in figures, now or at the end of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from lifecycle.facts.projects import organisation_today
from lifecycle.queries.portfolio_summary import summary
from lifecycle.web.api.asking import Reading
from lifecycle.web.api.problems import problem_response
from lifecycle.web.api.shapes import Shape

router = APIRouter(tags=["Portfolio"])
EARLIEST = date(2000, 1, 1)


class ImportedShape(Shape):
    count: int
    adopted: int
    by_risk_word: dict[str, int]


class ReadinessShape(Shape):
    assessed: int
    not_assessed: int
    by_level: dict[str, int]
    by_weakest_area: dict[str, int]


class PortfolioShape(Shape):
    """As `python -m lifecycle portfolio --json` prints it, with and without `as_of`."""

    as_of: date
    total: int
    by_stage: dict[str, int]
    unmapped: int
    by_status: dict[str, int]
    by_tier: dict[str, int]
    imported: ImportedShape
    organisations: int
    by_organisation: dict[str, int]
    readiness: ReadinessShape


@router.get("/portfolio", responses={409: problem_response("Nobody knows how it was on that day")})
def read_portfolio(
    asking: Reading,
    as_of: Annotated[date | None, Query(ge=EARLIEST, description="As it was at the end of this day.")] = None,
) -> PortfolioShape:
    """How many projects stand where. For leadership and administrators."""
    if as_of is None:
        asking.bring_standing_up_to_date()
    with asking.read() as session:
        today = organisation_today(session, asking.at)
        found = summary(session, by=asking.by, today=today, as_of=as_of)
    return PortfolioShape.model_validate(found.as_json())
