"""The leadership pack as headings, sentences, bars and tables: one content for the HTML file and the PDF.

Plain values and plain text only; each file escapes them in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

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
_OVER = {ProjectStatus.STOPPED: "■ Stopped", ProjectStatus.RETIRED: "■ Retired"}
_STATUSES = {
    ProjectStatus.ACTIVE: "Active",
    ProjectStatus.ROLLOUT: "Rolling out",
    ProjectStatus.LIVE: "Live",
    ProjectStatus.RETIRED: "Retired",
    ProjectStatus.STOPPED: "Stopped",
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
    return f"Portfolio at the end of {pack.as_of}" if pack.is_past else f"Portfolio on {pack.as_of}"


def stamp(pack: LeadershipPack) -> str:
    """Of which moment it is, when it was made and for whom."""
    shown = f"Shows {utc(pack.seen_at)}" + (
        f", the end of that day in {pack.time_zone}" if pack.is_past else ""
    )
    return (
        f"{pack.organisation}. {shown}. Made {utc(pack.made_at)} for {pack.made_for}, from what they may read. "
        "Read only: nothing in this file changes with the portfolio."
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
        yield Sentence("A forecast is only made for today, so that this day has none.", is_quiet=True)
    yield from _projects(pack)


def _headline(found: Overview, seen: datetime) -> str:
    if not found.running:
        return f"{_counted(found.total, 'project')}, none of them running and assessed here."
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    text = (
        f"Of {_counted(found.running, 'running project')}, {found.levels[Level.BLOCKED]:,} blocked, "
        f"{found.levels[Level.WAITING]:,} waiting for nothing but sign-offs, {ready:,} ready for the gate ahead."
    )
    if found.stuck:
        text += f" Stuck longest: {found.stuck.name}, {_days(found.stuck.since, seen)}."
    if found.not_assessed:
        text += f" {found.not_assessed:,} more from registers, not assessed here."
    return text


def _figures(found: Overview, seen: datetime) -> tuple[tuple[str, str, str], ...]:
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    return (
        ("Projects", f"{found.total:,}", f"in {_counted(found.organisations, 'organisation')}"),
        ("Ready", f"{ready:,}", f"{found.levels[Level.CONDITIONAL]:,} more with conditions"),
        (
            "Blocked",
            f"{found.levels[Level.BLOCKED]:,}",
            f"longest {_days(found.stuck.since, seen)}" if found.stuck else "nothing is stuck",
        ),
        (
            "Wait for sign-offs",
            f"{found.levels[Level.WAITING]:,}",
            f"longest {_days(found.waits[0].since, seen)}" if found.waits else "nobody asked",
        ),
        ("Overdue", f"{found.overdue:,}", f"{found.stale:,} with stale sign-offs"),
    )


def _stages(found: Overview) -> Iterator[Piece]:
    stages = [stage for stage in found.stages if stage.stage or stage.total]
    says = _fullest(stages, found.total)
    yield Heading("Stages")
    yield Sentence(says)
    yield Bars(says, tuple((_stage(stage.stage), stage.total) for stage in stages))
    yield Table(
        "Projects by stage and status",
        ("Stage", "Projects", *(_STATUSES[status] for status in ProjectStatus), "Assessed here"),
        tuple(
            (
                _stage(stage.stage),
                f"{stage.total:,}",
                *(f"{stage.by_status[status]:,}" for status in ProjectStatus),
                f"{stage.assessed:,}",
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
        return f"{names[0]} holds the most projects: {most:,} of {total:,}."
    return f"{', '.join(names[:-1])} and {names[-1]} hold the most projects: {most:,} each, of {total:,}."


def _causes(found: Overview) -> Iterator[Piece]:
    yield Heading("What stands in the way")
    if not found.causes:
        yield Sentence("Nothing stands in the way of any running project.")
        return
    titles = tuple((_cause(cause), number) for cause, number in found.causes.items())
    says = f"Most often: {titles[0][0]}, in {titles[0][1]:,} of {_counted(found.running, 'running project')}."
    yield Sentence(says)
    yield Bars(says, titles)
    yield Table(
        "Projects held up by each cause",
        ("Cause", "Projects"),
        tuple((cause, f"{number:,}") for cause, number in titles),
        (70, 30),
        frozenset({1}),
    )


def _waits(found: Overview, seen: datetime) -> Iterator[Piece]:
    yield Heading("Who is being waited for")
    if not found.waits:
        yield Sentence("Nobody is being waited for.")
        return
    longest = found.waits[0]
    yield Sentence(f"{longest.name} waits longest: for {longest.role.title}, {_days(longest.since, seen)}.")
    yield Table(
        "Roles that projects wait for, the longest wait first",
        ("Role", "Projects", "Longest", "Days", "Since"),
        tuple(
            (
                wait.role.title,
                f"{wait.projects:,}",
                wait.name,
                f"{_number_of_days(wait.since, seen):,}",
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
    yield Heading("What will be late")
    if not late:
        yield Sentence(f"None of {_counted(dated, 'project')} with a go-live date is forecast to miss it.")
        return
    yield Sentence(
        f"{len(late):,} of {_counted(dated, 'project')} with a go-live date forecast to miss it, {late[0].name} the "
        f"most: by {_counted(late[0].days_late or 0, 'working day')}."
    )
    yield Table(
        "Projects forecast late, in working days",
        ("Project", "Planned", "Likely (P50)", "Safe (P85)", "Days late", "Ask next", "By"),
        tuple(
            (
                line.name,
                _date(line.go_live),
                _date(line.forecast.likely_on),
                _date(line.forecast.safe_on),
                f"{line.days_late:,}",
                next((ask.role.title for ask in line.asks if not ask.asked_on), "–"),
                next((_date(ask.last_call) for ask in line.asks if not ask.asked_on), "–"),
            )
            for line in late
        ),
        (30, 13, 13, 13, 9, 14, 13),
        frozenset({4}),
    )


def _projects(pack: LeadershipPack) -> Iterator[Piece]:
    yield Heading("Projects")
    said = "The weakest standing first."
    if pack.left_out:
        said += f" {pack.left_out:,} more are counted above and not listed."
    yield Sentence(said, is_quiet=True)
    yield Table(
        "Projects with their standing",
        ("Project", "Organisation", "Stage", "Standing", "Days so", "Waits for", "What stands in the way"),
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
        f"{_number_of_days(row.since, seen):,}" if row.since else "–",
        row.waiting_role.title if row.waiting_role else "–",
        ("" if row.status in _OVER else _short(row.top_blocker)) or "–",
    )


def _standing(row: PortfolioRow) -> str:
    if row.level is None:
        return "? Not assessed"
    return _OVER.get(row.status) or f"{SIGNS[row.level]} {row.level.title}"


def _stage(stage: Stage | None) -> str:
    return stage.title if stage else "Not placed yet"


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
    return _counted(_number_of_days(since, seen), "day")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
