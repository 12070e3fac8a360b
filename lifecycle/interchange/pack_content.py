"""The leadership pack as headings, sentences, bars and tables: one content for the HTML file and the PDF.

Plain values and plain text only; each file escapes them in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from lifecycle.language import counted, mark, say, written_number
from lifecycle.queries.leadership_pack import LeadershipPack
from lifecycle.queries.portfolio import PortfolioRow
from lifecycle.queries.portfolio_overview import Overview, StageCount
from lifecycle.queries.roadmap import Roadmap
from lifecycle.vocabulary import Area, Level, ProjectStatus, Role, Stage

SIGNS = {
    Level.BLOCKED: "✕",
    Level.NOT_STARTED: "–",
    Level.IN_PROGRESS: "◐",
    Level.WAITING: "…",
    Level.CONDITIONAL: "!",
    Level.READY: "▶",
    Level.PASSED: "✓",
}
_OVER = {ProjectStatus.STOPPED: mark("■ Stopped"), ProjectStatus.RETIRED: mark("■ Retired")}
_STATUSES = {
    ProjectStatus.ACTIVE: mark("Active"),
    ProjectStatus.ROLLOUT: mark("Rolling out"),
    ProjectStatus.LIVE: mark("Live"),
    ProjectStatus.RETIRED: mark("Retired"),
    ProjectStatus.STOPPED: mark("Stopped"),
}
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Label, number, and a quiet line below."""

    figures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Labelled numbers; `says` is what they show, in a sentence."""

    says: str
    bars: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` are the columns that stand right; `widths` are shares of the page's width."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    numbers: frozenset[int] = frozenset()


Piece = Heading | Sentence | Figures | Bars | Table


def title(pack: LeadershipPack) -> str:
    return (
        say("Portfolio at the end of {as_of}", as_of=pack.as_of)
        if pack.is_past
        else say("Portfolio on {as_of}", as_of=pack.as_of)
    )


def stamp(pack: LeadershipPack) -> str:
    """Of which moment it is, when it was made and for whom."""
    seen = utc(pack.seen_at)
    shown = (
        say("Shows {moment}, the end of that day in {time_zone}", moment=seen, time_zone=pack.time_zone)
        if pack.is_past
        else say("Shows {moment}", moment=seen)
    )
    return say(
        "{organisation}. {shown}. Made {moment} for {reader}, from what they may read. Read "
        "only: nothing in this file changes with the portfolio.",
        organisation=pack.organisation,
        shown=shown,
        moment=utc(pack.made_at),
        reader=pack.made_for,
    )


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def pieces(pack: LeadershipPack) -> Iterator[Piece]:
    """In the order in which leadership asks: what is ready, what is stuck, on whom, since when, what will be late."""
    found = pack.overview
    yield Sentence(_headline(found, pack.seen_at))
    yield Figures(_figures(found, pack.seen_at))
    yield from _stages(found)
    yield from _causes(found)
    yield from _waits(found, pack.seen_at)
    if pack.roadmap is not None:
        yield from _late(pack.roadmap)
    else:
        yield Sentence(say("A forecast is only made for today, so that this day has none."), is_quiet=True)
    yield from _projects(pack)


def _headline(found: Overview, seen: datetime) -> str:
    if not found.running:
        return say(
            "{projects}, none of them running and assessed here.", projects=counted(found.total, "project")
        )
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    text = say(
        "Of {projects}, {blocked:,} blocked, {waiting:,} waiting for nothing but sign-offs, "
        "{ready:,} ready for the gate ahead.",
        projects=counted(found.running, "running project"),
        blocked=found.levels[Level.BLOCKED],
        waiting=found.levels[Level.WAITING],
        ready=ready,
    )
    if found.stuck:
        text += say(
            " Stuck longest: {project}, {days}.",
            project=found.stuck.name,
            days=_days(found.stuck.since, seen),
        )
    if found.not_assessed:
        text += say(" {number:,} more from registers, not assessed here.", number=found.not_assessed)
    return text


def _figures(found: Overview, seen: datetime) -> tuple[tuple[str, str, str], ...]:
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    return (
        (
            say("Projects"),
            _number(found.total),
            say("in {organisations}", organisations=counted(found.organisations, "organisation")),
        ),
        (
            say("Ready"),
            _number(ready),
            say("{number:,} more with conditions", number=found.levels[Level.CONDITIONAL]),
        ),
        (
            say("Blocked"),
            _number(found.levels[Level.BLOCKED]),
            _longest(found.stuck.since, seen) if found.stuck else say("nothing is stuck"),
        ),
        (
            say("Wait for sign-offs"),
            _number(found.levels[Level.WAITING]),
            _longest(found.waits[0].since, seen) if found.waits else say("nobody asked"),
        ),
        (
            say("Overdue"),
            _number(found.overdue),
            say("{number:,} with stale sign-offs", number=found.stale),
        ),
    )


def _stages(found: Overview) -> Iterator[Piece]:
    stages = [stage for stage in found.stages if stage.stage or stage.total]
    says = _fullest(stages, found.total)
    yield Heading(say("Stages"))
    yield Sentence(says)
    yield Bars(says, tuple((_stage(stage.stage), stage.total) for stage in stages))
    yield Table(
        say("Projects by stage and status"),
        (
            say("Stage"),
            say("Projects"),
            *(say(_STATUSES[status]) for status in ProjectStatus),
            say("Assessed here"),
        ),
        tuple(
            (
                _stage(stage.stage),
                _number(stage.total),
                *(_number(stage.by_status[status]) for status in ProjectStatus),
                _number(stage.assessed),
            )
            for stage in stages
        ),
        (28, 12, *(10 for _ in ProjectStatus), 14),
        frozenset(range(1, 3 + len(ProjectStatus))),
    )


def _fullest(stages: list[StageCount], total: int) -> str:
    most = max(stage.total for stage in stages)
    names = [_stage(stage.stage) for stage in stages if stage.total == most]
    if len(names) == 1:
        return say(
            "{stage} holds the most projects: {most:,} of {total:,}.", stage=names[0], most=most, total=total
        )
    return say(
        "{stages} and {last} hold the most projects: {most:,} each, of {total:,}.",
        stages=", ".join(names[:-1]),
        last=names[-1],
        most=most,
        total=total,
    )


def _causes(found: Overview) -> Iterator[Piece]:
    yield Heading(say("What stands in the way"))
    if not found.causes:
        yield Sentence(say("Nothing stands in the way of any running project."))
        return
    titles = tuple((_cause(cause), number) for cause, number in found.causes.items())
    says = say(
        "Most often: {cause}, in {number:,} of {projects}.",
        cause=titles[0][0],
        number=titles[0][1],
        projects=counted(found.running, "running project"),
    )
    yield Sentence(says)
    yield Bars(says, titles)
    yield Table(
        say("Projects held up by each cause"),
        (say("Cause"), say("Projects")),
        tuple((cause, _number(number)) for cause, number in titles),
        (70, 30),
        frozenset({1}),
    )


def _waits(found: Overview, seen: datetime) -> Iterator[Piece]:
    yield Heading(say("Who is being waited for"))
    if not found.waits:
        yield Sentence(say("Nobody is being waited for."))
        return
    longest = found.waits[0]
    yield Sentence(
        say(
            "{project} waits longest: for {role}, {days}.",
            project=longest.name,
            role=longest.role.title,
            days=_days(longest.since, seen),
        )
    )
    yield Table(
        say("Roles that projects wait for, the longest wait first"),
        (say("Role"), say("Projects"), say("Longest"), say("Days"), say("Since")),
        tuple(
            (
                wait.role.title,
                _number(wait.projects),
                wait.name,
                _number(_number_of_days(wait.since, seen)),
                wait.since.date().isoformat(),
            )
            for wait in found.waits
        ),
        (24, 12, 36, 10, 18),
        frozenset({1, 3}),
    )


def _late(found: Roadmap) -> Iterator[Piece]:
    late = [line for line in found.lines if line.days_late]
    dated = sum(line.go_live is not None for line in found.lines)
    yield Heading(say("What will be late"))
    if not late:
        yield Sentence(
            say(
                "None of {projects} with a go-live date is forecast to miss it.",
                projects=counted(dated, "project"),
            )
        )
        return
    yield Sentence(
        say(
            "{late:,} of {projects} with a go-live date forecast to miss it, {name} the most: by {days}.",
            late=len(late),
            projects=counted(dated, "project"),
            name=late[0].name,
            days=counted(late[0].days_late or 0, "working day"),
        )
    )
    yield Table(
        say("Projects forecast late, in working days"),
        (
            say("Project"),
            say("Planned"),
            say("Likely (P50)"),
            say("Safe (P85)"),
            say("Days late"),
            say("Ask next"),
            say("At the latest"),
        ),
        tuple(
            (
                line.name,
                _date(line.go_live),
                _date(line.forecast.likely_on),
                _date(line.forecast.safe_on),
                _number(line.days_late or 0),
                next((ask.role.title for ask in line.asks if not ask.asked_on), "–"),
                next((_date(ask.last_call) for ask in line.asks if not ask.asked_on), "–"),
            )
            for line in late
        ),
        (30, 13, 13, 13, 9, 14, 13),
        frozenset({4}),
    )


def _projects(pack: LeadershipPack) -> Iterator[Piece]:
    yield Heading(say("Projects"))
    said = say("The weakest standing first.")
    if pack.left_out:
        said += say(" {number:,} more are counted above and not listed.", number=pack.left_out)
    yield Sentence(said, is_quiet=True)
    yield Table(
        say("Projects with their standing"),
        (
            say("Project"),
            say("Organisation"),
            say("Stage"),
            say("Standing"),
            say("Days so"),
            say("Waits for"),
            say("What stands in the way"),
        ),
        tuple(_project(row, pack.seen_at) for row in pack.projects),
        (20, 15, 13, 12, 6, 12, 30),
        frozenset({4}),
    )


def _project(row: PortfolioRow, seen: datetime) -> tuple[str, ...]:
    return (
        row.name,
        row.organisation or "–",
        _stage(row.stage),
        _standing(row),
        _number(_number_of_days(row.since, seen)) if row.since else "–",
        row.waiting_role.title if row.waiting_role else "–",
        ("" if row.status in _OVER else _short(row.top_blocker)) or "–",
    )


def _standing(row: PortfolioRow) -> str:
    if row.level is None:
        return say("? Not assessed")
    over = _OVER.get(row.status)
    return say(over) if over else f"{SIGNS[row.level]} {row.level.title}"


def _stage(stage: Stage | None) -> str:
    return stage.title if stage else say("Not placed yet")


def _cause(cause: str) -> str:
    return Role(cause).title if cause in list(Role) else Area(cause).title


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def _date(on: date | None) -> str:
    return on.isoformat() if on else "–"


def _number_of_days(since: datetime, seen: datetime) -> int:
    return max((seen.date() - since.date()).days, 0)


def _days(since: datetime, seen: datetime) -> str:
    return counted(_number_of_days(since, seen), "day")


def _longest(since: datetime, seen: datetime) -> str:
    return say("longest {days}", days=_days(since, seen))


def _number(number: int) -> str:
    return written_number(f"{number:,}")
