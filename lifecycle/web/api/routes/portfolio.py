"""The portfolio in figures, now or at the end of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from lifecycle.facts.projects import organisation_today
from lifecycle.queries.portfolio_past import past
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
    """As `python -m lifecycle portfolio --json` prints it. With `as_of`, what the log cannot tell is null."""

    as_of: date
    total: int
    by_stage: dict[str, int]
    unmapped: int
    by_status: dict[str, int] | None = None
    by_tier: dict[str, int] | None = None
    imported: ImportedShape | None = None
    organisations: int | None = None
    by_organisation: dict[str, int] | None = None
    readiness: ReadinessShape | None = None
    assessed: int | None = Field(None, description="With `as_of`: assessed here by then.")
    not_assessed: int | None = None


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
        found = (
            summary(session, by=asking.by, today=today)
            if as_of is None
            else past(session, by=asking.by, day=as_of, today=today)
        )
    return PortfolioShape.model_validate(found.as_json())
