"""What is watched, and the readings of it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.actions import monitors as actions
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide, word
from lifecycle.errors import Invalid
from lifecycle.interchange.fetching import fetch
from lifecycle.interchange.readings import push_file, readings_of
from lifecycle.interchange.series import ReadingsFile
from lifecycle.language import counted, say
from lifecycle.queries import monitors as queries
from lifecycle.queries import people, projects
from lifecycle.queries.monitors import MonitorView
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.monitors import MlflowSource, MonitorSpec, number_text
from lifecycle.rules.triggers import Direction, LimitKind, Missing
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE

monitor_commands = typer.Typer(help="What is watched on a project.", no_args_is_help=True)
reading_commands = typer.Typer(help="Readings of monitors.", no_args_is_help=True)

_LENGTH = re.compile(r"(\d+)\s*(s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

Project = Annotated[str, typer.Argument(help="The project's key, as in its address.")]
MonitorKey = Annotated[
    str, typer.Argument(metavar="MONITOR", help="The monitor's key, as `monitors list` says.")
]


class Side(StrEnum):
    """On which side of its baseline trouble is."""

    BELOW = "below"
    ABOVE = "above"


@monitor_commands.command("list")
def monitors_list(project: Project, as_json: AsJson = False) -> None:
    """The monitors of a project, with their rule and their newest reading."""
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database, database.read() as session:
            found = queries.of_project(
                session, by=COMMAND_LINE, at=now(), guide=the_guide(settings, session), key=project
            ).monitors
    if as_json:
        print_json([monitor_json(view) for view in found])
        return
    for view in found:
        newest = (
            f"{view.latest_key}: {number_text(view.latest_value)}" if view.latest_key else say("no readings")
        )
        typer.echo(f"{view.key}  {word(view.state)}  {view.rule}  ({newest})")
    if not found:
        typer.echo(say("Nothing is watched yet: monitors add"))


@monitor_commands.command("add")
def monitors_add(
    project: Project,
    name: Annotated[str, typer.Argument(help="What is watched.")],
    below: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value below this.")
    ] = None,
    above: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value above this.")
    ] = None,
    change: Annotated[
        float | None, typer.Option(help="A breach is a value further than this from the baseline.")
    ] = None,
    change_share: Annotated[
        float | None, typer.Option(help="The same as a share of the baseline: 0.05 is five in a hundred.")
    ] = None,
    side: Annotated[Side, typer.Option(help="With --change: on which side trouble is.")] = Side.BELOW,
    baseline: Annotated[float | None, typer.Option(help="What a change is measured against.")] = None,
    consecutive: Annotated[int, typer.Option(min=1, help="Breaches in a row that make it fire.")] = 1,
    lasting: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="And for how long: 90s, 30m, 12h, 14d, 2w.")
    ] = None,
    missing: Annotated[
        Missing, typer.Option(help="A missing value is passed over, or ends a run.")
    ] = Missing.SKIP,
    expected: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="A reading is expected every so often; silence fires."),
    ] = None,
    severity: Annotated[
        IncidentSeverity, typer.Option(help="Of the incidents it opens.")
    ] = IncidentSeverity.MAJOR,
    owner: Annotated[str, typer.Option(help="Who answers: the e-mail address of a person, or a name.")] = "",
    action: Annotated[str, typer.Option(help="What is to be done when it fires.")] = "",
    retrain: Annotated[bool, typer.Option("--retrain", help="Call for retraining when it fires.")] = False,
    key: Annotated[str, typer.Option(help="Of its files: the column that names each reading.")] = "",
    column: Annotated[str, typer.Option(help="Of its files: the column of the values.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Of its files: only rows with COLUMN=VALUE; repeatable."),
    ] = None,
    mlflow_metric: Annotated[
        str, typer.Option(help="Fetch this metric from the MLflow server (LIFECYCLE_MLFLOW_URL).")
    ] = "",
    mlflow_experiment: Annotated[str, typer.Option(help="Of the runs of this experiment.")] = "",
    mlflow_model: Annotated[str, typer.Option(help="Or of the runs of this registered model.")] = "",
    as_json: AsJson = False,
) -> None:
    """Watch something: the rule as for `triggers replay`, and how its files are read."""
    if [below, above, change, change_share].count(None) != 3:
        raise typer.BadParameter(say("Give exactly one of --below, --above, --change and --change-share."))
    with refusals(as_json):
        kind, direction, threshold, limit = _limit(below, above, change, change_share, side)
        reads: dict[str, Any] = {"key": key, "column": column, "limit": limit, "where": where or []}
        spec = MonitorSpec(
            name=name,
            direction=direction,
            limit_kind=kind,
            threshold=threshold,
            consecutive=consecutive,
            lasting_seconds=_seconds("--lasting", lasting),
            missing=missing,
            expected_seconds=_seconds("--expected", expected),
            severity=severity,
            action=action,
            calls_retraining=retrain,
            reads={place: value for place, value in reads.items() if value},
            baseline=baseline,
        )
        if mlflow_metric or mlflow_experiment or mlflow_model:
            spec = spec.fetching(MlflowSource(mlflow_metric, mlflow_experiment, mlflow_model))
        view = _create(project, spec, owner)
    if as_json:
        print_json(monitor_json(view))
    else:
        typer.echo(say("{monitor} is watched: {rule}", monitor=view.key, rule=view.rule))


def _create(project: str, spec: MonitorSpec, owner: str) -> MonitorView:
    settings = read_settings()
    with opened(settings) as database, database.write() as session:
        head = projects.head(session, key=project, by=COMMAND_LINE)
        key = people.key_of_email(session, email=owner) if "@" in owner else None
        owned = replace(spec, owner=key or owner)
        made = actions.create(session, by=COMMAND_LINE, at=now(), project_id=head.id, spec=owned)
        return queries.by_id(session, by=COMMAND_LINE, at=now(), monitor_id=made)


def _limit(
    below: str | None, above: str | None, change: float | None, change_share: float | None, side: Side
) -> tuple[LimitKind, Direction, float | None, str]:
    """Kind, side, threshold, and the column of each row's own limit."""
    if change is not None:
        return LimitKind.CHANGE, Direction(side), change, ""
    if change_share is not None:
        return LimitKind.CHANGE_SHARE, Direction(side), change_share, ""
    direction = Direction.ABOVE if below is None else Direction.BELOW
    said = (above if below is None else below) or ""
    try:
        return LimitKind.FIXED, direction, float(said), ""
    except ValueError:
        return LimitKind.ROW, direction, None, said


