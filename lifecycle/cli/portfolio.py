"""The portfolio in figures."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from lifecycle.cli.edge import AsJson, counted, now, opened, print_json, refusals, the_guide
from lifecycle.errors import Invalid
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.queries.portfolio_summary import PortfolioSummary, summary
from lifecycle.settings import Settings, read_settings
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer()


@commands.command()
def portfolio(
    as_of: Annotated[str | None, typer.Option(help="As it was at the end of this day (YYYY-MM-DD).")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the portfolio in figures."""
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database:
            bring_standing_up_to_date(database, settings)
            with database.read() as session:
                today = organisation_today(session, now())
                found = summary(session, by=COMMAND_LINE, today=today, as_of=read_day(as_of))
    if as_json:
        print_json(found.as_json())
    else:
        _show_portfolio(found)


def read_day(text: str | None) -> date | None:
    """The day of --as-of. Raises Invalid for what is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid({"as-of": f"“{text}” is not a day; write it as 2026-03-31."}) from None


def bring_standing_up_to_date(database: Database, settings: Settings) -> None:
    """Dates pass without a write: what one has outrun is written anew before it is read."""
    with database.read() as session:
        lapsed = lapsed_standing(session, at=now())
    if lapsed:
        with database.write() as session:
            rebuild_lapsed(session, guide=the_guide(settings), at=now())


def _show_portfolio(found: PortfolioSummary) -> None:
    projects, organisations = counted(found.total, "project"), counted(found.organisations, "organisation")
    typer.echo(f"{projects} in {organisations} on {found.as_of.isoformat()}")
    for title, counts in (
        ("Stage", {**found.by_stage, "unmapped": found.unmapped}),
        ("Status", found.by_status),
        ("Tier", found.by_tier),
        ("Readiness", found.readiness.by_level | {"not assessed here": found.readiness.not_assessed}),
    ):
        typer.echo(title)
        for name, count in counts.items():
            typer.echo(f"  {name.replace('_', ' '):<18} {count:>7,}")
