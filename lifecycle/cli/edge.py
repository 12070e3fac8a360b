"""What every command shares: refusals as sentences and exit codes, the database, and how things are printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from lifecycle.errors import GuideError, Invalid, LifecycleError, Refused
from lifecycle.facts.own_guides import in_force
from lifecycle.facts.standing import lapsed_standing, rebuild_lapsed
from lifecycle.guide import Guide
from lifecycle.language import mark, say
from lifecycle.own_guide import with_own
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.settings import Settings, read_settings
from lifecycle.store.database import Database, Session, open_database
from lifecycle.store.migrations import upgrade

# Codes that commands print, as words: in English the code itself.
_WORDS = frozenset(
    {
        mark("discovery"),
        mark("feasibility"),
        mark("design"),
        mark("model"),
        mark("production"),
        mark("unmapped"),
        mark("active"),
        mark("rollout"),
        mark("live"),
        mark("retired"),
        mark("stopped"),
        mark("none"),
        mark("blocked"),
        mark("not started"),
        mark("in progress"),
        mark("waiting"),
        mark("conditional"),
        mark("ready"),
        mark("passed"),
        mark("not assessed"),
        mark("not assessed here"),
        mark("prepared"),
        mark("shadow"),
        mark("canary"),
        mark("replaced"),
        mark("rolled back"),
        mark("withdrawn"),
        mark("valid"),
        mark("expired"),
        mark("revoked"),
        mark("paused"),
    }
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@contextmanager
def refusals(as_json: bool = False) -> Iterator[None]:
    """Everything a person can cause ends as a sentence and exit code 1, never as a traceback."""
    try:
        yield
    except (LifecycleError, GuideError, ValueError) as error:
        _refuse(error, as_json)
    except OSError as error:
        _refuse(Invalid(_unreadable(error)), as_json)


def _unreadable(error: OSError) -> str:
    if not error.filename:
        return say("The file cannot be read: {reason}.", reason=error.strerror)
    return say("{file} cannot be read: {reason}.", file=error.filename, reason=error.strerror)


def _refuse(error: Exception, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"refused": True, "reasons": _reasons(error)})
    typer.echo(str(error), err=True)
    raise typer.Exit(1)


def _reasons(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, Invalid):
        return [{"where": place, "text": text} for place, text in error.problems.items()]
    if isinstance(error, Refused):
        return [{"code": blocker.code, "text": blocker.text} for blocker in error.blockers]
    return [{"text": str(error)}]


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Database]:
    """The database of the settings, made or upgraded if need be."""
    database = open_database((settings or read_settings()).database_url)
    try:
        upgrade(database)
        yield database
    finally:
        database.dispose()


def guide_of_files(settings: Settings) -> Guide:
    """The guide as the files say it, with the organisation's own file."""
    return with_own(load_checked_guide(settings.guide_folder), settings.own_guide)


def the_guide(settings: Settings, session: Session | None = None) -> Guide:
    """The guide in force, in the language spoken: that of the files, with what was added on screen."""
    files = guide_of_files(settings)
    if session is not None:
        return in_force(session, files).here()
    with opened(settings) as database, database.read() as reading:
        return in_force(reading, files).here()


def now() -> datetime:
    return datetime.now(UTC)


def read_day(text: str | None) -> date | None:
    """The day of --as-of. Raises Invalid for what is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid({"as-of": say("“{text}” is not a day; write it as 2026-03-31.", text=text)}) from None


def bring_standing_up_to_date(database: Database, settings: Settings) -> None:
    """Dates pass without a write: what one has outrun is written anew before it is read."""
    with database.read() as session:
        lapsed = lapsed_standing(session, at=now())
    if lapsed:
        with database.write() as session:
            rebuild_lapsed(session, guide=the_guide(settings, session), at=now())


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def word(code: str) -> str:
    """A code as people read it; for print_json it stays what it is."""
    text = code.replace("_", " ")
    return say(text) if text in _WORDS else text


def write_whole(file: Path, data: bytes) -> None:
    """Beside it first, so that there is never half a file under its name."""
    beside = file.with_name(f".{file.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