def _seconds(option: str, length: str | None) -> int | None:
    if length is None:
        return None
    found = _LENGTH.fullmatch(length.strip())
    if found is None:
        raise Invalid(
            {
                option: say(
                    "“{length}” is no length of time; write it as 90s, 30m, 12h, 14d or 2w.", length=length
                )
            }
        )
    return int(found[1]) * _SECONDS[found[2].lower()]


def monitor_json(view: MonitorView) -> dict[str, Any]:
    """A monitor as programs read it."""
    spec = view.spec
    return {
        "project": view.project_key,
        "monitor": view.key,
        "name": view.name,
        "state": view.state,
        "rule": view.rule,
        "direction": spec.direction.value,
        "limit": spec.limit_kind.value,
        "threshold": spec.threshold,
        "baseline": spec.baseline,
        "consecutive": spec.consecutive,
        "lasting_seconds": spec.lasting_seconds,
        "missing": spec.missing.value,
        "expected_seconds": spec.expected_seconds,
        "owner": view.owner,
        "action": spec.action,
        "mlflow": spec.mlflow.as_reads() if spec.mlflow else None,
        "readings": view.readings,
        "newest": {"key": view.latest_key, "value": view.latest_value, "verdict": view.latest_verdict}
        if view.latest_key
        else None,
        "firings": view.firings,
        "silent": view.is_silent,
        "incident": view.incident_id,
    }


# ---------------------------------------------------------------- readings


