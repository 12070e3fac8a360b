"""Whole projects in and out, and what the guide says of one."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from lifecycle.actions.documents import import_document
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide, write_whole
from lifecycle.facts.document_parts import ProjectDocument
from lifecycle.guide import Guide
from lifecycle.interchange.project_documents import document_text, notes, read_document
from lifecycle.language import counted, say
from lifecycle.queries.documents import Findings, check_document, check_stored, document
from lifecycle.settings import Settings, read_settings
from lifecycle.vocabulary import COMMAND_LINE, CheckResult

commands = typer.Typer(help="Whole projects in and out.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The project's key, as in its address.")]


@commands.command("export")
def export_project(
    project: Key,
    file: Annotated[str, typer.Argument(help="The JSON file to write; - for standard output.")],
    as_json: AsJson = False,
) -> None:
    """Write a whole project as one JSON document, to be imported here or elsewhere without losing a field."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database, database.read() as session:
            found = document(session, by=COMMAND_LINE, guide=guide, key=project)
        data = document_text(found).encode()
        if file == "-":
            sys.stdout.buffer.write(data)
            return
        write_whole(Path(file), data)
    if as_json:
        print_json({"project": project, "file": file, "bytes": len(data)})
    else:
        typer.echo(say("{file}: {number:,} bytes", file=file, number=len(data)))


@commands.command("import")
def import_project(
    file: Annotated[str, typer.Argument(help="A whole-project document (JSON); - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Make a new project of a whole-project document. What was decided elsewhere satisfies no gate here."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        data = _data(file)
        found = read_document(data, guide, largest_megabytes=settings.largest_import_megabytes)
        with opened(settings) as database, database.write() as session:
            done = import_document(
                session,
                by=COMMAND_LINE,
                at=now(),
                guide=guide,
                document=found,
                digest=hashlib.sha256(data).hexdigest(),
                file_name="" if file == "-" else Path(file).name,
            )
    said = notes(found, guide)
    if as_json:
        print_json(
            {
                "project": done.key,
                "was": found.project.key,
                "answers": done.answers,
                "decisions_recorded_elsewhere": done.decisions,
                "releases_recorded_elsewhere": done.releases,
                "incidents": done.incidents,
                "monitors": done.monitors,
                "monitors_paused": done.paused,
                "readings": done.readings,
                "files_that_stay_apart": done.files,
                "people_known": done.known,
                "people_unknown": done.unknown,
                "notes": list(said),
            }
        )
        return
    typer.echo(
        say("Imported as {project}: {answers}.", project=done.key, answers=counted(done.answers, "answer"))
    )
    decisions = counted(done.decisions, "decision")
    typer.echo(say("{decisions} recorded elsewhere; none satisfies a gate here.", decisions=decisions))
    if done.releases:
        typer.echo(say("{releases} recorded elsewhere.", releases=counted(done.releases, "release")))
    if done.monitors or done.incidents:
        typer.echo(
            say(
                "{monitors} with {readings}, {incidents}.",
                monitors=counted(done.monitors, "monitor"),
                readings=counted(done.readings, "reading"),
                incidents=counted(done.incidents, "incident"),
            )
        )
    if done.paused:
        paused = counted(done.paused, "monitor")
        typer.echo(say("{monitors} came in paused: switch on what is to be watched here.", monitors=paused))
    for note in said:
        typer.echo(note)


@commands.command("check")
def check_project(
    project: Annotated[
        str, typer.Argument(metavar="PROJECT|FILE", help="A project's key, or a whole-project document.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say which checks fail or cannot tell, gate by gate; of a file also whether it is valid. Stores nothing."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        given = _given_file(project, guide, settings)
        with opened(settings) as database, database.read() as session:
            if given is None:
                found = check_stored(session, by=COMMAND_LINE, at=now(), guide=guide, key=project)
            else:
                found = check_document(session, at=now(), guide=guide, document=given)
    if as_json:
        print_json({"valid": True, **found.as_json(), "notes": list(notes(given, guide)) if given else []})
    else:
        _show(found)


def _given_file(project: str, guide: Guide, settings: Settings) -> ProjectDocument | None:
    """The document, where a file of that name is there or a file is meant."""
    if project != "-" and not Path(project).is_file() and not project.lower().endswith(".json"):
        return None
    return read_document(_data(project), guide, largest_megabytes=settings.largest_import_megabytes)


def _data(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _show(found: Findings) -> None:
    typer.echo(f"{found.name} ({found.project})")
    for gate, states in found.by_gate.items():
        fails = sum(state.result is CheckResult.FAILS for state in states)
        typer.echo(
            say(
                "{gate}: {fails} fail, {unclear} cannot tell",
                gate=gate.title,
                fails=fails,
                unclear=len(states) - fails,
            )
        )
        for state in states:
            if state.result is CheckResult.FAILS:
                typer.echo(
                    f"  {state.check_id} ({state.severity.word if state.severity else ''}): {' '.join(state.messages)}"
                )
