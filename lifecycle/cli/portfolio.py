"""The portfolio in figures."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle.cli.edge import (
    AsJson,
    bring_standing_up_to_date,
    now,
    opened,
    print_json,
    read_day,
    refusals,
    word,
)
from lifecycle.facts.projects import organisation_today
from lifecycle.language import counted, say, written_number
from lifecycle.queries.portfolio_summary import PortfolioSummary, summary
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE


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


def _show_portfolio(found: PortfolioSummary) -> None:
    typer.echo(
        say(
            "{projects} in {organisations} on {day}",
            projects=counted(found.total, "project"),
            organisations=counted(found.organisations, "organisation"),
            day=found.as_of.isoformat(),
        )
    )
    for title, counts in (
        (say("Stage"), {**found.by_stage, "unmapped": found.unmapped}),
        (say("Status"), found.by_status),
        (say("Tier"), found.by_tier),
        (
            say("Readiness"),
            found.readiness.by_level | {"not assessed here": found.readiness.not_assessed},
        ),
    ):
        typer.echo(title)
        words = {name: word(name) for name in counts}
        width = max(18, *map(len, words.values())) if words else 18
        for name, count in counts.items():
            typer.echo(f"  {words[name]:<{width}} {written_number(f'{count:>7,}')}")