@reading_commands.command("push")
def readings_push(
    project: Project,
    monitor: MonitorKey,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CSV, XLSX or JSON; - reads the input.")],
    key: Annotated[
        str, typer.Option(help="Column that names each reading; else as the monitor says, else a date's.")
    ] = "",
    column: Annotated[
        str,
        typer.Option(help="Column of the values; else as the monitor says, else of its name, else “value”."),
    ] = "",
    limit: Annotated[
        str, typer.Option(help="Column of each row's own limit, for monitors that ask for it.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only rows with COLUMN=VALUE, COLUMN>=NUMBER; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store the readings of a file. Pushing it again changes nothing; exit code 1 when a row holds no reading."""
    with refusals(as_json):
        settings = read_settings()
        source: Path | bytes = sys.stdin.buffer.read() if file == "-" else Path(file)
        name = say("the input") if file == "-" else ""
        with opened(settings) as database, database.write() as session:
            view = queries.by_key(
                session, by=COMMAND_LINE, at=now(), project_key=project, monitor_key=monitor
            )
            found = readings_of(
                source, view, key=key, column=column, limit=limit, where=where or (), filename=name
            )
            done = push_file(
                session,
                found,
                by=COMMAND_LINE,
                at=now(),
                guide=the_guide(settings, session),
                monitor_id=view.id,
            )
    if as_json:
        print_json(_pushed_json(project, monitor, found, done))
    else:
        _show_pushed(done)
    for problem in done.problems:
        typer.echo(f"{problem.place}: {problem.text}", err=True)
    raise typer.Exit(1 if done.problems else 0)


def _pushed_json(project: str, monitor: str, found: ReadingsFile, done: actions.Pushed) -> dict[str, Any]:
    return {
        "project": project,
        "monitor": monitor,
        "points": len(found.readings) + len(found.problems),
        "stored": done.stored,
        "unchanged": done.unchanged,
        "refused": done.refused,
        "missing": done.missing,
        "late": done.late,
        "breaches": done.breaches,
        "fires_at": list(done.fires_at),
        "no_longer_fires_at": list(done.ended),
        "incident": done.incident_id,
        "problems": [{"where": each.place, "text": each.text} for each in done.problems],
    }


def _show_pushed(done: actions.Pushed) -> None:
    typer.echo(
        say(
            "{readings} stored, {unchanged:,} known already, {refused:,} refused, {missing:,} missing, {late:,} late",
            readings=counted(done.stored, "reading"),
            unchanged=done.unchanged,
            refused=done.refused,
            missing=done.missing,
            late=done.late,
        )
    )
    times = counted(len(done.fires_at), "time")
    typer.echo(say("{breaches:,} in breach, fires {times}", breaches=done.breaches, times=times))
    for key in done.fires_at:
        typer.echo(f"  {key}")
    if done.incident_id:
        typer.echo(say("Incident {number}", number=done.incident_id))


@reading_commands.command("fetch")
def readings_fetch(project: Project, monitor: MonitorKey, as_json: AsJson = False) -> None:
    """Fetch what is new from the MLflow server, as the server does by itself every few minutes."""
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database:
            with database.read() as session:
                view = queries.by_key(
                    session, by=COMMAND_LINE, at=now(), project_key=project, monitor_key=monitor
                )
            done = fetch(
                database,
                settings.mlflow,
                by=COMMAND_LINE,
                at=now(),
                guide=the_guide(settings),
                monitor_id=view.id,
            )
    if as_json:
        print_json(
            {
                "project": project,
                "monitor": monitor,
                "stored": done.pushed.stored,
                "fires_at": list(done.pushed.fires_at),
                "incident": done.pushed.incident_id,
                "failure": done.failure or None,
            }
        )
    else:
        _show_pushed(done.pushed)
    if done.failure:
        typer.echo(done.failure, err=True)
    raise typer.Exit(1 if done.failure else 0)


@reading_commands.command("correct")
def readings_correct(
    project: Project,
    monitor: MonitorKey,
    key: Annotated[str, typer.Argument(help="The key of the reading.")],
    value: Annotated[str, typer.Argument(help="What it should have said: a number, or NA.")],
    reason: Annotated[str, typer.Option(help="How you know.")],
    as_json: AsJson = False,
) -> None:
    """Say what a reading should have said. The reading itself stays on record."""
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database, database.write() as session:
            view = queries.by_key(
                session, by=COMMAND_LINE, at=now(), project_key=project, monitor_key=monitor
            )
            done = actions.correct(
                session,
                by=COMMAND_LINE,
                at=now(),
                guide=the_guide(settings, session),
                monitor_id=view.id,
                key=key,
                value=_value(value),
                reason=reason,
            )
    if as_json:
        print_json(
            {
                "key": key,
                "fires_at": list(done.fires_at),
                "no_longer_fires_at": list(done.ended),
                "incident": done.incident_id,
            }
        )
    else:
        typer.echo(say("Corrected. It fires {times} more.", times=counted(len(done.fires_at), "time")))


def _value(text: str) -> float | None:
    if text.strip().casefold() in ("na", "nan", ""):
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid({"value": say("“{text}” is not a number.", text=text)}) from None
