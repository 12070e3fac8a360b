"""The command line. Exit codes: 0 done, 1 refused (the reasons are listed), 2 the command line itself is wrong.

Every command that prints data takes --json. The command line acts as "Command line" and can sign nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from lifecycle.actions import people
from lifecycle.demo import build_example
from lifecycle.errors import GuideError, Invalid, LifecycleError, NotFound, Refused
from lifecycle.facts.projects import organisation_today
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.guide import Guide
from lifecycle.interchange import bundle_verifier
from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.mappings import RegisterMapping, load_mapping
from lifecycle.interchange.register_import import apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.interchange.series import Series, read_series
from lifecycle.jobs import Jobs
from lifecycle.queries import audit
from lifecycle.queries.guide_preview import GuidePreview, preview
from lifecycle.queries.people import credentials
from lifecycle.queries.pipeline import pipeline_gate
from lifecycle.queries.portfolio_past import PastPortfolio, past
from lifecycle.queries.portfolio_summary import PortfolioSummary, summary
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.rules.triggers import Direction, Missing, TriggerRule, replay
from lifecycle.settings import PROJECT_ROOT, Settings, read_settings
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import open_files
from lifecycle.store.migrations import check_schema, upgrade
from lifecycle.store.verification import verify
from lifecycle.vocabulary import COMMAND_LINE, Blocker, Gate

PROGRESS_STEPS = 10


class Policy(StrEnum):
    """What a blocker does to the exit code of `gate`."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


