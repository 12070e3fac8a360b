"""Releases from a delivery pipeline: making one, recording its steps, taking it back."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from lifecycle.actions import releases as actions
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide, word
from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.queries import projects
from lifecycle.queries import releases as queries
from lifecycle.queries.releases import ReleaseView
from lifecycle.rules.releases import Move
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="Releases and their rollout.", no_args_is_help=True)

Project = Annotated[str, typer.Argument(help="The project's key, as in its address.")]
Number = Annotated[int, typer.Argument(help="The release's number.")]


class Step(StrEnum):
    """A step forward."""

    SHADOW = "shadow"
    CANARY = "canary"
    SHARE = "share"
    FULL = "full"


@commands.command("list")
def list_releases(project: Project, as_json: AsJson = False) -> None:
    """The releases of a project, the newest first, with the four measures of delivery."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database, database.read() as session:
            found = queries.view(session, by=COMMAND_LINE, at=now(), guide=guide, key=project)
    if as_json:
        metrics = found.metrics
        lead, restore = metrics.lead_time.median, metrics.restore.median
        print_json(
            {
                "project": found.project.key,
                "signed_version": found.signed_version,
                "blockers": [{"code": each.code, "text": each.text} for each in found.against],
                "releases": [each.as_json() for each in found.releases],
                "delivery": {
                    "since": metrics.since.isoformat(),
                    "until": metrics.until.isoformat(),
                    "deployments": metrics.deployments,
                    "per_month": float(metrics.per_month),
                    "median_lead_seconds": int(lead.total_seconds()) if lead is not None else None,
                    "median_restore_seconds": int(restore.total_seconds()) if restore is not None else None,
                    "change_failure_rate": (
                        float(metrics.failure_rate) if metrics.failure_rate is not None else None
                    ),
                },
            }
        )
        return
    for release in found.releases:
        _show(release)
    if not found.releases:
        typer.echo(say("No release yet."))


@commands.command("create")
def create_release(
    project: Project,
    model_version: Annotated[
        str, typer.Option(help="The model version that goes live; it must be the signed one.")
    ],
    summary: Annotated[str, typer.Option(help="What is new in it, in a sentence.")] = "",
    ready_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the change was finished, as 2026-11-30T14:05Z.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Freeze what is signed now as a release; refused with every blocker while the Launch gate is not open."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        given: dict[str, Any] = {"summary": summary, "ready_at": _moment("--ready-at", ready_at)}
        with opened(settings) as database:
            with database.write() as session:
                head = projects.head(session, key=project, by=COMMAND_LINE)
                release_id = actions.create(
                    session,
                    by=COMMAND_LINE,
                    at=now(),
                    guide=guide,
                    project_id=head.id,
                    model_version=model_version,
                    **given,
                )
            with database.read() as session:
                seen = queries.view(session, by=COMMAND_LINE, at=now(), guide=guide, key=project)
    _print(next(each for each in seen.releases if each.id == release_id), as_json)


@commands.command("step")
def take_step(
    project: Project,
    number: Number,
    move: Annotated[Step, typer.Argument(help="How far it reaches now.")],
    share: Annotated[
        int | None, typer.Option(min=1, max=99, help="Percent of the traffic, for share.")
    ] = None,
    note: Annotated[str, typer.Option(help="What was seen, or why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Record that a release reached its next step: shadow, canary, a share of the traffic, everybody."""
    if (share is None) == (move is Step.SHARE):
        raise typer.BadParameter(say("--share belongs to share, and to nothing else."))
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database:
            with database.write() as session:
                found = queries.by_number(
                    session, by=COMMAND_LINE, at=now(), guide=guide, key=project, number=number
                )
                actions.step(
                    session,
                    by=COMMAND_LINE,
                    at=now(),
                    guide=guide,
                    release_id=found.id,
                    move=Move(move.value),
                    share=share,
                    note=note,
                )
            with database.read() as session:
                found = queries.by_number(
                    session, by=COMMAND_LINE, at=now(), guide=guide, key=project, number=number
                )
    _print(found, as_json)


@commands.command("rollback")
def roll_back(
    project: Project,
    number: Number,
    reason: Annotated[str, typer.Option(help="What went wrong.")],
    began_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the trouble began; without it, now.")
    ] = None,
    restored_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When users were well served again; without it, now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record that a release was taken back, and how long it took to restore."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        times = {
            "began_at": _moment("--began-at", began_at),
            "restored_at": _moment("--restored-at", restored_at),
        }
        with opened(settings) as database:
            with database.write() as session:
                found = queries.by_number(
                    session, by=COMMAND_LINE, at=now(), guide=guide, key=project, number=number
                )
                actions.roll_back(
                    session, by=COMMAND_LINE, at=now(), release_id=found.id, reason=reason, **times
                )
            with database.read() as session:
                found = queries.by_number(
                    session, by=COMMAND_LINE, at=now(), guide=guide, key=project, number=number
                )
    _print(found, as_json)


def _moment(option: str, told: str | None) -> datetime | None:
    """A time with its zone; one without is taken as UTC."""
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(told.strip())
    except ValueError as error:
        text = say("“{text}” is no time. Write it as 2026-11-30T14:05Z.", text=told)
        raise Invalid({option: text}) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print(release: ReleaseView, as_json: bool) -> None:
    if as_json:
        print_json(release.as_json())
    else:
        _show(release)


def _show(release: ReleaseView) -> None:
    state = say("{share} % of the traffic", share=release.share) if release.share else word(release.state)
    typer.echo(
        say(
            "{number}  version {version}  {state}",
            number=release.number,
            version=release.model_version,
            state=state,
        )
    )
    for step in release.steps:
        words = step.words
        if step.restored_in:
            words = say("{step}, restored in {time}", step=words, time=step.restored_in)
        typer.echo(f"    {step.happened_at:%Y-%m-%d %H:%M}Z  {words}")
