"""Whether a gate is open, for a delivery pipeline."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide, word
from lifecycle.language import say
from lifecycle.queries.pipeline import pipeline_gate
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE, Blocker, Gate


class Policy(StrEnum):
    """What a blocker does to the exit code of `gate`."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


def gate(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    gate_name: Annotated[Gate, typer.Argument(metavar="GATE", help="The gate to ask about.")],
    model_version: Annotated[str | None, typer.Option(help="The model version about to be deployed.")] = None,
    policy: Annotated[Policy, typer.Option(help="Whether blockers fail the command.")] = Policy.BLOCK,
    as_json: AsJson = False,
) -> None:
    """Say whether a gate is open: exit code 1 with each blocker when it is not and the policy is block."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database, database.read() as session:
            found = pipeline_gate(
                session,
                by=COMMAND_LINE,
                at=now(),
                guide=guide,
                project_key=project,
                gate=gate_name,
                model_version=model_version,
                base_url=settings.base_url,
            )
    if as_json:
        print_json({**found.as_json(), "policy": policy.value})
    else:
        _show_gate(found.ready, found.level, found.blockers)
    raise typer.Exit(1 if policy is Policy.BLOCK and not found.ready else 0)


def _show_gate(ready: bool, level: str, blockers: tuple[Blocker, ...]) -> None:
    typer.echo(say("Ready.") if ready else say("Not ready ({level}).", level=word(level)))
    for blocker in blockers:
        typer.echo(f"  {blocker.code}: {blocker.text}")