main = typer.Typer(
    name="lifecycle",
    help="Plan machine-learning products from discovery to a production that never ends.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
database_commands = typer.Typer(help="The database's schema.", no_args_is_help=True)
import_commands = typer.Typer(help="Files in.", no_args_is_help=True)
audit_commands = typer.Typer(help="The event log.", no_args_is_help=True)
export_commands = typer.Typer(help="Files out.", no_args_is_help=True)
people_commands = typer.Typer(help="Accounts.", no_args_is_help=True)
trigger_commands = typer.Typer(help="Rules on metrics.", no_args_is_help=True)
guide_commands = typer.Typer(help="The guide: questions, checks and who signs.", no_args_is_help=True)
main.add_typer(database_commands, name="db")
main.add_typer(import_commands, name="import")
main.add_typer(audit_commands, name="audit")
main.add_typer(export_commands, name="export")
main.add_typer(people_commands, name="people")
main.add_typer(trigger_commands, name="triggers")
main.add_typer(guide_commands, name="guide")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


# ---------------------------------------------------------------- the edge


@contextmanager
def _refusals(as_json: bool = False) -> Iterator[None]:
    """Everything a person can cause ends as a sentence and exit code 1, never as a traceback."""
    try:
        yield
    except (LifecycleError, GuideError, ValueError) as error:
        _refuse(error, as_json)
    except OSError as error:
        _refuse(Invalid(f"{error.filename or 'The file'} cannot be read: {error.strerror}."), as_json)


def _refuse(error: Exception, as_json: bool) -> NoReturn:
    if as_json:
        _print_json({"refused": True, "reasons": _reasons(error)})
    typer.echo(str(error), err=True)
    raise typer.Exit(1)


def _reasons(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, Invalid):
        return [{"where": place, "text": text} for place, text in error.problems.items()]
    if isinstance(error, Refused):
        return [{"code": blocker.code, "text": blocker.text} for blocker in error.blockers]
    return [{"text": str(error)}]


@contextmanager
def _opened(settings: Settings | None = None) -> Iterator[Database]:
    """The database of the settings, made or upgraded if need be."""
    database = open_database((settings or read_settings()).database_url)
    try:
        upgrade(database)
        yield database
    finally:
        database.dispose()


def _guide(settings: Settings) -> Guide:
    return load_checked_guide(settings.guide_folder)


def _now() -> datetime:
    return datetime.now(UTC)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


# ---------------------------------------------------------------- serving and the database


@main.command()
def serve() -> None:
    """Serve at http://localhost:8501, or at the port that PORT names."""
    # app.py is the outermost ring and imports everything: it takes this process over.
    os.execv(sys.executable, [sys.executable, str(PROJECT_ROOT / "app.py")])


@database_commands.command("upgrade")
def database_upgrade() -> None:
    """Bring the database to this version's schema."""
    with _refusals(), _opened():
        typer.echo("The database is up to date.")


@database_commands.command("check")
def database_check(as_json: AsJson = False) -> None:
    """Say whether the database fits this version; exit code 1 when it does not."""
    with _refusals(as_json):
        database = open_database(read_settings().database_url)
        try:
            problem = check_schema(database)
        finally:
            database.dispose()
    if as_json:
        _print_json({"up_to_date": problem is None, "problem": problem})
    else:
        typer.echo(problem or "The database is up to date.", err=problem is not None)
    raise typer.Exit(1 if problem else 0)


@main.command()
def demo(as_json: AsJson = False) -> None:
    """Fill an empty installation with the example portfolio."""
    with _refusals(as_json):
        settings = read_settings()
        guide = _guide(settings)
        with _opened(settings) as database:
            files = open_files(settings, database.file)
            built = build_example(database, guide, files, by=COMMAND_LINE, now=_now())
    if as_json:
        _print_json(built.as_json())
    else:
        typer.echo(built.sentence)


# ---------------------------------------------------------------- registers


@import_commands.command("register")
def import_register(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON file of a register.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file (YAML); else the best shipped one.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="Who owns the projects, if no column says so.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a register of AI uses as projects not assessed here. Importing a file again changes nothing."""
    with _refusals(as_json):
        settings = read_settings()
        chosen = load_mapping(mapping) if mapping else None
        reading = _read_register(file, chosen, organisation, settings)
        _show_reading(reading, as_json)
        with _opened(settings) as database:
            counts = _plan(database, reading) if dry_run else _apply(database, reading)
    lost = [problem for problem in reading.problems if not problem.kept]
    _show_import(reading, counts, dry_run, as_json)
    raise typer.Exit(1 if lost else 0)


def _read_register(
    file: Path, mapping: RegisterMapping | None, organisation: str | None, settings: Settings
) -> RegisterReading:
    return read_register(
        file.read_bytes(),
        file.name,
        mapping,
        organisation,
        largest_megabytes=settings.largest_import_megabytes,
    )


def _plan(database: Database, reading: RegisterReading) -> dict[str, int]:
    with database.read() as session:
        plan = plan_import(session, reading)
    return {"added": plan.added, "changed": plan.changed, "unchanged": plan.unchanged, "gone": plan.gone}


def _apply(database: Database, reading: RegisterReading) -> dict[str, int]:
    def progress(done: int, total: int) -> None:
        typer.echo(f"  {done:,} of {total:,} rows", err=True)

    with database.write() as session:
        done = apply_import(session, reading, by=COMMAND_LINE, at=_now(), progress=progress)
    return {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "gone": done.gone}


def _show_reading(reading: RegisterReading, as_json: bool) -> None:
    typer.echo(f"Mapping: {reading.mapping.title} ({reading.mapping.name})", err=as_json)
    typer.echo(f"{len(reading.rows):,} rows from {reading.source}", err=as_json)


def _show_import(reading: RegisterReading, counts: dict[str, int], dry_run: bool, as_json: bool) -> None:
    problems = [
        {"row": each.row, "column": each.column, "text": each.text, "kept": each.kept}
        for each in reading.problems
    ]
    if as_json:
        _print_json(
            {
                "dry_run": dry_run,
                "mapping": reading.mapping.name,
                "rows": len(reading.rows),
                **counts,
                "by_stage": reading.by_stage,
                "by_status": reading.by_status,
                "unmapped": reading.unmapped_words,
                "organisations": len(reading.organisations),
                "problems": problems,
                "notes": list(reading.notes),
            }
        )
        return
    would = "Would be " if dry_run else ""
    typer.echo(
        f"{would}added {counts['added']:,}, changed {counts['changed']:,},"
        f" unchanged {counts['unchanged']:,}, gone {counts['gone']:,}"
    )
    for stage, count in reading.by_stage.items():
        typer.echo(f"  {stage}: {count:,}")
    for word, count in reading.unmapped_words.items():
        typer.echo(f"  unmapped “{word or 'blank'}”: {count:,} — a person decides")
    for note in reading.notes:
        typer.echo(note)
    for problem in reading.problems:
        typer.echo(problem.sentence, err=True)


# ---------------------------------------------------------------- reading


@main.command()
def portfolio(
    as_of: Annotated[
        str | None, typer.Option(help="As it was at the end of this day (YYYY-MM-DD), as far as is known.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the portfolio in figures."""
    with _refusals(as_json):
        settings = read_settings()
        with _opened(settings) as database:
            found = _past(database, as_of) if as_of else _present(database, settings)
    if as_json:
        _print_json(found.as_json())
    elif isinstance(found, PastPortfolio):
        _show_past(found)
    else:
        _show_portfolio(found)


def _present(database: Database, settings: Settings) -> PortfolioSummary:
    _bring_standing_up_to_date(database, settings)
    with database.read() as session:
        return summary(session, by=COMMAND_LINE, today=organisation_today(session, _now()))


def _past(database: Database, as_of: str) -> PastPortfolio:
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        raise Invalid({"as-of": f"“{as_of}” is not a day; write it as 2026-03-31."}) from None
    with database.read() as session:
        return past(session, by=COMMAND_LINE, day=day, today=organisation_today(session, _now()))


def _show_past(found: PastPortfolio) -> None:
    typer.echo(f"{_counted(found.total, 'project')} at the end of {found.as_of.isoformat()}")
    for name, count in {**found.by_stage, "unmapped": found.unmapped}.items():
        typer.echo(f"  {name:<18} {count:>7,}")


def _bring_standing_up_to_date(database: Database, settings: Settings) -> None:
    """Dates pass without a write: what one has outrun is written anew before it is read."""
    with database.read() as session:
        lapsed = lapsed_standing(session, at=_now())
    if lapsed:
        with database.write() as session:
            rebuild_lapsed(session, guide=_guide(settings), at=_now())


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _show_portfolio(found: PortfolioSummary) -> None:
    projects, organisations = _counted(found.total, "project"), _counted(found.organisations, "organisation")
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


@main.command()
def gate(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    gate_name: Annotated[Gate, typer.Argument(metavar="GATE", help="The gate to ask about.")],
    model_version: Annotated[str | None, typer.Option(help="The model version about to be deployed.")] = None,
    policy: Annotated[Policy, typer.Option(help="Whether blockers fail the command.")] = Policy.BLOCK,
    as_json: AsJson = False,
) -> None:
    """Say whether a gate is open: exit code 1 with each blocker when it is not and the policy is block."""
    with _refusals(as_json):
        settings = read_settings()
        guide = _guide(settings)
        with _opened(settings) as database, database.read() as session:
            found = pipeline_gate(
                session,
                by=COMMAND_LINE,
                at=_now(),
                guide=guide,
                project_key=project,
                gate=gate_name,
                model_version=model_version,
                base_url=settings.base_url,
            )
    if as_json:
        _print_json({**found.as_json(), "policy": policy.value})
    else:
        _show_gate(found.ready, found.level, found.blockers)
    raise typer.Exit(1 if policy is Policy.BLOCK and not found.ready else 0)


def _show_gate(ready: bool, level: str, blockers: tuple[Blocker, ...]) -> None:
    typer.echo("Ready." if ready else f"Not ready ({level.replace('_', ' ')}).")
    for blocker in blockers:
        typer.echo(f"  {blocker.code}: {blocker.text}")


@audit_commands.command("verify")
def audit_verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="A project's bundle, to check instead of the database.")
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Heads kept elsewhere, as “audit heads --json” prints them.")
    ] = None,
    standing: Annotated[
        bool, typer.Option("--standing", help="Also compute every project's standing anew and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the tables with the event log and check its chains; exit code 1 with each place that is broken."""
    if bundle is not None:
        _verify_bundle(bundle, as_json)
    with _refusals(as_json):
        settings = read_settings()
        kept = heads.read_text("utf-8") if heads else None
        with _opened(settings) as database:
            found = verify(database, processes=2)
            with database.read() as session:
                more = list(audit.check_heads(session, kept, by=COMMAND_LINE)) if kept is not None else []
                if standing:
                    more += audit.check_standing(session, by=COMMAND_LINE, at=_now(), guide=_guide(settings))
                verified = audit.located(session, found, by=COMMAND_LINE, more=more)
    if as_json:
        _print_json(verified.as_json())
    else:
        _show_verified(verified)
    for fault in verified.faults:
        typer.echo(f"{fault.project or fault.chain or 'organisation'}: {fault.told}", err=True)
    raise typer.Exit(1 if verified.faults else 0)


def _verify_bundle(bundle: Path, as_json: bool) -> NoReturn:
    """As the script inside it does, and with the same words."""
    found = bundle_verifier.main([str(bundle), *(["--json"] if as_json else [])])
    raise typer.Exit(1 if found else 0)


def _show_verified(verified: audit.Verified) -> None:
    if verified.not_vouched:
        rows = _counted(verified.not_vouched, "row")
        typer.echo(f"{rows} not vouched for: written before {verified.before}, when events began to say so.")
    if not verified.faults:
        events, rows = _counted(verified.events, "event"), _counted(verified.rows, "row")
        typer.echo(
            f"Intact: {events} in {_counted(verified.chains, 'chain')}, and the {rows} they vouch for."
        )


@export_commands.command("bundle")
def export_bundle(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="The zip file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write everything about a project into a zip that proves itself, on any machine that has Python."""
    with _refusals(as_json):
        settings = read_settings()
        guide = _guide(settings)
        with _opened(settings) as database, database.read() as session:
            made = make_bundle(session, by=COMMAND_LINE, at=_now(), guide=guide, key=project)
        _write_whole(file, made.data)
    if as_json:
        _print_json({"project": project, "file": str(file), "bytes": len(made.data), "head": made.head})
    else:
        typer.echo(f"{file}: {len(made.data):,} bytes. Head of the log: {made.head}")


def _write_whole(file: Path, data: bytes) -> None:
    """Beside it first, so that there is never half a file under its name."""
    beside = file.with_name(f".{file.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


@audit_commands.command("heads")
def audit_heads(as_json: AsJson = False) -> None:
    """Print the newest event of each chain, to keep elsewhere: then nobody can remove newer ones unseen."""
    with _refusals(as_json), _opened() as database, database.read() as session:
        found = audit.heads_as_json(session, by=COMMAND_LINE)
    if as_json:
        _print_json(found)
        return
    for head in found["heads"]:
        typer.echo(f"{head['project'] or head['chain']}  {head['sequence']}  {head['hash']}")


@main.command()
def tick(as_json: AsJson = False) -> None:
    """Do once what the server does by itself: reminders, digests, deliveries, dates that passed. For cron.

    Exit code 1 when a job broke; a message that could not be delivered is tried again or stands in the log.
    """
    with _refusals(as_json):
        settings = read_settings()
        guide = _guide(settings)
        with _opened(settings) as database:
            done = Jobs(database, settings, guide).run()
    if as_json:
        _print_json(done.as_json())
    else:
        typer.echo(f"{done.sentence}.")
    raise typer.Exit(1 if done.broken else 0)


@people_commands.command("reset")
def people_reset(
    email: Annotated[str, typer.Argument(help="The address of the account.")], as_json: AsJson = False
) -> None:
    """Print a link with which a person sets a new password: also the way back for a lost administrator."""
    with _refusals(as_json):
        settings = read_settings()
        with _opened(settings) as database, database.write() as session:
            found = credentials(session, email=email)
            if found is None:
                raise NotFound("account", email)
            token = people.make_reset_link(session, by=COMMAND_LINE, at=_now(), person_key=found[0])
    link = f"{settings.base_url}/reset/{token}"
    if as_json:
        _print_json({"email": email, "link": link})
    else:
        typer.echo(f"Within a day, once: {link}")


# ---------------------------------------------------------------- the guide


@guide_commands.command("preview")
def guide_preview(
    folder: Annotated[Path, typer.Argument(help="The folder of the other guide.")], as_json: AsJson = False
) -> None:
    """Say what another guide would change before it is put in force: sign-offs gone stale, checks that fail."""
    with _refusals(as_json):
        settings = read_settings()
        guide, candidate = _guide(settings), load_checked_guide(folder)
        with _opened(settings) as database, database.read() as session:
            found = preview(session, by=COMMAND_LINE, at=_now(), guide=guide, candidate=candidate)
    if as_json:
        _print_json(_preview_as_json(found))
    else:
        _show_preview(found)


def _preview_as_json(found: GuidePreview) -> dict[str, Any]:
    return {
        "version": found.version,
        "candidate_version": found.candidate_version,
        "projects_looked_at": found.looked_at,
        "changes": [{"kind": each.kind, "what": each.what, "text": each.text} for each in found.changes],
        "projects": [
            {
                "project": each.key,
                "name": each.name,
                "stale": [
                    {
                        "sign_off": made.sign_off_id,
                        "gate": made.gate,
                        "role": made.role,
                        "signed_by": made.printed_name,
                        "reasons": list(made.reasons),
                    }
                    for made in each.effect.stale
                ],
                "newly_required": [{"gate": gate, "role": role} for gate, role in each.effect.newly_required],
                "newly_failing": [
                    {"check": check, "title": title} for check, title in each.effect.newly_failing
                ],
            }
            for each in found.projects
        ],
    }


def _show_preview(found: GuidePreview) -> None:
    typer.echo(f"{_counted(len(found.changes), 'change')} of the guide:")
    for change in found.changes:
        typer.echo(f"  {change.text}")
    typer.echo(
        f"Of {_counted(found.looked_at, 'project')} under way, {len(found.projects):,} would be touched: "
        f"{_counted(found.stale, 'sign-off')} stale, {found.newly_required:,} newly required, "
        f"{_counted(found.newly_failing, 'check')} newly in the way."
    )
    for project in found.projects:
        typer.echo(f"{project.name}")
        for made in project.effect.stale:
            typer.echo(f"  stale: {made.role.title} at {made.gate.title}, signed by {made.printed_name}")
            for reason in made.reasons:
                typer.echo(f"    {reason}")
        for gate, role in project.effect.newly_required:
            typer.echo(f"  newly required: {role.title} at {gate.title}")
        for check, title in project.effect.newly_failing:
            typer.echo(f"  newly in the way: {check} {title}")


# ---------------------------------------------------------------- triggers


@trigger_commands.command("replay")
def triggers_replay(
    file: Annotated[Path, typer.Argument(help="The series: a CSV, XLSX or JSON file.")],
    key: Annotated[str, typer.Option(help="Column that names each point, most often a date.")],
    column: Annotated[str, typer.Option(help="Column of the values.")],
    below: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value below this.")
    ] = None,
    above: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value above this.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only rows with COLUMN=VALUE, COLUMN>=NUMBER; repeatable."),
    ] = None,
    consecutive: Annotated[int, typer.Option(min=1, help="Breaches in a row that make it fire.")] = 1,
    missing: Annotated[
        Missing, typer.Option(help="A missing value is passed over, or ends a run.")
    ] = Missing.SKIP,
    as_json: AsJson = False,
) -> None:
    """Say where a rule would have fired on a past series. Nothing is stored."""
    if (below is None) == (above is None):
        raise typer.BadParameter("Give exactly one of --below and --above.")
    direction = Direction.ABOVE if below is None else Direction.BELOW
    with _refusals(as_json):
        limit = (above if below is None else below) or ""
        series = read_series(file, key=key, column=column, limit=limit, where=where or ())
        found = replay(series.points, TriggerRule(direction, consecutive, missing))
    fires_at = [series.points[index].key for index in found.fires_at]
    if as_json:
        _print_json(
            {
                "points": found.points,
                "breaches": found.breaches,
                "missing": found.missing,
                "fires_at": fires_at,
                "order": "time" if series.in_time_order else "file",
                "problems": [
                    {"row": each.row, "column": each.column, "text": each.text} for each in series.problems
                ],
            }
        )
    else:
        _show_replay(series, found.breaches, found.missing, fires_at)
    for problem in series.problems:
        typer.echo(problem.sentence, err=True)
    raise typer.Exit(1 if series.problems else 0)


def _show_replay(series: Series, breaches: int, missing: int, fires_at: list[str]) -> None:
    order = "time" if series.in_time_order else "the file"
    typer.echo(
        f"{_counted(len(series.points), 'point')} in the order of {order}:"
        f" {breaches:,} in breach, {missing:,} missing, fires {_counted(len(fires_at), 'time')}"
    )
    for key in fires_at:
        typer.echo(f"  {key}")
